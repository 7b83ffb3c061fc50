"""A CRM with a webhook is told what becomes of its mails: signed, once settled, again where it did not take it."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.environment import WEBHOOK_SETTLE_SECONDS
from tests.e2e.conftest import NewCrm
from tests.e2e.crm import Crm
from tests.infra.local_run import ask, until
from tests.webhook_receiver import Receiver

pytestmark = [pytest.mark.local]

HTML = "".join(f'<p><a href="https://example.com/{number}">{number}</a></p>' for number in range(5))


def add(crm: Crm, receiver: Receiver, *events: str) -> tuple[str, str]:
    """A webhook's path and secret."""
    status, added = crm.call("POST", "/v1/webhooks", {"url": receiver.url, "events": list(events)})
    assert status == 201, added
    return f"/v1/webhooks/{added['id']}", added["secret"]


def log(crm: Crm, path: str, status: str = "") -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = crm.call("GET", f"{path}/deliveries{f'?status={status}' if status else ''}")[1][
        "data"
    ]
    return shown


def of_mail(crm: Crm, subject: str) -> tuple[str, list[str]]:
    """The pixel and the links of a mail as it arrived."""
    html = crm.arrived(subject)["html"]
    return re.findall(r'"(http[^"]+/o/[^"]+)"', html)[0], re.findall(r'"(http[^"]+/c/[^"]+)"', html)


def test_what_becomes_of_a_mail_is_told_as_it_happens(new_crm: NewCrm, receiver: Receiver):
    crm = new_crm("told")
    path, secret = add(crm, receiver, "*")
    message_id = crm.send(subject="Told", html=HTML, record={"module": "leads", "record_id": "4711"})
    bounced_id = crm.send(subject="Told of a bounce", to="bounce@simulator.amazonses.com")
    for kind in ("email.sent", "email.delivered"):
        [event] = [one for one in receiver.wait_for(secret, kind) if one["data"]["email_id"] == message_id]
        assert event["data"]["record"] == {"module": "leads", "record_id": "4711"}
        assert event["data"]["to"] == ["anna@example.com"]
    [bounced] = receiver.wait_for(secret, "email.bounced")
    assert bounced["data"]["email_id"] == bounced_id
    assert bounced["data"]["bounce"]["type"] == "hard"
    assert bounced["data"]["bounce"]["recipients"] == ["bounce@simulator.amazonses.com"]

    pixel, links = of_mail(crm, "Told")
    ask(pixel)
    ask(links[2])
    [opened] = receiver.wait_for(secret, "email.opened")
    [clicked] = receiver.wait_for(secret, "email.clicked")
    assert opened["data"]["email_id"] == clicked["data"]["email_id"] == message_id
    assert clicked["data"]["link"] == {"position": 2, "url": "https://example.com/2"}
    assert (clicked["data"]["machine"], clicked["data"]["status"]) == (False, "clicked")
    until(lambda: not log(crm, path, "waiting"), "the end of all deliveries")
    assert {one["status"] for one in log(crm, path)} == {"delivered"}
    ids = [one.headers["webhook-id"] for one in receiver.told]
    assert len(set(ids)) == len(ids), "each once"


def test_a_scanner_s_sweep_is_over_before_anybody_is_told_of_it(new_crm: NewCrm, receiver: Receiver):
    crm = new_crm("told-sweep")
    path, secret = add(crm, receiver, "email.delivered", "email.clicked", "email.click.reclassified")
    message_id = next(one for number in range(9) if (one := swept_in_time(crm, f"Told of no sweep {number}")))

    def withdrawn() -> list[dict[str, Any]]:
        return [one for one in log(crm, path, "withdrawn") if one["email_id"] == message_id]

    def told() -> set[str]:
        return {event["type"] for event in receiver.events(secret) if event["data"]["email_id"] == message_id}

    until(lambda: len(withdrawn()) >= 2, "what was taken back, and that it was")
    until(told, "the delivery")
    assert told() == {"email.delivered"}


def swept_in_time(crm: Crm, subject: str) -> str | None:
    """A mail whose first click was known as a scanner's before a notice of it could settle; None where this machine was
    too slow for that."""
    message_id = crm.send(subject=subject, html=HTML)
    crm.status(message_id, "delivered")
    _, links = of_mail(crm, subject)
    begun = time.monotonic()
    ask(links[0])
    crm.status(message_id, "clicked")  # so a notice of it is written
    for link in links:
        ask(link)
    crm.wait(message_id, lambda mail: mail["clicks"]["count"] == 0)
    return message_id if time.monotonic() - begun < int(WEBHOOK_SETTLE_SECONDS) - 1 else None


def test_a_receiver_that_fails_is_told_again_with_the_same_id_and_the_log_says_so(new_crm: NewCrm, receiver: Receiver):
    crm = new_crm("told-again")
    path, secret = add(crm, receiver, "email.delivered")
    receiver.statuses = [500]
    crm.send(subject="Told twice")
    receiver.wait_for(secret, "email.delivered", 2)
    first, second = receiver.told
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 5
    [done] = until(lambda: log(crm, path, "delivered"), "the delivery")
    assert [attempt["status_code"] for attempt in done["attempts"]] == [500, 204]


def test_a_rotated_secret_a_test_and_a_replay(new_crm: NewCrm, receiver: Receiver):
    crm = new_crm("told-rotated")
    path, old = add(crm, receiver, "email.delivered")
    crm.send(subject="Told before")
    receiver.wait_for(old, "email.delivered")
    new = crm.call("POST", f"{path}/rotate")[1]["secret"]
    status, sent = crm.call("POST", f"{path}/test")
    assert status == 202
    receiver.wait_for(old, "webhook.test")
    assert receiver.told[-1].read(new) == receiver.told[-1].read(old), "both sign for a day"

    now = datetime.now(UTC)
    span = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
    status, replay = crm.call("POST", f"{path}/replay", span)
    assert (status, replay["count"]) == (202, 1)
    receiver.wait_for(old, "email.delivered", 2)
    first, *_, again = receiver.told
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
    found = {one["id"]: one for one in until(lambda: log(crm, path, "delivered")[2:] and log(crm, path), "the log")}
    assert found[sent["id"]]["type"] == "webhook.test"
    assert f"{first.headers['webhook-id']}~{replay['id']}" in found


def test_one_that_is_gone_is_switched_off_until_somebody_switches_it_on(new_crm: NewCrm, receiver: Receiver):
    crm = new_crm("told-gone")
    path, secret = add(crm, receiver, "email.delivered")
    receiver.statuses = [410]
    crm.send(subject="Told nobody")
    until(lambda: crm.call("GET", path)[1]["disabled_reason"] == "gone", "the end of the webhook")
    assert crm.call("POST", f"{path}/test")[1]["code"] == "webhook_disabled"
    assert crm.call("PUT", path, {"enabled": True})[1]["enabled"] is True
    crm.send(subject="Told somebody")
    receiver.wait_for(secret, "email.delivered", 2)


def test_into_the_network_of_the_installation_no_webhook_leads(new_crm: NewCrm):
    crm = new_crm("told-inside")
    for url in ("https://169.254.169.254/latest", "http://10.0.0.1/", "https://crm.example.com:22/"):
        status, problem = crm.call("POST", "/v1/webhooks", {"url": url, "events": ["*"]})
        assert (status, problem["errors"][0]["pointer"]) == (422, "/url")
