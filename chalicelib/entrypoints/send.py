"""The function `send`: fed by the queue of mails to send, `{"message_id": …}` each.

The queue brings a message again after its visibility timeout, ten times in all; then it lies in the dead-letter queue
and the sweep queues it anew. What SES refuses for now is brought again after a growing delay.
"""

import random
import secrets
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice.app import Blueprint, SQSEvent

from chalicelib import settings
from chalicelib.core.problem import MailsightError
from chalicelib.flow import send as flow
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.queue import SendQueue, message_id_of
from chalicelib.gateways.ses import ONE_ATTEMPT, Ses
from chalicelib.storage.links import Links
from chalicelib.storage.messages import Messages

bp = Blueprint(__name__)
LONGEST_DELAY = 600  # seconds


class NotYet(MailsightError):
    """The message is to be brought again; its state says why."""


class Wiring(NamedTuple):
    """What this function needs, made at the first call."""

    parts: flow.Parts
    queue: SendQueue
    log: Logger


@cache
def _wiring() -> Wiring:
    own = settings.read().require(
        "messages_table", "links_table", "blob_bucket", "send_queue_url", "configuration_set", "tracking_url"
    )
    parts = flow.Parts(
        messages=Messages(own.messages_table, own.region),
        contents=Blobs(boto3.client("s3"), own.blob_bucket),
        long_links=Links(own.links_table, own.region),
        ses=Ses(boto3.client("sesv2", config=ONE_ATTEMPT), own.configuration_set),
        keys=own.keys,
        tracking_url=own.tracking_url,
        new_boundary=lambda: f"=_{secrets.token_hex(12)}",  # "=_" stands in no base64 and no quoted-printable
    )
    return Wiring(parts, SendQueue(boto3.client("sqs"), own.send_queue_url), Logger(service="send"))


@bp.on_sqs_message(queue="mailsight-send", batch_size=5)
def send(event: SQSEvent) -> Any:
    """Sends each message of the batch; answers which of them are to be brought again."""
    _wiring()  # settings that are wrong fail the whole call, where it is seen
    return process_partial_response(
        event=event.to_dict(),
        record_handler=_send_one,
        processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
    )


def _send_one(record: SQSRecord) -> None:
    wiring = _wiring()
    message_id = message_id_of(record.body)
    try:
        outcome = flow.send(message_id, wiring.parts, now=datetime.now(UTC))
    except Exception:
        wiring.log.exception("send_failed", extra={"message_id": message_id})
        raise
    if outcome is flow.Outcome.LATER:
        attempt = int(record.attributes.approximate_receive_count or 1)
        delay = min(LONGEST_DELAY, 5 * 2**attempt) + random.randrange(5)
        wiring.queue.delay(record.receipt_handle, delay)
        raise NotYet(f"message {message_id} is brought again in {delay} s")
