"""Telephone calls, in the table `reports`.

Hash `account#calls`, range the time at which it began and its id: an account's calls by time, which the list, the
recount and a change of time zone read; and hash `account#call#id`, range `call`, by which one is found and which is why
none is counted twice. A call is written, moved and taken back in one transaction with the cells that it counts in; what
it counted for stands in it.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import reduce
from operator import and_
from typing import Any, NamedTuple

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core import cell, instant, phone_call
from chalicelib.core.cell import Cells
from chalicelib.core.phone_call import ANY, COUNTED_AS, Only, PhoneCall
from chalicelib.core.recount import span_of
from chalicelib.storage import keys
from chalicelib.storage.cells import CellTable
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.wanted import MOST_NAMES

PAGE_ITEMS = 500
MOST_PAGES = 4
"""So many items are looked at for one page of a narrowed list, whatever is found."""


class PhoneCallRow(Model):
    """`day` is that for which it is counted; `told` the fingerprint of what the program said, in the item that it is
    found by, where `started_at` tells where the other one is."""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    day = UnicodeAttribute(null=True)
    user = UnicodeAttribute(null=True)
    module = UnicodeAttribute(null=True)
    direction = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute(null=True)
    data = JSONAttribute(null=True)
    started_at = UnicodeAttribute(null=True)
    told = UnicodeAttribute(null=True)


class Page(NamedTuple):
    """A page of calls, the newest first. It may hold fewer than were asked for, or none, and still have more. `after`
    and `before` are the places from which to go on to older and newer ones."""

    calls: list[PhoneCall]
    has_more: bool
    after: str | None
    before: str | None


class PhoneCalls:
    """Reads and writes calls and what they count for."""

    def __init__(self, table_name: str, region: str, cells: CellTable, page_items: int = PAGE_ITEMS) -> None:
        self._rows = bind(PhoneCallRow, table_name, region)
        self._cells = cells
        self._page_items = page_items

    def add(self, call: PhoneCall) -> bool:
        """Stores a call and counts it; False if there is one of this id, or another request is at it right now."""
        found_by = self._rows(
            keys.phone_call(call.account, call.call_id),
            keys.PHONE_CALL,
            started_at=instant.show(call.started_at),
            told=phone_call.fingerprint(call),
        )
        row = self._rows(
            keys.phone_calls(call.account),
            call.place,
            day=call.day,
            user=call.user,
            module=call.module or None,
            direction=call.direction,
            outcome=call.outcome,
            data=phone_call.dump(call),
        )

        def write(transaction: TransactWrite) -> None:
            transaction.save(found_by, condition=self._rows.owner.does_not_exist())
            transaction.save(row)

        return self._counted(phone_call.cells_of(call), write)

    def get(self, account: str, call_id: str) -> PhoneCall | None:
        """The call of this id, as it is now."""
        started_at = self._found_by(account, call_id).get("started_at")
        if started_at is None:
            return None
        try:
            place = keys.phone_call_place(started_at, call_id)
            row = self._rows.get(keys.phone_calls(account), place, consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        return _call(account, row)

    def told(self, account: str, call_id: str) -> str | None:
        """The fingerprint of what a program said of the call of this id; None if there is none."""
        return self._found_by(account, call_id).get("told")

    def _found_by(self, account: str, call_id: str) -> Mapping[str, Any]:
        try:
            row = self._rows.get(keys.phone_call(account, call_id), keys.PHONE_CALL, consistent_read=True)
        except self._rows.DoesNotExist:
            return {}
        return row.attribute_values

    def remove(self, call: PhoneCall) -> bool:
        """Takes a call back, and out of the cells; False if it is not there any more as it was read."""

        def write(transaction: TransactWrite) -> None:
            found_by = self._rows(keys.phone_call(call.account, call.call_id), keys.PHONE_CALL)
            transaction.delete(found_by, condition=self._rows.owner.exists())
            transaction.delete(self._row(call), condition=self._rows.day == call.day)

        return self._counted(phone_call.taken_back(call), write)

    def move(self, call: PhoneCall, day: str) -> bool:
        """Lets a call count for another day; False if it is not there any more as it was read."""
        moved = cell.total([phone_call.taken_back(call), phone_call.cells_of(call._replace(day=day))])

        def write(transaction: TransactWrite) -> None:
            actions: list[Action] = [self._rows.day.set(day)]
            transaction.update(self._row(call), actions=actions, condition=self._rows.day == call.day)

        return self._counted(moved, write)

    def all(self, account: str) -> Iterator[PhoneCall]:
        """All calls of an account, oldest first, as they are now."""
        for row in self._rows.query(keys.phone_calls(account), consistent_read=True):
            yield _call(account, row)

    def cells_of_day(self, account: str, day: str) -> Cells:
        """What the calls that count for a day add to its cells; for the recount."""
        start, end = span_of(date.fromisoformat(day))
        found = self._rows.query(
            keys.phone_calls(account),
            self._rows.item.between(instant.show(start), instant.show(end)),
            self._rows.day == day,
            consistent_read=True,
        )
        return cell.total(phone_call.cells_of(_call(account, row)) for row in found)

    def page(
        self, account: str, limit: int, after: str | None = None, before: str | None = None, only: Only = ANY
    ) -> Page:
        """Calls older than the place `after`, or the nearest ones newer than `before`."""
        found, onward = self._walked(account, limit, after, before, only)
        calls = sorted((_call(account, row) for row in found), key=lambda call: call.place, reverse=True)
        first, last = (calls[0].place, calls[-1].place) if calls else (None, None)
        return Page(
            calls,
            onward is not None,
            after=onward if before is None and onward else last,
            before=onward if before is not None and onward else first,
        )

    def _walked(
        self, account: str, limit: int, after: str | None, before: str | None, only: Only
    ) -> tuple[list[PhoneCallRow], str | None]:
        """At most `limit` items next to the place, and where the walk stopped although there may be more."""
        rows = self._rows
        low, high = keys.phone_calls_between(*_span(only), older_than=after, newer_than=before)
        if low > high or only.users == frozenset():
            return [], None
        conditions = _conditions(rows, only)
        result = rows.query(
            keys.phone_calls(account),
            rows.item.between(low, high),
            reduce(and_, conditions) if conditions else None,
            scan_index_forward=before is not None,
            page_size=self._page_items if only != ANY else limit + 3,  # what stands at the ends is left out
        )
        found: list[PhoneCallRow] = []
        pages = result.page_iter
        for _ in range(MOST_PAGES):
            page = next(pages, None)
            if page is None:
                return found, None
            made = (rows.from_raw_data(item) for item in page["Items"])
            wanted = (row for row in made if only.users is None or row.user in only.users)
            found += [row for row in wanted if row.item not in (after, before)]
            if len(found) > limit:
                return found[:limit], found[limit - 1].item
            last = page.get("LastEvaluatedKey")
            if last is None:
                return found, None
        return found, last["item"]["S"]

    def _row(self, call: PhoneCall) -> PhoneCallRow:
        return self._rows(keys.phone_calls(call.account), call.place)

    def _counted(self, cells: Cells, write: Callable[[TransactWrite], None]) -> bool:
        """Writes and counts, both or neither."""
        shard = random.randrange(keys.CELL_SHARDS)

        def written() -> None:
            with TransactWrite(connection=self._rows._get_connection().connection) as transaction:
                write(transaction)
                self._cells.add_in(transaction, cells, shard)

        with self._cells.changing(cells):
            return is_done(written)


def _span(only: Only) -> tuple[str | None, str | None]:
    """Between which times the calls began that may count for these days, in whatever time zone; None is any."""
    ends: list[str | None] = []
    for end, day in enumerate((only.first, only.last)):
        try:
            ends.append(instant.show(span_of(date.fromisoformat(day))[end]) if day else None)
        except OverflowError:  # at the end of all times
            ends.append(None)
    return ends[0], ends[1]


def _conditions(rows: type[PhoneCallRow], only: Only) -> list[Condition]:
    """What DynamoDB sorts out by itself; of very many users it is left to the caller."""
    equal = [(rows.direction, only.direction), (rows.outcome, only.outcome), (rows.module, only.module or None)]
    found: list[Condition] = [attribute == value for attribute, value in equal if value is not None]
    found += [rows.module.does_not_exist()] if only.module == "" else []
    found += [rows.day >= only.first] if only.first else []
    found += [rows.day <= only.last] if only.last else []
    if only.users and len(only.users) <= MOST_NAMES:
        found.append(rows.user.is_in(*sorted(only.users)))
    if only.column:
        counting = COUNTED_AS[only.column]
        found += [rows.direction.is_in(*counting.directions), rows.outcome.is_in(*counting.outcomes)]
    return found


def _call(account: str, row: PhoneCallRow) -> PhoneCall:
    started_at, call_id = keys.phone_call_at(row.item)
    data = row.data
    record = data.get("record")
    return PhoneCall(
        call_id=call_id,
        account=account,
        user=row.user,
        direction=row.direction,
        started_at=instant.parse(started_at),
        seconds=data["seconds"],
        outcome=row.outcome,
        day=row.day,
        record=(record[0], record[1]) if record else None,
        given_id=data.get("given_id"),
    )
