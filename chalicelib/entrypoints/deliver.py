"""The function `deliver`: fed by the queue of deliveries and replays, one a call, for an attempt may take long.

Each attempt at a receiver is one message; the next one is another. After an error of another kind the queue brings the
message again, ten times in all; then it lies in the dead-letter queue, and `remind` queues the delivery anew if an
attempt was begun. Logs name deliveries and webhooks by their ids, never an address.
"""

import random
import secrets
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice.app import Blueprint, SQSEvent

from chalicelib import settings
from chalicelib.core.delivery import Replay, Status, Task
from chalicelib.core.notice import SETTLES
from chalicelib.core.webhook_target import targets_of
from chalicelib.entrypoints.counting import Counts, counting
from chalicelib.flow import deliver as flow
from chalicelib.flow import retell
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.delivery_queue import DeliveryQueue, asked_of
from chalicelib.gateways.webhook import Poster, resolve
from chalicelib.storage.deliveries import Deliveries
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.policies import Policies
from chalicelib.storage.webhooks import Webhooks

bp = Blueprint(__name__)

SLOW_MILLISECONDS = 5_000  # a receiver that takes so long keeps others waiting


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    delivering: flow.Parts
    retelling: retell.Parts
    log: Logger
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require(
        *("outbox_table", "account_table", "messages_table", "deliveries_queue_url", "blob_bucket")
    )
    notices, webhooks = Notices(own.outbox_table, own.region), Webhooks(own.account_table, own.region)
    queue = DeliveryQueue(boto3.client("sqs"), own.deliveries_queue_url)
    delivering = flow.Parts(
        webhooks=webhooks,
        policies=Policies(own.account_table, own.region),
        deliveries=Deliveries(own.outbox_table, own.region),
        notices=notices,
        messages=Messages(own.messages_table, own.region),
        clickable=Blobs(boto3.client("s3"), own.blob_bucket).clickable,
        post=Poster(targets_of(own.webhook_targets), resolve).post,
        queue=queue,
        keys=own.keys,
        new_mark=lambda: secrets.token_hex(8),
        chance=random.random,
    )
    settles = SETTLES if own.webhook_settles is None else own.webhook_settles
    retelling = retell.Parts(webhooks, notices, queue, settles)
    return Parts(delivering, retelling, Logger(service="deliver"), own.stage)


@bp.on_sqs_message(queue="mailsight-deliveries", batch_size=1)
def deliver(event: SQSEvent) -> Any:
    """Makes the attempt that each record asks for; answers which of them are to be brought again."""
    parts = _parts()  # settings that are wrong fail the whole call, where it is seen
    with counting(parts.stage) as counts:
        return process_partial_response(
            event=event.to_dict(),
            record_handler=partial(_one, parts, counts),
            processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
        )


def _one(parts: Parts, counts: Counts, record: SQSRecord) -> None:
    now = datetime.now(UTC)
    about = {"sqs_message_id": record.message_id}
    try:
        asked = asked_of(record.body)
        about |= {"account": asked.account, "webhook_id": asked.webhook_id}
        if isinstance(asked, Replay):
            retell.retell(asked, parts.retelling, now)
        else:
            about["place"] = asked.place
            _deliver(asked, parts, counts, now)
    except Exception:
        parts.log.exception("deliver_failed", extra=about)
        raise


def _deliver(task: Task, parts: Parts, counts: Counts, now: datetime) -> None:
    outcome = flow.deliver(task, parts.delivering, now)
    counts.add("NoticeDelivered", int(outcome.status is Status.DELIVERED))
    counts.add("NoticeFailed", int(outcome.status is Status.FAILED))
    counts.add("WebhookDisabled", int(outcome.is_disabled))
    about = {"account": task.account, "webhook_id": task.webhook_id}
    if outcome.milliseconds >= SLOW_MILLISECONDS:
        parts.log.warning("receiver_slow", extra={**about, "milliseconds": outcome.milliseconds})
    if outcome.is_disabled:
        parts.log.info("webhook_disabled", extra=about)
