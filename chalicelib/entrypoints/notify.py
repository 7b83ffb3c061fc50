"""The function `notify`: fed by the stream of the table `outbox`, new notices only.

It queues a delivery for each webhook that wants the notice. Lambda brings a batch again from the lowest failed record
on, so a notice may be queued twice and is sent once. After five retries a record's metadata goes to the failure queue;
a replay of that time tells what was lost.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, DynamoDBEvent

from chalicelib import settings
from chalicelib.core.notice import SETTLES
from chalicelib.flow import notify as flow
from chalicelib.flow.notify import Entry
from chalicelib.gateways.delivery_queue import DeliveryQueue
from chalicelib.settings import Settings
from chalicelib.storage import keys
from chalicelib.storage.webhooks import Known, Webhooks

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    webhooks: Webhooks
    queue: DeliveryQueue
    own: Settings
    log: Logger


class Once(NamedTuple):
    """Webhooks that are read once for all notices of a batch."""

    webhooks: Webhooks
    known: dict[str, Known]

    def of(self, account: str) -> Known:
        if account not in self.known:
            self.known[account] = self.webhooks.of(account)
        return self.known[account]


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "deliveries_queue_url")
    queue = DeliveryQueue(boto3.client("sqs"), own.deliveries_queue_url)
    return Parts(Webhooks(own.account_table, own.region), queue, own, Logger(service="notify"))


@bp.on_dynamodb_record(stream_arn="arn:aws:dynamodb:::mailsight-outbox", batch_size=100)
def notify(event: DynamoDBEvent) -> dict[str, list[dict[str, str]]]:
    """Queues the deliveries of every notice of the batch; answers which records to bring again."""
    parts = _parts()
    webhooks, settles = Once(parts.webhooks, {}), parts.own.webhook_settles
    settles = SETTLES if settles is None else settles
    failed: list[str] = []
    for record in _new_notices(event.to_dict()["Records"]):
        number = record["dynamodb"]["SequenceNumber"]
        try:
            flow.notify(_entry(record), webhooks=webhooks, queue=parts.queue, settles=settles)
        except Exception:
            parts.log.exception("notify_failed", extra={"sequence_number": number})
            failed.append(number)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _new_notices(records: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Without deliveries, which lie in the same table, and what is only changed or deleted."""
    for record in records:
        if record["eventName"] == "INSERT" and keys.is_notice(record["dynamodb"]["Keys"]["item"]["S"]):
            yield record


def _entry(record: dict[str, Any]) -> Entry:
    image = record["dynamodb"]["NewImage"]
    account, message_id, kind = (image[name]["S"] for name in ("account", "message_id", "type"))
    return Entry(account, message_id, kind, keys.place_of(image["item"]["S"]))
