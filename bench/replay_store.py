"""Tables in memory that keep DynamoDB's promises: items in the order of their keys, conditions on versions and marks,
and transactions that are done as a whole or not at all."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from bench.replay_reports import ReportTables
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import Cells, Place, total
from chalicelib.core.change import Change
from chalicelib.core.event import Event
from chalicelib.core.message import Message
from chalicelib.core.notice import OF_HITS, Notice
from chalicelib.core.refold import MOST_NEAR, Fold, Row, around
from chalicelib.core.soft_bounces import Row as BounceRow
from chalicelib.core.suppression import Suppression
from chalicelib.flow.fold import MOST_ACTIONS
from chalicelib.storage import state_text

TAKING_BACK = frozenset(back.value for _, back in OF_HITS.values())


@dataclass(slots=True)
class Work:
    """What was asked of the tables."""

    rows_read: int = 0
    rows_of: Counter[str] = field(default_factory=Counter)
    """Those of each message."""
    most_rows: int = 0
    """In one read."""
    reads: int = 0
    plain: int = 0
    transactions: int = 0
    messages_in_transactions: int = 0
    overtaken: int = 0


class _Items:
    """Events of one message."""

    __slots__ = ("keys", "rows")

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.rows: dict[str, Row] = {}


class Outbox:
    """What was told, so far as it has to be compared: how often, and of each hit what was said last."""

    def __init__(self) -> None:
        self.told: dict[str, Counter[str]] = {}
        self.hits_told: dict[str, set[str]] = {}
        self.taken_back = 0
        self.wrong: list[str] = []
        self._ids: set[str] = set()

    def put(self, notice: Notice) -> None:
        """Takes a notice of a transaction that is done."""
        if notice.notice_id in self._ids:
            self.wrong.append(f"two notices have the id {notice.notice_id}, so one of them is lost")
        self._ids.add(notice.notice_id)
        hit = notice.about.get("hit")
        if hit is None:
            self.told.setdefault(notice.message_id, Counter())[notice.type] += 1
            return
        told, is_back = self.hits_told.setdefault(notice.message_id, set()), notice.type in TAKING_BACK
        if is_back is not (hit in told):
            self.wrong.append(f"{notice.message_id} {hit}: {'taken back unsaid' if is_back else 'told twice'}")
        (told.discard if is_back else told.add)(hit)
        self.taken_back += is_back

    def __len__(self) -> int:
        return len(self._ids)


class Store:
    """All tables that the fold works with. Calls never fail here: who wants failures puts them around."""

    def __init__(self, policies: dict[str, AccountPolicy]) -> None:
        self._policies = policies
        self.messages: dict[str, tuple[Message, Fold]] = {}
        self.due: dict[str, list[tuple[datetime, str]]] = {account: [] for account in policies}
        self.cells: dict[Place, dict[str, int]] = {}
        self.outbox = Outbox()
        self.suppressions: dict[tuple[str, str], tuple[Suppression, BounceRow]] = {}
        self.work = Work()
        self.reports = ReportTables()
        self.longest_text = 0
        self._events: dict[str, _Items] = {}
        self._days: dict[tuple[str, str], set[Place]] = {}

    def add(self, message: Message) -> None:
        """A new message."""
        self.messages[message.message_id] = (message, Fold())
        self.due[message.account].append((message.due_at, message.message_id))
        self._events[message.message_id] = _Items()

    def put(self, event: Event) -> bool:
        """Stores an event; False if it is there."""
        items, key = self._events[event.message_id], event.key
        if key in items.rows:
            return False
        items.rows[key] = Row(event)
        insort(items.keys, key)
        return True

    # events, as the fold reads them

    def after(self, message_id: str, event_key: str | None, *, now: datetime, may_be_old: bool = False) -> list[Row]:
        items = self._events[message_id]
        first = bisect_right(items.keys, event_key) if event_key else 0
        return self._read(message_id, first, len(items.keys))

    def near(self, message_id: str, event_key: str, *, now: datetime) -> list[Row]:
        items = self._events[message_id]
        first, last = around(event_key)
        here = bisect_left(items.keys, event_key)
        begin = max(bisect_left(items.keys, first), bisect_right(items.keys, event_key) - MOST_NEAR)
        end = min(bisect_right(items.keys, last), here + MOST_NEAR)
        return self._read(message_id, begin, end)

    def at(self, message_id: str, event_keys: Sequence[str], *, now: datetime) -> list[Row]:
        raise AssertionError("no mail is in the mode aggregate here")

    def _read(self, message_id: str, first: int, last: int) -> list[Row]:
        items, work = self._events[message_id], self.work
        found = [items.rows[key] for key in islice(items.keys, first, last)]
        work.rows_read += len(found)
        work.rows_of[message_id] += len(found)
        work.most_rows = max(work.most_rows, len(found))
        work.reads += 1
        return found

    def note_own(self, message_id: str, event_key: str) -> None:
        raise AssertionError("no account has networks of its own here")

    def delete(self, message_id: str, event_key: str) -> None:
        items = self._events[message_id]
        if items.rows.pop(event_key, None):
            items.keys.remove(event_key)

    def event_keys(self, message_id: str) -> Sequence[str]:
        """The keys of all events of a message."""
        return self._events[message_id].keys

    # messages and their folds

    def find(self, message_id: str) -> tuple[Message, Fold] | None:
        return self.messages.get(message_id)

    def store(self, changes: Sequence[Change]) -> bool:
        """All of the changes, or nothing where one of their conditions does not hold."""
        if len(changes) == 1 and changes[0].is_plain:
            self.work.plain += 1
        else:
            self._count(changes)
            self.reports.mark((place.account, place.day) for change in changes for place in change.cells)
        if not all(map(self._holds, changes)):
            self.work.overtaken += 1
            return False
        for change in changes:
            self._apply(change)
        return True

    def _count(self, changes: Sequence[Change]) -> None:
        actions = sum(change.actions for change in changes) + len(total(change.cells for change in changes))
        if actions > MOST_ACTIONS:
            raise AssertionError(f"DynamoDB refuses a transaction of {actions} actions")
        self.work.transactions += 1
        self.work.messages_in_transactions += len(changes)

    def _holds(self, change: Change) -> bool:
        message_id, rows = change.message.message_id, self._events[change.message.message_id].rows
        if self.messages[message_id][0].version != change.message.version:
            return False
        return all(key in rows and not rows[key].is_counted for key in change.step.marks)

    def _apply(self, change: Change) -> None:
        message_id, step = change.message.message_id, change.step
        message = self.messages[message_id][0]
        self.messages[message_id] = (
            replace(message, state=step.fold.state, version=message.version + 1),
            step.fold,
        )
        for key in step.marks:
            self._mark(message_id, key)
        if step.marks:
            self.longest_text = max(self.longest_text, size_of(step.fold))
        self.add_cells(change.cells)
        for notice in change.notices:
            self.outbox.put(notice)

    def _mark(self, message_id: str, key: str) -> None:
        rows = self._events[message_id].rows
        rows[key] = rows[key]._replace(is_counted=True)

    def add_cells(self, cells: Cells) -> None:
        """Adds to cells, as a transaction does."""
        for place, columns in cells.items():
            found = self.cells.get(place)
            if found is None:
                found = self.cells[place] = {}
                self._days.setdefault((place.account, place.day), set()).add(place)
            for column, number in columns.items():
                found[column] = found.get(column, 0) + number

    # what became of addresses

    def row(self, account: str, address_key: str) -> BounceRow:
        return self.suppressions.get((account, address_key), (None, ()))[1]

    def change(self, account: str, address_key: str, change: Callable[[Suppression], Suppression]) -> Suppression:
        return self.change_both(account, address_key, lambda known, row: (change(known), row))[0]

    def change_both(
        self, account: str, address_key: str, change: Callable[[Suppression, BounceRow], tuple[Suppression, BounceRow]]
    ) -> tuple[Suppression, BounceRow]:
        known = self.suppressions.get((account, address_key), (Suppression(address_key), ()))
        self.suppressions[account, address_key] = found = change(*known)
        return found

    # what a recount asks for

    def all(self) -> Iterable[str]:
        return list(self._policies)

    def folds_between(self, account: str, start: datetime, end: datetime) -> Iterator[tuple[Message, Fold]]:
        due = self.due[account]
        for _, message_id in due[bisect_left(due, (start, "")) : bisect_left(due, (end, ""))]:
            yield self.messages[message_id]

    def of_day(self, account: str, day: str) -> Cells:
        return total({place: self.cells[place]} for place in self._days.get((account, day), ()))


class CellTable(NamedTuple):
    """The report cells of a store, as a recount wants them; nothing is put right here."""

    store: Store

    def of_day(self, account: str, day: str) -> Cells:
        return self.store.of_day(account, day)

    def add(self, cells: Cells) -> None:
        raise AssertionError("a recount that only compares writes nothing")

    def renew(self, account: str, day: str) -> None:
        self.store.reports.mark([(account, day)])


def size_of(fold: Fold) -> int:
    """How many characters of a message's item the fold takes."""
    texts = [state_text.dump(fold.state), state_text.dump_engagement(fold.closed), fold.closed_until, *fold.told]
    return sum(map(len, texts))
