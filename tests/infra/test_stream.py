"""The stream pump: every record is handed over, poison ends alone in the failure queue, a shard keeps its order."""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.batch import Part, Step, after
from infra.local.functions import StreamSource
from infra.local.stream import StreamPump, drain, failure_message, lambda_record

ARN = "arn:aws:dynamodb:eu-west-1:000000000000:table/events/stream/2026-11-21T00:00:00.000"


def record(number: int | str) -> dict[str, Any]:
    return {
        "eventName": "INSERT",
        "dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": 1795300000},
    }


def records(*numbers: int) -> tuple[dict[str, Any], ...]:
    return tuple(record(number) for number in numbers)


def numbers_of(some: Sequence[Any]) -> list[int]:
    return [int(one["dynamodb"]["SequenceNumber"]) for one in some]


@pytest.mark.parametrize(
    ("part", "failed", "step"),
    [
        (Part(records(1, 2, 3)), (), Step()),
        # goes on at the lowest failed number, whatever the order of the report
        (Part(records(1, 2, 3)), ("3", "2"), Step((Part(records(2, 3)),))),
        (Part(records(1, 2, 3)), ("3",), Step((Part(records(3)),))),
        # numbers are compared by place, not as text: "9" comes before "10"
        (Part(records(8, 9, 10)), ("10", "9"), Step((Part(records(9, 10)),))),
        # no progress: bisect; an odd one goes to the later half
        (Part(records(1, 2, 3)), ("1",), Step((Part(records(1)), Part(records(2, 3))))),
        (Part(records(1, 2, 3, 4)), ("1", "2", "3", "4"), Step((Part(records(1, 2)), Part(records(3, 4))))),
        # alone: again, until it was tried 1 + 2 times
        (Part(records(1)), ("1",), Step((Part(records(1), 1),))),
        (Part(records(1), 1), ("1",), Step((Part(records(1), 2),))),
        (Part(records(1), 2), ("1",), Step(given_up=records(1))),
        (Part(records(1), 2), (), Step()),
    ],
)
def test_what_comes_after_a_try(part, failed, step):
    assert after(part, failed, retries=2) == step


class Handler:
    """Fails for poisonous records: by report of the first or of all of them, or by raising."""

    def __init__(self, poison: set[int], how: str) -> None:
        self.poison = poison
        self.how = how
        self.handed: list[int] = []
        self.done: list[int] = []

    def __call__(self, event: Any) -> Any:
        batch = numbers_of(event["Records"])
        self.handed += batch
        bad = [number for number in batch if number in self.poison]
        if bad and self.how == "raises":
            raise RuntimeError("poison")
        if bad and self.how == "stops at the first":
            self.done += batch[: batch.index(bad[0])]
            return {"batchItemFailures": [{"itemIdentifier": str(bad[0])}]}
        self.done += [number for number in batch if number not in self.poison]
        return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in bad]}


@given(
    size=st.integers(0, 40),
    poison=st.sets(st.integers(0, 39), max_size=6),
    how=st.sampled_from(["raises", "stops at the first", "reports all"]),
    retries=st.integers(0, 3),
)
def test_all_are_handed_over_poison_is_given_up_alone_and_the_order_is_kept(size, poison, how, retries):
    handler = Handler(poison, how)
    given_up: list[tuple[list[int], int]] = []
    told = drain(
        records(*range(size)),
        handler,
        lambda some, tries: given_up.append((numbers_of(some), tries)),
        retries,
        lambda tries: False,
    )
    there = sorted(number for number in poison if number < size)
    assert told
    assert set(handler.handed) == set(range(size))
    assert given_up == [([number], retries + 1) for number in there]
    assert set(handler.done) == set(range(size)) - poison
    firsts = [number for index, number in enumerate(handler.done) if number not in handler.done[:index]]
    assert firsts == sorted(firsts)


