"""Notifications, events and folds with a fault at every AWS call: in the end all is as if nothing had happened."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.core import event as events
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import Type
from chalicelib.entrypoints import fold, ingest, recount, sweep
from chalicelib.flow.recount import AGES
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from tests.faults.calls import DEATHS
from tests.faults.world import Scene, World, struck_everywhere
from tests.moto_stack import REGION
from tests.noon import NOON

PAYLOADS = Path(__file__).parents[1] / "events"
ANNA = "anna@example.com"
TAGGED, OTHER = "0123456789abcdef0123456789abcdef", "b" * 32
ACCEPTED = NOON - timedelta(minutes=20)  # an age that the sweep looks at
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000)


@cache
def store(kind: type) -> Any:
    """One of each for all runs, for each makes clients of its own."""
    table = {Account: "account", Policies: "account", Messages: "messages", Events: "events"}[kind]
    return kind(table, REGION)


def taken_in(*message_ids: str) -> None:
    """Mails of one account that listens to everything."""
    store(Account).create("acme", "Acme")
    store(Policies).listen("acme", {one.value for one in Type}, ACCEPTED)
    messages = store(Messages)
    tracking = Tracking(True, True, until=NOON + timedelta(days=100))
    for message_id in message_ids:
        messages.add(Message(message_id, "acme", ACCEPTED, Envelope("me@example.com", (ANNA,)), tracking))


def happen(message_id: str, *kinds: Kind) -> list[events.Event]:
    """Events a minute apart, in the table."""
    made = []
    for number, kind in enumerate(kinds):
        data = {"position": 1} if kind is Kind.CLICKED else {}
        if kind in events.ENGAGEMENT:
            data |= {"method": "GET"}
        elif kind is not Kind.SENT:
            data |= {"recipient": ANNA, "type": "hard", "reason": "550"}
        at = ACCEPTED + timedelta(minutes=number + 1)
        made.append(events.make(message_id, f"{kind}-{number}", kind, at, **data))
        store(Events).put(made[-1], NOON + timedelta(days=107))
    return made


def record(event: events.Event, number: int) -> dict:
    """As the stream tells of it."""
    item = events.as_item(event, NOON)
    keys = {name: item[name] for name in ("message_id", "event_key")}
    told = {"Keys": keys, "SequenceNumber": str(number), "ApproximateCreationDateTime": NOON.timestamp()}
    return {"eventName": "INSERT", "dynamodb": told, "eventSourceARN": "arn:aws:dynamodb:::table/events/stream/x"}


def scheduled(**detail: int) -> dict:
    names = ("version", "id", "detail-type", "source", "account", "time", "region")
    return {**dict.fromkeys(names, "x"), "resources": [], "detail": detail}


# ingest


def notifications() -> list[dict]:
    """Records of the queue: a delivery, a bounce, and one that was read in an envelope of SNS."""
    batch = json.loads((PAYLOADS / "sqs" / "event.json").read_text())["Records"][:1]
    made = []
    for number, name in enumerate(("event-delivery.json", "event-bounce.json", "event-complaint.json")):
        told = json.loads((PAYLOADS / "ses" / name).read_text())
        told["mail"].setdefault("tags", {})["mailsight_message"] = [TAGGED]
        one = copy.deepcopy(batch[0])
        one |= {"messageId": f"message-{number}", "body": json.dumps(told)}
        made.append(one)
    return made


@pytest.mark.strikes("ingest")
def test_notifications_are_stored_once_whatever_breaks(world):
    def source() -> Callable[[], bool]:
        left = notifications()

        def deliver() -> bool:
            answer = ingest.ingest({"Records": left}, None)
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            left[:] = [one for one in left if one["messageId"] in failed]
            return not left

        return deliver

    scene = Scene(lambda: taken_in(TAGGED), source, lambda: world.state(TAGGED))
    for what, found, clean in struck_everywhere(world, scene, least=6):
        assert len(clean["events"]) >= 3
        assert found == clean, what


# fold


def folding(world: World, *messages: tuple[str, tuple[Kind, ...]]) -> Scene:
    records: list[dict] = []

    def prepare() -> None:
        taken_in(*(message_id for message_id, _ in messages))
        made = [event for message_id, kinds in messages for event in happen(message_id, *kinds)]
        records[:] = [record(event, number) for number, event in enumerate(made)]

    def source() -> Callable[[], bool]:
        left = list(records)

        def deliver() -> bool:
            answer = fold.fold({"Records": left}, None)
            failed = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
            left[:] = [one for one in left if failed and int(one["dynamodb"]["SequenceNumber"]) >= min(failed)]
            return not left

        return deliver

    return Scene(prepare, source, lambda: world.state(TAGGED, OTHER))


ALL_KINDS = (Kind.SENT, Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.BOUNCED, Kind.COMPLAINED)


@pytest.mark.strikes("fold")
def test_a_fold_is_done_once_whatever_breaks(world):
    for what, found, clean in struck_everywhere(world, folding(world, (TAGGED, ALL_KINDS)), least=9):
        assert (len(clean["outbox"]), len(clean["cells"])) == (6, 8)
        assert found == clean, what


def test_mails_that_share_a_transaction_are_folded_once_wherever_the_function_dies(world):
    opened = (Kind.SENT, Kind.DELIVERED, Kind.OPENED)
    scene = folding(world, (TAGGED, opened), (OTHER, opened))
    for what, found, clean in struck_everywhere(world, scene, DEATHS, least=6):
        assert max(clean["cells"].values()) == 2
        assert found == clean, what


# sweep and recount
@pytest.mark.strikes("sweep")
def test_a_sweep_that_breaks_is_made_up_for_by_the_next(world):
    def prepare() -> None:
        taken_in(TAGGED)
        happen(TAGGED, Kind.SENT, Kind.DELIVERED, Kind.OPENED)

    def deliver() -> bool:
        swept = sweep.sweep(scheduled(days=1), CONTEXT)
        world.take("send")  # it is queued again as long as it waits, which is harmless
        return swept["failed"] == 0

    scene = Scene(prepare, lambda: deliver, lambda: world.state(TAGGED))
    for what, found, clean in struck_everywhere(world, scene, DEATHS, least=15):
        assert clean["cells"]
        assert found == clean, what


@pytest.mark.strikes("recount")
def test_a_recount_that_breaks_leaves_nothing_behind_and_the_next_one_finds_the_same(world):
    scene, counted = folding(world, (TAGGED, ALL_KINDS)), dict[str, int]()

    def prepare() -> None:
        scene.prepare()
        assert scene.source()()

    def recounted() -> bool:
        counted.update(recount.recount(scheduled(days=1), CONTEXT))
        return not counted["failed"]

    recounting = Scene(prepare, lambda: recounted, lambda: (cells_of(world), dict(counted)))
    for what, found, clean in struck_everywhere(world, recounting, DEATHS, least=3):
        assert set(world.faults.calls) <= {"GetItem", "Query", "BatchGetItem", "Scan", "UpdateItem"}, (
            "it sets marks at most"
        )
        assert clean[0] and (clean[1]["drift"], clean[1]["days"]) == (0, 1)
        assert found == clean, what


def test_the_nightly_recount_looks_at_days_of_all_ages(world):
    scene = folding(world, (TAGGED, ALL_KINDS))
    world.empty()
    scene.prepare()
    assert scene.source()()
    found = recount.recount(scheduled(), CONTEXT)
    assert (found["drift"], found["days"]) == (0, len(AGES))


def cells_of(world) -> list[str]:
    """All that the reports' table holds but the marks of what is to be built."""
    return sorted(repr(row) for row in world.rows("reports") if "behind#" not in repr(row))
