"""The function `send`: fed by the queue of mails to send, `{"message_id": …}` each.

One a call, for a call that is ended for its time leaves it unclear what became of the mail in hand.

What SES refuses for now is queued anew with a growing delay, for up to a day. After an error of another kind the queue
brings the message again, ten times in all; then it lies in the dead-letter queue, and the sweep queues it anew.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice.app import Blueprint, SQSEvent

from chalicelib import settings
from chalicelib.core.message import Sending
from chalicelib.core.metric import Count
from chalicelib.entrypoints.counting import Counts, counting
from chalicelib.entrypoints.making import SETTINGS as MAKING
from chalicelib.entrypoints.making import making_of
from chalicelib.entrypoints.permissions import permissions_of
from chalicelib.flow import send as flow
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.queue import SendQueue, message_id_of
from chalicelib.gateways.ses import ONE_ATTEMPT, Ses
from chalicelib.storage.failures import Failures
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices

bp = Blueprint(__name__)

_COUNTS: Mapping[Sending, Count] = {
    Sending.SENT: "MailSent",
    Sending.QUEUED: "MailDelayed",
    Sending.FAILED: "MailFailed",
    Sending.UNKNOWN: "MailUnknown",
}


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    sending: flow.Parts
    ses: Ses
    queue: SendQueue
    log: Logger
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require(
        *MAKING,
        *("messages_table", "account_table", "outbox_table", "blob_bucket", "send_queue_url", "configuration_set"),
    )
    ses = Ses(boto3.client("sesv2", config=ONE_ATTEMPT), own.configuration_set)
    contents = Blobs(boto3.client("s3"), own.blob_bucket)
    log = Logger(service="send")
    making = making_of(own, contents, log)
    messages = Messages(own.messages_table, own.region)
    permissions = permissions_of(own)
    failures = Failures(messages, Notices(own.outbox_table, own.region), permissions.policies.get)
    sending = flow.Parts(messages, contents, ses, making, permissions, failures.note, making.new_id)
    return Parts(sending, ses, SendQueue(boto3.client("sqs"), own.send_queue_url), log, own.stage)


@bp.on_sqs_message(queue="mailsight-send", batch_size=1)
def send(event: SQSEvent) -> Any:
    """Sends each message of the batch; answers which of them are to be brought again."""
    parts = _parts()  # settings that are wrong fail the whole call, where it is seen
    parts.ses.forget_connections()  # one that died while this sandbox was frozen would leave a mail unclear
    with counting(parts.stage) as counts:
        return process_partial_response(
            event=event.to_dict(),
            record_handler=partial(_send_one, counts),
            processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
        )


def _send_one(counts: Counts, record: SQSRecord) -> None:
    parts = _parts()
    message_id = message_id_of(record.body)
    try:
        outcome = flow.send(message_id, parts.sending, now=datetime.now(UTC))
        _count(outcome, counts)
        if outcome.again_after:
            parts.queue.put(message_id, math.ceil(outcome.again_after.total_seconds()))
    except Exception:
        parts.log.exception("send_failed", extra={"message_id": message_id})
        raise


def _count(outcome: flow.Outcome, counts: Counts) -> None:
    if outcome.noted:
        counts.add(_COUNTS[outcome.noted])
    counts.add("RecipientSent", outcome.recipients)
    if outcome.waited is not None:
        counts.took("SendLag", outcome.waited)
