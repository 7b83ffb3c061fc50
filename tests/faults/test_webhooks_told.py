"""A webhook is told with a fault at every AWS call of `notify`, `deliver` and `remind`: always, and hardly twice."""

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from chalicelib.core import instant
from chalicelib.core import webhook as hooks
from chalicelib.core.delivery import PAUSES, Attempt, Status, begun, place_of
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import Notice
from chalicelib.core.webhook import SecretName, Webhook
from chalicelib.entrypoints import deliver, notify, remind
from chalicelib.settings import read
from chalicelib.storage import keys
from chalicelib.storage.deliveries import Deliveries
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.webhooks import Webhooks
from tests.entrypoints.every_route import forget_parts
from tests.entrypoints.permitting import Office
from tests.entrypoints.test_webhook_functions import HOOK_ID, MESSAGE_ID
from tests.entrypoints.test_webhook_functions import record as noticed
from tests.faults.test_from_ses_to_cells import CONTEXT, scheduled
from tests.faults.test_mails_out import later, record
from tests.faults.world import Scene, World, struck_everywhere
from tests.moto_stack import REGION
from tests.noon import NOON
from tests.webhook_receiver import Receiver

HOOK = Webhook(HOOK_ID, "https://crm.example.com/", ("*",), NOON, SecretName(1, 1))
NOTICE = Notice(f"{MESSAGE_ID}-1-0", "acme", MESSAGE_ID, "email.sent", NOON, NOON)


def telling(world: World, receiver: Receiver, *answers: int) -> Scene:
    """A notice for a receiver that answers so first; what is not done is looked after every six minutes."""
    deliveries = Deliveries("outbox", REGION)

    def prepare() -> None:
        envelope = Envelope("me@example.com", ("anna@example.com",), subject="Quote")
        Messages("messages", REGION).add(Message(MESSAGE_ID, "acme", NOON, envelope, Tracking(False, False)))
        hook = Webhook(HOOK_ID, receiver.url, ("*",), NOON, SecretName(1, 1))
        Webhooks("account", REGION).change("acme", lambda known: {HOOK_ID: hook})
        with Messages("messages", REGION).transaction() as transaction:
            Notices("outbox", REGION).put_in(transaction, NOTICE)

    def source() -> Callable[[], bool]:
        receiver.statuses, receiver.told = list(answers), []
        stream, queue, tries = [noticed(NOTICE, 1)], list[str](), 0

        def turn() -> bool:
            nonlocal tries
            tries += 1
            with later(6 * tries):
                if stream and not notify.notify({"Records": stream}, None)["batchItemFailures"]:
                    stream.clear()
                queue.extend(world.take("deliveries"))
                while queue and not deliver.deliver({"Records": [record(queue[0])]}, None)["batchItemFailures"]:
                    queue.pop(0)
                    queue.extend(world.take("deliveries"))
                remind.remind(scheduled(), CONTEXT)
                queue.extend(world.take("deliveries"))
            return not (stream or queue) and is_over(world)

        return turn

    def state() -> object:
        found = deliveries.page("acme", HOOK_ID, 9, None, None, now=NOON).deliveries
        due = [row for row in world.rows("outbox") if "due_key" in row]
        ids = {headers["webhook-id"] for headers, _ in receiver.told}
        hook = Webhooks("account", REGION).of("acme")[HOOK_ID]
        return [one.status for one in found], due, ids, hook.failing_since, len(receiver.told)

    return Scene(prepare, source, state)


def is_over(world: World) -> bool:
    """Whether there is a delivery, and it waits no more."""
    found = [row["status"]["S"] for row in world.rows("outbox") if row["item"]["S"].startswith("delivery#")]
    return bool(found) and Status.WAITING.value not in found


def of_the_webhook(world: World) -> tuple[list[str], bool, str | None]:
    """How its deliveries ended, and whether it was switched off and why."""
    page = Deliveries("outbox", REGION).page("acme", HOOK_ID, 9, None, None, now=NOON)
    hook = Webhooks("account", REGION).of("acme")[HOOK_ID]
    return [one.status.value for one in page.deliveries], hook.enabled, hook.disabled_reason


