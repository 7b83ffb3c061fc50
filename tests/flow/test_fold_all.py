"""Folding a batch: cells are summed over its messages, and whatever goes wrong with one is its own affair."""

from bisect import bisect
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import Place, total
from chalicelib.core.change import Change
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import MOST_NEAR, Fold, Row
from chalicelib.flow.fold import MOST_ACTIONS, MOST_TOGETHER, Parts, fold_all

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = NOON + timedelta(hours=1)
UNTIL = NOON + timedelta(days=100)
PLACE = Place("acme", "2026-03-01", source="individual")


class World:
    """Messages in memory, stored as DynamoDB does it: all of a transaction or nothing, each on its version."""

    def __init__(self, number: int) -> None:
        tracking = Tracking(True, True, until=UNTIL)
        envelope = Envelope("me@example.com", ("anna@example.com",))
        ids = [f"{one:032x}" for one in range(number)]
        self.messages = {one: (Message(one, "acme", NOON, envelope, tracking), Fold()) for one in ids}
        self.rows: dict[str, dict[str, Row]] = {one: {} for one in ids}
        self.cells: dict = {}
        self.told: list[str] = []
        self.stores: list[int] = []
        self.policy = AccountPolicy()
        self.broken: set[str] = set()
        self.overtaken: set[str] = set()

    def happen(self, message_id: str, kind: Kind, seconds: int, **data: object) -> Event:
        event = events.make(message_id, f"{kind}{seconds}", kind, NOON + timedelta(seconds=seconds), **data)
        self.rows[message_id][event.key] = Row(event)
        return event

    def find(self, message_id):
        return self.messages.get(message_id)

    def store(self, changes: Sequence[Change]) -> bool:
        ids = [change.message.message_id for change in changes]
        self.stores.append(len(ids))
        assert len(set(ids)) == len(ids)
        assert sum(change.actions for change in changes) + len(total(c.cells for c in changes)) <= MOST_ACTIONS
        if self.broken & set(ids):
            raise OSError("no answer")
        for message_id in self.overtaken & set(ids):
            self.overtaken.remove(message_id)
            message, fold = self.messages[message_id]
            self.messages[message_id] = (message_at(message, fold, message.version + 1), fold)
        if any(
            self.messages[one][0].version != change.message.version for one, change in zip(ids, changes, strict=True)
        ):
            return False
        for one, change in zip(ids, changes, strict=True):
            for key in change.step.marks:
                self.rows[one][key] = self.rows[one][key]._replace(is_counted=True)
            fold = change.step.fold
            self.messages[one] = (message_at(self.messages[one][0], fold, change.message.version + 1), fold)
            self.told += [notice.notice_id for notice in change.notices]
        self.cells = total([self.cells, *(change.cells for change in changes)])
        return True

    def after(self, message_id, event_key, *, now, may_be_old=False):
        return [row for key, row in sorted(self.rows[message_id].items()) if not event_key or key > event_key]

    def near(self, message_id, event_key, *, now):
        keys = sorted(self.rows[message_id])
        place = bisect(keys, event_key)
        return [self.rows[message_id][key] for key in keys[max(0, place - MOST_NEAR) : place + MOST_NEAR]]

    def row(self, account, address):
        return ()

    def run(self, *arrived: Event):
        keys: dict[str, list[str]] = {}
        for event in arrived:
            keys.setdefault(event.message_id, []).append(event.key)
        parts = Parts(self, self, lambda account: self.policy, lambda *_: (), lambda *_: frozenset(), self)
        return fold_all(keys, parts, now=NOW)


def message_at(message: Message, fold: Fold, version: int) -> Message:
    return Message(**{**message.__dict__, "state": fold.state, "version": version})


def delivered(world: World) -> list[Event]:
    return [world.happen(one, Kind.DELIVERED, 5, recipient="anna@example.com") for one in world.messages]


def test_messages_that_change_the_same_cells_are_stored_together():
    world = World(50)
    assert not world.run(*delivered(world))
    assert world.stores == [MOST_TOGETHER, MOST_TOGETHER, 10]
    assert world.cells == {PLACE: {"sent": 50, "delivered": 50, "tracked": 50}}


def test_a_batch_that_comes_again_writes_nothing():
    world = World(5)
    batch = delivered(world)
    world.run(*batch)
    world.run(*batch)
    assert (world.stores, world.cells[PLACE]["sent"]) == ([5], 5)


def test_a_further_open_needs_no_transaction_for_it_changes_no_cell():
    world = World(1)
    (one,) = world.messages
    world.run(*delivered(world), world.happen(one, Kind.OPENED, 600, method="GET"))
    before = dict(world.cells)
    world.run(world.happen(one, Kind.OPENED, 900, method="GET"))
    assert world.messages[one][1].state.engagement.opens.count == 2
    assert world.cells == before


def test_of_a_group_with_one_that_was_overtaken_each_is_stored_by_itself():
    world = World(4)
    world.overtaken = {list(world.messages)[2]}
    assert not world.run(*delivered(world))
    assert world.stores == [4, 1, 1, 1, 1]
    assert world.cells[PLACE]["delivered"] == 4


def test_one_that_cannot_be_stored_is_named_and_its_neighbours_are_folded():
    world = World(4)
    bad = list(world.messages)[1]
    world.broken = {bad}
    failed = world.run(*delivered(world))
    assert set(failed) == {bad}
    assert world.cells[PLACE]["delivered"] == 3
    world.broken = set()
    assert not world.run(*(row.event for rows in world.rows.values() for row in rows.values()))
    assert world.cells[PLACE]["delivered"] == 4


def test_an_event_of_a_message_that_is_not_there_harms_nobody():
    world = World(1)
    stranger = events.make("f" * 32, "x", Kind.DELIVERED, NOON, recipient="anna@example.com")
    assert not world.run(stranger, *delivered(world))
    assert world.cells[PLACE]["sent"] == 1


def test_what_is_told_is_stored_with_the_state_and_fits_into_one_transaction():
    world = World(30)
    world.policy = AccountPolicy(listening=dict.fromkeys(["email.sent", "email.delivered", "email.opened"], NOON))
    for one in world.messages:
        for number in range(6):
            world.happen(one, Kind.OPENED, 600 + number, method="GET")
    assert not world.run(*delivered(world))
    assert len(world.told) == len(set(world.told)) == 30 * (1 + 6)


@pytest.mark.parametrize("number", [200, 1_500])
def test_a_message_that_very_many_open_is_folded_in_bounded_steps(number):
    world = World(1)
    (one,) = world.messages
    hits = [world.happen(one, Kind.OPENED, 600 + 7 * place, method="GET") for place in range(number)]
    for first in range(0, number, 100):
        assert not world.run(*hits[first : first + 100])
    state = world.messages[one][1].state
    assert state.engagement.opens.count == number
    assert world.cells[PLACE]["opened"] == 1
