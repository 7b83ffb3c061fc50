"""Tell a notice on: queue its delivery to each webhook that wants it.

Doubled calls queue doubled tasks; the delivery is claimed, so each is sent once.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from chalicelib.core.delivery import Task, place_of
from chalicelib.core.notice import SETTLING
from chalicelib.storage.webhooks import Known


class Entry(NamedTuple):
    """What a new notice in the outbox says of itself; `key` is its place in its account's list."""

    account: str
    message_id: str
    type: str
    key: str


class Webhooks(Protocol):
    """Webhooks of accounts."""

    def of(self, account: str) -> Known: ...


class Queue(Protocol):
    """Where deliveries wait."""

    def put(self, tasks: Sequence[tuple[Task, int]]) -> None: ...


def notify(entry: Entry, *, webhooks: Webhooks, queue: Queue, settles: timedelta) -> int:
    """To how many webhooks it goes. A notice of a hit waits until it has settled who made the hit."""
    seconds = int(settles.total_seconds()) if entry.type in SETTLING else 0
    tasks = [
        (Task(entry.account, one.webhook_id, place_of(entry.key), entry.message_id), seconds)
        for one in webhooks.of(entry.account).values()
        if one.wants(entry.type)
    ]
    if tasks:
        queue.put(tasks)
    return len(tasks)
