"""The function `remind`: every five minutes it queues the deliveries that are due soon, or were left behind.

A run that stops for want of time is followed by the next one; what it had not queued is still due then.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import settings
from chalicelib.flow import remind as flow
from chalicelib.gateways.delivery_queue import DeliveryQueue
from chalicelib.storage.deliveries import Deliveries

bp = Blueprint(__name__)

SPARE_MILLISECONDS = 15_000  # what the last ten may take


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    deliveries: Deliveries
    queue: DeliveryQueue
    log: Logger


@cache
def _parts() -> Parts:
    own = settings.read().require("outbox_table", "deliveries_queue_url")
    queue = DeliveryQueue(boto3.client("sqs"), own.deliveries_queue_url)
    return Parts(Deliveries(own.outbox_table, own.region), queue, Logger(service="remind"))


@bp.schedule("rate(5 minutes)")
def remind(event: CloudWatchEvent) -> dict[str, Any]:
    """Queues what is due, and answers with how much that was."""
    parts = _parts()
    context: Any = event.context  # Lambda's object; chalice types it as a dict
    reminded = flow.remind(
        parts.deliveries,
        parts.queue,
        datetime.now(UTC),
        may_go_on=lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS,
    )
    if reminded.has_left:
        parts.log.warning("remind_incomplete", extra=reminded._asdict())
    elif reminded.queued:
        parts.log.info("reminded", extra=reminded._asdict())
    return reminded._asdict()
