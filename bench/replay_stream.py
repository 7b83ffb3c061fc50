"""From events to the fold, as AWS brings them: late, doubled, in batches, again after a failure, and sometimes never.

The function dies before or after a call to a table, a call fails or its answer is lost, and another worker folds the
same message in between. What Lambda does then is what infra/local does: infra/local/batch.py.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from bench.replay_builders import Builders
from bench.replay_mails import END, POLICIES, START, Mail
from bench.replay_store import Store
from chalicelib.core.event import Event
from chalicelib.flow import fold as flow
from infra.local.stream import drain

SHARDS, BATCH, RETRIES = 4, 100, 5
"""Of the table's stream and of its event source."""
BUILT_EVERY = timedelta(hours=3)
"""So often are tables of reports built meanwhile."""
DOUBLED = 0.05
T = TypeVar("T")


class Chances(NamedTuple):
    """How likely what goes wrong is: a death or an error at a call, another worker between reading and writing, and a
    record that the stream never tells."""

    death: float = 0.0005
    error: float = 0.0005
    rival: float = 0.001
    lost: float = 0.001


class Killed(BaseException):
    """The function died. No code can catch it and go on."""


class FunctionDied(Exception):
    """What Lambda sees of it."""


class Shaky:
    """A store whose calls may fail or be the last one, before or after they are done."""

    def __init__(self, store: Store, chances: Chances, chance: random.Random) -> None:
        self._store, self._chances, self._random = store, chances, chance.random
        self.rival: Callable[[str], None] | None = None
        self.is_calm = False
        self.happened: Counter[str] = Counter()

    def find(self, message_id: str) -> Any:
        found = self._call(self._store.find, message_id)
        if self.rival and not self.is_calm and self._random() < self._chances.rival:
            self.is_calm = True  # for the other worker
            self.rival(message_id)
            self.is_calm = False
            self.happened["rivals"] += 1
        return found

    def store(self, changes: Any) -> bool:
        return self._call(self._store.store, changes)

    def after(self, message_id: str, event_key: str | None, **named: Any) -> Any:
        return self._call(self._store.after, message_id, event_key, **named)

    def near(self, message_id: str, event_key: str, **named: Any) -> Any:
        return self._call(self._store.near, message_id, event_key, **named)

    def at(self, message_id: str, event_keys: Any, **named: Any) -> Any:
        return self._call(self._store.at, message_id, event_keys, **named)

    def put(self, one: Event, expires_at: datetime) -> bool:
        return self._call(self._store.put, one)

    def delete(self, message_id: str, event_key: str) -> None:
        self._call(self._store.delete, message_id, event_key)

    def note_own(self, message_id: str, event_key: str) -> None:
        self._call(self._store.note_own, message_id, event_key)

    def row(self, account: str, address_key: str) -> Any:
        return self._call(self._store.row, account, address_key)

    def change(self, account: str, address_key: str, change: Any) -> Any:
        return self._call(self._store.change, account, address_key, change)

    def change_both(self, account: str, address_key: str, change: Any) -> Any:
        return self._call(self._store.change_both, account, address_key, change)

    def _call(self, call: Callable[..., T], *given: Any, **named: Any) -> T:
        drawn = self._random()
        if self.is_calm or drawn >= self._chances.death + self._chances.error:
            return call(*given, **named)
        is_death, is_after = drawn < self._chances.death, self._random() < 0.5
        if is_after:
            call(*given, **named)
        self.happened["deaths" if is_death else "errors"] += 1
        if is_death:
            raise Killed
        raise OSError("no answer")


class Arrival(NamedTuple):
    """An event at the door; `number` keeps those of one moment in order."""

    at: datetime
    number: int
    event: Event


def arrivals(mails: Iterable[Mail], store: Store, chance: random.Random) -> Iterator[Arrival]:
    """The events of all mails as they arrive, some of them twice; each mail is added to the store when it is due."""
    waiting: list[Arrival] = []
    number = 0
    for mail in mails:
        while waiting and waiting[0].at < mail.message.due_at:
            yield heapq.heappop(waiting)
        store.add(mail.message)
        for event in mail.events:
            for _ in range(2 if chance.random() < DOUBLED else 1):
                number += 1
                heapq.heappush(waiting, Arrival(event.occurred_at + _delay(chance), number, event))
    while waiting:
        yield heapq.heappop(waiting)


