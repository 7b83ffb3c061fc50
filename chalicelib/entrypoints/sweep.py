"""The function `sweep`: every 15 minutes it queues what is scheduled, and puts right what was lost on the way; and it
moves mails to the days on which they count after their account's time zone changed.

It looks at mails of certain ages; with `{"days": 107}` in the event's detail at all that are younger than that. A run
that fails is made up for by later ones, which see the same mails at another age.
"""

from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import settings
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.folding import FOLDING, folding_of, folds_of
from chalicelib.flow import phone_calls, rezone, schedule
from chalicelib.flow import sweep as flow
from chalicelib.flow.lawful import SALTS_LAST
from chalicelib.gateways.queue import SendQueue
from chalicelib.storage.account import Account
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.every_mail import EveryMail
from chalicelib.storage.failures import Failures
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.phone_calls import PhoneCalls
from chalicelib.storage.salts import Salts

bp = Blueprint(__name__)


SPARE_MILLISECONDS = 20_000  # what the last messages may take


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    sweeping: flow.Parts
    scheduling: schedule.Parts
    rezoning: rezone.Parts
    salts: Salts
    log: Logger
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require(*FOLDING, "send_queue_url")
    log = Logger(service="sweep")
    folding = folding_of(own)
    accounts, messages = Account(own.account_table, own.region), Messages(own.messages_table, own.region)
    queue = SendQueue(boto3.client("sqs"), own.send_queue_url)

    def report(message_id: str, error: Exception) -> None:
        log.error("sweep_failed", extra={"message_id": message_id}, exc_info=error)

    failures = Failures(messages, Notices(own.outbox_table, own.region), folding.policy_of)
    sweeping = flow.Parts(accounts, messages, folding, queue, report, failures.note)
    scheduling = schedule.Parts(accounts, messages, queue, report)
    folding.events.after("0" * 32, None, now=datetime.now(UTC))  # makes the client once, and not in each of the threads

    def tell(account: str, error: Exception) -> None:
        log.error("rezone_failed", extra={"account": account}, exc_info=error)

    calls = PhoneCalls(own.reports_table, own.region, CellTable(own.reports_table, own.region))
    rezoning = rezone.Parts(
        Behind(own.reports_table, own.region),
        EveryMail(own.messages_table, own.region),
        folds_of(own),
        folding.policy_of,
        partial(phone_calls.rezone, calls=calls),
        tell,
    )
    return Parts(sweeping, scheduling, rezoning, Salts(own.salts_table, own.region), log, own.stage)


@bp.schedule("rate(15 minutes)")
def sweep(event: CloudWatchEvent) -> dict[str, Any]:
    """Sweeps, and answers with what was found. What is scheduled comes first: that cannot wait."""
    parts = _parts()
    now = datetime.now(UTC)
    _schedule(parts, now)
    context: Any = event.context  # Lambda's object; chalice types it as a dict
    days = event.detail.get("days") if isinstance(event.detail, dict) else None
    parts.salts.forget(now.date() - SALTS_LAST)
    folding = parts.sweeping.folding.for_many()

    def spans_of(account: str) -> list[flow.Span]:
        bands = flow.bands(now, folding.policy_of(account).capture_window)  # asked here, before all threads ask at once
        return [(now - timedelta(days=int(days)), now)] if days else bands

    def may_go_on() -> bool:
        return bool(context.get_remaining_time_in_millis() > SPARE_MILLISECONDS)

    rezoned = _rezone(parts, now, context)
    swept = flow.sweep(
        spans_of,
        parts.sweeping._replace(folding=folding),
        now=now,
        may_go_on=may_go_on,
    )
    with counting(parts.stage) as counts:
        counts.add("MessageRefolded", swept.refolded)
        counts.add("MessageUnstuck", swept.unstuck)
        counts.add("SweepFailed", swept.failed + rezoned.failed)
        counts.add("SweepLeft", swept.left)
    (parts.log.error if swept.failed or swept.left else parts.log.info)("swept", extra=swept._asdict())
    return swept._asdict()


def _rezone(parts: Parts, now: datetime, context: Any) -> rezone.Rezoned:
    """Goes on with moving mails to another time zone's days, for half the time: the sweep needs the rest of it."""
    left = context.get_remaining_time_in_millis
    half = left() / 2
    rezoned = rezone.rezone_all(parts.rezoning, now=now, may_go_on=lambda: left() > max(half, SPARE_MILLISECONDS))
    if rezoned.mails or rezoned.accounts or rezoned.failed:
        (parts.log.error if rezoned.failed else parts.log.info)("rezoned", extra=rezoned._asdict())
    return rezoned


def _schedule(parts: Parts, now: datetime) -> None:
    """Queues the mails that are due soon."""
    found = schedule.schedule(parts.scheduling, now=now)
    with counting(parts.stage) as counts:
        counts.add("SweepFailed", found.failed)
    if found.queued or found.failed:
        (parts.log.error if found.failed else parts.log.info)("scheduled", extra=found._asdict())
