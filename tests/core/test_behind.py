"""When it is time to build a day's table."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.behind import (
    KEPT,
    KEPT_OF_NOW,
    RETRY,
    SETTLED,
    WRITTEN,
    Mark,
    has_all,
    is_due,
    is_settled,
    pause_of,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def mark(
    changed: timedelta = timedelta(0), built: timedelta | None = None, cells: int = 1, day: str = "2026-11-22"
) -> Mark:
    return Mark("acme", day, NOON + changed, NOON, None if built is None else NOON + built, cells)


def test_what_changed_and_was_not_built_is_due_at_once():
    assert is_due(mark(), NOON)


def test_what_was_built_after_its_change_rests_until_nobody_can_still_write_under_the_mark():
    built = mark(built=2 * SECOND)
    assert not is_due(built, NOON + KEPT_OF_NOW + WRITTEN - SECOND)
    assert is_due(built, NOON + KEPT_OF_NOW + WRITTEN)


def test_once_the_mark_is_forgotten_by_who_set_it_one_build_is_enough_until_all_is_settled():
    built = mark(built=KEPT_OF_NOW + WRITTEN)
    assert has_all(built)
    assert not is_due(built, NOON + SETTLED - SECOND)
    assert is_due(built, NOON + SETTLED)


def test_only_a_build_that_began_when_all_was_settled_ends_the_mark():
    assert not is_settled(mark(), NOON + SETTLED - SECOND)
    assert is_settled(mark(), NOON + SETTLED)


def test_the_mark_of_an_older_day_is_remembered_for_longer_and_ends_late_enough():
    old = mark(built=2 * SECOND, day="2026-10-01")
    assert not is_due(old, NOON + KEPT + WRITTEN - SECOND)
    assert is_due(old, NOON + KEPT + WRITTEN)
    assert not has_all(old)
    assert not has_all(old._replace(built_at=None))
    assert KEPT_OF_NOW < KEPT < KEPT + WRITTEN < SETTLED


def test_what_changed_again_is_due_again():
    assert is_due(mark(changed=10 * SECOND, built=5 * SECOND), NOON + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("cells", "day", "minutes"),
    [
        (50, "2026-11-22", 0.5),
        (300, "2026-11-22", 3),
        (9000, "2026-11-22", 5),
        (9000, "2026-11-21", 5),
        (300, "2026-10-01", 3),
        (9000, "2026-10-01", 60),
        (0, "2026-10-01", 0),
    ],
)
def test_a_large_day_is_built_more_rarely_and_one_of_these_days_more_often(cells, day, minutes):
    assert pause_of(mark(cells=cells, day=day), NOON) == timedelta(minutes=minutes)


def test_a_large_day_that_changes_all_the_time_waits_for_its_turn():
    changing = mark(changed=timedelta(minutes=20), built=timedelta(0), cells=9000, day="2026-10-01")
    assert not is_due(changing, NOON + timedelta(minutes=21))
    assert is_due(changing, NOON + timedelta(minutes=60))


def test_a_day_whose_build_failed_or_died_lets_the_others_go_first():
    begun = mark()._replace(begun_at=NOON)
    assert not is_due(begun, NOON + RETRY - SECOND)
    assert is_due(begun, NOON + RETRY)
