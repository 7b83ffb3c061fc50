"""The function `sweep` queues what is scheduled before it sweeps."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.entrypoints import sweep
from chalicelib.storage.account import Account
from chalicelib.storage.messages import Messages
from tests.entrypoints.test_fold_and_sweep import Context, scheduled
from tests.moto_stack import REGION, Stack


@pytest.fixture
def messages(stack: Stack) -> Messages:
    sweep._parts.cache_clear()
    Account("account", REGION).create("acme", "Acme")
    yield Messages("messages", REGION)
    sweep._parts.cache_clear()


def add(messages: Messages, letter: str, due_in: timedelta) -> None:
    now, envelope = datetime.now(UTC), Envelope("me@example.com", ("anna@example.com",))
    message = Message(letter * 32, "acme", now, envelope, Tracking(False, False), scheduled_at=now + due_in)
    messages.add(message)


def queued(stack: Stack) -> list[str]:
    """Those that can be seen now; a mail that is held back is one of the delayed."""
    sqs = boto3.client("sqs", region_name=REGION)
    got = sqs.receive_message(QueueUrl=stack.send_queue_url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(one["Body"])["message_id"] for one in got]


def test_what_is_due_is_queued_for_its_time_and_the_rest_waits(messages, stack):
    add(messages, "a", timedelta(seconds=-5))
    add(messages, "b", timedelta(minutes=10))
    add(messages, "c", timedelta(hours=2))
    swept = sweep.sweep(scheduled(), Context())
    assert (swept["seen"], swept["failed"]) == (0, 0), "the sweep itself leaves what is to come alone"
    assert queued(stack) == ["a" * 32]
    sqs = boto3.client("sqs", region_name=REGION)
    waiting = sqs.get_queue_attributes(QueueUrl=stack.send_queue_url, AttributeNames=["All"])["Attributes"]
    assert waiting["ApproximateNumberOfMessagesDelayed"] == "1"
