"""What a POST makes, with a fault at every AWS call, by a program that repeats it with its Idempotency-Key until it is
answered: it is there once, and the answer names it."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from chalicelib.core.user import User
from chalicelib.entrypoints import api_people, api_report_schedules, api_uploads, api_webhooks
from chalicelib.storage.users import Users
from tests.entrypoints.permitting import Office
from tests.faults.world import Scene, World, struck_everywhere
from tests.moto_stack import REGION

APIS = (api_people, api_report_schedules, api_uploads, api_webhooks)
HOOK = "/v1/webhooks"
BODIES: dict[str, dict[str, Any] | None] = {
    "/v1/uploads": {"filename": "a.pdf", "size": 3},
    "/v1/exports": {"address": "anna@example.com"},
    "/v1/report-schedules": {"report": "top-users", "every": "day", "users": ["kim"], "from": "me@example.com"},
    f"{HOOK}/{{webhook_id}}/test": None,
}


@pytest.fixture(autouse=True)
def _new_parts() -> Iterator[None]:
    """Clients that know of the faults, and none of them afterwards."""
    for api in APIS:
        api._parts.cache_clear()
    yield
    for api in APIS:
        api._parts.cache_clear()


def wanting(world: World, path: str) -> Scene:
    """A program that wants one of these."""
    offices: list[Office] = []
    hooks: list[str] = []
    answered: list[str] = []
    begun = datetime.now(UTC)

    def prepare() -> None:
        offices[:] = [Office(world.stack)]
        offices[0].accounts.create("acme", "Acme")
        Users("account", REGION).put("acme", User("kim", "Kim", "kim@acme.example", ()))
        hooks[:] = [offices[0].call("POST", HOOK, {"url": "https://crm.example.com/", "events": ["*"]})[1]["id"]]

    def source() -> Callable[[], bool]:
        key = secrets.token_hex(4)

        def deliver() -> bool:
            with time_machine.travel(begun, tick=True):  # in one minute, for which calls are counted once
                where = path.format(webhook_id=hooks[0])
                status, answer, _ = offices[0].call("POST", where, BODIES[path], idempotency_key=key)
            answered[:] = [str(answer.get("id"))]
            return status in (201, 202)

        return deliver

    def state() -> object:
        rows = [json.dumps(row) for table in ("account", "outbox") for row in world.rows(table)]
        of_it = sorted(row.count(answered[0]) > 0 for row in rows)
        made = [row for row in rows if '"idempotency#' not in row and "leased" not in row]
        claims = [json.loads(row)["data"]["S"] for row in rows if '"idempotency#' in row]
        is_open = [json.loads(one)["is_open"] for one in claims]
        queued = {body.count(answered[0]) for queue in ("people", "deliveries") for body in world.queued(queue)}
        return sum(of_it), len(made), is_open, queued

    return Scene(prepare, source, state)


@pytest.mark.parametrize("path", BODIES)
def test_what_is_wanted_again_with_its_key_is_made_once(world: World, path: str) -> None:
    for what, found, clean in struck_everywhere(world, wanting(world, path), least=5):
        assert clean[2] == [False]
        assert found == clean, what
