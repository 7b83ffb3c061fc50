"""Reports read and tables built by the real code, on an AWS that keeps the books: `python -m bench.reporting MAILS …`.

Prints, for each number of mails, what each report of a hundred days asked of AWS, what the same figures would cost
without tables, and what building costs, as JSON. A process of its own, as `bench.journey`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import boto3
from aws_lambda_powertools import Logger

from bench import capacity, report_cells, stage
from bench.capacity import EVENTUAL, STRONG
from bench.recorder import Call
from bench.report_cells import ACCOUNT, LAST_DAY, TEMPLATES, USERS
from bench.stage import Stage
from chalicelib import settings
from chalicelib.core.cell import Cells, Place
from chalicelib.core.day_table import table_of
from chalicelib.core.figures import added
from chalicelib.core.template import Template
from chalicelib.core.user import User
from chalicelib.entrypoints.report import building_of
from chalicelib.entrypoints.reporting import reading_of
from chalicelib.flow import report as building
from chalicelib.flow.read_report import Parts, read_report
from chalicelib.settings import Settings
from chalicelib.storage import keys
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.day_tables import DayTables
from chalicelib.storage.templates import Templates
from chalicelib.storage.users import Users

NOW = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 12, tzinfo=UTC)
BUILT_AT = NOW - timedelta(hours=1)
BUILT_ACCOUNT, AT_ONCE = "built", 25
PAGE = 1024 * 1024
"""Bytes that a Query reads at most, index or not."""
ENTRY = 190
"""Bytes of a mail's entry in the index that lists are narrowed by, at least: two keys, and six short words."""


Query = Mapping[str, Sequence[str]]
DAYS_CHANGED = (1, 10)

REPORTS: Mapping[str, tuple[str, Query]] = {
    "email analytics": ("email-analytics", {}),
    "email analytics by date": ("email-analytics", {"by": ["date"]}),
    "email analytics by template": ("email-analytics", {"by": ["template"]}),
    "email analytics by user, of a group": ("email-analytics", {"by": ["user"], "group": ["sales"]}),
    "email analytics by template, of one user": (
        "email-analytics",
        {"by": ["template"], "user": [report_cells.user_id(0)]},
    ),
    "email and call analytics by user and date": ("email-and-call-analytics", {"by": ["user_and_date"]}),
    "sent email status": ("sent-email-status", {}),
    "top templates by open rate": ("top-templates-by-open-rate", {}),
    "top templates by click rate": ("top-templates-by-click-rate", {}),
    "top users": ("top-users", {}),
}
"""What is asked for, beside the hundred days."""


class Read(NamedTuple):
    """What a report, or what would do its work, asked of AWS; bytes are those of the answers."""

    what: str
    mails: int
    requests: int
    units: float
    bytes: int

    @property
    def is_naive(self) -> bool:
        """Whether it does without tables."""
        return self.what not in REPORTS


class Build(NamedTuple):
    """What building asked of AWS after so many days had changed."""

    mails: int
    days: int
    cells: int
    requests: int
    read_units: float
    write_units: float


def runs(on: Stage, sizes: Sequence[int]) -> Iterator[Read]:
    """All reports with each number of mails, and what would be without tables."""
    own = settings.read()
    _introduce(own)
    tables = DayTables(own.reports_table, own.region, CellTable(own.reports_table, own.region).of_day)
    reading = reading_of(own)
    for number, mails in enumerate(sizes):
        sent, naive = 0, (0, 0.0, 0)
        built_at = BUILT_AT + timedelta(seconds=number)  # each puts its tables in the place of the ones before
        for day, cells in report_cells.cells_by_day(mails):
            tables.put(ACCOUNT, day, table_of(cells), built_at)
            sent += added(cells.values()).get("sent", 0)
            naive = tuple(map(sum, zip(naive, _of_cells(cells), strict=True)))  # type: ignore[assignment]  # as long
        for what in REPORTS:
            yield _read(on, what, mails, sent, reading)
        yield Read("the same from the cells", mails, *naive)
        yield Read("the same from the index of mails", mails, *_of_index(mails))


def _introduce(own: Settings) -> None:
    """As many users and templates as the goal is about."""
    users, templates = Users(own.account_table, own.region), Templates(own.account_table, own.region)
    for number in range(USERS):
        groups = ("sales",) if number % 4 == 0 else ("support",)
        user = User(report_cells.user_id(number), f"User Number {number}", f"user{number}@example.com", groups)
        users.put(ACCOUNT, user)
    for number in range(TEMPLATES):
        name = report_cells.template_id(number)
        made = Template(name, f"Template {number}", "Hello", None, None, NOW, NOW, content_id="0" * 40)
        templates.change(ACCOUNT, name, lambda _, made=made: made)  # type: ignore[misc]  # a lambda with a default


