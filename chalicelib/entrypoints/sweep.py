"""The function `sweep`: every 15 minutes it puts right what was lost on the way.

It looks at mails of certain ages; with `{"days": 107}` in the event's detail at all that are younger than that. A run
that fails is made up for by later ones, which see the same mails at another age.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import settings
from chalicelib.flow import sweep as flow
from chalicelib.gateways.queue import SendQueue
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    accounts: Account
    messages: Messages
    folds: Folds
    events: Events
    queue: SendQueue
    log: Logger


@cache
def _parts() -> Parts:
    own = settings.read().require("messages_table", "events_table", "account_table", "send_queue_url")
    messages, events = Messages(own.messages_table, own.region), Events(own.events_table, own.region)
    queue = SendQueue(boto3.client("sqs"), own.send_queue_url)
    accounts = Account(own.account_table, own.region)
    return Parts(accounts, messages, Folds(messages, events), events, queue, Logger(service="sweep"))


@bp.schedule("rate(15 minutes)")
def sweep(event: CloudWatchEvent) -> dict[str, Any]:
    """Sweeps, and answers with what was found."""
    parts = _parts()
    now = datetime.now(UTC)
    days = event.detail.get("days") if isinstance(event.detail, dict) else None
    swept = flow.sweep(
        [(now - timedelta(days=int(days)), now)] if days else flow.bands(now),
        accounts=parts.accounts,
        messages=parts.messages,
        folds=parts.folds,
        events=parts.events,
        queue=parts.queue,
        now=now,
    )
    parts.log.info("swept", extra=swept._asdict())
    return swept._asdict()