@given(fails=st.integers(0, 3), size=st.integers(1, 20))
def test_a_passing_trouble_loses_nothing_and_gives_nothing_up(fails, size):
    left = [fails]
    done: list[int] = []

    def recovering(event: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise ConnectionError("the table was away")
        done.extend(numbers_of(event["Records"]))

    given_up: list[Any] = []
    drain(records(*range(size)), recovering, lambda some, tries: given_up.append(some), 5, lambda tries: False)
    assert done == list(range(size))
    assert given_up == []


def test_a_stop_ends_the_retries_and_says_that_the_batch_is_not_done():
    pauses: list[int] = []

    def stopping(tries: int) -> bool:
        pauses.append(tries)
        return True

    handler = Handler({0}, "raises")
    assert not drain(records(0, 1), handler, lambda some, tries: None, 5, stopping)
    assert handler.handed == [0, 1]
    assert pauses == [0]


def test_a_record_has_lambdas_shape():
    read = {
        "eventID": "e",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": datetime(2026, 11, 21, 8, 30, tzinfo=UTC),
            "Keys": {"message_id": {"S": "m"}},
            "NewImage": {"message_id": {"S": "m"}, "expires_at": {"N": "1"}, "raw": {"B": b"\x00\xff"}},
            "SequenceNumber": "100",
            "SizeBytes": 26,
            "StreamViewType": "NEW_IMAGE",
        },
    }
    handed = lambda_record(read, ARN)
    assert json.loads(json.dumps(handed)) == handed
    assert handed["eventSourceARN"] == ARN
    assert handed["dynamodb"]["ApproximateCreationDateTime"] == 1795249800
    assert handed["dynamodb"]["NewImage"]["raw"] == {"B": "AP8="}
    assert {"eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb"} <= set(handed)