def _read(on: Stage, what: str, mails: int, sent: int, reading: Parts) -> Read:
    name, query = REPORTS[what]
    on.drained()
    report = read_report(ACCOUNT, name, {**query, "period": ["last_100_days"]}, reading, now=NOW)
    calls = on.drained()
    whole = report["summary"]["sent"]
    if whole != sent and not {"user", "group"} & query.keys():
        raise RuntimeError(f"{what} says {whole} mails, of {sent}")
    return Read(what, mails, len(calls), _units(calls), sum(call.received for call in calls))


def _units(calls: Sequence[Call]) -> float:
    return sum(sum(call.reads.values()) for call in calls)


def _of_cells(cells: Cells) -> tuple[int, float, int]:
    """Requests, units and bytes of reading a day's cells, at best: each lies in one of the partitions only."""
    sizes = [capacity.item_size(_item(place, columns)) for place, columns in cells.items()]
    whole = sum(sizes)
    each = whole / keys.CELL_SHARDS
    pages = max(1, -(-int(each) // PAGE))
    return keys.CELL_SHARDS * pages, keys.CELL_SHARDS * capacity.query_units([int(each)], STRONG), whole


def _item(place: Place, columns: Mapping[str, int], number: int = 0) -> dict[str, dict[str, str]]:
    """The item of a cell, in one of the partitions of its day."""
    dimensions = json.dumps([place.template, place.module, place.user, place.source], separators=(",", ":"))
    owner = keys.cells(place.account, place.day, number % keys.CELL_SHARDS)
    named = {"owner": owner, "item": keys.cell(dimensions)}
    texts = {name: {"S": text} for name, text in named.items()}
    return texts | {name: {"N": str(number)} for name, number in columns.items()}


def _of_index(mails: int) -> tuple[int, float, int]:
    """Requests, units and bytes of counting mails by what lists are narrowed by, which does not tell their day."""
    whole = mails * ENTRY
    return max(keys.SHARDS, -(-whole // PAGE)), capacity.query_units([whole], EVENTUAL), whole


def builds(on: Stage, mails: int, days: Sequence[int]) -> Iterator[Build]:
    """What building costs when the cells of so many days changed: other days each time, of an account of its own."""
    own = settings.read()
    left = [(day, cells) for day, cells in report_cells.cells_by_day(mails)]
    parts = building_of(own, Logger(service="bench", level="CRITICAL"))
    for number in days:
        changed, left = left[-number:], left[:-number]
        Behind(own.reports_table, own.region).mark((BUILT_ACCOUNT, day) for day, _ in changed)
        for _, cells in changed:
            _put(own, cells)
        on.drained()
        built = building.build_all(parts, holder="bench", lasts=timedelta(minutes=1))
        calls = on.drained()
        if built.days < number or built.failed:
            raise RuntimeError(f"of {number} days were built: {built}")
        written = sum(sum(call.writes.values()) for call in calls)
        yield Build(mails, built.days, sum(len(cells) for _, cells in changed), len(calls), _units(calls), written)
        _settle(own)


def _put(own: Settings, cells: Cells) -> None:
    """Stores cells as they come to be, without the transactions of the folds that made them."""
    items = [
        _item(place._replace(account=BUILT_ACCOUNT), columns, n) for n, (place, columns) in enumerate(cells.items())
    ]
    client = boto3.client("dynamodb")
    for first in range(0, len(items), AT_ONCE):
        puts = [{"PutRequest": {"Item": item}} for item in items[first : first + AT_ONCE]]
        client.batch_write_item(RequestItems={own.reports_table: puts})  # type: ignore[dict-item]  # of mappings


def _settle(own: Settings) -> None:
    """Takes away all marks, so that what was built is not built again."""
    behind = Behind(own.reports_table, own.region)
    for mark in behind.all():
        behind.settle(mark)


def main() -> None:
    """The runs' JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.reporting")
    parser.add_argument("sizes", nargs="+", type=int, metavar="MAILS")
    parser.add_argument("--build", type=int, required=True, help="mails of the account whose tables are built")
    parser.add_argument("--days", type=int, nargs="+", default=DAYS_CHANGED, help="days that changed before a build")
    asked = parser.parse_args()
    with stage.set_up() as on:
        built = list(builds(on, asked.build, asked.days))
        found = {"reads": list(runs(on, asked.sizes)), "builds": built}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
