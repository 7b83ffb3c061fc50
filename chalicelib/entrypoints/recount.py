"""The function `recount`: every day it counts days of certain ages anew, and tells if the report cells are wrong.

With `{"days": 30}` in the event's detail it counts the last so many days, today included. It puts nothing right by
itself: a drift means a bug that somebody must look at (docs/OPERATIONS.md, `make recount`). It also looks whether
events are there that should be gone. Logs name accounts, days, columns, and ids of mails.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import settings
from chalicelib.core.cell import Cells
from chalicelib.core.recount import Misnoted
from chalicelib.entrypoints.counting import counting
from chalicelib.flow import recount as flow
from chalicelib.settings import Settings
from chalicelib.storage.account import Account
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.messages import Messages
from chalicelib.storage.overdue_events import OverdueEvents
from chalicelib.storage.phone_calls import PhoneCalls
from chalicelib.storage.policies import Policies

bp = Blueprint(__name__)

RECOUNTING = ("messages_table", "account_table", "reports_table")
"""The settings that a recount needs."""

SPARE_MILLISECONDS = 30_000  # what the mails in hand, and the cells of a day, may take


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    recounting: flow.Parts
    overdue: OverdueEvents
    log: Logger
    stage: str


def recounting_of(own: Settings, report: Callable[[str, str, Cells | Misnoted | Exception], None]) -> flow.Parts:
    """The stores of this installation."""
    cells, behind = CellTable(own.reports_table, own.region), Behind(own.reports_table, own.region)
    return flow.Parts(
        Account(own.account_table, own.region),
        Messages(own.messages_table, own.region),
        cells,
        Policies(own.account_table, own.region).get,
        report,
        PhoneCalls(own.reports_table, own.region, cells).cells_of_day,
        behind.is_rezoning,
    )


@cache
def _parts() -> Parts:
    own = settings.read().require(*RECOUNTING, "events_table")
    log = Logger(service="recount")

    def report(account: str, day: str, what: Cells | Misnoted | Exception) -> None:
        about = {"account": account, "day": day}
        if isinstance(what, Exception):
            log.error("recount_failed", extra=about, exc_info=what)
        elif isinstance(what, Misnoted):
            first = {one.message.message_id: [dict(columns) for columns in one.cells.values()] for one in what.first}
            log.error("notes_drift", extra={**about, "mails": what.mails, "lacking": first})
        else:
            log.error("cells_drift", extra={**about, "lacking": [dict(columns) for columns in what.values()]})

    return Parts(recounting_of(own, report), OverdueEvents(own.events_table, own.region), log, own.stage)


@bp.schedule("rate(1 day)")
def recount(event: CloudWatchEvent) -> dict[str, Any]:
    """Recounts, and answers with what was found."""
    parts = _parts()
    now = datetime.now(UTC)
    context: Any = event.context  # Lambda's object; chalice types it as a dict
    days = event.detail.get("days") if isinstance(event.detail, dict) else None
    ages = range(int(days)) if days else flow.AGES

    def days_of(account: str) -> list[date]:
        return flow.days_of(account, ages, parts.recounting, now=now)

    found = flow.recount_all(
        days_of,
        parts.recounting,
        may_go_on=lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS,
    )
    with counting(parts.stage) as counts:
        counts.add("CellDrift", found.drift)
        counts.add("RecountFailed", found.failed + found.left)
        try:
            counts.add("EventOverdue", _overdue(parts, now))
        except Exception:  # what was counted is told all the same, and not counted anew for this
            parts.log.exception("overdue_failed")
            counts.add("RecountFailed")
    (parts.log.error if found.drift or found.failed or found.left else parts.log.info)(
        "recounted", extra=found._asdict()
    )
    return found._asdict()


def _overdue(parts: Parts, now: datetime) -> int:
    """How many events are there that should be gone, of those that were looked at."""
    found = list(parts.overdue.sample(now))
    if found:
        parts.log.error("events_overdue", extra={"events": len(found), "first": [str(one) for one in found[:10]]})
    return len(found)
