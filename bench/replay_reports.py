"""The tables that reports read, and what they are behind with, in memory; they keep the promises of the real ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.core import day_table
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.behind import Mark
from chalicelib.core.cell import COLUMNS, Cells
from chalicelib.core.day_table import DayTable, Sums
from chalicelib.core.figures import Figures, bounced
from chalicelib.core.instant import EPOCH
from chalicelib.flow import read_report


class Packed(NamedTuple):
    """A day's table as it is stored."""

    built_at: datetime
    sums: bytes
    cells: bytes


class ReportTables:
    """Marks, leases and tables. `now` is what its clock shows."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.marks: dict[tuple[str, str], Mark] = {}
        self.tables: dict[tuple[str, str], Packed] = {}
        self._lease: tuple[str, datetime] | None = None

    # marks

    def mark(self, days: Iterable[tuple[str, str]]) -> None:
        """Says that the cells of these days are about to change."""
        for account, day in set(days):
            before = self.marks.get((account, day))
            since = before.since if before else self.now
            built = (before.built_at, before.cells) if before else (None, 0)
            self.marks[account, day] = Mark(account, day, self.now, since, *built)

    def all(self) -> Sequence[Mark]:
        return list(self.marks.values())

    def begun(self, mark: Mark, at: datetime) -> None:
        found = self.marks.get((mark.account, mark.day))
        if found:
            self.marks[mark.account, mark.day] = found._replace(begun_at=at)

    def built(self, mark: Mark, at: datetime, cells: int) -> None:
        found = self.marks.get((mark.account, mark.day))
        if found:
            self.marks[mark.account, mark.day] = found._replace(since=at, built_at=at, cells=cells, begun_at=None)

    def settle(self, mark: Mark) -> bool:
        found = self.marks.get((mark.account, mark.day))
        if found is None or found.changed_at != mark.changed_at:
            return False
        del self.marks[mark.account, mark.day]
        return True

    def since(self, account: str, first: str, last: str) -> datetime | None:
        found = (mark.since for mark in self.marks.values() if mark.account == account and first <= mark.day <= last)
        return min(found, default=None)

    # leases

    def take(self, name: str, holder: str, now: datetime, ends_at: datetime) -> bool:
        if self._lease and self._lease[1] > now and self._lease[0] != holder:
            return False
        self._lease = holder, ends_at
        return True

    def give_back(self, name: str, holder: str) -> None:
        if self._lease and self._lease[0] == holder:
            self._lease = None

    # tables

    def put(self, account: str, day: str, table: DayTable, built_at: datetime) -> bool:
        found = self.tables.get((account, day))
        if found is not None and found.built_at > built_at:
            return False
        packed = Packed(built_at, day_table.pack_sums(table.sums), day_table.pack_cells(table.cells))
        self.tables[account, day] = packed
        return True

    def sums(self, account: str, first: str, last: str) -> Mapping[str, Sums]:
        days = sorted(day for owner, day in self.tables if owner == account and first <= day <= last)
        return {day: day_table.unpack_sums(self.tables[account, day].sums) for day in days}

    def cells(
        self, account: str, days: Sequence[str], wanted: Mapping[str, frozenset[str]], dimension: str | None
    ) -> Iterator[tuple[str, str, Figures]]:
        for day in (one for one in days if (account, one) in self.tables):
            packed = self.tables[account, day].cells
            yield from ((day, *one) for one in day_table.sums_of(packed, wanted, dimension).items())

    def reading(self, policies: Mapping[str, AccountPolicy]) -> read_report.Parts:
        """What a report is read with; nobody has named users or templates."""
        return read_report.Parts(self, self, lambda _: (), lambda _: (), policies.__getitem__)


def unlike_reports(
    tables: ReportTables, policies: Mapping[str, AccountPolicy], must_be: Cells, first: str, now: datetime
) -> Iterator[str]:
    """A sentence about each figure in the reports of all accounts that is not what cells with the truth say."""
    reading, days = tables.reading(policies), {"from": [first], "to": [now.date().isoformat()]}
    for account in policies:
        own = [(place, columns) for place, columns in must_be.items() if place.account == account]
        for by in ("date", "template", "module", "user", "source"):
            asked = {**days, "by": [by]} | ({} if by == "date" else {"limit": ["1000"]})
            report = read_report.read_report(account, "email-analytics", asked, reading, now=now)
            wanted: dict[str, dict[str, int]] = {}
            for place, columns in own:
                key = place.day if by == "date" else str(getattr(place, by))
                _add(wanted.setdefault(key, {}), columns)
            rows = {row["key"]: _counts(row) for row in report["rows"]}
            for key in rows.keys() | wanted.keys():
                if rows.get(key, {}) != _shown(wanted.get(key, {})):
                    yield f"report of {account} by {by}: {key!r} is {rows.get(key)}, and must be {wanted.get(key)}"[
                        :500
                    ]
            sums: dict[str, int] = {}
            for row in rows.values():
                _add(sums, row)
            if sums != _counts(report["summary"]) or report["others"]:
                yield f"report of {account} by {by}: the rows come to {sums}, and the summary is {report['summary']}"[
                    :500
                ]
        if report["as_of"] != _text(now):
            yield f"report of {account}: it is as of {report['as_of']}"


def _add(sums: dict[str, int], columns: Mapping[str, int]) -> None:
    for column, number in columns.items():
        sums[column] = sums.get(column, 0) + number


def _shown(columns: Mapping[str, int]) -> dict[str, int]:
    """What a row shows of columns, without zeros."""
    counts = {column: columns.get(column, 0) for column in COLUMNS} | {"bounced": bounced(columns)}
    return {column: number for column, number in counts.items() if number}


def _counts(row: Mapping[str, object]) -> dict[str, int]:
    return {column: number for column in (*COLUMNS, "bounced") if isinstance(number := row[column], int) and number}


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
