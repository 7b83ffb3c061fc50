"""Hits that go three ways are each in the table once, and what is poison harms nobody but itself."""

import json
import random
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import time_machine

from chalicelib.core.event import Kind
from chalicelib.core.token import Mode, Purpose, Token, mint
from chalicelib.entrypoints import fold, ingest, replay, track
from chalicelib.gateways.aws_json import CallFailed
from chalicelib.gateways.event_log import EventLog
from chalicelib.settings import Settings
from infra import replay as command
from infra.local.functions import FEEDS, StreamSource
from infra.local.stream import StreamPump
from tests.entrypoints.tracked import KEYS, parts, payload
from tests.faults.calls import DEATHS, Killed
from tests.faults.test_from_ses_to_cells import (
    TAGGED,
    happen,
    notifications,
    record,
    scheduled,
    taken_in,
)
from tests.faults.world import Scene, World, struck_everywhere
from tests.infra.test_stream import ARN, Streams
from tests.moto_stack import REGION
from tests.noon import NOON

PIXEL = mint(Token(Purpose.OPEN, Mode.FULL, TAGGED, (NOON + timedelta(days=50)).replace(microsecond=0)), KEYS)
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000)
WELL, DOWN, MUTE = "well", "down", "does it and says nothing"


class Wire:
    """The hot path's connection to a service: to the one in this process, or as broken as the test wants it."""

    def __init__(self, service: str) -> None:
        self._client: Any = boto3.client(service, region_name=REGION)  # type: ignore[call-overload]
        self.is_now = WELL

    def call(self, target: str, request: Mapping[str, Any] | bytes) -> Mapping[str, Any]:
        if self.is_now == DOWN:
            raise CallFailed("ServiceUnavailable", "down", can_pass=True)
        method = {"PutItem": "put_item", "SendMessage": "send_message"}[target.partition(".")[2]]
        try:
            answer: Mapping[str, Any] = getattr(self._client, method)(
                **(json.loads(request) if isinstance(request, bytes) else request)
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise CallFailed("ConditionalCheckFailedException", "there", can_pass=False) from error
        if self.is_now == MUTE:
            raise CallFailed("TimeoutError", "no answer", can_pass=True)
        return answer


def hit(log: EventLog, request_id: str) -> None:
    """Somebody loads the pixel, and sees it whatever happens."""
    at = int((NOON - timedelta(minutes=5)).timestamp() * 1000)
    answer = track.serve(payload("open", PIXEL, requestId=request_id, timeEpoch=at), lambda: parts(log))
    assert answer["statusCode"] == 200


def wires(world: World) -> tuple[Wire, Wire, EventLog]:
    dynamodb, sqs = Wire("dynamodb"), Wire("sqs")
    url = world.stack.environment["MAILSIGHT_SPILL_QUEUE_URL"]
    log = EventLog(dynamodb, sqs, Settings(events_table="events", spill_queue_url=url))  # type: ignore[arg-type]
    return dynamodb, sqs, log


def hits_in_every_way(world: World) -> list[str]:
    """A hit for each way in which table and queue can fail; their request ids."""
    dynamodb, sqs, log = wires(world)
    found = []
    for dynamodb.is_now in (WELL, DOWN, MUTE):
        for sqs.is_now in (WELL, DOWN, MUTE):
            found.append(f"{dynamodb.is_now[0]}{sqs.is_now[0]}{len(found)}")
            hit(log, found[-1])
            hit(log, found[-1])  # the gateway never repeats a request; a proxy before it may
    return found


def ids_in(world: World) -> list[str]:
    return sorted(row["event_key"]["S"].partition("#")[2] for row in world.rows("events"))


def replayed_until_empty(world: World) -> None:
    """What was received and not deleted comes back after half a minute."""
    now = datetime.now(UTC)
    for minutes in range(1, 6):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=True):
            replay.replay(scheduled(), CONTEXT)
    assert world.queued("spill") == []


@pytest.fixture
def emptied(world):
    world.empty()
    return world


def test_hits_that_went_three_ways_are_in_the_table_once_each(emptied, capsys, tmp_path):
    hits = hits_in_every_way(emptied)
    lines = capsys.readouterr().out
    assert emptied.queued("spill") and "spilled_event" in lines
    assert set(ids_in(emptied)) < set(hits), "some are in no table yet"
    replayed_until_empty(emptied)
    log = tmp_path / "track.log"
    log.write_text(lines)
    for _ in range(2):
        assert command.main(["--log", str(log)]) == 0
    assert ids_in(emptied) == sorted(hits)


