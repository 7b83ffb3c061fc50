"""Tell a webhook again of a range of time: each notice in it that it wants, under the id that it had.

A range with many notices is cut in halves, each of which is queued for itself, until they are small. Each step can be
repeated: a delivery's place has the replay's mark, so what is queued twice is sent once. What has not settled yet
waits until it has, as it does when it is told for the first time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core.delivery import Replay, Task, place_of
from chalicelib.core.notice import SETTLING, Notice
from chalicelib.gateways.queue import delay_until
from chalicelib.storage.webhooks import Known

AT_ONCE = 500
"""So many notices are told again by one call."""

SHORTEST = timedelta(milliseconds=2)
"""A range that can still be cut: times are kept in milliseconds."""

MOST_COUNTED = 10_000
"""So many are counted for who asks."""


class Webhooks(Protocol):
    """Webhooks of accounts."""

    def of(self, account: str) -> Known: ...


class Notices(Protocol):
    """The notices of the outbox."""

    def between(self, account: str, start: datetime, end: datetime, *, now: datetime) -> Iterator[Notice]: ...


class Queue(Protocol):
    """Where deliveries and replays wait."""

    def put(self, tasks: Sequence[tuple[Task, int]]) -> None: ...
    def put_replays(self, replays: Sequence[Replay]) -> None: ...


class Parts(NamedTuple):
    """What telling again needs."""

    webhooks: Webhooks
    notices: Notices
    queue: Queue
    settles: timedelta


class Counted(NamedTuple):
    """How many notices were found, and whether there are more that were not counted."""

    number: int
    has_more: bool


def count(replay: Replay, webhooks: Webhooks, notices: Notices, now: datetime, most: int = MOST_COUNTED) -> Counted:
    """How many notices of the range the webhook wants; of more than `most` notices only these are counted."""
    webhook = webhooks.of(replay.account).get(replay.webhook_id)
    looked_at = list(islice(notices.between(replay.account, replay.start, replay.end, now=now), most + 1))
    wanted = sum(webhook is not None and webhook.wants(one.type) for one in looked_at[:most])
    return Counted(wanted, len(looked_at) > most)


def retell(replay: Replay, parts: Parts, now: datetime) -> int:
    """Queues the deliveries of the range, or its halves; how many deliveries."""
    webhook = parts.webhooks.of(replay.account).get(replay.webhook_id)
    if webhook is None or not webhook.enabled:
        return 0
    found = parts.notices.between(replay.account, replay.start, replay.end, now=now)
    is_cuttable = replay.end - replay.start >= SHORTEST
    notices = list(islice(found, AT_ONCE + 1)) if is_cuttable else list(found)
    if is_cuttable and len(notices) > AT_ONCE:
        middle = replay.start + (replay.end - replay.start) / 2
        middle = middle.replace(microsecond=middle.microsecond // 1000 * 1000)
        parts.queue.put_replays([replay._replace(end=middle), replay._replace(start=middle)])
        return 0
    tasks = [
        (
            Task(replay.account, replay.webhook_id, place_of(one.key, replay.run), one.message_id),
            delay_until(one.written_at + parts.settles, now) if one.type in SETTLING else 0,
        )
        for one in notices
        if webhook.wants(one.type)
    ]
    parts.queue.put(tasks)
    return len(tasks)
