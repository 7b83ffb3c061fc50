"""Folding against tables that are overtaken, late and repeated."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import Fold, Row
from chalicelib.flow.fold import Overtaken, fold

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef" * 2


class World:
    """One message and its events; `overtakes` folds of others come between reading and storing."""

    def __init__(self, *stored: Event, overtakes: int = 0) -> None:
        self.rows = {event.key: Row(event) for event in stored}
        self.fold = Fold()
        self.overtakes = overtakes
        self.stores = 0

    def find(self, message_id):
        tracking = Tracking(True, True, until=NOON + timedelta(days=100))
        envelope = Envelope("me@example.com", ("anna@example.com",))
        message = Message(MESSAGE_ID, "acme", NOON, envelope, tracking, state=self.fold.state)
        return (message, self.fold) if message_id == MESSAGE_ID else None

    def store(self, message, step):
        self.stores += 1
        if self.overtakes:
            self.overtakes -= 1
            return False
        for key in step.marks:
            assert not self.rows[key].is_counted
            self.rows[key] = self.rows[key]._replace(is_counted=True)
        self.fold = step.fold
        return True

    def after(self, message_id, event_key, *, now):
        return [row for key, row in sorted(self.rows.items()) if not event_key or key > event_key]

    def get(self, message_id, event_key, *, now):
        return self.rows.get(event_key)

    def run(self, *arrived: Event, message_id=MESSAGE_ID, now=NOON + timedelta(days=1)) -> bool:
        keys = [event.key for event in arrived] if arrived else None
        return fold(message_id, keys, events=self, folds=self, now=now)

    @property
    def opens(self) -> int:
        return self.fold.state.engagement.opens.count


def opened(minutes: float) -> Event:
    return events.make(MESSAGE_ID, f"o{minutes}", Kind.OPENED, NOON + timedelta(minutes=minutes), method="GET")


def test_a_new_event_changes_the_state_and_a_repeated_one_does_not_even_write():
    world = World(opened(1))
    assert world.run(opened(1))
    assert not world.run(opened(1))
    assert (world.opens, world.stores) == (1, 1)


def test_an_overtaken_fold_is_made_again_from_what_is_now():
    world = World(opened(1), overtakes=3)
    assert world.run(opened(1))
    assert (world.opens, world.stores) == (1, 4)


def test_a_fold_that_is_always_overtaken_asks_to_be_brought_again():
    with pytest.raises(Overtaken):
        World(opened(1), overtakes=1_000).run(opened(1))


def test_events_of_a_message_that_does_not_exist_change_nothing():
    assert not World(opened(1)).run(opened(1), message_id="f" * 32)


def test_a_late_event_of_a_long_story_is_counted_once():
    world = World(*(opened(minute) for minute in range(100, 700)))
    world.run(opened(100))
    assert world.fold.closed_until
    world.rows[opened(5).key] = Row(opened(5))
    assert world.run(opened(5))
    assert not world.run(opened(5))
    assert world.opens == 601


def test_the_sweep_finds_a_late_event_of_which_the_stream_never_told():
    world = World(*(opened(minute) for minute in range(100, 700)))
    world.run(opened(100))
    world.rows[opened(5).key] = Row(opened(5))
    assert world.run()
    assert not world.run()
    assert world.opens == 601
