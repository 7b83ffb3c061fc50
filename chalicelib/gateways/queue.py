"""A queue of messages to send: it carries ids only, the rest lies in the table."""

import json
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.problem import MailsightError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


LONGEST_DELAY = timedelta(minutes=15)  # as long as SQS can hold a message back


def delay_until(due_at: datetime, now: datetime) -> int:
    """For how many seconds a message is held back that is due then; as long as possible if that is later."""
    return math.ceil(max(timedelta(0), min(LONGEST_DELAY, due_at - now)).total_seconds())


class QueueDown(MailsightError):
    """A message could not be queued; the sweep queues it later."""


class SendQueue:
    """Puts messages in line. `sqs` is a boto3 client."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def put(self, message_id: str, delay_seconds: int = 0) -> None:
        """Queues a message for sending, to be seen after 0 to 900 seconds. Raises QueueDown.

        Twice is harmless, for the sender claims it.
        """
        body = json.dumps({"message_id": message_id})
        try:
            self._sqs.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay_seconds)
        except (BotoCoreError, ClientError) as error:
            raise QueueDown(f"the queue of mails to send cannot be written: {error}") from error


def message_id_of(body: str) -> str:
    """The id that a queued body carries. Raises ValueError or KeyError for a body that `put` did not make."""
    return str(json.loads(body)["message_id"])
