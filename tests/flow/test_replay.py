"""Spilled events go where they belong, each once, whatever fails in between."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import event
from chalicelib.core.event import Event, Kind
from chalicelib.flow.replay import Tally, drain, replay
from chalicelib.gateways.spill import Spilled

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef" * 2
ENDS_AT = NOW + timedelta(days=107)


class Table:
    """Keeps events by key; `down_after` writes it fails for ever."""

    def __init__(self, down_after: int = 10**9) -> None:
        self.kept: dict[tuple[str, str], tuple[Event, datetime]] = {}
        self.writes = 0
        self._down_after = down_after

    def put(self, one: Event, expires_at: datetime) -> bool:
        self.writes += 1
        if self.writes > self._down_after:
            raise ConnectionError("the table is away")
        is_new = (one.message_id, one.key) not in self.kept
        self.kept.setdefault((one.message_id, one.key), (one, expires_at))
        return is_new


class Queue:
    """Hands out three at a time, and again only what `come_back` brings back."""

    def __init__(self, *spilled: Spilled) -> None:
        self.kept = list(spilled)
        self._hidden: list[Spilled] = []

    def receive(self) -> list[Spilled]:
        batch = [one for one in self.kept if one not in self._hidden][:3]
        self._hidden += batch
        return batch

    def delete(self, spilled: Spilled) -> None:
        self.kept.remove(spilled)

    def come_back(self) -> None:
        self._hidden.clear()


def a_spill(event_id: str, ends_at: datetime = ENDS_AT, **changes: Any) -> Spilled:
    opened = event.make(MESSAGE_ID, event_id, Kind.OPENED, NOW, method="GET")
    return Spilled(f"sqs {event_id}", json.dumps({**event.as_item(opened, ends_at), **changes}), f"receipt {event_id}")


SEVEN = [a_spill(str(number)) for number in range(7)]


def drained(queue: Queue, table: Table, limit: int = 1_000, rounds: int = 10**9) -> Tally:
    left = iter(range(rounds))
    return drain(queue, events=table, now=NOW, limit=limit, may_go_on=lambda: next(left, None) is not None)


def test_the_queue_is_drained_and_each_event_is_stored_as_it_was() -> None:
    queue, table = Queue(*SEVEN), Table()
    assert drained(queue, table) == Tally(replayed=7)
    assert queue.kept == []
    made, expires_at = table.kept[(MESSAGE_ID, "2026-11-21T08:30:00.000Z#3")]
    assert made == event.make(MESSAGE_ID, "3", Kind.OPENED, NOW, method="GET")
    assert expires_at == ENDS_AT


def test_every_kind_of_hit_comes_back_and_nothing_else():
    made = [event.make(MESSAGE_ID, str(kind), kind, NOW, method="POST") for kind in Kind]
    spilled = [Spilled(one.event_id, json.dumps(event.as_item(one, ENDS_AT))) for one in made]
    table = Table()
    tally = replay(spilled, events=table, now=NOW)
    hits = {"opened", "clicked", "downloaded", "unsubscribe_seen", "unsubscribed"}
    assert {one.event_id for one, _ in table.kept.values()} == hits
    assert {text.partition(":")[0] for text in tally.malformed} == {str(kind) for kind in Kind} - hits


def test_an_event_that_is_there_already_leaves_the_queue_and_is_not_counted_twice() -> None:
    queue, table = Queue(SEVEN[0], SEVEN[0]._replace(receipt="again"), SEVEN[1]), Table()
    assert drained(queue, table) == Tally(replayed=2, already_there=1)
    assert queue.kept == []
    assert len(table.kept) == 2


def test_an_event_whose_grace_has_ended_is_dropped() -> None:
    queue, table = Queue(a_spill("a", NOW), a_spill("b", NOW + timedelta(seconds=1))), Table()
    assert drained(queue, table) == Tally(replayed=1, expired=1)
    assert queue.kept == []
    assert len(table.kept) == 1


def test_the_first_write_that_fails_ends_the_run_and_leaves_the_rest() -> None:
    queue, table = Queue(*SEVEN), Table(down_after=4)
    assert drained(queue, table) == Tally(replayed=4, stopped_by="ConnectionError: the table is away")
    assert queue.kept == SEVEN[4:]
    assert table.writes == 5


def test_a_later_run_takes_the_rest() -> None:
    queue = Queue(*SEVEN)
    drained(queue, Table(down_after=4))
    queue.come_back()
    table = Table()
    assert drained(queue, table) == Tally(replayed=3)
    assert queue.kept == []


MALFORMED = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "null": "null",
    "a number": "7",
    "a text": '"spilled"',
    "an empty object": "{}",
    "deep": "[" * 100_000,
    "of another table": json.dumps({"link_id": {"S": "x"}}),
    "kind": a_spill("x", kind={"S": "invented"}).body,
    "kind of another type": a_spill("x", kind={"L": []}).body,
    "message id": a_spill("x", message_id={"S": "../etc"}).body,
    "upper-case message id": a_spill("x", message_id={"S": MESSAGE_ID.upper()}).body,
    "key": a_spill("x", event_key={"S": "yesterday#1"}).body,
    "key without event": a_spill("x", event_key={"S": "2026-11-21T08:30:00.000Z"}).body,
    "data": a_spill("x", data={"S": "[]"}).body,
    "data that is no text": a_spill("x", data={"S": 7}).body,
    "no end": a_spill("x", expires_at={}).body,
    "an end that is none": a_spill("x", expires_at={"N": "soon"}).body,
    "an end beyond time": a_spill("x", expires_at={"N": "9" * 40}).body,
    "attributes that are no objects": a_spill("x", message_id=MESSAGE_ID).body,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_stays_in_the_queue_and_stops_nobody(body: str) -> None:
    bad = Spilled("sqs bad", body, "receipt bad")
    queue, table = Queue(SEVEN[0], bad, SEVEN[1]), Table()
    tally = drained(queue, table)
    assert (tally.replayed, tally.stopped_by) == (2, "")
    assert [which.partition(":")[0] for which in tally.malformed] == ["sqs bad"]
    assert queue.kept == [bad]


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(
        json.dumps
    )
)
def test_no_text_gets_an_event_stored_by_chance(body: str) -> None:
    table = Table()
    assert len(replay([Spilled("it", body)], events=table, now=NOW).malformed) == 1
    assert table.writes == 0


def test_a_run_is_bounded_by_number() -> None:
    queue, table = Queue(*SEVEN), Table()
    assert drained(queue, table, limit=5) == Tally(replayed=5)
    assert len(queue.kept) == 2


def test_a_run_is_bounded_by_time() -> None:
    queue, table = Queue(*SEVEN), Table()
    assert drained(queue, table, rounds=0) == Tally()
    assert drained(queue, table, rounds=5).replayed < 7
    assert len(queue.kept) == 7 - len(table.kept)


def test_an_empty_queue_is_an_empty_tally() -> None:
    assert drained(Queue(), Table()) == Tally()


def test_a_log_is_replayed_without_a_queue() -> None:
    table = Table()
    assert replay(SEVEN, events=table, now=NOW) == Tally(replayed=7)
    assert replay(SEVEN, events=table, now=NOW) == Tally(already_there=7)
