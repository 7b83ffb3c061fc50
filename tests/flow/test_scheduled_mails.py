"""A mail that is to go out later: how it is taken in, and what the sender does with it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import instant
from chalicelib.core.bad_input import BadInput
from chalicelib.core.message import GIVE_UP_AFTER, Sending
from chalicelib.flow.send import LONGEST_DELAY
from chalicelib.gateways.ses import Answer, Verdict
from tests.flow import test_accept, test_send
from tests.flow.test_accept import NOON

THROTTLED = Answer(Verdict.LATER, code="Throttling")


@pytest.mark.parametrize(
    ("ahead", "delays"),
    [
        (timedelta(seconds=-60), [0]),
        (timedelta(0), [0]),
        (timedelta(milliseconds=1), [1]),
        (timedelta(minutes=15), [900]),
        (timedelta(minutes=15, milliseconds=1), []),
        (timedelta(days=30), []),
    ],
)
def test_a_mail_waits_in_the_queue_if_that_can_hold_it_back_for_so_long(ahead, delays):
    world = test_accept.World()
    message_id = world.take(scheduled_at=instant.show(NOON + ahead))
    assert world.delays == delays
    message = world.messages[message_id]
    assert message.accepted_at == NOON
    assert message.scheduled_at == (NOON + ahead if ahead > timedelta(0) else None)
    assert message.key.startswith(instant.show(message.due_at))


def test_a_time_that_cannot_be_waited_for_is_refused_and_nothing_is_stored():
    world = test_accept.World()
    with pytest.raises(BadInput) as refused:
        world.take(scheduled_at="2026-02-28T12:00:00Z")
    assert refused.value.errors[0]["pointer"] == "/scheduled_at"
    assert not (world.messages or world.contents or world.queued)


def test_a_request_that_is_repeated_when_its_time_is_over_is_answered_as_then():
    world = test_accept.World()
    later = instant.show(NOON + timedelta(days=1))
    first = world.take(scheduled_at=later)
    assert (world.take(scheduled_at=later), world.is_new) == (first, False)


def scheduled(ahead: timedelta, answer: Answer = test_send.ACCEPTED) -> test_send.World:
    one = test_send.world(answer)
    one.message = replace(one.message, scheduled_at=NOON + ahead)
    return one


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(minutes=15), timedelta(minutes=31)])
def test_a_mail_that_comes_to_the_sender_too_early_is_held_back_and_not_sent(ahead):
    one = scheduled(ahead)
    assert one.run() == min(ahead, LONGEST_DELAY)
    assert (one.mails, one.outcome.noted, one.message.sending) == ([], None, Sending.QUEUED)


def test_a_mail_whose_time_has_come_is_sent_and_its_wait_counts_from_then():
    one = scheduled(timedelta(days=3))
    assert one.run(NOON + timedelta(days=3, seconds=2)) is None
    assert (one.message.sending, one.outcome.waited) == (Sending.SENT, timedelta(seconds=2))


def test_a_mail_that_ses_refuses_is_tried_for_a_day_from_its_time_on():
    one = scheduled(timedelta(days=3), THROTTLED)
    due = NOON + timedelta(days=3)
    assert one.run(due + GIVE_UP_AFTER)
    assert one.run(due + GIVE_UP_AFTER + timedelta(minutes=1)) is None
    assert one.message.sending is Sending.FAILED


def test_a_mail_that_was_cancelled_is_not_sent():
    one = scheduled(timedelta(minutes=1))
    one.message = replace(one.message, sending=Sending.CANCELLED)
    assert (one.run(NOON + timedelta(minutes=2)), one.mails) == (None, [])