def the_end(world: World, receiver: Receiver, answer: int, tried: tuple[Attempt, ...] = ()) -> Scene:
    """A notice that these attempts did not bring to its receiver; what it answers now ends that."""
    place = place_of(NOTICE.key)

    def prepare() -> None:
        telling(world, receiver).prepare()
        failing = replace(HOOK, url=receiver.url, failing_since=tried[0].at if tried else None)
        Webhooks("account", REGION).change("acme", lambda known: {HOOK_ID: failing})
        waiting = replace(begun(NOTICE, HOOK_ID, place, NOON), attempts=tried)
        row = Deliveries("outbox", REGION)._row(waiting, "", len(tried))
        row.due_shard, row.due_key = keys.due_shard(place), keys.due(instant.show(NOON), len(tried), place)
        row.save()

    def source() -> Callable[[], bool]:
        receiver.statuses, receiver.told = [answer] * 9, []
        queue = [json.dumps({"account": "acme", "webhook_id": HOOK_ID, "place": place, "tries": len(tried)})]
        tries = 0

        def turn() -> bool:
            nonlocal tries
            tries += 1
            with later(40 * tries):  # so often `remind` looks after one
                while queue and not deliver.deliver({"Records": [record(queue[0])]}, None)["batchItemFailures"]:
                    queue.pop(0)
                if not (queue or is_over(world)):
                    remind.remind(scheduled(), CONTEXT)
                queue.extend(world.take("deliveries"))
            return not queue and is_over(world)

        return turn

    return Scene(prepare, source, lambda: of_the_webhook(world))


@pytest.fixture
def may_reach_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks may lead to this machine."""
    monkeypatch.setenv("MAILSIGHT_WEBHOOK_TARGETS", "127.0.0.0/8")
    deliver._parts.cache_clear()


@pytest.mark.strikes("deliver")
@pytest.mark.usefixtures("may_reach_us")
def test_one_that_is_gone_is_switched_off_whatever_dies(world, receiver):
    for what, found, clean in struck_everywhere(world, the_end(world, receiver, 410), least=10):
        assert clean == (["failed"], False, "gone")
        assert found == clean, what


@pytest.mark.strikes("deliver")
@pytest.mark.usefixtures("may_reach_us")
def test_the_last_attempt_that_fails_switches_a_webhook_off_whatever_dies(world, receiver):
    nine = tuple(Attempt(NOON - timedelta(hours=75 - number), 500) for number in range(len(PAUSES)))
    for what, found, clean in struck_everywhere(world, the_end(world, receiver, 500, nine), least=10):
        assert clean == (["failed"], False, "failing")
        assert found == clean, what
        assert len(receiver.told) <= 1, "there is no eleventh"


@pytest.mark.strikes("notify", "deliver", "remind")
@pytest.mark.usefixtures("may_reach_us")
def test_a_webhook_is_told_whatever_dies_and_of_each_death_comes_one_attempt_more_at_most(world, receiver):
    for what, found, clean in struck_everywhere(world, telling(world, receiver, 500), least=15):
        assert clean == (["delivered"], [], {NOTICE.notice_id}, None, 2)
        assert found[:4] == clean[:4], what
        assert found[4] in (2, 3), what


@pytest.mark.parametrize("path", ["", "/{id}/rotate"], ids=["a webhook", "a new secret"])
def test_of_a_request_that_is_repeated_with_its_key_whatever_dies_comes_one_secret_and_the_one_before_signs_too(
    world, path
):
    offices, told = list[Office](), list[str]()

    def prepare() -> None:
        forget_parts()  # whose clients may know of no faults
        offices[:] = [Office(world.stack)]
        offices[0].accounts.create("acme", "Acme")
        Webhooks("account", REGION).change("acme", lambda known: {HOOK_ID: HOOK})

    def source() -> Callable[[], bool]:
        body = {"url": "https://new.example.com/", "events": ["*"]} if not path else None
        key = secrets.token_hex(4)

        def ask() -> bool:
            with time_machine.travel(NOON, tick=True):  # in one minute, for which calls are counted once
                where = f"/v1/webhooks{path.format(id=HOOK_ID)}"
                status, answer, _ = offices[0].call("POST", where, body, idempotency_key=key)
            told[:] = [answer.get("secret", "")]
            return status in (200, 201)

        return ask

    def state() -> object:
        known = Webhooks("account", REGION).of("acme")
        master = read().keys
        signing = [secret for one in known.values() for secret in hooks.signing(one, master, NOON)]
        before = hooks.secret_of(HOOK, HOOK.secret, master)
        return sorted(one.secret.generation for one in known.values()), before in signing, told[0] in signing

    for what, found, clean in struck_everywhere(world, Scene(prepare, source, state), least=5):
        assert clean == ([2] if path else [1, 1], True, True)
        assert found == clean, what
