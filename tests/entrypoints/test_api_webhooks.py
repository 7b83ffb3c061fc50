"""The API of webhooks: who is told, with which secret, how it went; and that nothing of it is another account's."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.handlers
import pytest

from chalicelib.core import notice as notices
from chalicelib.core import webhook as hooks
from chalicelib.core.notice import Notice
from chalicelib.core.openapi_webhook import (
    AddedWebhook,
    DeletedWebhook,
    Delivery,
    DeliveryList,
    Replay,
    RotatedWebhook,
    Webhook,
    WebhookList,
)
from chalicelib.core.webhook import MOST, TYPES
from chalicelib.entrypoints import api_webhooks
from chalicelib.gateways.delivery_queue import asked_of
from chalicelib.settings import read
from chalicelib.storage import keys
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.policies import Policies
from chalicelib.storage.webhooks import Webhooks
from tests.entrypoints.permitting import Office
from tests.moto_stack import REGION

PATH = "/v1/webhooks"
URL = "https://crm.example.com/hooks"


class Hooks(Office):
    """An account's API, with what it queues and what the fold is told to listen for."""

    def add(self, **changes):
        status, answer, _ = self.call("POST", PATH, {"url": URL, "events": ["email.opened"]} | changes)
        assert status == 201, answer
        return answer

    def tasks(self) -> list:
        sqs = boto3.client("sqs", region_name=REGION)
        url = self.stack.environment["MAILSIGHT_DELIVERIES_QUEUE_URL"]
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [asked_of(one["Body"]) for one in got]

    def listening(self) -> set[str]:
        return set(Policies("account", REGION).get("acme").listening)


@pytest.fixture
def api(stack):
    api_webhooks._parts.cache_clear()
    yield Hooks(stack)
    api_webhooks._parts.cache_clear()


def problem(api: Hooks, method: str, path: str, body=None) -> tuple[int, str]:
    status, answer, _ = api.call(method, path, body)
    return status, answer["code"]


def test_a_webhook_is_added_shown_changed_and_removed(api):
    added = AddedWebhook.model_validate(api.add(description="sales"))
    assert added.secret.startswith("whsec_")
    shown = api.done("GET", f"{PATH}/{added.id}")
    assert "secret" not in shown
    Webhook.model_validate(shown)
    assert (shown["url"], shown["events"], shown["enabled"], shown["description"]) == (
        URL,
        ["email.opened"],
        True,
        "sales",
    )
    changed = api.done("PUT", f"{PATH}/{added.id}", {"events": ["*"], "enabled": False})
    assert (changed["events"], changed["enabled"], changed["description"]) == (["*"], False, "sales")
    assert WebhookList.model_validate(api.done("GET", PATH)).data[0].id == added.id
    DeletedWebhook.model_validate(api.done("DELETE", f"{PATH}/{added.id}"))
    assert problem(api, "GET", f"{PATH}/{added.id}") == (404, "not_found")
    assert api.done("GET", PATH)["data"] == []


def test_the_fold_tells_of_what_some_webhook_wants_that_is_on(api):
    assert api.listening() == set()
    first = api.add(events=["email.opened", "email.sent"])
    second = api.add(events=["email.bounced", "email.sent"])
    assert api.listening() == {"email.opened", "email.sent", "email.bounced"}
    api.done("PUT", f"{PATH}/{first['id']}", {"enabled": False})
    assert api.listening() == {"email.sent", "email.bounced"}
    api.done("PUT", f"{PATH}/{second['id']}", {"events": ["*"]})
    assert api.listening() == set(TYPES)
    api.done("DELETE", f"{PATH}/{second['id']}")
    assert api.listening() == set()


def test_an_account_has_ten_at_most(api):
    ids = [api.add()["id"] for _ in range(MOST)]
    assert problem(api, "POST", PATH, {"url": URL, "events": ["*"]}) == (409, "too_many")
    api.done("DELETE", f"{PATH}/{ids[3]}")
    newest = api.add()["id"]
    assert [one["id"] for one in api.done("GET", PATH)["data"]] == [newest, *reversed(ids[:3] + ids[4:])]


def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_a_day(api):
    added = api.add()
    rotated = RotatedWebhook.model_validate(api.done("POST", f"{PATH}/{added['id']}/rotate"))
    assert rotated.secret != added["secret"]
    assert rotated.previous_secret_until is not None
    left = rotated.previous_secret_until - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert "secret" not in api.done("GET", f"{PATH}/{added['id']}")


