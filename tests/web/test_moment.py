"""Times in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.web.moment import Moment, moment, moment_of_day

NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)  # a Monday

CASES = [
    (timedelta(), "just now", "today 12:30"),
    (timedelta(seconds=59), "just now", "today 12:29"),
    (timedelta(seconds=-30), "just now", "today 12:30"),  # a clock that runs ahead
    (timedelta(minutes=1), "1 min ago", "today 12:29"),
    (timedelta(minutes=59, seconds=59), "59 min ago", "today 11:30"),
    (timedelta(hours=1), "1 h ago", "today 11:30"),
    (timedelta(hours=13), "13 h ago", "yesterday 23:30"),
    (timedelta(hours=24), "yesterday", "yesterday 12:30"),
    (timedelta(hours=36), "yesterday", "yesterday 00:30"),
    (timedelta(hours=37), "2 days ago", "Sat 23:30"),
    (timedelta(days=6), "6 days ago", "Tue 12:30"),
    (timedelta(days=7), "2 Mar", "2 Mar 12:30"),
    (timedelta(days=100), "29 Nov 2025", "29 Nov 2025 12:30"),
    (timedelta(days=-2), "11 Mar 12:30", "11 Mar 12:30"),
]


@pytest.mark.parametrize(("age", "rough", "clock"), CASES)
def test_a_time_is_told_as_people_say_it(age, rough, clock):
    shown = moment(NOW - age, NOW)
    assert (shown.rough, shown.clock) == (rough, clock)


def test_the_exact_time_is_utc_wherever_it_was_taken():
    at = datetime(2026, 3, 9, 10, 2, 11, tzinfo=timezone(timedelta(hours=1)))
    assert moment(at, NOW) == Moment("2026-03-09T09:02:11Z", "Mon, 9 Mar 2026, 09:02:11 UTC", "3 h ago", "today 09:02")


@pytest.mark.parametrize(
    ("days_ago", "words"), [(0, "today"), (1, "yesterday"), (4, "4 days ago"), (30, "7 Feb"), (400, "2 Feb 2025")]
)
def test_of_a_day_no_time_is_told(days_ago, words):
    at = (NOW - timedelta(days=days_ago)).replace(hour=0, minute=0)
    shown = moment_of_day(at, NOW)
    assert (shown.rough, shown.clock) == (words, words)
    assert shown.iso == f"{at:%Y-%m-%d}"
    assert ":" not in shown.exact
