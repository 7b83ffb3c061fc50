"""Queues to functions, as Lambda's event source mapping for SQS does it."""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infra.local import batch
from infra.local.emulator import REGION
from infra.local.functions import Call

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef

WAIT_SECONDS = 1
"""Of one long poll; also how long a stop may take. A message that arrives meanwhile is handed over at once."""
PAUSE_SECONDS = 1.0
"""After an error of the queue itself."""

logger = logging.getLogger(__name__)


def lambda_record(message: Mapping[str, Any], queue_arn: str) -> dict[str, Any]:
    """A received message as Lambda hands it over.

    Form: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, "Example Amazon SQS message event".
    """
    attributes = {
        name: {_lower_first(key): value for key, value in attribute.items()}
        for name, attribute in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": attributes,
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def hand_over(messages: Sequence[Mapping[str, Any]], queue_arn: str, call: Call) -> list[str]:
    """Calls the function once with these messages; the receipt handles of those that are to be deleted.

    What fails stays in the queue, invisible until its timeout, and the queue's redrive policy counts its receives.
    """
    try:
        answer = call({"Records": [lambda_record(message, queue_arn) for message in messages]})
    except Exception:  # of any handler; Function has logged it
        return []
    failed = batch.failures(answer, {str(message["MessageId"]) for message in messages})
    if failed:
        logger.warning("%d of %d messages of %s failed and will come again", len(failed), len(messages), queue_arn)
    return [str(message["ReceiptHandle"]) for message in messages if message["MessageId"] not in failed]


def pump_queue(sqs: "SQSClient", url: str, arn: str, call: Call, stop: threading.Event, batch_size: int = 10) -> None:
    """Feeds `call` from the queue until `stop` is set."""
    while not stop.is_set():
        try:
            turn(sqs, url, arn, call, batch_size)
        except Exception:  # the emulator may be going down, and the pump must outlive what is not a stop
            if not stop.is_set():
                logger.exception("cannot read %s", arn)
            stop.wait(PAUSE_SECONDS)


def turn(
    sqs: "SQSClient", url: str, arn: str, call: Call, batch_size: int = 10, wait_seconds: int = WAIT_SECONDS
) -> int:
    """One long poll and one call of the function; the number of messages received."""
    received = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=batch_size,
        WaitTimeSeconds=wait_seconds,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    ).get("Messages", [])
    if received:
        done = hand_over(received, arn, call)
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(done)
        ]
        if entries:  # at most ten, as received
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return len(received)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]