def test_the_failure_queue_is_told_where_the_records_stand_but_not_the_records():
    message = failure_message(records(7, 8), ARN, "shard-1", "fold", 6, datetime(2026, 11, 21, tzinfo=UTC))
    assert message["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 6
    assert message["requestContext"]["functionArn"].endswith(":function:fold")
    assert message["timestamp"] == "2026-11-21T00:00:00.000Z"
    assert message["DDBStreamBatchInfo"] == {
        "shardId": "shard-1",
        "startSequenceNumber": "7",
        "endSequenceNumber": "8",
        "approximateArrivalOfFirstRecord": "2026-11-21T22:26:40.000Z",
        "approximateArrivalOfLastRecord": "2026-11-21T22:26:40.000Z",
        "batchSize": 2,
        "streamArn": ARN,
    }


class Streams:
    """DynamoDB Streams with the records of each shard in a list; an iterator is 'shard:place'. Closed shards end."""

    def __init__(self, **shards: list[dict[str, Any]]) -> None:
        self.shards = shards
        self.closed: set[str] = set()
        self.trouble = 0

    def describe_stream(self, StreamArn: str) -> Any:
        return {"StreamDescription": {"Shards": [{"ShardId": name} for name in self.shards]}}

    def get_shard_iterator(self, ShardId: str, ShardIteratorType: str, SequenceNumber: str = "", **rest: Any) -> Any:
        if ShardIteratorType == "TRIM_HORIZON":
            return {"ShardIterator": f"{ShardId}:0"}
        assert ShardIteratorType == "AFTER_SEQUENCE_NUMBER"
        places = [one["dynamodb"]["SequenceNumber"] for one in self.shards[ShardId]]
        return {"ShardIterator": f"{ShardId}:{places.index(SequenceNumber) + 1}"}

    def get_records(self, ShardIterator: str, Limit: int) -> Any:
        if self.trouble:
            self.trouble -= 1
            raise ConnectionError("the emulator is away")
        shard, _, place = ShardIterator.partition(":")
        page = self.shards[shard][int(place) : int(place) + Limit]
        end = int(place) + len(page)
        if shard in self.closed and end == len(self.shards[shard]):
            return {"Records": page}
        return {"Records": page, "NextShardIterator": f"{shard}:{end}"}


def pump_of(streams: Streams, call: Any, **source: Any) -> tuple[StreamPump, list[str], threading.Event]:
    told: list[str] = []
    stop = threading.Event()
    feed = StreamSource("EventsStreamArn", "FoldFailedQueue", window_seconds=0, **source)
    return StreamPump(streams, ARN, "fold", call, told.append, feed, stop), told, stop


def test_only_inserts_are_handed_over_in_batches_and_each_record_once():
    stream = [{**record(number), "eventName": "INSERT" if number % 2 else "REMOVE"} for number in range(10)]
    batches: list[list[int]] = []
    pump, _, _ = pump_of(Streams(one=stream), lambda e: batches.append(numbers_of(e["Records"])), batch_size=4)
    assert [pump.turn() for _ in range(4)] == [4, 4, 2, 0]
    assert batches == [[1, 3], [5, 7], [9]]
    stream.append(record(11))
    assert pump.turn() == 1
    assert batches[-1] == [11]


def test_a_filter_by_key_lets_only_what_begins_so_pass():
    items = ["notice#1", "delivery#1", "notices", "notice#2"]
    stream = [record(number) for number in range(4)]
    for one, item in zip(stream, items, strict=True):
        one["dynamodb"]["Keys"] = {"item": {"S": item}}
    handed: list[int] = []
    pump, _, _ = pump_of(
        Streams(a=stream), lambda event: handed.extend(numbers_of(event["Records"])), key_begins=("item", "notice#")
    )
    while pump.turn():
        pass
    assert handed == [0, 3]


def test_a_batch_of_removals_calls_nothing_and_goes_by():
    calls: list[Any] = []
    pump, _, _ = pump_of(Streams(one=[{**record(1), "eventName": "REMOVE"}]), calls.append)
    assert [pump.turn(), pump.turn()] == [1, 0]
    assert calls == []


def test_poison_is_told_to_the_failure_queue_and_the_stream_goes_on():
    handler = Handler({2}, "raises")
    pump, told, _ = pump_of(Streams(one=[record(number) for number in range(5)]), handler, retries=0)
    pump.turn()
    assert [json.loads(text)["DDBStreamBatchInfo"]["startSequenceNumber"] for text in told] == ["2"]
    assert set(handler.done) == {0, 1, 3, 4}
    assert pump.turn() == 0


def test_after_trouble_the_pump_goes_on_behind_what_is_done():
    streams = Streams(one=[record(1), record(2)])
    handed: list[int] = []

    def until_three(event: Any) -> None:
        handed.extend(numbers_of(event["Records"]))
        if 3 in handed:
            stop.set()

    pump, _, stop = pump_of(streams, until_three)
    pump.turn()
    streams.trouble = 1
    streams.shards["one"].append(record(3))
    pump.run()
    assert handed == [1, 2, 3]


def test_a_closed_shard_is_left_for_its_children():
    streams = Streams(parent=[record(1)])
    streams.closed = {"parent"}
    handed: list[int] = []
    pump, _, _ = pump_of(streams, lambda e: handed.extend(numbers_of(e["Records"])))
    pump.turn()
    streams.shards["child"] = [record(2)]
    pump.turn()
    pump.turn()
    assert handed == [1, 2]


def test_a_stop_in_the_midst_of_retries_hands_the_batch_over_again_next_time():
    handed: list[int] = []

    def fails_once_and_stops(event: Any) -> None:
        handed.extend(numbers_of(event["Records"]))
        if len(handed) == 1:
            stop.set()
            raise RuntimeError("not now")

    pump, told, stop = pump_of(Streams(one=[record(1)]), fails_once_and_stops)
    assert pump.turn() == 0
    stop.clear()
    assert pump.turn() == 1
    assert handed == [1, 1]
    assert told == []
