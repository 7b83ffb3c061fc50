"""Reports read and tables built by the real code, on an AWS that keeps the books: `python -m bench.reporting MAILS …`.

Prints, for each number of mails, what each report of a hundred days asked of AWS, what the same figures would cost
without tables, and what building costs, as JSON. A process of its own, as `bench.journey`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import boto3
from aws_lambda_powertools import Logger

from bench import capacity, report_cells, stage
from bench.capacity import EVENTUAL, STRONG
from bench.recorder import Call
from bench.report_cells import ACCOUNT, LAST_DAY, TEMPLATES, USERS
from bench.stage import Stage
from chalicelib import settings
from chalicelib.core.cell import Cells, Counted, Place
from chalicelib.core.day_table import table_of
from chalicelib.core.figures import added
from chalicelib.core.refold import Fold
from chalicelib.core.summary import Delivery, RecipientState, State
from chalicelib.core.template import Template
from chalicelib.core.user import User
from chalicelib.entrypoints.report import building_of
from chalicelib.entrypoints.reporting import Parts, reporting_of, shown
from chalicelib.flow import report as building
from chalicelib.settings import Settings
from chalicelib.storage import keys
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.day_tables import DayTables
from chalicelib.storage.messages import Messages
from chalicelib.storage.templates import Templates
from chalicelib.storage.users import Users

NOW = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 12, tzinfo=UTC)
BUILT_AT = NOW - timedelta(hours=1)
BUILT_ACCOUNT, AT_ONCE = "built", 25
PAGE = 1024 * 1024
"""Bytes that a Query reads at most, index or not."""
ENTRY = 190
"""Bytes of a mail's entry in the index that lists are narrowed by, at least: two keys, and six short words."""


MAILS_LISTED = 60
"""So many mails are stored, to be listed beside figures of any number."""

DAYS_CHANGED = (1, 10)
MOST = 5
OF_A_PAGE = keys.SHARDS + 1
"""Requests for a page of mails: one of each partition of the list, and the mails themselves."""


class Asked(NamedTuple):
    """A report with its parameters beside the hundred days, and how many requests it may take."""

    report: str
    query: Mapping[str, Sequence[str]]
    most: int = MOST

    @property
    def compared(self) -> "Asked":
        """The same beside the hundred days before."""
        return self._replace(query={**self.query, "compare": ["previous"]})


UNTOLD = report_cells.user_id(1)
"""A user of whom only mails tell."""
BY_USER_AND_DATE = Asked("email-and-call-analytics", {"by": ["user_and_date"]})
OF_ONE_USER = Asked("email-analytics", {"by": ["template"], "user": [report_cells.user_id(0)]})
OF_A_GROUP = Asked("email-analytics", {"by": ["template"], "group": ["sales"]})
STATUS = Asked("sent-email-status", {}, MOST + OF_A_PAGE)

REPORTS: Mapping[str, Asked] = {
    "email analytics": Asked("email-analytics", {}),
    "email analytics by date": Asked("email-analytics", {"by": ["date"]}),
    "email analytics by template": Asked("email-analytics", {"by": ["template"]}),
    "email analytics by template, compared": Asked("email-analytics", {"by": ["template"]}).compared,
    "email analytics by user, of a group": Asked("email-analytics", {"by": ["user"], "group": ["sales"]}),
    "email analytics by template, of a group": OF_A_GROUP,
    "email analytics by template, of a group, compared": OF_A_GROUP.compared._replace(most=MOST + 1),
    "email analytics by template, of one user": OF_ONE_USER,
    "email analytics by template, of one user, compared": OF_ONE_USER.compared._replace(most=MOST + 1),
    "email analytics by template, of a user nobody told of": Asked(
        "email-analytics", {"by": ["template"], "user": [UNTOLD]}, MOST + 1
    ),
    "email and call analytics by user and date": BY_USER_AND_DATE,
    "email and call analytics by user and date, compared": BY_USER_AND_DATE.compared,
    "sent email status": STATUS,
    "sent email status, of a group and a status, compared": STATUS._replace(
        query={"group": ["sales"], "status": ["delivered"]}
    ).compared,
    "top templates by open rate": Asked("top-templates-by-open-rate", {}),
    "top templates by click rate": Asked("top-templates-by-click-rate", {}),
    "top users": Asked("top-users", {}),
    "top users, compared": Asked("top-users", {}).compared,
    "top users with a template, compared": Asked(
        "top-users", {"template": [report_cells.template_id(0)], "minimum": ["1"]}
    ).compared,
}
"""What is asked for. Where dimensions are combined, a comparison takes one more than the others: it is of two hundred
days, and DynamoDB reads a hundred items by their keys at once."""


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
    """What building asked of AWS after so many days had changed, of an account that has tables of so many others;
    `cell_units` are those of reading the changed days' cells once."""

    others: int
    days: int
    cells: int
    cell_units: float
    requests: int
    read_units: float
    write_units: float


def runs(on: Stage, sizes: Sequence[int]) -> Iterator[Read]:
    """All reports with each number of mails, and what would be without tables."""
    own = settings.read()
    _introduce(own)
    _send(own)
    tables, parts = _tables(own), reporting_of(own)
    for number, mails in enumerate(sizes):
        sent, naive = 0, (0, 0.0, 0)
        built_at = BUILT_AT + timedelta(seconds=number)  # each puts its tables in the place of the ones before
        for day, cells in report_cells.cells_by_day(mails):
            table = table_of(cells)
            tables.put(ACCOUNT, day, table, built_at)
            if number == len(sizes) - 1:  # before, there is nothing to compare with, which takes as many requests
                tables.put(ACCOUNT, _before(day), table, built_at)
            sent += added(cells.values()).get("sent", 0)
            naive = tuple(map(sum, zip(naive, _of_cells(cells), strict=True)))  # type: ignore[assignment]  # as long
        for what in REPORTS:
            yield _read(on, what, mails, sent, parts)
        yield Read("the same from the cells", mails, *naive)
        yield Read("the same from the index of mails", mails, *_of_index(mails))


