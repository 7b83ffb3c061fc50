"""Periods of reports: presets, days, and the weeks and months that they fall into."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import report_period
from chalicelib.core.bad_input import BadInput
from chalicelib.core.report_period import INTERVALS, MOST_DAYS, PRESETS, Period

TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-11-22", "2026-11-22"),
        ("yesterday", "2026-11-21", "2026-11-21"),
        ("last_7_days", "2026-11-16", "2026-11-22"),
        ("last_30_days", "2026-10-24", "2026-11-22"),
        ("last_100_days", "2026-08-15", "2026-11-22"),
        ("this_week", "2026-11-16", "2026-11-22"),
        ("last_week", "2026-11-09", "2026-11-15"),
        ("this_month", "2026-11-01", "2026-11-22"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("this_year", "2026-01-01", "2026-11-22"),
    ],
)
def test_a_preset_means_these_days(name, first, last):
    period = report_period.parse(name, None, None, today=TODAY)
    assert (period.first.isoformat(), period.last.isoformat(), period.name) == (first, last, name)


def test_every_preset_is_tried_above_and_none_reaches_into_the_future_nor_too_far():
    for today in (date(2026, 1, 1), date(2026, 3, 31), date(2024, 2, 29), date(2026, 12, 31)):
        for name in PRESETS:
            period = report_period.preset(name, today)
            assert period.first <= period.last <= today
            assert period.days <= MOST_DAYS


def test_last_month_of_january_is_december():
    period = report_period.preset("last_month", date(2026, 1, 31))
    assert (period.first, period.last) == (date(2025, 12, 1), date(2025, 12, 31))


def test_without_anything_it_is_the_usual_period():
    assert report_period.parse(None, None, None, today=TODAY).name == report_period.DEFAULT


@pytest.mark.parametrize(
    ("period", "first", "last", "pointer"),
    [
        ("last_7_days", "2026-11-01", None, "/period"),
        ("next_week", None, None, "/period"),
        (None, None, "2026-11-01", "/from"),
        (None, "2026-11-31", None, "/from"),
        (None, "20261101", None, "/from"),
        (None, "2026-11-01T00:00", None, "/from"),
        (None, "", None, "/from"),
        (None, "2026-11-01", "heute", "/to"),
        (None, "2026-11-02", "2026-11-01", "/to"),
        (None, "2026-11-23", None, "/from"),
        (None, "2026-11-01", "2026-11-23", "/to"),
        (None, "1999-12-31", None, "/from"),
        (None, "2025-10-01", "2026-11-22", "/from"),
        (None, "9999-99-99", None, "/from"),
    ],
)
def test_what_is_no_period_is_named(period, first, last, pointer):
    with pytest.raises(BadInput) as error:
        report_period.parse(period, first, last, today=TODAY)
    assert pointer in [one["pointer"] for one in error.value.errors]


def test_four_hundred_days_are_allowed_and_one_more_is_not():
    first = TODAY - timedelta(days=MOST_DAYS - 1)
    assert report_period.between(first.isoformat(), TODAY.isoformat(), today=TODAY).days == MOST_DAYS
    with pytest.raises(BadInput):
        report_period.between((first - timedelta(days=1)).isoformat(), TODAY.isoformat(), today=TODAY)


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(first=days, length=st.integers(1, MOST_DAYS), interval=st.sampled_from(INTERVALS))
def test_pieces_are_the_period_without_gap_or_overlap(first, length, interval):
    period = Period(first, first + timedelta(days=length - 1))
    pieces = list(report_period.pieces(period, interval))
    assert (pieces[0].first, pieces[-1].last) == (period.first, period.last)
    assert all(after.first == before.last + timedelta(days=1) for before, after in itertools.pairwise(pieces))
    assert all(piece.first.weekday() == 0 for piece in pieces[1:] if interval == "week")
    assert all(piece.first.day == 1 for piece in pieces[1:] if interval == "month")
    assert sum(piece.days for piece in pieces) == period.days


@given(first=days, length=st.integers(1, MOST_DAYS))
def test_the_period_before_is_as_long_and_ends_the_day_before(first, length):
    period = Period(first, first + timedelta(days=length - 1))
    assert period.before.days == period.days
    assert period.before.last + timedelta(days=1) == period.first
