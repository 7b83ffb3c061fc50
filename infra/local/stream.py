"""The stream of a table to a function, as Lambda's event source mapping for DynamoDB Streams does it.

With `ReportBatchItemFailures`, `BisectBatchOnFunctionError` and an on-failure queue; shards one after the other, each
in its order. It begins at the oldest record, for a function must bear to be told twice.
"""

import base64
import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.core import instant
from infra.local.batch import Part, after, failures, sequence_number
from infra.local.functions import Call, StreamSource, function_arn

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams.client import DynamoDBStreamsClient

IDLE_SECONDS = 0.2
RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 5.0
FULL_SECONDS = 0.02
"""Between two looks while a batch fills up."""

logger = logging.getLogger(__name__)

GiveUp = Callable[[Sequence[Mapping[str, Any]], int], None]
"""Told of records that are given up, and how often they were handed over."""


def lambda_record(record: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    """A record of GetRecords as Lambda hands it over: times as numbers, bytes as base64, and the stream's ARN.

    Form: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html, "Example DynamoDB Streams record event".
    """
    plain = _plain(record)
    assert isinstance(plain, dict)
    return {**plain, "eventSource": "aws:dynamodb", "eventSourceARN": stream_arn}


def _is_wanted(record: Mapping[str, Any], source: StreamSource) -> bool:
    """Whether the source's filter lets a record pass."""
    if record.get("eventName") not in source.event_names:
        return False
    if source.key_begins is None:
        return True
    name, beginning = source.key_begins
    return str(record["dynamodb"]["Keys"][name]["S"]).startswith(beginning)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return int(value.timestamp())
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def failure_message(
    records: Sequence[Mapping[str, Any]], source_arn: str, shard_id: str, function: str, tries: int, now: datetime
) -> dict[str, Any]:
    """What the on-failure destination is sent: where the records stand, not the records.

    Form: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html. `now` must be aware.
    """
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function_arn(function),
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": tries,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": instant.show(now),
        "DDBStreamBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": sequence_number(records[0]),
            "endSequenceNumber": sequence_number(records[-1]),
            "approximateArrivalOfFirstRecord": _created(records[0]),
            "approximateArrivalOfLastRecord": _created(records[-1]),
            "batchSize": len(records),
            "streamArn": source_arn,
        },
    }


def _created(record: Mapping[str, Any]) -> str:
    return instant.show(datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC))


def drain(
    records: Sequence[Mapping[str, Any]], call: Call, give_up: GiveUp, retries: int, pause: Callable[[int], bool]
) -> bool:
    """Hands the records over until each is done or given up; True then.

    `pause(tries)` waits before what failed comes again; if it says True, it is time to stop, and the answer is False.
    """
    waiting = deque([Part(tuple(records))]) if records else deque()
    while waiting:
        part = waiting.popleft()
        numbers = [sequence_number(record) for record in part.records]
        try:
            failed = failures(call({"Records": part.records}), numbers)
        except Exception:  # of any handler; Function has logged it
            failed = frozenset(numbers)
        step = after(part, failed, retries)
        if step.given_up:
            logger.error("gave up stream records %s", [sequence_number(record) for record in step.given_up])
            give_up(step.given_up, part.tries + 1)
        waiting.extendleft(reversed(step.next_parts))
        if failed and pause(part.tries):
            return False
    return True


class Shard:
    """A shard being read: its iterator, and the last record that is done with."""

    def __init__(self, shard_id: str) -> None:
        self.shard_id = shard_id
        self.iterator: str | None = None
        self.done_to: str | None = None
        self.is_finished = False


class StreamPump:
    """Feeds a function from a stream. `tell` takes each failure message, ready to be put into the failure queue."""

    def __init__(
        self,
        streams: "DynamoDBStreamsClient",
        stream_arn: str,
        function: str,
        call: Call,
        tell: Callable[[str], object],
        source: StreamSource,
        stop: threading.Event,
    ) -> None:
        self._streams = streams
        self._arn = stream_arn
        self._function = function
        self._call = call
        self._tell = tell
        self._source = source
        self._stop = stop
        self._shards: dict[str, Shard] = {}

    def run(self) -> None:
        """Feeds the function until `stop` is set."""
        while not self._stop.is_set():
            try:
                count = self.turn()
            except Exception:  # the emulator may be going down, and the pump must outlive what is not a stop
                if not self._stop.is_set():
                    logger.exception("cannot read the stream %s", self._arn)
                for shard in self._shards.values():
                    shard.iterator = None  # it may be what is wrong: start anew behind what is done
                count = 0
            if not count:
                self._stop.wait(IDLE_SECONDS)

    def turn(self) -> int:
        """One batch of each shard; the number of records read."""
        if all(shard.is_finished for shard in self._shards.values()):
            self._find_shards()
        return sum(self._turn_of(shard) for shard in self._shards.values() if not shard.is_finished)

    def _find_shards(self) -> None:
        description = self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]
        for found in description["Shards"]:
            self._shards.setdefault(found["ShardId"], Shard(found["ShardId"]))

    def _turn_of(self, shard: Shard) -> int:
        records, iterator = self._read(shard)
        handed = [lambda_record(record, self._arn) for record in records if _is_wanted(record, self._source)]

        def give_up(lost: Sequence[Mapping[str, Any]], tries: int) -> None:
            message = failure_message(lost, self._arn, shard.shard_id, self._function, tries, datetime.now(UTC))
            self._tell(json.dumps(message))

        if not drain(handed, self._call, give_up, self._source.retries, self._pause):
            return 0
        if records:
            shard.done_to = sequence_number(records[-1])
        shard.iterator, shard.is_finished = iterator, iterator is None
        return len(records)

    def _read(self, shard: Shard) -> tuple[list[Mapping[str, Any]], str | None]:
        """The next batch and the iterator behind it: full, or what came until the window closed."""
        iterator: str | None = shard.iterator or self._iterator_behind(shard)
        records: list[Mapping[str, Any]] = []
        closes_at = None
        while iterator and len(records) < self._source.batch_size and not self._stop.is_set():
            page = self._streams.get_records(ShardIterator=iterator, Limit=self._source.batch_size - len(records))
            records += page["Records"]
            iterator = page.get("NextShardIterator")
            closes_at = closes_at or time.monotonic() + self._source.window_seconds
            if not records or time.monotonic() >= closes_at:
                break
            self._stop.wait(FULL_SECONDS)
        return records, iterator

    def _iterator_behind(self, shard: Shard) -> str:
        if shard.done_to is None:
            found = self._streams.get_shard_iterator(
                StreamArn=self._arn, ShardId=shard.shard_id, ShardIteratorType="TRIM_HORIZON"
            )
        else:
            found = self._streams.get_shard_iterator(
                StreamArn=self._arn,
                ShardId=shard.shard_id,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                SequenceNumber=shard.done_to,
            )
        return found["ShardIterator"]

    def _pause(self, tries: int) -> bool:
        return self._stop.wait(min(RETRY_SECONDS * 2**tries, LONGEST_RETRY_SECONDS))
