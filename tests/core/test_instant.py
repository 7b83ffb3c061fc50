"""Points in time as text that sorts as time does."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import instant

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)


@given(moments)
def test_what_is_shown_is_read_back_to_the_millisecond(at: datetime) -> None:
    text = instant.show(at)
    assert len(text) == 24
    assert timedelta(0) <= at - instant.parse(text) < timedelta(milliseconds=1)
    assert instant.show(instant.parse(text)) == text


@given(moments, moments)
def test_the_order_of_texts_is_that_of_times(one: datetime, other: datetime) -> None:
    if one - other >= timedelta(milliseconds=1):
        assert instant.show(one) > instant.show(other)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 21, 8, 30, 0, 123999, UTC), "2026-11-21T08:30:00.123Z"),
        (datetime(2026, 11, 21, 8, 30, tzinfo=UTC), "2026-11-21T08:30:00.000Z"),
        (datetime(2026, 11, 21, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-11-20T23:30:00.000Z"),
        (datetime(33, 1, 2, tzinfo=UTC), "0033-01-02T00:00:00.000Z"),
    ],
)
def test_a_time_is_shown_in_utc_with_milliseconds(at: datetime, text: str) -> None:
    assert instant.show(at) == text


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        instant.show(datetime(2026, 11, 21))


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_since_1970_lose_nothing(epoch_ms: int) -> None:
    at = instant.from_milliseconds(epoch_ms)
    assert (at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1) == epoch_ms
    assert at.utcoffset() == timedelta(0)
