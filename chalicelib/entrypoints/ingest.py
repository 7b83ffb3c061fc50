"""The function `ingest`: fed by the queue of what SES tells, raw or in an envelope of SNS, up to ten records a call.

The queue brings again what is named in the answer, after its visibility timeout; what failed too often lies in the
dead-letter queue. A body that is no notification can never succeed: it fails too, so that it ends there, where somebody
can look at it. Logs name types and ids, never addresses.
"""

from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice.app import Blueprint, SQSEvent

from chalicelib import settings
from chalicelib.core.event import Event, Kind
from chalicelib.core.metric import Count
from chalicelib.core.notification import BadNotification, parse
from chalicelib.entrypoints.counting import Counts, counting
from chalicelib.flow import ingest as flow
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    events: Events
    messages: Messages
    accounts: Account
    log: Logger
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require("events_table", "messages_table", "account_table")
    return Parts(
        events=Events(own.events_table, own.region),
        messages=Messages(own.messages_table, own.region),
        accounts=Account(own.account_table, own.region),
        log=Logger(service="ingest"),
        stage=own.stage,
    )


@bp.on_sqs_message(queue="mailsight-notifications", batch_size=10)
def ingest(event: SQSEvent) -> Any:
    """Stores what each record tells; answers which of them are to be brought again."""
    parts = _parts()  # here, so that a missing setting fails the call for all to see, and not each record in silence
    with counting(parts.stage) as counts:
        return process_partial_response(
            event=event.to_dict(),
            record_handler=partial(_ingest_one, parts, counts),
            processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
        )


class _Counted(NamedTuple):
    """The table of events, and a count of what is new in it."""

    events: Events
    counts: Counts

    def put(self, one: Event, expires_at: datetime) -> bool:
        is_new = self.events.put(one, expires_at)
        name = _name_of(one)
        if is_new and name:
            self.counts.add(name)
        return is_new


def _name_of(one: Event) -> Count | None:
    match one.kind:
        case Kind.DELIVERED:
            return "Delivered"
        case Kind.BOUNCED:
            return "BouncedHard" if one.data["type"] == "hard" else "BouncedSoft"
        case Kind.COMPLAINED:
            return "Complained"
    return None


def _ingest_one(parts: Parts, counts: Counts, record: SQSRecord) -> None:
    about = {"sqs_message_id": record.message_id}
    try:
        notification = parse(record.body)
        about |= {"ses_type": notification.type, "ses_message_id": notification.ses_message_id}
        events = _Counted(parts.events, counts)
        outcome = flow.ingest(
            notification, events=events, messages=parts.messages, accounts=parts.accounts, now=datetime.now(UTC)
        )
    except BadNotification as error:
        about |= {"ses_type": error.ses_type, "ses_message_id": error.ses_message_id, "problem": str(error)}
        parts.log.error("notification_malformed", extra=about)
        counts.add("NotificationMalformed")
        raise
    except flow.NotYetKnown:
        parts.log.info("notification_early", extra=about)
        raise
    except Exception:
        parts.log.exception("notification_not_stored", extra=about)
        raise
    if outcome in (flow.Outcome.UNATTRIBUTED, flow.Outcome.EMPTY):
        parts.log.info(f"notification_{outcome}", extra=about)
    counts.add("NotificationUnattributed", int(outcome is flow.Outcome.UNATTRIBUTED))
