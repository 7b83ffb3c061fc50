"""Building the tables that reports read: each day whose cells changed, at once or when it is its turn again.

Repeatable: a table is made of the day's cells alone, and one whose build began earlier never replaces a later one.
What a run that died left undone is done by the next one, for a mark goes only after a build that has it for sure. So
any number of runs at once come to the same; a lease keeps them from doing the same work.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.core.behind import Mark, is_due, is_settled
from chalicelib.core.cell import Cells
from chalicelib.core.day_table import DayTable, table_of

LEASE = "report"


class Behind(Protocol):
    """The marks of what tables are behind with."""

    def all(self) -> Sequence[Mark]: ...
    def begun(self, mark: Mark, at: datetime) -> None: ...
    def built(self, mark: Mark, at: datetime, cells: int) -> None: ...
    def settle(self, mark: Mark) -> bool: ...


class CellTable(Protocol):
    """Report cells."""

    def of_day(self, account: str, day: str) -> Cells: ...


class DayTables(Protocol):
    """The tables that reports read."""

    def put(self, account: str, day: str, table: DayTable, built_at: datetime) -> bool: ...


class Leases(Protocol):
    """Leases of what only one worker is to do at a time."""

    def take(self, name: str, holder: str, now: datetime, ends_at: datetime) -> bool: ...
    def give_back(self, name: str, holder: str) -> None: ...


class Parts(NamedTuple):
    """What building needs. `report` is told of what could not be built: account, day and why."""

    behind: Behind
    cells: CellTable
    tables: DayTables
    leases: Leases
    clock: Callable[[], datetime]
    report: Callable[[str, str, Exception], None]


class Built(NamedTuple):
    """How many days were built, could not be, and were left for want of time; how old the oldest change was, in
    seconds, that was in no table when the run began; and whether another run was at work, and nothing was done."""

    days: int = 0
    failed: int = 0
    left: int = 0
    age_seconds: float = 0.0
    is_leased: bool = False


def build_all(parts: Parts, *, holder: str, lasts: timedelta, may_go_on: Callable[[], bool] = lambda: True) -> Built:
    """Builds what is due, longest waiting first; `lasts` is when this worker is dead for sure."""
    now = parts.clock()
    if not parts.leases.take(LEASE, holder, now, now + lasts):
        return Built(is_leased=True)
    try:
        return _build(parts.behind.all(), parts, now, may_go_on)
    finally:
        parts.leases.give_back(LEASE, holder)


def _build(marks: Iterable[Mark], parts: Parts, now: datetime, may_go_on: Callable[[], bool]) -> Built:
    waiting = sorted(marks, key=lambda mark: mark.since)
    due = [mark for mark in waiting if is_due(mark, now)]
    built = failed = 0
    for mark in due:
        if not may_go_on():
            break
        try:
            build(mark, parts)
            built += 1
        except Exception as error:  # of this day; the others are built all the same
            parts.report(mark.account, mark.day, error)
            failed += 1
    unbuilt = [mark for mark in waiting if mark.built_at is None or mark.changed_at > mark.built_at]
    age = max(((now - mark.since).total_seconds() for mark in unbuilt), default=0.0)
    return Built(built, failed, len(due) - built - failed, age)


def build(mark: Mark, parts: Parts) -> None:
    """Builds the table of a day, and takes its mark away if everything that it announced must be in it."""
    began_at = parts.clock()
    parts.behind.begun(mark, began_at)
    table = table_of(parts.cells.of_day(mark.account, mark.day))
    if not parts.tables.put(mark.account, mark.day, table, began_at):
        return  # a build that began later notes itself
    if not (is_settled(mark, began_at) and parts.behind.settle(mark)):
        parts.behind.built(mark, began_at, len(table.cells))
