"""Messages in DynamoDB: every write has a condition, every list is a page of queries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold, Step
from chalicelib.core.summary import summarise
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE, UNTIL = NOON + timedelta(minutes=1), NOON + timedelta(days=100)


@pytest.fixture
def messages(stack) -> Messages:
    return Messages("messages", REGION)


def message(number: int = 0, account: str = "acme") -> Message:
    return Message(
        message_id=f"{number * 7919:08x}" + "0" * 24,
        account=account,
        accepted_at=NOON + timedelta(seconds=number),
        envelope=Envelope(
            "me@example.com", ("anna@example.com",), ("c@d.test",), ("b@d.test",), ("r@d.test",), "Hällo"
        ),
        tracking=Tracking(True, True),
        record=("leads", "4711"),
        user="raj",
        tags=(("plan", "gold"),),
    )


def test_a_message_comes_back_as_it_was_and_only_to_its_account(messages):
    messages.add(message())
    assert messages.get("acme", message().message_id) == message()
    assert messages.get("other", message().message_id) is None
    assert messages.get("acme", "f" * 32) is None


def test_adding_it_again_changes_nothing(messages):
    messages.add(message())
    messages.add(replace(message(), user="somebody else"))
    assert messages.get("acme", message().message_id) == message()


def claim(messages, mark="c", **changes) -> bool:
    found = changes.pop("found", None) or stored(messages)
    return messages.claim(found, mark, **{"lease_ends_at": LEASE, "until": UNTIL} | changes)


def stored(messages) -> Message:
    found = messages.get("acme", message().message_id)
    assert found
    return found


def test_only_one_worker_gets_a_message_to_send(messages):
    messages.add(message())
    assert [claim(messages, mark) for mark in ("first", "second")] == [True, False]
    held = stored(messages)
    assert (held.sending, held.claim, held.attempts) == (Sending.SENDING, "first", 1)
    assert (held.lease_ends_at, held.tracking.until) == (LEASE, UNTIL)


def test_a_claim_whose_answer_was_lost_is_known_by_its_mark_when_the_call_is_repeated(messages):
    messages.add(message())
    found = stored(messages)
    assert [claim(messages, "mine", found=found) for _ in range(2)] == [True, True]
    assert stored(messages).attempts == 1


def test_a_late_repeated_call_does_not_undo_the_claim_of_another_worker(messages):
    messages.add(message())
    claim(messages, "first")
    held = stored(messages)
    failure = Failure("TooManyRequestsException", "slow down")
    assert messages.settle(held, Sending.QUEUED, failure=failure, next_try_at=LEASE)
    assert (stored(messages).next_try_at, stored(messages).lease_ends_at) == (LEASE, None)
    claim(messages, "second", until=UNTIL + timedelta(days=1))
    assert not messages.settle(held, Sending.QUEUED, failure=failure)
    assert (stored(messages).claim, stored(messages).next_try_at) == ("second", None)
    assert stored(messages).tracking.until == UNTIL + timedelta(days=1)


def test_a_claim_on_what_was_read_before_another_attempt_is_refused(messages):
    messages.add(message())
    old = stored(messages)
    claim(messages, "first")
    messages.settle(stored(messages), Sending.QUEUED, next_try_at=LEASE)
    assert not claim(messages, "late", found=old)
    assert stored(messages).sending is Sending.QUEUED


def test_what_came_of_sending_is_noted_once(messages):
    messages.add(message())
    claim(messages)
    held = stored(messages)
    assert messages.settle(held, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert not messages.settle(held, Sending.FAILED, failure=Failure("late", "worker"))
    sent = stored(messages)
    assert (sent.sending, sent.ses_message_id, sent.sent_at, sent.failure) == (Sending.SENT, "ses-1", NOON, None)
    assert messages.id_by_ses("ses-1") == sent.message_id
    assert messages.id_by_ses("ses-2") is None


def test_a_slow_worker_may_still_say_that_the_mail_was_sent_after_it_was_given_up(messages):
    messages.add(message())
    claim(messages)
    held = stored(messages)
    assert messages.settle(held, Sending.UNKNOWN, failure=Failure("interrupted", "…"))
    assert messages.settle(held, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert stored(messages).ses_message_id == "ses-1"


def test_pages_lead_through_all_messages_newest_first_and_back_again(messages):
    for number in range(25):
        messages.add(message(number))
        messages.add(message(1_000 + number, account="other"))
    expected = [message(number).message_id for number in range(24, -1, -1)]

    seen, page = [], messages.page("acme", 10)
    seen += page.messages
    while page.has_more:
        page = messages.page("acme", 10, after=page.messages[-1].key)
        seen += page.messages
    assert [one.message_id for one in seen] == expected
    back = messages.page("acme", 10, before=seen[-1].key)
    assert [one.message_id for one in back.messages] == expected[14:24]
    assert back.has_more


def test_messages_are_listed_by_the_time_they_were_accepted(messages):
    for number in range(6):
        messages.add(message(number))
    found = set(messages.accepted_between("acme", NOON + timedelta(seconds=3), NOON + timedelta(seconds=5)))
    assert found == {message(3).message_id, message(4).message_id}


def opened(seconds: int) -> events.Event:
    at = NOON + timedelta(seconds=seconds)
    return events.make(message().message_id, f"o{seconds}", Kind.OPENED, at, method="GET")


def test_a_fold_is_stored_only_on_the_version_it_was_made_from(messages, stack):
    messages.add(message())
    folds = Folds(messages, Events("events", REGION))
    found, _ = folds.find(message().message_id)
    fold = Fold(summarise([opened(1)]))
    assert folds.store(found, Step(fold, (), False))
    assert not folds.store(found, Step(Fold(summarise([opened(1), opened(2)])), (), False))
    assert folds.find(message().message_id)[1] == fold


def test_a_fold_and_its_marks_are_stored_together_or_not_at_all(messages, stack):
    messages.add(message())
    table = Events("events", REGION)
    folds = Folds(messages, table)
    table.put(opened(1), UNTIL)
    closed = summarise([opened(1)])
    step = Step(Fold(closed, closed.engagement, opened(1).key), (opened(1).key,), False)
    found, _ = folds.find(message().message_id)
    assert folds.store(found, step)
    assert table.get(message().message_id, opened(1).key, now=NOON).is_counted
    again, fold = folds.find(message().message_id)
    assert fold == step.fold
    assert not folds.store(again, step), "the event is marked already"
    assert folds.find(message().message_id)[0].version == again.version
