"""The function `send` as Lambda calls it: a batch of queued messages in, those to bring again out."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.core.message import Content, Envelope, Message, Sending, Tracking
from chalicelib.entrypoints import send
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.messages import Messages
from tests.moto_stack import REGION, Stack

MESSAGE_ID = "0123456789abcdef" * 2


@pytest.fixture
def messages(stack: Stack) -> Iterator[Messages]:
    send._parts.cache_clear()
    table = Messages("messages", REGION)
    envelope = Envelope("me@example.com", ("anna@example.com",), subject="Hello")
    table.add(Message(MESSAGE_ID, "acme", datetime.now(UTC), envelope, Tracking(True, True)))
    content = Content('<a href="https://example.com/">x</a>', None, links=("https://example.com/",))
    Blobs(boto3.client("s3", region_name=REGION), stack.bucket).put("acme", MESSAGE_ID, content)
    yield table
    send._parts.cache_clear()


def record(number: int, body: str, stack: Stack, attempt: int = 1) -> dict:
    """A record as SQS events have it, of a message that really is in flight, so that it can be delayed."""
    sqs = boto3.client("sqs", region_name=REGION)
    sqs.send_message(QueueUrl=stack.send_queue_url, MessageBody=body)
    (got,) = sqs.receive_message(QueueUrl=stack.send_queue_url)["Messages"]
    return {
        "messageId": f"m{number}",
        "receiptHandle": got["ReceiptHandle"],
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(attempt)},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:0:send",
    }


def call(*records: dict) -> list[str]:
    answer = send.send({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def state(messages: Messages) -> Message:
    found = messages.find(MESSAGE_ID)
    assert found
    return found[0]


def verify_sender() -> None:
    boto3.client("sesv2", region_name=REGION).create_email_identity(EmailIdentity="me@example.com")


def test_a_queued_message_is_sent_and_its_neighbours_fault_is_its_own(messages, stack):
    verify_sender()
    queued = json.dumps({"message_id": MESSAGE_ID})
    records = [record(1, "no JSON", stack), record(2, queued, stack), record(3, '{"other": 1}', stack)]
    assert call(*records) == ["m1", "m3"], "these end in the dead-letter queue"
    sent = state(messages)
    assert (sent.sending, sent.attempts) == (Sending.SENT, 1)
    assert sent.ses_message_id
    assert messages.id_by_ses(sent.ses_message_id) == MESSAGE_ID


def test_what_ses_refuses_is_failed_and_not_brought_again(messages, stack):
    assert call(record(1, json.dumps({"message_id": MESSAGE_ID}), stack)) == []
    refused = state(messages)
    assert refused.sending is Sending.FAILED
    assert refused.failure.code == "MessageRejected"


def test_a_message_that_somebody_else_holds_is_queued_anew_for_when_that_is_over(messages, stack):
    lease_ends_at = datetime.now(UTC) + timedelta(seconds=30)
    messages.claim(state(messages), "other", lease_ends_at=lease_ends_at, until=None)
    assert call(record(1, json.dumps({"message_id": MESSAGE_ID}), stack)) == []
    assert state(messages).claim == "other"
    queue = boto3.client("sqs", region_name=REGION)
    waiting = queue.get_queue_attributes(QueueUrl=stack.send_queue_url, AttributeNames=["All"])["Attributes"]
    assert waiting["ApproximateNumberOfMessagesDelayed"] == "1"


def test_missing_settings_fail_the_whole_call(stack, monkeypatch):
    send._parts.cache_clear()
    monkeypatch.delenv("MAILSIGHT_CONFIGURATION_SET")
    with pytest.raises(Exception, match="MAILSIGHT_CONFIGURATION_SET"):
        call(record(1, json.dumps({"message_id": MESSAGE_ID}), stack))
