"""The function `inform`: every quarter of an hour it mails the reports that are due to their users.

What a run does not do is done by the next one, and no mail is sent twice. If something failed, the run fails after all
the rest is done, so that somebody is told. Logs name accounts and schedules.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import settings
from chalicelib.core import submission
from chalicelib.core.problem import MailsightError
from chalicelib.entrypoints import accepting
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.reporting import REPORTING, reporting_of, shown
from chalicelib.flow import inform as flow
from chalicelib.flow.accept import accept
from chalicelib.gateways import chart, sheets
from chalicelib.settings import Settings
from chalicelib.storage.policies import Policies
from chalicelib.storage.report_schedules import ReportSchedules
from chalicelib.storage.users import Users
from chalicelib.web.report_controls import PATH
from chalicelib.web.report_filters import paged
from chalicelib.web.urls import local_place

bp = Blueprint(__name__)

SPARE_MILLISECONDS = 60_000  # what a report and its mails may take


class ReportsNotSent(MailsightError):
    """Some reports could not be made or sent; the log says which and why, and the next run tries again."""


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    informing: flow.Parts
    log: Logger
    stage: str


def informing_of(own: Settings, log: Logger) -> flow.Parts:
    """The stores of this installation."""
    stores, reporting = accepting.accepting_of(own), reporting_of(own)

    def hand_over(account: str, body: Mapping[str, Any], mail_id: str) -> object:
        mail, now = submission.parse(body), datetime.now(UTC)
        return accept(mail, body, account=account, idempotency_key=None, stores=stores, new_id=lambda: mail_id, now=now)

    def page_of(name: str, query: Mapping[str, Sequence[str]]) -> str | None:
        place = local_place(f"{PATH}/{name}", paged(query))
        return f"{own.require('dashboard_url').dashboard_url}{place}" if own.dashboard_url else None

    def report(account: str, schedule_id: str, error: Exception) -> None:
        log.error("inform_failed", extra={"account": account, "schedule_id": schedule_id}, exc_info=error)

    return flow.Parts(
        accounts=stores.accounts,
        schedules=ReportSchedules(own.account_table, own.region),
        user_of=Users(own.account_table, own.region).get,
        policy_of=Policies(own.account_table, own.region).get,
        report_of=lambda account, name, query, now: shown(account, name, query, reporting, now=now),
        draw=chart.png_of,
        write=sheets.written,
        has_mail=lambda account, mail_id: stores.messages.get(account, mail_id) is not None,
        hand_over=hand_over,
        page_of=page_of,
        report=report,
    )


@cache
def _parts() -> Parts:
    own = settings.read().require(*accepting.SETTINGS, *REPORTING)
    log = Logger(service="inform")
    return Parts(informing_of(own, log), log, own.stage)


@bp.schedule("rate(15 minutes)")
def inform(event: CloudWatchEvent) -> dict[str, Any]:
    """Sends what is due, and answers with how much that was. Raises ReportsNotSent."""
    parts = _parts()
    context: Any = event.context  # Lambda's object; chalice types it as a dict
    informed = flow.inform_all(
        parts.informing,
        datetime.now(UTC),
        may_go_on=lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS,
    )
    with counting(parts.stage) as counts:
        counts.add("MailAccepted", informed.sent)
    if informed.sent or informed.left:
        parts.log.info("informed", extra=informed._asdict())
    if informed.failed:
        raise ReportsNotSent(f"{informed.failed} schedules of reports failed; see inform_failed in the log")
    return informed._asdict()
