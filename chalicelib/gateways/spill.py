"""The spill queue, read: events that the hot path could not write (gateways/event_log.py put them there)."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10  # the most that SQS hands over at once
WAIT_SECONDS = 1  # asks all of SQS's hosts; without waiting, an answer may be empty while the queue is not


class Spilled(NamedTuple):
    """One spilled event as it was found. `name` says where, for logs; `receipt` is what the queue wants back."""

    name: str
    body: str
    receipt: str = ""


class SpillQueue:
    """Hands over spilled events and forgets them when told. `sqs` is a boto3 client."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def receive(self) -> list[Spilled]:
        """Some spilled events, none if there are none. What is not deleted comes back after its visibility timeout."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=WAIT_SECONDS)
        return [
            Spilled(message["MessageId"], message["Body"], message["ReceiptHandle"])
            for message in answer.get("Messages", [])
        ]

    def delete(self, spilled: Spilled) -> None:
        """Forgets an event that is where it belongs."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=spilled.receipt)
