"""The time of a mail that is not to go out at once."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.bad_input import BadInput
from chalicelib.core.schedule import FURTHEST, JUST_NOW, due

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_MOMENT = timedelta(milliseconds=1)


@pytest.mark.parametrize("ahead", [A_MOMENT, timedelta(hours=1), FURTHEST])
def test_a_mail_may_wait_for_up_to_thirty_days(ahead):
    assert due(NOON + ahead, NOON) == NOON + ahead


@pytest.mark.parametrize("asked", [None, NOON, NOON - A_MOMENT, NOON - JUST_NOW])
def test_now_and_what_is_just_over_is_at_once(asked):
    assert due(asked, NOON) is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (NOON - JUST_NOW - A_MOMENT, "is over; it is 2026-03-01T12:00:00.000Z now"),
        (NOON + FURTHEST + A_MOMENT, "is further ahead than 30 days"),
    ],
)
def test_a_time_that_cannot_be_waited_for_is_refused_with_what_to_mend(asked, words):
    with pytest.raises(BadInput) as refused:
        due(asked, NOON)
    assert refused.value.errors == [{"pointer": "/scheduled_at", "message": words}]