def test_a_replay_that_dies_between_storing_and_deleting_stores_nothing_twice(emptied, capsys):
    dynamodb, _, log = wires(emptied)
    dynamodb.is_now = DOWN
    for number in range(3):
        hit(log, f"hit-{number}")
    emptied.faults.begin(1, "killed after")  # received, and the first one stored
    with pytest.raises(Killed):
        replay.replay(scheduled(), CONTEXT)
    assert emptied.faults.calls == ["ReceiveMessage", "PutItem"]
    emptied.faults.end()
    assert (len(ids_in(emptied)), len(emptied.queued("spill"))) == (1, 3)
    replayed_until_empty(emptied)
    assert ids_in(emptied) == ["hit-0", "hit-1", "hit-2"]


@pytest.mark.strikes("replay")
def test_a_replay_may_die_at_any_call(world, capsys):
    def prepare() -> None:
        dynamodb, _, log = wires(world)
        dynamodb.is_now = DOWN
        hit(log, "a")
        hit(log, "b")

    def source() -> Callable[[], bool]:
        tries = 0

        def deliver() -> bool:
            nonlocal tries
            tries += 1
            with time_machine.travel(datetime.now(UTC) + timedelta(minutes=tries), tick=True):
                replay.replay(scheduled(), CONTEXT)
            return not world.queued("spill")

        return deliver

    scene = Scene(prepare, source, lambda: (ids_in(world), world.queued("spill")))
    for what, found, clean in struck_everywhere(world, scene, DEATHS, least=5):
        assert found == clean == (["a", "b"], []), what


# poison


class Impatient(threading.Event):
    """A stop that nobody waits for: a record that fails comes again at once."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


ALL_OF_A_MAIL = (Kind.SENT, Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.OPENED, Kind.BOUNCED, Kind.COMPLAINED)


def test_two_bad_records_of_a_hundred_end_in_the_failure_queue_and_their_neighbours_are_folded(emptied):
    ids = [f"{number:032x}" for number in range(16)]
    taken_in(*ids)
    bad = ids[2], ids[5]
    made = [event for one in ids for event in happen(one, *(ALL_OF_A_MAIL[:1] if one in bad else ALL_OF_A_MAIL))]
    random.Random(1).shuffle(made)
    records = [record(event, number) for number, event in enumerate(made)]
    assert len(records) == 100
    for one in bad:
        spoil(one)
    sqs = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName="fold-failed")["QueueUrl"]

    def tell(message: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=message)

    streams: Any = Streams(one=records)
    (source,) = [feed.source for feed in FEEDS if feed.name == "fold" and isinstance(feed.source, StreamSource)]
    pump = StreamPump(streams, ARN, "fold", lambda event: fold.fold(event, None), tell, source, Impatient())
    while pump.turn():
        pass
    told = [json.loads(body) for body in emptied.take("fold-failed")]
    assert {one["requestContext"]["approximateInvokeCount"] for one in told} == {source.retries + 1}
    lost = [one["DDBStreamBatchInfo"] for one in told]
    assert all(one["batchSize"] == 1 for one in lost)
    assert sorted(int(one["startSequenceNumber"]) for one in lost) == [
        number for number, event in enumerate(made) if event.message_id in bad
    ]
    folded = {row["message_id"]["S"] for row in emptied.rows("messages") if row["version"]["N"] != "0"}
    assert folded == set(ids) - set(bad)


def spoil(message_id: str) -> None:
    """Makes a message's state unreadable."""
    boto3.client("dynamodb", region_name=REGION).update_item(
        TableName="messages",
        Key={"message_id": {"S": message_id}},
        UpdateExpression="SET #state = :none",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":none": {"S": "no state"}},
    )


@pytest.mark.parametrize("body", ["no JSON", "[]", "{", "null", '{"Type":"Notification","Message":"no JSON"}'])
def test_a_body_that_is_no_notification_fails_alone_each_time_it_comes(emptied, body):
    taken_in(TAGGED)
    good = notifications()
    bad = {**good[0], "messageId": "bad", "body": body}
    for _ in range(2):
        answer = ingest.ingest({"Records": [good[0], bad, *good[1:]]}, None)
        assert answer["batchItemFailures"] == [{"itemIdentifier": "bad"}], "the queue's redrive takes it from here"
    assert len(emptied.rows("events")) == len(good)
