"""Aggregates, in the table `messages`: one item an account and day with mails in the mode `aggregate`.

Hash key `message_id`, made from account and day. Access: by id, as any message, for folding; `by_account` in a
partition of their own for the list and the sweep, so that no list of mails has them. `reached` are short hashes of the
first people who got a mail of it, at most as many as must be.
"""

from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.expressions.condition import size

from chalicelib.core import instant
from chalicelib.core.address_key import key_of
from chalicelib.core.aggregate import LEAST_PEOPLE, Days, Kept, aggregate_id, short_hash_of
from chalicelib.core.message import Message
from chalicelib.core.named_address import bare
from chalicelib.storage import keys
from chalicelib.storage.message_row import MessageRow, fold_of, message_of, row_of
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import until_done


class Page(NamedTuple):
    """A page of an account's aggregates, the newest day first."""

    aggregates: list[Kept]
    has_more: bool
    after: str | None = None
    before: str | None = None


class Aggregates:
    """Reads and writes aggregates. What this process knows to be so already is not written again."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(MessageRow, table_name, region)
        self._ends: dict[str, datetime] = {}
        self._large: set[str] = set()

    def ensure(self, aggregate: Message) -> None:
        """Stores an aggregate that is not there yet; the window of one that is ends no earlier than this one's."""
        until = aggregate.tracking.until
        assert until is not None, "an aggregate is made of a mail that is tracked"
        known = self._ends.get(aggregate.message_id)
        if known is not None and known >= until:
            return
        row, text = row_of(self._rows, aggregate), instant.show(until)

        def attempt() -> bool | None:
            if is_done(lambda: row.save(condition=self._rows.message_id.does_not_exist())):
                return True
            if self._update(aggregate.message_id, [self._rows.until.set(text)], self._rows.until < text):
                return True
            return self._get(aggregate.message_id).until >= text or None  # else a fold was in the way

        until_done(attempt)
        self._ends[aggregate.message_id] = until

    def note_received(self, message: Message) -> None:
        """Notes that the recipients of a mail got it, as long as too few are known to have got one of its aggregate."""
        aggregate, reached = aggregate_id(message), self._rows.reached
        if aggregate in self._large:
            return
        people = {short_hash_of(aggregate, key_of(bare(recipient))) for recipient in message.envelope.recipients}
        number = size(reached)  # type: ignore[no-untyped-call]  # of pynamodb
        has_room = self._rows.message_id.exists() & (reached.does_not_exist() | (number < LEAST_PEOPLE))

        def attempt() -> bool | None:
            if self._update(aggregate, [reached.add(people)], has_room):
                return False
            try:
                return _is_large(self._get(aggregate)) or None  # else a fold was in the way
            except self._rows.DoesNotExist:
                return False  # of what is not there nothing is ever shown

        if until_done(attempt):
            self._large.add(aggregate)

    def page(self, account: str, days: Days, limit: int, after: str | None = None, before: str | None = None) -> Page:
        """Aggregates of these days older than the place `after`, or the nearest ones newer than `before`."""
        first, last = keys.aggregates_between(days.first, days.last)
        first, last = max(first, before or first), min(last, after or last)
        if first > last:
            return Page([], has_more=False)
        edge = before or after  # stands in the range itself
        between = self._rows.accepted_key.between(first, last)
        found = self._rows.by_account.query(
            keys.aggregates(account), between, scan_index_forward=before is not None, limit=limit + 2
        )
        places = [row.accepted_key for row in found if row.accepted_key != edge][: limit + 1]
        shown = sorted(places[:limit], reverse=True)
        return Page(
            self._load(shown),
            has_more=len(places) > limit,
            after=shown[-1] if shown else None,
            before=shown[0] if shown else None,
        )

    def _load(self, places: list[str]) -> list[Kept]:
        ids = [place.partition("#")[2] for place in places]
        rows = {row.message_id: row for row in self._rows.batch_get(ids)}
        return [_kept(rows[one]) for one in ids if one in rows]

    def _get(self, aggregate: str) -> MessageRow:
        return self._rows.get(aggregate, consistent_read=True)

    def _update(self, aggregate: str, actions: list[Any], condition: Any) -> bool:
        return is_done(lambda: self._rows(aggregate).update(actions=actions, condition=condition))


def _kept(row: MessageRow) -> Kept:
    return Kept(message_of(row, fold_of(row).state), _is_large(row))


def _is_large(row: MessageRow) -> bool:
    return len(row.reached or ()) >= LEAST_PEOPLE
