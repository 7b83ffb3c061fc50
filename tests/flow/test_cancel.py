"""Cancelling: the caller or the sender, exactly one of them wins."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.summary import summarise
from chalicelib.flow.cancel import NotCancellable, cancel
from chalicelib.storage.messages import Messages
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = NOON + timedelta(minutes=1)
MESSAGE = Message(
    "a" * 32,
    "acme",
    NOON,
    Envelope("me@example.com", ("anna@example.com",)),
    Tracking(True, True),
    scheduled_at=NOON + timedelta(days=3),
)
HELD = replace(MESSAGE, sending=Sending.SENDING, claim="c")


@pytest.fixture
def messages(stack) -> Messages:
    table = Messages("messages", REGION)
    table.add(MESSAGE)
    return table


def sending(messages: Messages) -> Sending:
    return messages.get("acme", MESSAGE.message_id).sending


def claim(messages: Messages) -> bool:
    return messages.claim(MESSAGE, "c", lease_ends_at=LEASE, until=None)


def test_a_mail_that_waits_is_cancelled_and_cancelling_it_again_is_no_error(messages):
    for _ in range(2):
        cancelled = cancel("acme", MESSAGE.message_id, messages)
        assert (cancelled.sending, cancelled.accepted_at) == (Sending.CANCELLED, NOON)
        assert cancelled.scheduled_at == MESSAGE.scheduled_at


def test_who_cancels_first_keeps_the_sender_from_it(messages):
    cancel("acme", MESSAGE.message_id, messages)
    assert not claim(messages)
    assert sending(messages) is Sending.CANCELLED


def test_whom_the_sender_overtakes_is_told_that_it_is_too_late(messages):
    assert claim(messages)
    with pytest.raises(NotCancellable, match="sending"):
        cancel("acme", MESSAGE.message_id, messages)
    assert sending(messages) is Sending.SENDING


class Overtaken(Messages):
    """The sender claims the mail between our reading it and our writing."""

    def cancel(self, message):
        claim(self)
        return super().cancel(message)


def test_a_sender_who_comes_between_reading_and_writing_wins(messages):
    with pytest.raises(NotCancellable):
        cancel("acme", MESSAGE.message_id, Overtaken("messages", REGION))
    assert sending(messages) is Sending.SENDING


class Deaf(Messages):
    """The answer of the first write is lost, and the second finds it done."""

    def cancel(self, message):
        super().cancel(message)
        return super().cancel(message)


def test_a_write_whose_answer_is_lost_is_found_done(messages):
    assert cancel("acme", MESSAGE.message_id, Deaf("messages", REGION)).sending is Sending.CANCELLED


def test_a_mail_that_waits_for_another_try_can_be_cancelled(messages):
    claim(messages)
    messages.settle(HELD, Sending.QUEUED, failure=Failure("Throttling", "rate"), next_try_at=LEASE)
    cancelled = cancel("acme", MESSAGE.message_id, messages)
    assert (cancelled.sending, cancelled.failure) == (Sending.CANCELLED, None)


@pytest.mark.parametrize("end", [Sending.SENT, Sending.FAILED, Sending.UNKNOWN])
def test_a_mail_that_came_to_an_end_keeps_it(messages, end):
    claim(messages)
    messages.settle(HELD, end, sent_at=NOON)
    with pytest.raises(NotCancellable, match=end.value):
        cancel("acme", MESSAGE.message_id, messages)
    assert sending(messages) is end


def test_a_mail_that_ses_says_it_has_is_not_cancelled_whatever_its_answer_seemed_to_be(messages):
    sent = summarise([events.make(MESSAGE.message_id, "s", Kind.SENT, NOON, ses_message_id="ses-1")])
    found, fold = messages.find(MESSAGE.message_id)
    messages.store_fold(found, fold._replace(state=sent))
    assert isinstance(fold, Fold)
    with pytest.raises(NotCancellable, match="sent"):
        cancel("acme", MESSAGE.message_id, messages)


def test_a_mail_of_another_account_is_not_there(messages):
    assert cancel("other", MESSAGE.message_id, messages) is None
    assert cancel("acme", "b" * 32, messages) is None
    assert sending(messages) is Sending.QUEUED