@contextmanager
def answer_lost(stack) -> Iterator[list[str]]:
    """Webhooks are stored by a call of which nobody hears the answer, so that the client makes it again."""
    made: list[str] = []

    def before(model: Any, params: dict[str, Any], **_: Any) -> None:
        asked = json.loads(params["body"]) if model.name == "PutItem" else {}
        if not made and asked.get("Item", {}).get("item", {}).get("S") == keys.WEBHOOKS:
            made.append(model.name)
            boto3.client("dynamodb", region_name=REGION).put_item(**asked)

    ours = ("before-call.dynamodb", before)
    botocore.handlers.BUILTIN_HANDLERS.append(ours)
    api_webhooks._parts.cache_clear()  # clients that are made from now on know of it
    try:
        yield made
    finally:
        botocore.handlers.BUILTIN_HANDLERS.remove(ours)
        api_webhooks._parts.cache_clear()


def test_a_secret_is_renewed_once_where_the_answer_of_the_write_was_lost(api, stack):
    added = api.add()
    with answer_lost(stack) as lost:
        rotated = api.done("POST", f"{PATH}/{added['id']}/rotate")
    assert lost
    hook = Webhooks("account", REGION).of("acme")[added["id"]]
    assert (hook.secret.generation, hook.previous and hook.previous.generation) == (2, 1), "the one before signs, too"
    assert rotated["secret"] == hooks.secret_of(hook, hook.secret, read().keys)


def test_a_webhook_that_is_asked_for_again_with_its_key_is_the_same_one_with_the_same_secret(api):
    body = {"url": URL, "events": ["*"]}
    (status, first, _), again = (api.call("POST", PATH, body, idempotency_key="one") for _ in range(2))
    assert (status, *again[:2]) == (201, 201, first)
    assert [one["id"] for one in api.done("GET", PATH)["data"]] == [first["id"]]
    other = api.call("POST", PATH, {**body, "events": ["email.sent"]}, idempotency_key="one")
    assert (other[0], other[1]["code"]) == (409, "idempotency_key_reused")
    for _ in range(MOST - 1):
        api.add()
    assert api.call("POST", PATH, body, idempotency_key="one")[1]["id"] == first["id"], "also when there are ten"
    api.done("DELETE", f"{PATH}/{first['id']}")
    gone = api.call("POST", PATH, body, idempotency_key="one")
    assert (gone[0], gone[1]["code"]) == (410, "gone")
    rotated = problem(api, "POST", f"{PATH}/{first['id']}/rotate")
    assert rotated == (404, "not_found")


def test_a_rotation_that_is_asked_for_again_with_its_key_is_one_and_another_key_s_is_another(api):
    added = api.add()
    path = f"{PATH}/{added['id']}/rotate"
    first, again = (api.call("POST", path, idempotency_key="one") for _ in range(2))
    assert (first[0], again[:2]) == (200, first[:2])
    hook = Webhooks("account", REGION).of("acme")[added["id"]]
    assert hooks.signing(hook, read().keys, datetime.now(UTC)) == [first[1]["secret"], added["secret"]]
    other = api.call("POST", path, idempotency_key="two")[1]["secret"]
    assert other not in (first[1]["secret"], added["secret"])
    late = api.call("POST", path, idempotency_key="one")
    assert late[1]["secret"] == other, "the one that is in force, and no third"


def test_the_tenth_webhook_is_added_and_its_secret_told_where_the_answer_of_the_write_was_lost(api, stack):
    for _ in range(MOST - 1):
        api.add()
    with answer_lost(stack) as lost:
        added = api.add()
    assert lost
    assert added["secret"].startswith("whsec_")
    assert [one["id"] for one in api.done("GET", PATH)["data"]].count(added["id"]) == 1
    assert problem(api, "POST", PATH, {"url": URL, "events": ["*"]}) == (409, "too_many")


def test_what_is_wrong_is_named_and_nothing_is_changed(api):
    for body, pointers in (
        ({}, ["/url", "/events"]),
        ({"url": "http://crm.example.com/", "events": ["*"]}, ["/url"]),
        ({"url": "https://169.254.169.254/latest", "events": ["*"]}, ["/url"]),
        ({"url": URL, "events": ["email.read"]}, ["/events/0"]),
        ({"url": URL, "events": ["*"], "secret": "whsec_mine"}, ["/secret"]),
    ):
        assert api.refused("POST", PATH, body) == pointers
    assert api.done("GET", PATH)["data"] == []
    added = api.add()
    path = f"{PATH}/{added['id']}"
    assert api.refused("PUT", path, {"url": "ftp://x", "enabled": False}) == ["/url"]
    assert api.done("GET", path)["enabled"] is True
    assert api.refused("POST", f"{path}/rotate", {"secret": "mine"}) == ["/secret"]
    assert api.refused("GET", f"{path}/deliveries", status="lost") == ["/status"]
    assert api.refused("POST", f"{path}/replay", {"from": "2026-11-21", "to": "2026-11-22"}) == ["/from", "/to"]
    assert api.refused("DELETE", path, {"really": True}) == [""]
    assert api.refused("GET", PATH, status="on") == ["/status"]


