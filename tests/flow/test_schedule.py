"""Scheduled mails are queued in time, once or more, and nothing else is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.flow.schedule import AHEAD, BACK, EVERY, Parts, Queued, schedule
from chalicelib.flow.sweep import AGES, BAND, STUCK_AFTER
from chalicelib.gateways.queue import LONGEST_DELAY, QueueDown
from chalicelib.storage.account import Account
from chalicelib.storage.messages import Messages
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENVELOPE = Envelope("me@example.com", ("anna@example.com",))


class World:
    """The tables in process, and a queue that remembers. One account, and one more that sends nothing."""

    def __init__(self) -> None:
        self.messages, self.accounts = Messages("messages", REGION), Account("account", REGION)
        self.accounts.create("acme", "Acme")
        self.accounts.create("other", "Other")
        self.queued: dict[str, int] = {}
        self.failures: list[str] = []
        self.refuses = ""

    def put(self, message_id: str, delay_seconds: int = 0) -> None:
        if message_id == self.refuses:
            raise QueueDown("down")
        assert 0 <= delay_seconds <= 900
        self.queued[message_id] = delay_seconds

    def add(self, due_in: timedelta | None, letter: str = "a") -> Message:
        at = NOON + due_in if due_in is not None else None
        message = Message(
            letter * 32, "acme", NOON - timedelta(minutes=5), ENVELOPE, Tracking(True, True), scheduled_at=at
        )
        self.messages.add(message)
        return message

    def run(self, now: datetime = NOON) -> Queued:
        self.queued = {}
        parts = Parts(self.accounts, self.messages, self, lambda name, error: self.failures.append(name))
        return schedule(parts, now=now)


@pytest.fixture
def world(stack) -> World:
    return World()


def test_what_is_due_soon_is_held_back_in_the_queue_until_then(world):
    world.add(timedelta(minutes=7, milliseconds=1))
    assert (world.run(), world.queued) == (Queued(1), {"a" * 32: 421})


def test_what_is_due_before_the_run_after_next_is_held_back_for_as_long_as_that_can_be(world):
    """So that a run that is missed makes it no later than the sender, who holds it back for the rest."""
    world.add(AHEAD - timedelta(seconds=1))
    assert (world.run(), world.queued) == (Queued(1), {"a" * 32: int(LONGEST_DELAY.total_seconds())})
    assert AHEAD >= 2 * EVERY


def test_what_is_due_later_waits_in_the_table(world):
    world.add(AHEAD + timedelta(minutes=1))
    assert (world.run(), world.queued) == (Queued(), {})
    assert world.run(NOON + EVERY) == Queued(1)


def test_what_was_due_and_was_not_queued_is_queued_now(world):
    world.add(timedelta(minutes=-14))
    assert (world.run(), world.queued) == (Queued(1), {"a" * 32: 0})


def test_no_age_is_left_between_this_and_what_the_sweep_finds():
    assert BACK >= min(AGES) >= STUCK_AFTER
    assert BAND >= EVERY


def test_a_mail_that_was_not_scheduled_is_left_to_the_queue_and_the_sweep(world):
    world.add(None)
    assert world.run() == Queued()


@pytest.mark.parametrize("state", ["cancelled", "claimed", "tried", "failed", "sent"])
def test_a_mail_that_does_not_wait_any_more_is_left_alone(world, state):
    message = world.add(timedelta(0))
    if state == "cancelled":
        assert world.messages.cancel(message)
    else:
        assert world.messages.claim(message, "c", lease_ends_at=NOON + timedelta(minutes=1), until=None)
        held = replace(message, sending=Sending.SENDING, claim="c")
        if state == "tried":
            world.messages.settle(held, Sending.QUEUED, failure=Failure("x", "y"), next_try_at=NOON)
        elif state != "claimed":
            world.messages.settle(held, Sending(state), sent_at=NOON)
    assert (world.run(), world.queued) == (Queued(), {})


def test_a_mail_that_cannot_be_queued_keeps_no_other_from_it_and_is_tried_again(world):
    world.add(timedelta(0))
    world.add(timedelta(minutes=1), "b")
    world.refuses = "a" * 32
    assert (world.run(), world.failures) == (Queued(1, failed=1), ["a" * 32])
    assert world.queued == {"b" * 32: 60}
    world.refuses = ""
    assert world.run() == Queued(2)


def test_an_account_that_cannot_be_read_keeps_no_other_from_it(world):
    world.add(timedelta(0))

    class Broken(Messages):
        def waiting_between(self, account, start, end):
            if account == "other":
                raise ConnectionError("down")
            return super().waiting_between(account, start, end)

    world.messages = Broken("messages", REGION)
    assert (world.run(), world.failures) == (Queued(1, failed=1), ["other"])
