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


def test_only_one_worker_gets_a_message_to_send(messages):
    messages.add(message())
    claims = [messages.claim(message().message_id, now=NOON, lease_until=LEASE, until=UNTIL) for _ in range(2)]
    assert claims == [True, False]
    held = messages.get("acme", message().message_id)
    assert (held.sending, held.lease_until, held.attempts, held.tracking.until) == (Sending.SENDING, LEASE, 1, UNTIL)


def test_the_end_of_the_window_is_set_once(messages):
    messages.add(message())
    message_id = message().message_id
    messages.claim(message_id, now=NOON, lease_until=LEASE, until=UNTIL)
    messages.settle(message_id, Sending.QUEUED, failure=Failure("TooManyRequestsException", "slow down"))
    messages.claim(message_id, now=NOON, lease_until=LEASE, until=UNTIL + timedelta(days=1))
    assert messages.get("acme", message_id).tracking.until == UNTIL


def test_what_came_of_sending_is_noted_once(messages):
    messages.add(message())
    message_id = message().message_id
    assert not messages.settle(message_id, Sending.SENT, ses_message_id="too-early")
    messages.claim(message_id, now=NOON, lease_until=LEASE, until=UNTIL)
    assert messages.settle(message_id, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert not messages.settle(message_id, Sending.FAILED, failure=Failure("late", "worker"))
    sent = messages.get("acme", message_id)
    assert (sent.sending, sent.ses_message_id, sent.sent_at, sent.failure) == (Sending.SENT, "ses-1", NOON, None)
    assert messages.id_by_ses("ses-1") == message_id
    assert messages.id_by_ses("ses-2") is None


def test_pages_lead_through_all_messages_newest_first_and_back_again(messages):
    for number in range(25):
        messages.add(message(number))
        messages.add(message(1_000 + number, account="other"))
    expected = [message(number).message_id for number in range(24, -1, -1)]

    def place(one: Message) -> str:
        return f"{one.accepted_at:%Y-%m-%dT%H:%M:%S}.000Z#{one.message_id}"

    seen, page = [], messages.page("acme", 10)
    seen += page.messages
    while page.has_more:
        page = messages.page("acme", 10, after=place(page.messages[-1]))
        seen += page.messages
    assert [one.message_id for one in seen] == expected
    back = messages.page("acme", 10, before=place(seen[-1]))
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