def test_what_is_another_account_s_is_not_there(api):
    added = api.add()
    other = api.new_key("berg", ("read", "admin"))
    path = f"{PATH}/{added['id']}"
    span = {"from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z"}
    span = {
        name: (datetime.now(UTC) - timedelta(days=days)).isoformat() for name, days in zip(span, (2, 1), strict=True)
    }
    for method, where, body in (
        ("GET", path, None),
        ("PUT", path, {"enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/rotate", None),
        ("POST", f"{path}/test", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/replay", span),
    ):
        assert api.call(method, where, body, key=other)[0] == 404, (method, where)
        assert api.call(method, where.replace(added["id"], "x"), body)[0] == 404
    assert api.done("GET", path)["enabled"] is True
    assert api.tasks() == []


@pytest.mark.parametrize(
    ("method", "rest", "scope"),
    [
        ("GET", "", "read"),
        ("GET", "/{id}", "read"),
        ("GET", "/{id}/deliveries", "read"),
        ("POST", "", "admin"),
        ("PUT", "/{id}", "admin"),
        ("POST", "/{id}/rotate", "admin"),
        ("POST", "/{id}/test", "admin"),
        ("POST", "/{id}/replay", "admin"),
        ("DELETE", "/{id}", "admin"),
    ],
)
def test_each_call_has_its_scope(api, method, rest, scope):
    others = {"send", "read", "admin"} - {scope}
    path = PATH + rest.replace("{id}", api.add()["id"])
    assert api.call(method, path, {}, key=api.new_key(scopes=others))[:2][1]["code"] == "missing_scope"
    assert api.call(method, path, {}, key=api.new_key(scopes=(scope,)))[0] not in (401, 403)
    assert api.call(method, path, {}, key="x")[0] == 401


def test_a_test_stands_in_the_log_and_in_the_queue(api):
    added = api.add()
    status, sent, _ = api.call("POST", f"{PATH}/{added['id']}/test")
    assert status == 202
    assert (Delivery.model_validate(sent).type, sent["status"], sent["attempts"]) == ("webhook.test", "waiting", [])
    log = DeliveryList.model_validate(api.done("GET", f"{PATH}/{added['id']}/deliveries", status="waiting"))
    assert [one.id for one in log.data] == [sent["id"]]
    [task] = api.tasks()
    assert (task.account, task.webhook_id, task.tries) == ("acme", added["id"], 0)
    assert task.place.endswith(sent["id"])


def test_one_that_is_off_takes_no_test_and_no_replay(api):
    path = f"{PATH}/{api.add()['id']}"
    api.done("PUT", path, {"enabled": False})
    now = datetime.now(UTC)
    span = {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()}
    assert problem(api, "POST", f"{path}/test") == (409, "webhook_disabled")
    assert problem(api, "POST", f"{path}/replay", span) == (409, "webhook_disabled")
    assert api.tasks() == []


def put(one: Notice) -> None:
    with Messages("messages", REGION).transaction() as transaction:
        Notices("outbox", REGION).put_in(transaction, one)


def test_a_replay_counts_what_the_webhook_wants_and_is_queued_once(api):
    path = f"{PATH}/{api.add()['id']}/replay"
    now = datetime.now(UTC).replace(microsecond=0)
    for number, kind in enumerate(("email.opened", "email.opened", "email.sent")):
        put(Notice(f"n{number}", "acme", f"{number}" * 32, kind, now, now - timedelta(hours=number)))
    put(Notice("n9", "berg", "0" * 32, "email.opened", now, now))
    span = {"from": (now - timedelta(hours=5)).isoformat(), "to": (now + timedelta(minutes=1)).isoformat()}
    status, answer, _ = api.call("POST", path, span)
    assert (status, answer["count"], answer["has_more"]) == (202, 2, False)
    Replay.model_validate(answer)
    [replay] = api.tasks()
    assert (replay.run, replay.start) == (answer["id"], now - timedelta(hours=5))
    nothing = {name: (now - timedelta(days=days)).isoformat() for name, days in (("from", 3), ("to", 2))}
    assert api.done("POST", path, nothing)["count"] == 0
    assert api.tasks() == []
    assert api.refused("POST", path, {**span, "from": (now - notices.KEPT - timedelta(days=1)).isoformat()}) == [
        "/from"
    ]


def test_without_the_queue_nothing_is_lost_in_silence(api, stack, monkeypatch):
    added = api.add()
    monkeypatch.setenv("MAILSIGHT_DELIVERIES_QUEUE_URL", stack.environment["MAILSIGHT_DELIVERIES_QUEUE_URL"] + "-gone")
    api_webhooks._parts.cache_clear()
    assert problem(api, "POST", f"{PATH}/{added['id']}/test") == (503, "queue_unavailable")


def test_no_secret_is_in_any_table(api):
    secret = api.add()["secret"].removeprefix("whsec_")
    tables = [boto3.client("dynamodb", region_name=REGION).scan(TableName=name) for name in ("account", "outbox")]
    assert secret not in json.dumps(tables, default=str)
