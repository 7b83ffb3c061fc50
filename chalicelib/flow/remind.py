"""Look after deliveries that wait: queue what is due soon, and what should have been made already.

SQS holds a message back for a quarter of an hour at most, and pauses last up to a day; so the longer ones stand in an
index by time. It also finds what a lost queue message or a dead worker left.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core.delivery import Task
from chalicelib.gateways.queue import delay_until
from chalicelib.storage.deliveries import Due

SOON = timedelta(minutes=6)
"""What is due by then is queued: until the next run, and somewhat longer."""

AT_ONCE = 10


class Deliveries(Protocol):
    """Deliveries that somebody must look after."""

    def due(self, until: datetime) -> Iterable[Due]: ...
    def looked_after(self, due: Due, now: datetime) -> None: ...


class Queue(Protocol):
    """Where deliveries wait."""

    def put(self, tasks: Sequence[tuple[Task, int]]) -> None: ...


class Reminded(NamedTuple):
    """How many were queued, and whether some were left for want of time."""

    queued: int
    has_left: bool


def remind(deliveries: Deliveries, queue: Queue, now: datetime, may_go_on: Callable[[], bool]) -> Reminded:
    """Queues what is due until the next run, each for its time."""
    queued = 0
    for some in _in_tens(deliveries.due(now + SOON)):
        if not may_go_on():
            return Reminded(queued, True)
        queue.put([(one.task, delay_until(one.at, now)) for one in some])
        for one in some:
            deliveries.looked_after(one, now)
        queued += len(some)
    return Reminded(queued, False)


def _in_tens(due: Iterable[Due]) -> Iterator[list[Due]]:
    waiting = iter(due)
    while some := list(islice(waiting, AT_ONCE)):
        yield some
