"""What report tables are behind with: marks of days whose cells changed, and when it is time to build a day's table.

A mark is set before the cells change, and remembered by who set it for a while. So a change may come that much later
than its mark, and as much as a worker may take; only a build that began later than all that has it for sure.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

KEPT_OF_NOW, KEPT = timedelta(minutes=1), timedelta(minutes=2)
"""So long who set a mark does not set it again: of today or yesterday, which people look at; of another day."""

WRITTEN = timedelta(minutes=1)
"""What a write takes with all its retries, and then some: a build that began so long after KEPT is complete as far as
people are concerned."""

SETTLED = timedelta(minutes=10)
"""So long after its mark a change is written, or never will be: KEPT, and some ten times what a write takes."""

RETRY = timedelta(minutes=5)
"""So long a day is left alone after a build that failed, or died: it must not keep all others waiting."""

CELLS_A_MINUTE = 100
"""A day of so many cells is built once a minute at most, a larger one more rarely, so that it costs no more."""
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE_OF_NOW = timedelta(minutes=5)
"""Of today and yesterday, which people look at."""


class Mark(NamedTuple):
    """Cells of a day changed at `changed_at`, the latest time; what was before `since` is in its table. Its last build
    began at `built_at`, if there was one since it was marked, and had so many cells. One that began at `begun_at` has
    not come to its end, and perhaps never will."""

    account: str
    day: str
    changed_at: datetime
    since: datetime
    built_at: datetime | None = None
    cells: int = 0
    begun_at: datetime | None = None


class Rezoning(NamedTuple):
    """An account whose time zone changed, or was about to; its mails up to a place, None for none, count right."""

    account: str
    asked_at: datetime
    place: str | None = None


def is_due(mark: Mark, now: datetime) -> bool:
    """Whether it is time to build the day's table: at once, and then, while it may change, as often as its size allows;
    and once more when nothing can be missing."""
    if mark.begun_at and now - mark.begun_at < RETRY:
        return False
    if mark.built_at is None or is_settled(mark, now):
        return True
    may_have_changed = mark.built_at <= mark.changed_at or mark.built_at < _written_at(mark) <= now
    return may_have_changed and now - mark.built_at >= pause_of(mark, now)


def has_all(mark: Mark) -> bool:
    """Whether the last build has what the mark announced, if all went as it nearly always does; until it is settled the
    table is built once more all the same."""
    return mark.built_at is not None and mark.built_at >= _written_at(mark)


def _written_at(mark: Mark) -> datetime:
    return mark.changed_at + kept_for(mark.day, mark.changed_at) + WRITTEN


def is_settled(mark: Mark, at: datetime) -> bool:
    """Whether a build that begins at this time has all that the mark announced."""
    return at >= mark.changed_at + SETTLED


def pause_of(mark: Mark, now: datetime) -> timedelta:
    """How long a table is left alone after it was built."""
    longest = LONGEST_PAUSE_OF_NOW if _is_recent(mark.day, now) else LONGEST_PAUSE
    return min(timedelta(minutes=mark.cells / CELLS_A_MINUTE), longest)


def kept_for(day: str, now: datetime) -> timedelta:
    """How long who set the mark of a day need not set it again."""
    return KEPT_OF_NOW if _is_recent(day, now) else KEPT


def _is_recent(day: str, now: datetime) -> bool:
    return now.date() - date.fromisoformat(day) <= timedelta(days=1)
