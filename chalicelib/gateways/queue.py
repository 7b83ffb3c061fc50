"""A queue of messages to send: it carries ids only, the rest lies in the table."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.problem import MailsightError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class QueueDown(MailsightError):
    """A message could not be queued; the sweep queues it later."""


class SendQueue:
    """Puts messages in line. `sqs` is a boto3 client."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def put(self, message_id: str) -> None:
        """Queues a message for sending; twice is harmless, for the sender claims it. Raises QueueDown."""
        try:
            self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps({"message_id": message_id}))
        except (BotoCoreError, ClientError) as error:
            raise QueueDown(f"the queue of mails to send cannot be written: {error}") from error

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Lets a message that is held now come back after so many seconds."""
        self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)


def message_id_of(body: str) -> str:
    """The id that a queued body carries. Raises ValueError or KeyError for a body that `put` did not make."""
    return str(json.loads(body)["message_id"])
