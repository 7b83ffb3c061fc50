"""All that is stored, as it can be compared, and functions that are called as their sources call them."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import moto.backends
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.problem import MailsightError
from tests.faults.calls import FAULTS, Faults, Killed, faults_at
from tests.moto_stack import ACCOUNT, REGION, Stack, Store

MOST_TRIES = 12
"""So often a source brings again what failed, and the schedules look after it."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_HEX = re.compile(r"\b[0-9a-f]{32}\b")
_UUID = re.compile(r"\b[0-9a-zA-Z]{8,}-[0-9a-f-]{27,}[0-9a-zA-Z-]*")

PASSING = frozenset(
    {"attempts", "claim", "lease_ends_at", "next_try_at", "expires_at", "sent_at", "ses_message_id", "failure"}
    | {"account_shard"}  # follows from the id
)
"""Fields that tell how often and when something was done, and not what came of it."""


class World:
    """The tables, the bucket and the queues, which live in this process and can be emptied."""

    def __init__(self, stack: Stack, faults: Faults) -> None:
        self.stack, self.faults = stack, faults
        self.store = Store(stack)
        self._ses = moto.backends.get_backend("ses")[ACCOUNT][REGION]

    def empty(self) -> None:
        """Nothing is stored any more, and nothing was sent."""
        self.store.empty()
        self._ses.sent_messages.clear()

    def put_back(self, kept: Any) -> None:
        """As it was kept; nothing was sent."""
        self.store.put_back(kept)
        self._ses.sent_messages.clear()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, in DynamoDB's JSON."""
        items = self.store.tables[table].all_items()
        return [{name: value.to_json() for name, value in item.attrs.items()} for item in items]

    def queued(self, queue: str) -> list[str]:
        """The bodies of all messages of a queue, also of those that are on their way."""
        return [message.body for message in self.store.queues[queue]._messages]

    def take(self, queue: str) -> list[str]:
        """The bodies of all messages of a queue, which are deleted."""
        bodies = self.queued(queue)
        self.store.queues[queue]._messages.clear()
        return bodies

    def objects(self) -> list[str]:
        """The keys of all objects in the bucket."""
        return sorted(self.store.objects)

    @property
    def mails(self) -> int:
        """How many mails SES was handed."""
        return len(self._ses.sent_messages)

    def state(self, *known: str) -> dict[str, Any]:
        """All that is stored, without what is another each time: times from now on, and ids but those that are known.

        A report cell is the sum of its shards.
        """
        cells: Counter[tuple[str, str, str]] = Counter()
        calls: list[str] = []
        for row in self.rows("reports"):
            if row["owner"]["S"].startswith("behind#"):  # a mark is made before a change, also of one that fails then
                continue
            columns = row.keys() - {"owner", "item"}
            if any("N" not in row[column] for column in columns):
                calls.append(_plain(row, known))
                continue
            account, day, _shard = row["owner"]["S"].split("#")
            for column in columns:
                cells[f"{account}#{day}", row["item"]["S"], column] += int(row[column]["N"])
        names = self.store.tables.keys() - {"reports"}
        return {
            **{name: sorted(_plain(row, known) for row in self.rows(name)) for name in names},
            "calls": sorted(calls),
            "cells": {place: number for place, number in cells.items() if number},
            "objects": sorted(_anonymous(key, known) for key in self.objects()),
        }


def _plain(row: dict[str, Any], known: tuple[str, ...]) -> str:
    kept = {name: value for name, value in row.items() if name not in PASSING}
    return _anonymous(json.dumps(kept, sort_keys=True), known)


def _anonymous(text: str, known: tuple[str, ...]) -> str:
    text = _TIME.sub(lambda found: found[0] if found[0] in known else "<time>", text)
    text = _UUID.sub("<uuid>", text)
    return _HEX.sub(lambda found: found[0] if found[0] in known else "<id>", text)


class Scene(NamedTuple):
    """What is struck: how the world is before, what the source brings, and what comes of it.

    `source` gives what calls the function as its source does and says whether the source is content; `settle` is what
    the schedules do later. A world that is prepared once is put back for each run.
    """

    prepare: Callable[[], None]
    source: Callable[[], Callable[[], bool]]
    state: Callable[[], Any]
    settle: Callable[[], None] = lambda: None


def played(world: World, scene: Scene, at: int | None = None, fault: str = "") -> Any:
    """The state after the source was content and all was settled, with this fault at the call of this number."""
    deliver = scene.source()
    world.faults.begin(at, fault)
    for _ in range(MOST_TRIES):
        try:
            if deliver():
                break
        except (Killed, ClientError, BotoCoreError, PynamoDBException, MailsightError):  # the source brings it again
            continue
    else:
        raise AssertionError(f"the source never gets rid of it, after {fault} at call {at}")
    world.faults.end()
    scene.settle()
    return scene.state()


def struck_everywhere(
    world: World, scene: Scene, faults: tuple[str, ...] = FAULTS, *, least: int
) -> Iterator[tuple[str, Any, Any]]:
    """What was struck, the state then, and the state of a run without faults; for each call and each fault. There must
    be at least so many calls."""
    world.empty()
    scene.prepare()
    before = world.store.kept()
    played(world, scene)  # what is made and asked only once in a process is there from now on
    world.put_back(before)
    clean = played(world, scene)
    calls = list(world.faults.calls)
    assert len(calls) >= least, calls
    for number, call in enumerate(calls):
        for fault in faults_at(number, faults):
            world.put_back(before)
            yield f"{fault} at call {number} of {len(calls)}, {call}", played(world, scene, number, fault), clean
