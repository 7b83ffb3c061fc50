"""The functions `fold` and `sweep` as Lambda calls them: stream records and schedules in, folded states behind."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.core import event as events
from chalicelib.core.behind import SETTLED
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.entrypoints import fold, sweep
from chalicelib.storage.account import Account
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from tests.moto_stack import REGION, Stack
from tests.noon import NOON

IDS = [letter * 32 for letter in "abc"]


class World:
    """Three messages of one account, and their events."""

    def __init__(self, age: timedelta = timedelta(minutes=20)) -> None:
        self.messages, self.events = Messages("messages", REGION), Events("events", REGION)
        Account("account", REGION).create("acme", "Acme")
        envelope = Envelope("me@example.com", ("anna@example.com",))
        for message_id in IDS:
            self.messages.add(Message(message_id, "acme", datetime.now(UTC) - age, envelope, Tracking(False, False)))

    def delivered(self, message_id: str, seconds: int = 0) -> Event:
        at = NOON + timedelta(seconds=seconds)
        event = events.make(message_id, f"d{seconds}", Kind.DELIVERED, at, recipient="anna@example.com")
        self.events.put(event, NOON + timedelta(days=107))
        return event

    def is_delivered(self) -> list[bool]:
        found = (self.messages.find(message_id) for message_id in IDS)
        return [bool(one and one[0].state.delivery.recipients) for one in found]


@pytest.fixture
def world(stack: Stack) -> Iterator[World]:
    fold._parts.cache_clear()
    sweep._parts.cache_clear()
    yield World()
    fold._parts.cache_clear()
    sweep._parts.cache_clear()


def record(event: Event, number: int, name: str = "INSERT") -> dict[str, Any]:
    """As a stream of new images tells it."""
    item = events.as_item(event, NOON)
    return {
        "eventID": f"e{number}",
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "eventSourceARN": "arn:aws:dynamodb:::table/events/stream/x",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": NOON.timestamp(),
            "Keys": {"message_id": item["message_id"], "event_key": item["event_key"]},
            "NewImage": item,
            "SequenceNumber": f"{number:021d}",
            "StreamViewType": "NEW_IMAGE",
        },
    }


def call(*records: dict[str, Any]) -> list[str]:
    answer = fold.fold({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_every_message_of_a_batch_is_folded_once(world):
    first, again, other = world.delivered(IDS[0]), world.delivered(IDS[0], 1), world.delivered(IDS[2])
    assert call(record(first, 1), record(other, 2), record(again, 3), record(first, 4)) == []
    assert world.is_delivered() == [True, False, True]
    assert world.messages.find(IDS[0])[0].version == 1


def test_marks_and_deletions_are_no_news(world):
    event = world.delivered(IDS[0])
    assert call(record(event, 1, "MODIFY"), record(event, 2, "REMOVE")) == []
    assert world.is_delivered() == [False, False, False]


def test_all_records_of_a_message_that_cannot_be_folded_are_brought_again_and_no_others(world):
    broken, good = world.delivered(IDS[0]), world.delivered(IDS[1])
    table = boto3.client("dynamodb", region_name=REGION)
    table.update_item(
        TableName="messages",
        Key={"message_id": {"S": IDS[0]}},
        UpdateExpression="SET #s = :x",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":x": {"S": "no state"}},
    )
    assert call(record(broken, 1), record(good, 2), record(broken, 3)) == [f"{1:021d}", f"{3:021d}"]
    found = world.messages.find(IDS[1])
    assert found[0].state.delivery.recipients


class Context:
    """Lambda's, with time to spare."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def scheduled(detail: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "1",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "0",
        "time": "2026-03-01T12:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": detail or {},
    }


def test_the_schedule_heals_what_the_stream_never_told_and_queues_what_waits(world, stack):
    world.delivered(IDS[0])
    assert sweep.sweep(scheduled(), Context()) == {"seen": 3, "refolded": 1, "unstuck": 3, "failed": 0, "left": 0}
    assert world.is_delivered() == [True, False, False]
    queue = boto3.client("sqs", region_name=REGION)
    waiting = queue.get_queue_attributes(QueueUrl=stack.send_queue_url, AttributeNames=["All"])["Attributes"]
    assert waiting["ApproximateNumberOfMessages"] == "3"


def test_a_sweep_can_be_asked_to_look_at_every_age(stack):
    sweep._parts.cache_clear()
    World(timedelta(days=3, hours=1))
    assert sweep.sweep(scheduled(), Context())["seen"] == 0
    assert sweep.sweep(scheduled({"days": 4}), Context())["seen"] == 3
    sweep._parts.cache_clear()


def test_after_a_change_of_time_zone_the_mails_count_for_other_days(world):
    call(record(world.delivered(IDS[0]), 1))
    (before,) = {world.messages.find(one)[1].counted.day for one in IDS} - {""}
    Behind("reports", REGION, lambda: datetime.now(UTC) - SETTLED).rezone("acme")
    Policies("account", REGION).change("acme", lambda policy: replace(policy, time_zone="Pacific/Kiritimati"))
    sweep.sweep(scheduled(), Context())
    counted = world.messages.find(IDS[0])[1].counted
    assert counted.day not in ("", before)
    assert CellTable("reports", REGION).of_day("acme", before) == {}
    assert sum(row["sent"] for row in CellTable("reports", REGION).of_day("acme", counted.day).values()) == 1
    assert Behind("reports", REGION).rezonings() == []
