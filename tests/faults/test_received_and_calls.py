"""Mails that came in and telephone calls with a fault at every AWS call: each is there once and counts once."""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import time_machine

from chalicelib.core import event as events
from chalicelib.core import phone_call
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.received import id_of
from chalicelib.entrypoints import fold
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from tests.entrypoints.test_api_emails import Api
from tests.faults.test_from_ses_to_cells import record
from tests.faults.world import Scene, World, struck_everywhere
from tests.moto_stack import REGION
from tests.noon import NOON

OURS, ANSWER = "a" * 32, "b" * 32
RECEIVED = id_of("acme", "anna-1@mail.example.com")
REPLY = {
    "from": "anna@example.com",
    "text": "Yes.",
    "message_id": "<anna-1@mail.example.com>",
    "in_reply_to": "<ses-1@eu-west-1.amazonses.com>",
    "received_at": NOON.isoformat(),
}
CALL = {
    "call_id": "crm-1",
    "user": "ina",
    "direction": "inbound",
    "started_at": NOON.isoformat(),
    "seconds": 5,
    "outcome": "missed",
}


@cache
def store(kind: type) -> Any:
    """One of each for all runs, for each makes clients of its own."""
    return kind({Messages: "messages", Events: "events", CellTable: "reports"}[kind], REGION)


@contextmanager
def in_one_minute():
    """For which calls are counted, and days marked, once."""
    with time_machine.travel(NOON, tick=False):
        yield


def counted() -> dict[str, int]:
    sums: dict[str, int] = {}
    for columns in store(CellTable).of_day("acme", NOON.date().isoformat()).values():
        for column, number in columns.items():
            sums[column] = sums.get(column, 0) + number
    return sums


def asking(world: World, ask: Callable[[Api], bool], prepare: Callable[[], None], state: Callable[[], Any]) -> Scene:
    """A program that asks until it is content."""
    apis: list[Api] = []

    def prepared() -> None:
        apis[:] = [Api(world.stack)]
        apis[0].accounts.create("acme", "Acme")
        prepare()

    def source() -> Callable[[], bool]:
        def deliver() -> bool:
            with in_one_minute():
                return ask(apis[0])

        return deliver

    return Scene(prepared, source, state)


def add_ours() -> None:
    tracking = Tracking(True, True, until=NOON + timedelta(days=100))
    envelope = Envelope("me@example.com", ("anna@example.com",))
    store(Messages).add(Message(OURS, "acme", NOON, envelope, tracking, user="ina", ses_message_id="ses-1"))
    answer = Message(ANSWER, "acme", NOON, envelope, tracking, in_reply_to=RECEIVED)
    store(Messages).add(answer)


def test_a_mail_that_came_in_is_there_once_with_all_that_it_makes_known(world):
    def state() -> Any:
        kinds = sorted((row["message_id"]["S"], row["kind"]["S"]) for row in world.rows("events"))
        found = store(Messages).get("acme", RECEIVED)
        return kinds, found and found.in_reply_to, len(world.objects())

    scene = asking(world, lambda api: api.call("POST", "/v1/emails/received", REPLY)[0] == 202, add_ours, state)
    for what, found, clean in struck_everywhere(world, scene, least=6):
        assert clean == (sorted([(OURS, "replied"), (RECEIVED, "received")]), OURS, 1)
        assert found == clean, what


def test_an_answer_counts_once_wherever_the_fold_of_it_dies(world):
    told: list[dict] = []

    def prepare() -> None:
        add_ours()
        envelope = Envelope("anna@example.com", ("me@example.com",))
        untracked = Tracking(False, False, "received")
        store(Messages).add(Message(RECEIVED, "acme", NOON, envelope, untracked, source="imap", is_inbound=True))
        made = [
            events.make(RECEIVED, "received", Kind.RECEIVED, NOON),
            events.make(ANSWER, "sent", Kind.SENT, NOON, ses_message_id="ses-2"),
        ]
        for one in made:
            store(Events).put(one, NOON + timedelta(days=107))
        told[:] = [record(one, number) for number, one in enumerate(made)]

    def source() -> Callable[[], bool]:
        left, seen = list(told), {"received", "sent"}

        def deliver() -> bool:
            answer = fold.fold({"Records": left}, None)
            failed = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
            left[:] = [one for one in left if failed and int(one["dynamodb"]["SequenceNumber"]) >= min(failed)]
            for row in world.rows("events"):  # what the fold wrote comes by the stream, too
                event_id = row["event_key"]["S"].partition("#")[2]
                if event_id not in seen:
                    seen.add(event_id)
                    at = {name: row[name] for name in ("message_id", "event_key", "kind", "data")}
                    left.append(record(events.from_item(at), 100 + len(seen)))
            return not left

        return deliver

    scene = Scene(prepare, source, counted)
    for what, found, clean in struck_everywhere(world, scene, least=8):
        assert clean == {"received": 1, "responded": 1, "sent": 1, "tracked": 1}
        assert found == clean, what


def test_a_call_is_counted_once_however_often_it_must_be_told(world):
    scene = asking(world, lambda api: api.call("POST", "/v1/calls", CALL)[0] == 201, lambda: None, counted)
    for what, found, clean in struck_everywhere(world, scene, least=4):
        assert clean == {"calls_inbound": 1, "calls_missed": 1, "call_seconds": 5}
        assert found == clean, what


def test_a_call_that_is_taken_back_counts_for_nothing_wherever_that_breaks(world):
    path = f"/v1/calls/{phone_call.id_of('acme', 'id', 'crm-1')}"

    def prepare() -> None:
        assert Api(world.stack).call("POST", "/v1/calls", CALL)[0] == 201

    scene = asking(world, lambda api: api.call("DELETE", path)[0] in (200, 404), prepare, counted)
    for what, found, clean in struck_everywhere(world, scene, least=4):
        assert clean == {}
        assert found == clean, what
