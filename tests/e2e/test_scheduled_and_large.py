"""Mails that go out later or never, files that are too large for a request, and keys that ask too often."""

import random
import re
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import instant
from tests.e2e.conftest import NewCrm
from tests.e2e.crm import Crm
from tests.infra.local_run import ROOT, LocalRun, ask

pytestmark = [pytest.mark.local]

OCTETS = random.Random(1).randbytes(12_000_000)


@pytest.fixture
def crm(local: dict[str, Any]) -> Crm:
    return Crm(local)


def later(**ahead: float) -> str:
    return instant.show(datetime.now(UTC) + timedelta(**ahead))


def test_a_scheduled_mail_goes_out_at_its_time_and_not_before(crm: Crm) -> None:
    at = later(seconds=4)
    message_id = crm.send(subject="In a moment", scheduled_at=at)
    assert crm.mail(message_id)["sending"] == "scheduled"
    assert crm.inbox("In a moment") == []
    mail = crm.wait(message_id, lambda mail: bool(mail["sent_at"]))
    assert mail["sent_at"] >= at == mail["scheduled_at"]
    assert len(crm.inbox("In a moment")) == 1


def test_a_scheduled_mail_that_is_cancelled_never_goes_out(crm: Crm) -> None:
    cancelled = crm.send(subject="Never", scheduled_at=later(seconds=2))
    for _ in range(2):
        status, mail = crm.call("POST", f"/v1/emails/{cancelled}/cancel")
        assert (status, mail["sending"]) == (200, "cancelled")
    after = crm.send(subject="Right after", scheduled_at=later(seconds=3))
    crm.wait(after, lambda mail: bool(mail["sent_at"]))
    assert crm.inbox("Never") == []
    assert crm.mail(cancelled)["sending"] == "cancelled"
    assert crm.call("POST", f"/v1/emails/{after}/cancel")[0] == 409


def test_a_mail_that_is_due_in_weeks_waits_and_can_still_be_cancelled(crm: Crm) -> None:
    message_id = crm.send(subject="Next month", scheduled_at=later(days=29))
    assert crm.call("GET", "/v1/emails?limit=1")[1]["data"][0]["id"] == message_id, "it stands where it will go out"
    assert crm.call("POST", f"/v1/emails/{message_id}/cancel")[0] == 200


def put(made: dict[str, Any], content: bytes) -> int:
    request = urllib.request.Request(made["url"], content, made["headers"], method="PUT")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return int(answer.status)


def test_a_file_that_no_request_can_hold_goes_out_as_a_link_and_comes_back_byte_for_byte(crm: Crm) -> None:
    announced = {"filename": "Größe.zip", "content_type": "application/zip", "size": len(OCTETS)}
    status, made = crm.call("POST", "/v1/uploads", announced)
    assert status == 201, made
    body = {"from": "me@example.com", "to": "anna@example.com", "subject": "Large", "html": "<p>See below</p>"}
    mail = body | {"attachments": [{"upload_id": made["id"]}]}
    status, problem = crm.call("POST", "/v1/emails", mail)
    assert (status, problem["errors"][0]["pointer"]) == (422, "/attachments/0/upload_id")

    assert put(made, OCTETS) == 200
    small = crm.call("POST", "/v1/uploads", {"filename": "small.txt", "content_type": "text/plain", "size": 5})[1]
    assert put(small, b"Hello") == 200
    message_id = crm.send(
        **{name: value for name, value in mail.items() if name != "attachments"},
        attachments=[{"upload_id": small["id"]}, {"upload_id": made["id"]}],
    )
    arrived = crm.arrived("Large")
    assert [file["filename"] for file in arrived["attachments"]] == ["small.txt"]
    found = re.search(r"http://127\.0\.0\.1:\d+/a/[A-Za-z0-9_-]+", arrived["html"])
    assert found, arrived["html"]
    download = ask(ask(found[0]).headers["location"])
    assert download.body == OCTETS
    (file,) = crm.mail(message_id)["clicks"]["files"]
    assert (file["filename"], file["size"]) == ("Größe.zip", len(OCTETS))


def test_a_key_that_asks_too_often_is_told_when_to_go_on_and_others_are_not_touched(
    new_crm: NewCrm, local_run: LocalRun, local: dict[str, Any]
) -> None:
    free = new_crm("rated")
    named = ["--account", "rated", "--scopes", "send,read", "--rate", "3"]
    command = [sys.executable, "-m", "infra.account", "--local", str(local_run.folder), *named]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    key = {"Authorization": f"Bearer {re.findall(r'ms_[0-9a-f_]+', done.stdout)[0]}"}
    answers = [ask(f"{local['api_url']}/v1/emails", headers=key) for _ in range(8)]
    statuses = [answer.status for answer in answers]
    assert 3 <= statuses.count(200) <= 6, "a minute may end in between"
    (refused, *_) = [answer for answer in answers if answer.status == 429]
    assert refused.json["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert free.call("GET", "/v1/emails")[0] == 200
