"""Hits and replays are told with a fault at every AWS call of `notify` and `deliver`: what was told of a person's open
is taken back when it was a machine's."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.core import event as events
from chalicelib.core.delivery import Replay
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import Type
from chalicelib.core.webhook import SecretName, Webhook
from chalicelib.entrypoints import deliver, fold, notify, remind
from chalicelib.gateways.delivery_queue import DeliveryQueue
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from chalicelib.storage.webhooks import Webhooks
from tests.faults.calls import DEATHS
from tests.faults.test_from_ses_to_cells import ANNA, CONTEXT, TAGGED, scheduled
from tests.faults.test_from_ses_to_cells import record as folded
from tests.faults.test_mails_out import later, record
from tests.faults.world import Scene, World, struck_everywhere
from tests.moto_stack import REGION
from tests.noon import NOON
from tests.webhook_receiver import Receiver

HOOK_ID = "a" * 32
OPENED_AT = NOON - timedelta(minutes=50)


@pytest.fixture(autouse=True)
def _loopback_is_a_target(monkeypatch):
    monkeypatch.setenv("MAILSIGHT_WEBHOOK_TARGETS", "127.0.0.0/8")
    deliver._parts.cache_clear()
    yield
    deliver._parts.cache_clear()


def happened(*made: events.Event) -> None:
    """Stored and folded."""
    for one in made:
        Events("events", REGION).put(one, NOON + timedelta(days=100))
    assert fold.fold({"Records": [folded(one, number) for number, one in enumerate(made)]}, None) == {
        "batchItemFailures": []
    }


def is_opened(receiver: Receiver) -> None:
    """A mail was opened, by a person as it seems, and a webhook wants to know of that."""
    Account("account", REGION).create("acme", "Acme")
    Policies("account", REGION).listen("acme", {one.value for one in Type}, OPENED_AT - timedelta(days=1))
    tracking = Tracking(True, True, until=NOON + timedelta(days=100))
    at = OPENED_AT - timedelta(hours=1)
    Messages("messages", REGION).add(
        Message(TAGGED, "acme", at, Envelope("me@example.com", (ANNA,)), tracking, links=4)
    )
    wanted = ("email.opened", "email.open.reclassified")
    hook = Webhook(HOOK_ID, receiver.url, wanted, at, SecretName(1, 1))
    Webhooks("account", REGION).change("acme", lambda known: {HOOK_ID: hook})
    happened(
        events.make(TAGGED, "sent", Kind.SENT, at, ses_message_id="ses-1"),
        events.make(TAGGED, "delivered", Kind.DELIVERED, at, recipient=ANNA),
        events.make(TAGGED, "open", Kind.OPENED, OPENED_AT, method="GET"),
    )


def all_links_are_followed() -> None:
    """So it was a scanner that had opened the mail."""
    begun = OPENED_AT + timedelta(seconds=20)
    happened(
        *(
            events.make(
                TAGGED, f"click-{link}", Kind.CLICKED, begun + timedelta(seconds=link), method="GET", position=link
            )
            for link in range(4)
        )
    )


def notices(world: World) -> list[dict[str, Any]]:
    """What the outbox's stream tells of the notices that stand in it."""
    rows = sorted((row for row in world.rows("outbox") if row["item"]["S"].startswith("notice#")), key=str)
    return [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {name: row[name] for name in ("owner", "item")},
                "NewImage": row,
                "SequenceNumber": str(number),
            },
        }
        for number, row in enumerate(rows)
    ]


class Line:
    """What waits for the functions, and is brought again until it is done."""

    def __init__(self, world: World) -> None:
        self._world, self._tries = world, 0
        self.stream: list[dict[str, Any]] = []
        self.queue: list[str] = []

    def turn(self) -> bool:
        """Whether nothing is left."""
        self._tries += 1
        with later(6 * self._tries):
            if self.stream and not notify.notify({"Records": self.stream}, None)["batchItemFailures"]:
                self.stream = []
            self.queue += self._world.take("deliveries")
            while self.queue and not deliver.deliver({"Records": [record(self.queue[0])]}, None)["batchItemFailures"]:
                self.queue.pop(0)
                self.queue += self._world.take("deliveries")
            remind.remind(scheduled(), CONTEXT)
            self.queue += self._world.take("deliveries")
        return not (self.stream or self.queue) and not [row for row in self._world.rows("outbox") if "due_key" in row]


def told(receiver: Receiver) -> list[str]:
    return [json.loads(body)["type"] for _, body in receiver.told]


@pytest.mark.strikes("notify", "deliver", "remind")
def test_a_hit_that_was_told_is_taken_back_whatever_breaks(world, receiver):
    def source() -> Callable[[], bool]:
        receiver.statuses, receiver.told = [], []
        line, left = Line(world), [all_links_are_followed]
        line.stream = notices(world)

        def deliver() -> bool:
            if not line.turn():
                return False
            if left:
                known = {str(one) for one in notices(world)}
                world.faults.is_counting = False  # the fold has scenes of its own
                left.pop()()
                world.faults.is_counting = True
                line.stream = [one for one in notices(world) if str(one["dynamodb"]["NewImage"]) not in str(known)]
                return False
            return True

        return deliver

    def state() -> object:
        statuses = sorted(
            row["status"]["S"] for row in world.rows("outbox") if row["item"]["S"].startswith("delivery#")
        )
        return statuses, list(dict.fromkeys(told(receiver))), len(receiver.told)

    scene = Scene(lambda: is_opened(receiver), source, state)
    for what, found, clean in struck_everywhere(world, scene, DEATHS, least=20):
        assert clean == (["delivered"] * 2, ["email.opened", "email.open.reclassified"], 2)
        assert found[:2] == clean[:2], what
        assert found[2] in (2, 3), what


@pytest.mark.strikes("deliver")
def test_a_range_that_is_told_again_is_told_whole_whatever_dies(world, receiver):
    def prepare() -> None:
        is_opened(receiver)
        sqs = boto3.client("sqs", region_name=REGION)
        queue = DeliveryQueue(sqs, world.stack.environment["MAILSIGHT_DELIVERIES_QUEUE_URL"])
        queue.put_replays([Replay("acme", HOOK_ID, "run-1", NOON - timedelta(days=1), NOON + timedelta(days=1))])

    def source() -> Callable[[], bool]:
        receiver.statuses, receiver.told = [], []
        return Line(world).turn

    def state() -> object:
        places = [row["item"]["S"] for row in world.rows("outbox") if row["item"]["S"].startswith("delivery#")]
        return places, set(told(receiver)), len(receiver.told)

    for what, found, clean in struck_everywhere(world, Scene(prepare, source, state), DEATHS, least=8):
        assert (len(clean[0]), clean[1:]) == (1, ({"email.opened"}, 1))
        assert found[:2] == clean[:2], what
        assert found[2] in (1, 2), what
