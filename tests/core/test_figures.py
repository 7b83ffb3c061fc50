"""Figures: sums, rates with their denominators, and how sure a rate is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import figures
from chalicelib.core.cell import CALLS, COLUMNS


def test_every_column_is_shown_and_every_rate_names_its_denominator():
    shown = figures.show({"sent": 4, "bounced_hard": 1, "bounced_soft": 1, "delivered": 2, "opened": 1})
    assert set(shown) == {*COLUMNS, "bounced", "rates"}
    assert shown["bounced"] == 2
    assert shown["rates"]["open_rate_of_delivered"] == 0.5
    assert shown["rates"]["bounce_rate_of_sent"] == 0.5
    assert shown["rates"]["click_rate_of_opened"] == 0.0
    assert shown["rates"]["response_rate_of_received"] is None
    assert all(f"_of_{whole}" in name for name, (_, whole) in figures.RATES.items())


def test_opens_whose_delivery_was_not_told_are_no_more_than_all():
    assert figures.show({"delivered": 1, "opened": 3})["rates"]["open_rate_of_delivered"] == 1.0


def test_calls_are_those_out_and_in_and_missed_ones_are_among_those_in():
    shown = figures.show_calls({"calls_outbound": 2, "calls_inbound": 3, "calls_missed": 1, "call_seconds": 90})
    assert shown["calls"] == 5
    assert set(shown) == {"calls", *CALLS}


def test_nothing_is_as_low_of_few_as_of_many():
    assert {figures.lower_bound(0, whole) for whole in range(500)} == {0.0}


@pytest.mark.parametrize(
    ("part", "whole", "bound"),
    [(1, 1, 0.2065), (10, 10, 0.7225), (50, 100, 0.4038), (0, 10, 0.0), (0, 0, 0.0), (100, 100, 0.9630)],
)
def test_wilson_s_lower_bound_is_what_it_is_by_hand(part, whole, bound):
    """Where all of n were opened it is n / (n + z²), where half of them were 1/2 - z / (2 √(n + z²))."""
    assert figures.lower_bound(part, whole) == pytest.approx(bound, abs=0.0005)


@given(whole=st.integers(1, 10_000), data=st.data())
def test_the_lower_bound_is_below_the_rate_and_nears_it_with_more_mails(whole, data):
    part = data.draw(st.integers(0, whole))
    bound = figures.lower_bound(part, whole)
    assert 0 <= bound <= part / whole + 1e-9
    assert figures.lower_bound(part * 10, whole * 10) >= bound - 1e-9


@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), st.integers(0, 99))))
def test_a_sum_is_that_of_each_column(each):
    found = figures.added(each)
    assert all(found.get(column, 0) == sum(one.get(column, 0) for one in each) for column in COLUMNS)


def test_what_was_read_while_it_changed_is_no_error():
    assert 0 < figures.lower_bound(41, 40) <= 1
    assert figures.lower_bound(-1, 5) == 0.0
    assert (figures.rate(41, 40), figures.rate(-1, 5)) == (1.0, 0.0)
