"""The function `replay`: every five minutes it brings back what the tracking host could not write.

A run that stops early, because the table is still away or its time is up, is followed by the next one; what was not
stored is still in the queue then. A malformed body ends in the dead-letter queue by the queue's own redrive.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import settings
from chalicelib.entrypoints.counting import counting
from chalicelib.flow import replay as flow
from chalicelib.gateways.spill import SpillQueue
from chalicelib.storage.events import Events

bp = Blueprint(__name__)

MOST = 1_000
SPARE_MILLISECONDS = 15_000  # what the last write may take, with its retries


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    events: Events
    queue: SpillQueue
    log: Logger
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require("events_table", "spill_queue_url")
    queue = SpillQueue(boto3.client("sqs"), own.spill_queue_url)
    return Parts(Events(own.events_table, own.region), queue, Logger(service="replay"), own.stage)


@bp.schedule("rate(5 minutes)")
def replay(event: CloudWatchEvent) -> dict[str, Any]:
    """Replays, and answers with what was found."""
    parts = _parts()
    context: Any = event.context  # Lambda's object; chalice types it as a dict
    tally = flow.drain(
        parts.queue,
        events=parts.events,
        now=datetime.now(UTC),
        limit=MOST,
        may_go_on=lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS,
    )
    is_incomplete = bool(tally.stopped_by or tally.malformed)
    with counting(parts.stage) as counts:
        counts.add("EventReplayed", tally.replayed)
        counts.add("ReplayIncomplete", int(is_incomplete))
    if is_incomplete:
        parts.log.error("replay_incomplete", extra=tally._asdict())
    elif any(tally):
        parts.log.info("replayed", extra=tally._asdict())
    return tally._asdict()
