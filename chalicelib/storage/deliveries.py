"""Deliveries, in the table `outbox` beside the notices.

Hash `owner` (account#webhook#id), range `item` (delivery#, then the notice's key, with a replay's mark behind it).
Access: one by its place; those of a webhook, latest first, for its log; by the sparse index `by_due` (due_shard and
time) those that somebody must look after: the next attempt is due, or a worker has not come back from one.
In account#tried#id stand the hits of which a webhook was told, or may have been. All of it has TTL on `expires_at`.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pynamodb.attributes import JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.core import instant
from chalicelib.core.delivery import LEASE, Attempt, Delivery, Status, Task
from chalicelib.core.notice import KEPT, Notice
from chalicelib.storage import keys
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.walk import Walk, merged, walked

QUEUED_ALREADY = timedelta(minutes=2)
"""So much later somebody looks after an attempt for which a queue message is on its way: if that got lost."""

LOOKED_AFTER = timedelta(minutes=30)
"""So much later somebody looks again after what was queued anew."""


class ByDue(GlobalSecondaryIndex["DeliveryRow"]):  # type: ignore[no-untyped-call]  # of pynamodb
    class Meta:
        index_name = "by_due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_key = UnicodeAttribute(range_key=True)


class DeliveryRow(Model):
    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    notice_id = UnicodeAttribute()
    message_id = UnicodeAttribute(null=True)
    type = UnicodeAttribute()
    occurred_at = UnicodeAttribute()
    about = UnicodeAttribute()
    status = UnicodeAttribute()
    tries = NumberAttribute()
    attempts = JSONAttribute()
    next_attempt_at = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()
    by_due = ByDue()


class TriedRow(Model):
    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    expires_at = TTLAttribute()


class Page(NamedTuple):
    """A page of a webhook's deliveries, latest notice first; `after` and `before` lead to older and newer ones."""

    deliveries: list[Delivery]
    has_more: bool
    after: str | None
    before: str | None


class Due(NamedTuple):
    """A delivery that somebody must look after, and from when on."""

    task: Task
    at: datetime
    key: str


