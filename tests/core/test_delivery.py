"""Deliveries: ten attempts in 75 hours, more only where a receiver asks for it, and what is over stays over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import delivery as deliveries
from chalicelib.core.delivery import INTERRUPTED, LONGEST_PAUSE, PAUSES, Answer, Attempt, Status, pause_after
from chalicelib.core.notice import Notice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTICE = Notice("n-1", "acme", "0" * 32, "email.sent", NOON, NOON)
FAILED = Answer(500, None, 12)
CHANCES = st.floats(min_value=0, max_value=1)


def new():
    return deliveries.begun(NOTICE, "w", deliveries.place_of(NOTICE.key), NOON)


def attempted(delivery, answer, at, chance=0.0):
    return deliveries.settled(deliveries.held(delivery, "mark"), answer, at, chance)


def all_attempts(chance: float):
    delivery, at, pauses = new(), NOON, []
    while delivery.status is Status.WAITING:
        delivery = attempted(delivery, FAILED, at, chance)
        if delivery.next_at:
            pauses.append(delivery.next_at - at)
            at = delivery.next_at
    return delivery, pauses


def test_ten_attempts_as_standard_webhooks_recommends():
    delivery, pauses = all_attempts(0.0)
    minutes = [round(pause.total_seconds() / 60, 2) for pause in pauses]
    assert minutes == [0.08, 5, 30, 120, 300, 600, 840, 1200, 1440]
    assert timedelta(hours=75) < sum(pauses, timedelta()) < timedelta(hours=76)
    assert (delivery.status, len(delivery.attempts), delivery.next_at) == (Status.FAILED, 10, None)


@given(CHANCES)
def test_jitter_makes_a_pause_a_tenth_longer_at_most_and_never_shorter(chance):
    _, pauses = all_attempts(chance)
    for pause, least in zip(pauses, PAUSES, strict=True):
        assert least <= pause <= least * 1.1


@given(st.integers(1, 9), CHANCES, st.integers(0, 10**12))
def test_a_receiver_may_ask_for_more_but_not_for_less_and_not_for_ever(tries, chance, seconds):
    pause = pause_after(tries, str(seconds), NOON, chance)
    assert PAUSES[tries - 1] <= pause <= LONGEST_PAUSE * 1.1
    if PAUSES[tries - 1] * 1.1 <= timedelta(seconds=min(seconds, 86_400)):
        assert pause == timedelta(seconds=min(seconds, 86_400))


@given(st.text(max_size=40))
def test_a_retry_after_that_is_none_is_as_if_it_were_not_there(text):
    if not text.isdigit():
        assert pause_after(1, text, NOON, 0) >= PAUSES[0]


def test_a_retry_after_may_be_a_date():
    assert pause_after(1, "Sun, 01 Mar 2026 12:10:00 GMT", NOON, 0) == timedelta(minutes=10)
    assert pause_after(1, "Sun, 01 Mar 2020 12:10:00 GMT", NOON, 0) == PAUSES[0]


def test_after_the_last_attempt_nothing_that_a_receiver_asks_for_counts():
    assert pause_after(10, "60", NOON, 0) is None


def test_what_was_taken_is_delivered_and_what_is_gone_is_not_tried_again():
    assert attempted(new(), Answer(204), NOON).status is Status.DELIVERED
    gone = attempted(new(), Answer(410), NOON)
    assert (gone.status, gone.next_at) == (Status.FAILED, None)
    for status in (199, 301, 400, 404, 500):
        assert attempted(new(), Answer(status), NOON).status is Status.WAITING
    assert attempted(new(), Answer(200, "timeout"), NOON).status is Status.WAITING


def test_an_attempt_that_was_broken_off_stands_in_the_log_with_the_next_one():
    broken = replace(deliveries.held(new(), "dead"), next_at=NOON)
    done = attempted(broken, Answer(200, None, 5), NOON + timedelta(minutes=2))
    assert done.attempts == (
        Attempt(NOON, None, INTERRUPTED, 0),
        Attempt(NOON + timedelta(minutes=2), 200, None, 5),
    )
    assert done.tries == 2


def test_a_place_says_which_notice_and_which_replay():
    place = deliveries.place_of(NOTICE.key, "ab12")
    assert (deliveries.notice_key_of(place), deliveries.run_of(place)) == (NOTICE.key, "ab12")
    assert deliveries.begun(NOTICE, "w", place, NOON).delivery_id == "n-1~ab12"
    assert new().delivery_id == "n-1"