def _delay(chance: random.Random) -> timedelta:
    """Mostly within a minute, sometimes hours later, and sometimes, after an outage, days."""
    drawn = chance.random()
    if drawn < 0.94:
        return timedelta(seconds=chance.uniform(0.1, 60))
    return timedelta(hours=chance.uniform(0, 8)) if drawn < 0.99 else timedelta(days=chance.uniform(0, 5))


class Streamed(NamedTuple):
    """What came through."""

    events: int
    doubled: int
    lost: int
    given_up: int


class Stream:
    """The stream of the table of events and the function behind it."""

    def __init__(self, store: Store, chances: Chances, seed: int, batch: int = BATCH) -> None:
        self._store, self._chances, self._batch, self._chance = store, chances, batch, random.Random(seed)
        self.shaky = Shaky(store, chances, random.Random(seed + 1))
        nobody: Sequence[Any] = ()
        shaky = self.shaky
        self.parts = flow.Parts(
            shaky, shaky, POLICIES.__getitem__, lambda *_: nobody, lambda *_: frozenset(), shaky
        ).for_many()
        shaky.rival = lambda message_id: self._rival(message_id)
        self.builders = Builders(store, seed + 2)
        self._built_at = START
        self._now, self._number, self._given_up = END, 0, 0

    def run(self, mails: Iterable[Mail]) -> Streamed:
        """Stores and folds everything that happens."""
        shards: list[list[dict[str, Any]]] = [[] for _ in range(SHARDS)]
        events = doubled = lost = 0
        for arrival in arrivals(mails, self._store, self._chance):
            event = arrival.event
            if self._store.put(event):
                events += 1
            else:
                doubled += 1
                if self._chance.random() < 0.5:  # a double that nobody hears of, as it should be; the others are told
                    continue
            if self._chance.random() < self._chances.lost:
                lost += 1
                continue
            shard = shards[int(event.message_id[0], 16) % SHARDS]
            shard.append(self._record(event))
            if len(shard) == self._batch:
                self._now = arrival.at
                self._hand_over(shard)
                shard.clear()
        self._now = END
        for shard in shards:
            self._hand_over(shard)
        return Streamed(events, doubled, lost, self._given_up)

    def sweep(self) -> tuple[int, list[str]]:
        """The last sweep: every message with all its events. How many had lost something, and what could not be."""
        self.shaky.is_calm = True
        refolded, failed = 0, []
        for message_id in list(self._store.messages):
            try:
                refolded += flow.fold(message_id, None, self.parts, now=END)
            except Exception as error:  # of a store that breaks its promises
                failed.append(f"{type(error).__name__}: {error}")
        return refolded, failed

    def _rival(self, message_id: str) -> None:
        flow.fold(message_id, list(self._store.event_keys(message_id)[-BATCH:]), self.parts, now=self._now)

    def _record(self, event: Event) -> dict[str, Any]:
        self._number += 1
        keys = {"message_id": {"S": event.message_id}, "event_key": {"S": event.key}}
        return {"eventName": "INSERT", "dynamodb": {"Keys": keys, "SequenceNumber": str(self._number)}}

    def _hand_over(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._store.reports.now = self._now
        drain(records, self._function, self._give_up, RETRIES, lambda _tries: False)
        if self._now - self._built_at >= BUILT_EVERY:
            self._built_at = self._now
            self.builders.run(self._now)

    def _function(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """As entrypoints/fold.py does it."""
        records_of: dict[str, list[Mapping[str, Any]]] = {}
        for record in event["Records"]:
            records_of.setdefault(record["dynamodb"]["Keys"]["message_id"]["S"], []).append(record)
        arrived = {
            message_id: [record["dynamodb"]["Keys"]["event_key"]["S"] for record in records]
            for message_id, records in records_of.items()
        }
        try:
            failed = flow.fold_all(arrived, self.parts, now=self._now)
        except Killed as death:
            raise FunctionDied from death
        finally:
            self.shaky.is_calm = False
        numbers = [record["dynamodb"]["SequenceNumber"] for one in failed for record in records_of[one]]
        self.shaky.happened["records again"] += len(numbers)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}

    def _give_up(self, records: Sequence[Mapping[str, Any]], _tries: int) -> None:
        self._given_up += len(records)