class Deliveries:
    """Reads and writes deliveries. Every write carries a condition or says the same when it is repeated."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(DeliveryRow, table_name, region)
        self._tried = bind(TriedRow, table_name, region)

    def get(self, account: str, webhook_id: str, place: str) -> Delivery | None:
        """The delivery at this place as it is now; also one that TTL is about to delete: what it tells is still true,
        and without it the notice would be told again."""
        try:
            row = self._rows.get(keys.webhook(account, webhook_id), keys.delivery(place), consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        return _delivery(row)

    def claim(self, delivery: Delivery, mark: str, now: datetime) -> bool:
        """Begins the next attempt; `delivery` is as it was read, or was not there. False if another worker did.

        `mark` is unique: where the first try of the call got through and its answer was lost, it tells whose it is.
        """
        row = self._row(delivery, mark, delivery.tries + 1)
        row.due_shard, row.due_key = _due(delivery.place, row.tries, now + LEASE)
        if is_done(lambda: row.save(condition=self._is_as_read(delivery))):
            return True
        found = self.get(delivery.account, delivery.webhook_id, delivery.place)
        return found is not None and (found.claim, found.tries) == (mark, row.tries)

    def settle(self, delivery: Delivery, *, is_queued: bool) -> bool:
        """Notes what came of an attempt; False if it is not this worker's any more. `delivery.claim` is their mark, and
        `is_queued` says that they queue the next one themselves."""
        row = self._row(delivery, delivery.claim, delivery.tries)
        if delivery.next_at:
            due_at = delivery.next_at + (QUEUED_ALREADY if is_queued else timedelta())
            row.due_shard, row.due_key = _due(delivery.place, delivery.tries, due_at)
        is_ours = (self._rows.claim == delivery.claim) & (self._rows.tries == delivery.tries)
        return is_done(lambda: row.save(condition=is_ours))

    def end(self, delivery: Delivery, status: Status) -> bool:
        """Ends a delivery without another attempt, if there was any; False if it was not as it was read, and did not
        end so: the answer of the first try of the call may have been lost."""
        row = self._row(delivery, delivery.claim, delivery.tries)
        row.status, row.next_attempt_at = status.value, None
        if is_done(lambda: row.save(condition=self._is_as_read(delivery))):
            return True
        found = self.get(delivery.account, delivery.webhook_id, delivery.place)
        return found is not None and (found.status, found.tries) == (status, delivery.tries)

    def add(self, delivery: Delivery) -> None:
        """Stores a delivery that waits for its first attempt; one that is there already stays as it is."""
        row = self._row(delivery, "", 0)
        if delivery.next_at:
            row.due_shard, row.due_key = _due(delivery.place, 0, delivery.next_at + QUEUED_ALREADY)
        is_done(lambda: row.save(condition=self._rows.item.does_not_exist()))

    def page(
        self,
        account: str,
        webhook_id: str,
        limit: int,
        after: str | None,
        before: str | None,
        status: str | None = None,
        *,
        now: datetime,
    ) -> Page:
        """Deliveries older than the place `after`, or the nearest ones newer than `before`; all, or of one status."""
        rows = self._rows
        partition = keys.webhook(account, webhook_id)
        only = rows.status == status if status else None
        found = merged(
            [walked(Walk(rows, rows.item, only), partition, limit, after, before)],
            limit,
            is_newest_first=before is None,
        )
        items = sorted(found.places, reverse=True)
        kept = (row for row in rows.batch_get([(partition, item) for item in items]) if row.expires_at > now)
        known = {row.item: _delivery(row) for row in kept}  # TTL deletes up to days late
        first, last = (items[0], items[-1]) if items else (None, None)
        return Page(
            [known[item] for item in items if item in known],
            found.has_more,
            after=found.onward if before is None and found.onward else last,
            before=found.onward if before is not None and found.onward else first,
        )

    def due(self, until: datetime) -> Iterator[Due]:
        """What somebody must look after until then, the oldest of each partition first."""
        end = instant.show(until)
        for shard in keys.due_shards():
            for row in self._rows.by_due.query(shard, self._rows.due_key < end):
                account, webhook_id = keys.webhook_of(row.owner)
                task = Task(account, webhook_id, keys.place_of(row.item), tries=keys.tries_of(row.due_key))
                yield Due(task, instant.parse(row.due_key.partition("#")[0]), row.due_key)

    def looked_after(self, due: Due, now: datetime) -> None:
        """Notes that it was queued anew, so that it is not again at once. What changed meanwhile stays as it is."""
        task, rows = due.task, self._rows
        row = rows(keys.webhook(task.account, task.webhook_id), keys.delivery(task.place))
        later = _due(task.place, task.tries, max(now, due.at) + LOOKED_AFTER)[1]
        is_done(lambda: row.update(actions=[rows.due_key.set(later)], condition=rows.due_key == due.key))

    def note_tried(self, account: str, webhook_id: str, message_id: str, hit: str, now: datetime) -> None:
        """Notes that a webhook is about to be told of a hit."""
        owner = keys.tried_hits(account, webhook_id)
        self._tried(owner, keys.tried_hit(message_id, hit), expires_at=now + KEPT).save()

    def was_tried(self, account: str, webhook_id: str, message_id: str, hit: str) -> bool:
        """Whether a webhook was told of a hit, or may have been; as long as anybody knows, also past TTL's time."""
        owner = keys.tried_hits(account, webhook_id)
        try:
            self._tried.get(owner, keys.tried_hit(message_id, hit), consistent_read=True)
        except self._tried.DoesNotExist:
            return False
        return True

    def _is_as_read(self, delivery: Delivery) -> Condition:
        rows = self._rows
        condition = (rows.tries == delivery.tries) & (rows.status == Status.WAITING.value)
        if not delivery.tries:
            condition = rows.item.does_not_exist() | condition
        assert isinstance(condition, Condition)
        return condition

    def _row(self, delivery: Delivery, mark: str, tries: int) -> DeliveryRow:
        notice = delivery.notice
        return self._rows(
            keys.webhook(delivery.account, delivery.webhook_id),
            keys.delivery(delivery.place),
            notice_id=notice.notice_id,
            message_id=notice.message_id or None,
            type=notice.type,
            occurred_at=instant.show(notice.occurred_at),
            about=json.dumps(dict(notice.about), separators=(",", ":")),
            status=delivery.status.value,
            tries=tries,
            attempts=[{**one._asdict(), "at": instant.show(one.at)} for one in delivery.attempts],
            next_attempt_at=instant.show(delivery.next_at) if delivery.next_at else None,
            claim=mark or None,
            expires_at=delivery.kept_until,
        )


def _due(place: str, tries: Any, at: datetime) -> tuple[str, str]:
    return keys.due_shard(place), keys.due(instant.show(at), int(tries), place)


def _delivery(row: DeliveryRow) -> Delivery:
    account, webhook_id = keys.webhook_of(row.owner)
    place = keys.place_of(row.item)
    notice = Notice(
        row.notice_id,
        account,
        row.message_id or "",
        row.type,
        instant.parse(row.occurred_at),
        instant.parse(place.partition("#")[0]),
        json.loads(row.about),
    )
    return Delivery(
        account,
        webhook_id,
        place,
        notice,
        row.expires_at,
        Status(row.status),
        int(row.tries),
        tuple(Attempt(**{**one, "at": instant.parse(one["at"])}) for one in row.attempts),
        instant.parse(row.next_attempt_at) if row.next_attempt_at else None,
        row.claim or "",
    )