def _tables(own: Settings) -> DayTables:
    return DayTables(own.reports_table, own.region, CellTable(own.reports_table, own.region).of_day)


def _before(day: str) -> str:
    """The day that it is compared with."""
    return (date.fromisoformat(day) - timedelta(days=report_cells.DAYS)).isoformat()


def _introduce(own: Settings) -> None:
    """As many users and templates as the goal is about, but for one."""
    users, templates = Users(own.account_table, own.region), Templates(own.account_table, own.region)
    for number in range(USERS):
        groups = ("sales",) if number % 4 == 0 else ("support",)
        user = User(report_cells.user_id(number), f"User Number {number}", f"user{number}@example.com", groups)
        if user.user_id != UNTOLD:
            users.put(ACCOUNT, user)
    for number in range(TEMPLATES):
        name = report_cells.template_id(number)
        made = Template(name, f"Template {number}", "Hello", None, None, NOW, NOW, content_id="0" * 40)
        templates.change(ACCOUNT, name, lambda _, made=made: made)  # type: ignore[misc]  # a lambda with a default


def _send(own: Settings) -> None:
    """The newest mails, of all users and in all partitions, sent and delivered minute by minute."""
    messages = Messages(own.messages_table, own.region)
    for number in range(MAILS_LISTED):
        at = NOW - timedelta(minutes=number)
        message = report_cells.mail(number, at)
        delivered = RecipientState(delivered_at=at)
        state = State(delivery=Delivery(sent=(at, f"ses-{number}"), recipients={message.envelope.to[0]: delivered}))
        messages.add(message)
        counted = Counted(at.date().isoformat(), frozenset({"sent", "tracked", "delivered"}))
        messages.store_fold(message, Fold(state=state, counted=counted))


def _read(on: Stage, what: str, mails: int, sent: int, parts: Parts) -> Read:
    name, query, _ = REPORTS[what]
    on.drained()
    report = shown(ACCOUNT, name, {**query, "period": ["last_100_days"]}, parts, now=NOW)
    calls = on.drained()
    whole = report["summary"]["sent"]
    if whole != sent and not {"user", "group", "template"} & query.keys():
        raise RuntimeError(f"{what} says {whole} mails, of {sent}")
    if not (report["rows"] or report["by"] is None) or not report.get("emails", {"data": [0]})["data"]:
        raise RuntimeError(f"{what} is empty")
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
    """What building costs when the cells of so many days changed: first of a new account, then other days of it each
    time, and at last the first ones again, of an account that has tables of all days."""
    own = settings.read()
    every = list(report_cells.cells_by_day(mails))
    left, first = every[:], every[-days[0] :]
    for number in days:
        changed, left = left[-number:], left[:-number]
        for _, cells in changed:
            _put(own, cells)
        yield _build(on, own, changed, others=len(every) - len(left) - number)
    for day, cells in left:
        _tables(own).put(BUILT_ACCOUNT, day, table_of(cells), BUILT_AT)
    yield _build(on, own, first, others=len(every) - len(first))


def _build(on: Stage, own: Settings, changed: Sequence[tuple[str, Cells]], others: int) -> Build:
    behind = Behind(own.reports_table, own.region)
    behind.mark((BUILT_ACCOUNT, day) for day, _ in changed)
    parts = building_of(own, Logger(service="bench", level="CRITICAL"))
    on.drained()
    built = building.build_all(parts, holder="bench", lasts=timedelta(minutes=1))
    calls = on.drained()
    if built.days != len(changed) or built.failed:
        raise RuntimeError(f"of {len(changed)} days were built: {built}")
    for mark in behind.all():
        behind.settle(mark)  # so that what was built is not built again
    written = sum(sum(call.writes.values()) for call in calls)
    cell_units = sum(_cell_units(cells) for _, cells in changed)
    number = sum(len(cells) for _, cells in changed)
    return Build(others, built.days, number, cell_units, len(calls), _units(calls), written)


def _cell_units(cells: Cells) -> float:
    """Read units of a day's cells, each partition of them read once."""
    sizes: dict[str, list[int]] = {owner: [] for owner in keys.all_cells(BUILT_ACCOUNT, "")}
    for number, (place, columns) in enumerate(cells.items()):
        item = _item(place._replace(account=BUILT_ACCOUNT), columns, number)
        sizes[keys.cells(BUILT_ACCOUNT, "", number % keys.CELL_SHARDS)].append(capacity.item_size(item))
    return sum(capacity.query_units(each, STRONG) for each in sizes.values())


def _put(own: Settings, cells: Cells) -> None:
    """Stores cells as they come to be, without the transactions of the folds that made them."""
    items = [
        _item(place._replace(account=BUILT_ACCOUNT), columns, n) for n, (place, columns) in enumerate(cells.items())
    ]
    client = boto3.client("dynamodb")
    for first in range(0, len(items), AT_ONCE):
        puts = [{"PutRequest": {"Item": item}} for item in items[first : first + AT_ONCE]]
        client.batch_write_item(RequestItems={own.reports_table: puts})  # type: ignore[dict-item]  # of mappings


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
