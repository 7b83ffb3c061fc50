"""The sweep puts right what was lost: stream records, queue messages, workers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.event import GRACE, Kind
from chalicelib.core.message import CAPTURE_WINDOW, GIVE_UP_AFTER, Envelope, Message, Sending, Tracking
from chalicelib.entrypoints.folding import folding_of
from chalicelib.flow.sweep import AGES, BAND, STUCK_AFTER, Parts, Swept, bands, sweep
from chalicelib.settings import read
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.failures import Failures
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.policies import Policies
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENVELOPE = Envelope("me@example.com", ("anna@example.com",))
UNTIL = NOON + timedelta(days=100)
QUEUED = Message("a" * 32, "acme", NOON, ENVELOPE, Tracking(True, True))


class Queue:
    def __init__(self) -> None:
        self.ids: list[str] = []

    def put(self, message_id: str) -> None:
        self.ids.append(message_id)


class World:
    """The tables in process, and a queue that remembers."""

    def __init__(self) -> None:
        self.messages, self.events = Messages("messages", REGION), Events("events", REGION)
        self.accounts, self.queue = Account("account", REGION), Queue()
        self.accounts.create("acme", "Acme")
        self.messages.add(QUEUED)
        self.folding = folding_of(read())
        self.notices = Notices("outbox", REGION)
        self.failing = Failures(self.messages, self.notices, self.folding.policy_of)

    def sweep(self, now: datetime, most: int = 100) -> Swept:
        self.failures: list[str] = []
        parts = Parts(
            accounts=self.accounts,
            messages=self.messages,
            folding=self.folding,
            queue=self.queue,
            report=lambda message_id, error: self.failures.append(message_id),
            fail=self.failing.note,
        )
        turns = iter(range(most))
        spans = [(NOON - timedelta(days=1), NOON + timedelta(seconds=1))]
        return sweep(lambda _: spans, parts, now=now, may_go_on=lambda: next(turns, None) is not None)

    @property
    def message(self) -> Message:
        found = self.messages.get("acme", QUEUED.message_id)
        assert found
        return found


@pytest.fixture
def world(stack) -> World:
    return World()


def test_a_lost_stream_record_heals(world):
    delivered = events.make(QUEUED.message_id, "d", Kind.DELIVERED, NOON, recipient="anna@example.com")
    world.events.put(delivered, UNTIL)
    assert world.sweep(NOON) == Swept(seen=1, refolded=1)
    assert world.message.state.delivery.recipients["anna@example.com"].delivered_at == NOON
    assert world.sweep(NOON) == Swept(seen=1)


def test_a_message_that_was_never_queued_is_queued_after_a_while(world):
    assert world.sweep(NOON + STUCK_AFTER / 2).unstuck == 0
    assert world.sweep(NOON + STUCK_AFTER).unstuck == 1
    assert world.queue.ids == [QUEUED.message_id]


def test_a_message_that_could_not_be_sent_for_a_day_is_given_up(world):
    assert world.sweep(NOON + GIVE_UP_AFTER + timedelta(minutes=1)).unstuck == 1
    assert (world.message.sending, world.message.failure.code) == (Sending.FAILED, "not_sent")
    assert world.queue.ids == []


def test_a_message_whose_worker_died_becomes_unknown_and_the_send_event_settles_it(world):
    world.messages.claim(QUEUED, "c", lease_ends_at=NOON + timedelta(minutes=1), until=UNTIL)
    assert world.sweep(NOON + STUCK_AFTER).unstuck == 1
    assert world.message.sending is Sending.UNKNOWN
    world.events.put(events.make(QUEUED.message_id, "s", Kind.SENT, NOON, ses_message_id="ses-1"), UNTIL)
    world.sweep(NOON + STUCK_AFTER)
    assert world.message.state.delivery.sent == (NOON, "ses-1")


def test_only_messages_of_the_given_times_are_looked_at(world):
    old = replace(QUEUED, message_id="b" * 32, accepted_at=NOON - timedelta(days=2))
    world.messages.add(old)
    assert world.sweep(NOON).seen == 1


def test_a_message_is_looked_at_some_ten_times_in_its_life_whatever_the_minute_of_the_schedule():
    runs = [NOON + timedelta(minutes=15 * number + 4) for number in range(4 * 24 * 110)]
    visits = sum(start <= NOON < end for now in runs for start, end in bands(now, CAPTURE_WINDOW))
    assert len(AGES) < visits <= 2 * len(AGES)
    assert timedelta(minutes=15) < BAND


def test_a_message_that_waits_for_its_next_try_is_not_queued_again(world):
    world.messages.claim(QUEUED, "c", lease_ends_at=NOON + timedelta(minutes=1), until=UNTIL)
    world.messages.settle(world.message, Sending.QUEUED, next_try_at=NOON + timedelta(hours=1))
    assert world.sweep(NOON + timedelta(hours=1)).unstuck == 0
    assert world.sweep(NOON + timedelta(hours=1) + STUCK_AFTER).unstuck == 1


def test_a_message_that_cannot_be_swept_does_not_keep_the_others_from_it(world):
    for letter in "bcd":
        world.messages.add(replace(QUEUED, message_id=letter * 32))
    broken = world.messages._rows("b" * 32)
    broken.update(actions=[world.messages._rows.state.set("no state")])
    swept = world.sweep(NOON)
    assert (swept.seen, swept.failed, world.failures) == (4, 1, ["b" * 32])


def test_settings_that_cannot_be_read_do_not_keep_other_accounts_from_being_swept(world):
    world.accounts.create("broken", "Broken")
    spans = [(NOON - timedelta(days=1), NOON + timedelta(seconds=1))]

    def spans_of(account):
        if account == "broken":
            raise KeyError("daily")
        return spans

    failures = []
    parts = Parts(
        *(world.accounts, world.messages, world.folding, world.queue),
        report=lambda name, error: failures.append(name),
        fail=world.failing.note,
    )
    swept = sweep(spans_of, parts, now=NOON, may_go_on=lambda: True)
    assert (swept.seen, swept.failed, failures) == (1, 1, ["broken"])


def test_what_is_left_for_want_of_time_is_said(world):
    for letter in "bcd":
        world.messages.add(replace(QUEUED, message_id=letter * 32))
    assert world.sweep(NOON, most=4) == Swept(seen=3, left=1), "one turn for the list, three for messages"
    assert world.sweep(NOON, most=0) == Swept(left=1), "the list of the account"


@pytest.mark.parametrize("days", [1, 30, 100, 400])
def test_the_last_look_comes_before_the_events_of_any_window_vanish(days):
    window = timedelta(days=days)
    ages = [NOON - start for start, _ in bands(NOON, window)]
    assert any(window < age < window + GRACE for age in ages)


def test_who_listens_is_told_of_a_mail_that_was_never_sent_and_of_one_that_was_not_given_up_nothing(world):
    Policies("account", REGION).listen("acme", {"email.failed"}, NOON)
    late = NOON + GIVE_UP_AFTER + timedelta(minutes=1)
    world.sweep(late)
    world.sweep(late)
    assert world.message.sending is Sending.FAILED
    [told] = world.notices.between("acme", NOON, late + timedelta(seconds=1), now=late)
    assert (told.type, told.message_id, told.occurred_at) == ("email.failed", QUEUED.message_id, late)
