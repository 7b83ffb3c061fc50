"""The function `report`: every minute it builds the tables that reports read, of the days whose cells changed.

A run that dies is made up for by the next one. Logs name accounts and days.
"""

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import settings
from chalicelib.entrypoints.counting import counting
from chalicelib.flow import report as flow
from chalicelib.settings import Settings
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.day_tables import DayTables
from chalicelib.storage.leases import Leases

bp = Blueprint(__name__)

SPARE_MILLISECONDS = 20_000  # what a large day may take


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    building: flow.Parts
    log: Logger
    stage: str


def building_of(own: Settings, log: Logger) -> flow.Parts:
    """The stores of this installation."""
    cells = CellTable(own.reports_table, own.region)

    def report(account: str, day: str, error: Exception) -> None:
        log.error("report_failed", extra={"account": account, "day": day}, exc_info=error)

    return flow.Parts(
        behind=Behind(own.reports_table, own.region),
        cells=cells,
        tables=DayTables(own.reports_table, own.region, cells.of_day),
        leases=Leases(own.reports_table, own.region),
        clock=lambda: datetime.now(UTC),
        report=report,
    )


@cache
def _parts() -> Parts:
    own = settings.read().require("reports_table")
    log = Logger(service="report")
    return Parts(building_of(own, log), log, own.stage)


@bp.schedule("rate(1 minute)")
def report(event: CloudWatchEvent) -> dict[str, Any]:
    """Builds what is due, and answers with what was built."""
    parts = _parts()
    context: Any = event.context  # Lambda's object; chalice types it as a dict
    left = context.get_remaining_time_in_millis
    built = flow.build_all(
        parts.building,
        holder=secrets.token_hex(16),
        lasts=timedelta(milliseconds=left()),
        may_go_on=lambda: left() > SPARE_MILLISECONDS,
    )
    with counting(parts.stage) as counts:
        counts.add("ReportFailed", built.failed)
        if not built.is_leased:
            counts.took("ReportAge", timedelta(seconds=built.age_seconds))
    if built.days or built.failed or built.left:
        (parts.log.error if built.failed else parts.log.info)("reports_built", extra=built._asdict())
    return built._asdict()
