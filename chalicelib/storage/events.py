"""The table `events`: one item for each fact about a message.

Hash `message_id`, range `event_key` (time, then event id); no index, for an event is only ever wanted with its message:
those behind a place or near one, for folding; a page in either direction, for showing. TTL on `expires_at`. Its
stream feeds the fold. The hot path writes the same items without this module.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core import event
from chalicelib.core.event import Event
from chalicelib.core.refold import MOST_NEAR, Row, around
from chalicelib.storage.tables import bind, is_done


class EventRow(Model):
    """An item as `core.event.as_item` makes it. The fold sets `counted` on what it has closed, and `own` on hits from
    the account's own networks."""

    message_id = UnicodeAttribute(hash_key=True)
    event_key = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    data = UnicodeAttribute()
    expires_at = TTLAttribute()
    counted = BooleanAttribute(null=True)
    own = BooleanAttribute(null=True)


class Page(NamedTuple):
    """A page of a message's events, newest first."""

    events: list[Event]
    has_more: bool

    @property
    def after(self) -> str | None:
        """The place from which to go on to older ones."""
        return self.events[-1].key if self.events else None

    @property
    def before(self) -> str | None:
        """The place from which to go on to newer ones."""
        return self.events[0].key if self.events else None


class Events:
    """Reads and writes events. DynamoDB deletes up to days after `expires_at`, so every read is told the time."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(EventRow, table_name, region)

    def put(self, one: Event, expires_at: datetime) -> bool:
        """Stores an event; False if it was there already, and then nothing is changed."""
        row = self._rows.from_raw_data(event.as_item(one, expires_at))
        return is_done(lambda: row.save(condition=self._rows.message_id.does_not_exist()))

    def put_in(self, transaction: TransactWrite, one: Event, expires_at: datetime) -> None:
        """Adds an event to a transaction; one that is there already is written as it is."""
        transaction.save(self._rows.from_raw_data(event.as_item(one, expires_at)))

    def near(self, message_id: str, event_key: str, *, now: datetime) -> list[Row]:
        """All events that may bear on the verdict on one at this key, as they are at this moment, itself included; in a
        rush the nearest."""
        first, last = around(event_key)
        keys, alive = self._rows.event_key, self._is_alive(now)
        found: dict[str, Row] = {}
        for span, is_forward in ((keys.between(first, event_key), False), (keys.between(event_key, last), True)):
            rows = self._rows.query(
                message_id, span, alive, scan_index_forward=is_forward, limit=MOST_NEAR, consistent_read=True
            )
            found.update((row.event_key, _row(row)) for row in rows)
        return [found[key] for key in sorted(found)]

    def at(self, message_id: str, event_keys: Sequence[str], *, now: datetime) -> list[Row]:
        """The events of these keys, as they are at this moment, in no order."""
        rows = self._rows.batch_get([(message_id, key) for key in event_keys], consistent_read=True)
        return [_row(row) for row in rows if row.expires_at > now]

    def note_own(self, message_id: str, event_key: str) -> None:
        """Notes that a hit came from one of the account's own networks; of one that is gone nothing."""
        actions: list[Action] = [self._rows.own.set(True)]
        is_there = self._rows.message_id.exists()
        is_done(lambda: self._rows(message_id, event_key).update(actions=actions, condition=is_there))

    def delete(self, message_id: str, event_key: str) -> None:
        """Forgets an event; one that is gone already is no error."""
        self._rows(message_id, event_key).delete()

    def delete_all(self, message_id: str) -> int:
        """Forgets all events of a message, also those that have expired; how many there were."""
        found = [row.event_key for row in self._rows.query(message_id, consistent_read=True)]
        with self._rows.batch_write() as batch:
            for event_key in found:
                batch.delete(self._rows(message_id, event_key))
        return len(found)

    def after(self, message_id: str, event_key: str | None, *, now: datetime, may_be_old: bool = False) -> list[Row]:
        """The message's events behind a key, or all of them, oldest first: as they are at this moment or, for half the
        price, as they just were.
        """
        rows = self._rows.query(
            message_id,
            self._rows.event_key > event_key if event_key else None,
            self._is_alive(now),
            consistent_read=not may_be_old,
        )
        return [_row(row) for row in rows]

    def page(
        self, message_id: str, limit: int, after: str | None = None, before: str | None = None, *, now: datetime
    ) -> Page:
        """Events older than the key `after`, or the nearest ones newer than `before`."""
        key = self._rows.event_key
        found = self._rows.query(
            message_id,
            (key > before) if before else (key < after) if after else None,
            self._is_alive(now),
            scan_index_forward=before is not None,
            limit=limit + 1,
        )
        events = [_row(row).event for row in found]
        return Page(sorted(events[:limit], key=lambda one: one.key, reverse=True), len(events) > limit)

    def mark_in(self, transaction: TransactWrite, message_id: str, event_key: str) -> None:
        """Adds to a transaction that this event is counted, which fails if it is already, or is there no more."""
        transaction.update(
            self._rows(message_id, event_key),
            actions=[self._rows.counted.set(True)],
            condition=self._rows.message_id.exists() & self._rows.counted.does_not_exist(),
        )

    def _is_alive(self, now: datetime) -> Condition:
        return self._rows.expires_at > now


def _row(row: EventRow) -> Row:
    item = {"message_id": row.message_id, "event_key": row.event_key, "kind": row.kind, "data": row.data}
    made = event.from_item({name: {"S": value} for name, value in item.items()})
    if row.own:
        made = made._replace(data={**made.data, "own": True})
    return Row(made, bool(row.counted))
