"""Every writing operation of the API's document, and SES's own API, with a death at every AWS call, by a program that
repeats its request until it is answered: in the end all is stored as if nothing had died."""

import json
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
import time_machine

from chalicelib.entrypoints import sweep
from tests.entrypoints.every_route import Operation, Owner, forget_parts, operations, request_of
from tests.entrypoints.test_api_emails import MAIL
from tests.entrypoints.test_api_ses import Ses
from tests.faults.calls import DEATHS
from tests.faults.test_from_ses_to_cells import CONTEXT, scheduled
from tests.faults.test_mails_out import later
from tests.faults.world import Scene, World, struck_everywhere
from tests.noon import NOON

WRITING = [one for one in operations() if one.method != "GET" and one.name != "post_email"]
"""Sending has a scene of its own, with the sweep behind it."""
DONE = {"DELETE": (200, 404)}
"""What was deleted is not there when it is asked for again."""
PASSING = re.compile(r'"(due_shard|version)": \{"[SN]": "[^"]*"\}|test-[0-9a-f]{16}|"made_id\\": \\"[0-9a-f]{8}\\"')
"""What follows from a drawn id, or says how often something was written."""


KEEPS = ("/v1/emails/prepare", "/v1/templates/{template_id}")
"""Of what died there, one content may be left that nobody reads."""
TABLES = ("account", "messages", "events", "links", "outbox", "calls")


class Prepared(NamedTuple):
    """An account that has one of everything, with a mail that waits, as it is put back for each operation."""

    owner: Owner
    waiting: str
    kept: Any


@pytest.fixture(scope="module")
def prepared(world):
    forget_parts()
    world.empty()
    with time_machine.travel(NOON, tick=True):
        owner = Owner(world.stack)
        mail = MAIL | {"scheduled_at": (NOON + timedelta(days=5)).isoformat()}
        waiting = owner.office.call("POST", "/v1/emails", mail)[1]["id"]
    yield Prepared(owner, waiting, world.store.kept())
    forget_parts()


def asking(world: World, operation: Operation, prepared: Prepared) -> Scene:
    """A program that asks this of the account until it is done."""
    owner, named = prepared.owner, prepared.owner.named
    if operation.name == "cancel_email":
        named = named._replace(ids={**named.ids, "emails/message_id": prepared.waiting})
    path, body = request_of(operation, named)
    if operation.body == "NewEmail":
        body = {**(body or {}), "to": "somebody@example.com", "attachments": []}  # who wants mail, of what is there

    def source() -> Callable[[], bool]:
        def deliver() -> bool:
            with time_machine.travel(NOON, tick=False):  # in one minute, for which calls are counted once
                status, _, _ = owner.office.call(operation.method, path, body, idempotency_key="again")
            return status in DONE.get(operation.method, (200, 201, 202))

        return deliver

    def state() -> dict[str, Any]:
        queued = {queue: len(set(world.queued(queue))) for queue in ("send", "people", "deliveries")}
        stored = world.state(*owner.ids)
        tables = {name: sorted(PASSING.sub("", one) for one in rows) for name, rows in stored.items() if name in TABLES}
        return {**stored, **tables, "queued": queued}

    return Scene(lambda: world.put_back(prepared.kept), source, state)


@pytest.mark.parametrize("operation", WRITING, ids=lambda one: f"{one.method} {one.path}")
def test_what_is_asked_again_after_a_death_comes_to_the_same(world, prepared, operation):
    for what, found, clean in struck_everywhere(world, asking(world, operation, prepared), DEATHS, least=2):
        assert len(found["objects"]) - len(clean["objects"]) in ((0, 1) if operation.path in KEEPS else (0,)), what
        if operation.path == "/v1/webhooks/{webhook_id}":
            found, clean = without_settings(found), without_settings(clean)
        assert found | {"objects": clean["objects"]} == clean, what


def without_settings(state: dict[str, Any]) -> dict[str, Any]:
    """Without what an account listens to: after a death it may be more than any webhook wants, and never less."""
    return state | {"account": [row for row in state["account"] if '{"S": "settings"}' not in row]}


def by_ses(world: World) -> Scene:
    """An SDK that repeats its request, as SDKs do, and the sweep behind it."""
    clients: list[Ses] = []

    def prepare() -> None:
        forget_parts()
        with time_machine.travel(NOON, tick=True):
            clients[:] = [Ses(world.stack)]
            clients[0].api.accounts.create("acme", "Acme")

    def source() -> Callable[[], bool]:
        invocation = secrets.token_hex(8)

        def deliver() -> bool:
            with time_machine.travel(NOON, tick=True):
                return clients[0].call(amz_sdk_invocation_id=invocation)[0] == 200

        return deliver

    def settle() -> None:
        with time_machine.travel(NOON, tick=True), later(20):  # it looks after what was stored and never queued
            sweep.sweep(scheduled(), CONTEXT)

    def state() -> object:
        stored = {row["message_id"]["S"] for row in world.rows("messages")}
        queued = {json.loads(body)["message_id"] for body in world.queued("send")}
        return len(stored), queued == stored

    return Scene(prepare, source, state, settle)


def test_a_mail_by_ses_own_api_is_taken_once_and_queued_whatever_dies(world):
    for what, found, clean in struck_everywhere(world, by_ses(world), DEATHS, least=5):
        assert found == clean == (1, True), what
    forget_parts()
