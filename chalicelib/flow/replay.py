"""Spilled events go where they belong, each once: the condition of the put makes every repetition harmless.

An event leaves the queue only when it is stored, was stored already, or has outlived its message's grace.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.core import event
from chalicelib.core.event import HITS, Event
from chalicelib.core.problem import MailsightError
from chalicelib.gateways.spill import Spilled


class Events(Protocol):
    """Where events are stored. False: it was there already."""

    def put(self, one: Event, expires_at: datetime, /) -> bool: ...


class Queue(Protocol):
    """The spill queue."""

    def receive(self) -> Sequence[Spilled]: ...
    def delete(self, spilled: Spilled, /) -> None: ...


class MalformedSpill(MailsightError):
    """A text is no event that was ever spilled here."""


class Outcome(StrEnum):
    """What became of a spilled event. Values are fields of Tally."""

    REPLAYED = "replayed"
    ALREADY_THERE = "already_there"
    EXPIRED = "expired"


class Tally(NamedTuple):
    """How many had which outcome, which ones are malformed, and what ended the run early ("" for nothing)."""

    replayed: int = 0
    already_there: int = 0
    expired: int = 0
    malformed: tuple[str, ...] = ()
    stopped_by: str = ""


def drain(queue: Queue, *, events: Events, now: datetime, limit: int, may_go_on: Callable[[], bool]) -> Tally:
    """Replays what the queue holds: until it is empty, or `limit` is reached, or time is up, or a write fails.

    What was not stored stays in the queue. Malformed ones too: their way is the dead-letter queue, to be looked at.
    """
    return replay(_received(queue, limit, may_go_on), events=events, now=now, done=queue.delete)


def replay(
    spilled: Iterable[Spilled], *, events: Events, now: datetime, done: Callable[[Spilled], None] | None = None
) -> Tally:
    """Stores spilled events; `done` is called for each that needs no more care. Ends with the first failed write."""
    tally = Tally()
    for one in spilled:
        try:
            outcome = _replay(one.body, events, now)
        except MalformedSpill as error:
            tally = tally._replace(malformed=(*tally.malformed, f"{one.name}: {error}"))
            continue
        except Exception as error:  # of any kind of store: the next one would hardly fare better, the next run may
            return tally._replace(stopped_by=f"{type(error).__name__}: {error}")
        tally = tally._replace(**{outcome: getattr(tally, outcome) + 1})
        if done:
            done(one)
    return tally


def _replay(text: str, events: Events, now: datetime) -> Outcome:
    made, expires_at = _read(text)
    if expires_at <= now:
        return Outcome.EXPIRED  # the fold would not take it, and DynamoDB would delete it
    return Outcome.REPLAYED if events.put(made, expires_at) else Outcome.ALREADY_THERE


def _read(text: str) -> tuple[Event, datetime]:
    """The event and its end, of an item in DynamoDB's JSON as it was spilled."""
    try:
        item = json.loads(text)
        made = event.from_item(item)
        expires_at = datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError) as error:
        raise MalformedSpill(f"{type(error).__name__}: {error}"[:200]) from error
    if not event.is_message_id(made.message_id):
        raise MalformedSpill(f"{made.message_id[:40]!r} is no message id")
    if made.kind not in HITS:
        raise MalformedSpill("only hits are spilled, and this is none")
    return made, expires_at


def _received(queue: Queue, limit: int, may_go_on: Callable[[], bool]) -> Iterator[Spilled]:
    handed_out = 0
    while may_go_on() and (batch := queue.receive()):
        for one in batch:
            if handed_out == limit or not may_go_on():
                return
            handed_out += 1
            yield one
