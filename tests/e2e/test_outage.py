"""DynamoDB is down: the pixel and the redirect go on, and every hit is counted once when it is back."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.crm import Crm
from tests.infra.local_run import BROWSER, ROOT

pytestmark = [pytest.mark.local]

HIT = """
import json, sys
from chalicelib.entrypoints import track
for payload in json.load(sys.stdin):
    print(json.dumps(track.handler(payload, None)))
"""


def payload(path: str, number: int) -> dict[str, Any]:
    """A hit as API Gateway hands it over, in its payload format 2.0."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"user-agent": BROWSER},
        "requestContext": {
            "http": {"method": "GET", "path": path, "sourceIp": "127.0.0.1", "userAgent": BROWSER},
            "requestId": f"outage-{path[-12:]}-{number}",
            "stage": "$default",
            "timeEpoch": 4_000_000_000_000 if number < 0 else 1_800_000_000_000 + number,
        },
        "isBase64Encoded": False,
    }


def run(code: list[str], environment: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *code],
        cwd=ROOT,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


@pytest.fixture
def crm(local: dict[str, Any]) -> Crm:
    return Crm(local)


def test_hits_during_an_outage_are_answered_and_counted_once_afterwards(crm, local):
    message_id = crm.send(subject="Outage", html='<a href="https://example.com/offer">x</a>')
    mail = crm.arrived("Outage")
    pixel, link = (re.search(rf'/{letter}/[^"]+', mail["html"])[0] for letter in "oc")
    hits = [payload(pixel, 1), payload(pixel, 2), payload(link, 3), payload(link, 3)]  # the last is the third again
    down = {**local["environment"], "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}

    answers = [json.loads(line) for line in run(["-c", HIT], down, json.dumps(hits)).stdout.splitlines()]
    assert [answer["statusCode"] for answer in answers if "statusCode" in answer] == [200, 200, 302, 302]
    assert answers[-1]["headers"]["Location"] == "https://example.com/offer"
    assert crm.mail(message_id)["opens"]["count"] == 0

    for _ in range(2):
        run(["-m", "infra.replay"], local["environment"])
    mail = crm.wait(message_id, lambda mail: mail["opens"]["count"] == 2 and mail["clicks"]["count"] == 1)
    assert mail["status"] == "clicked"
    events = crm.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]
    assert sorted(event["type"] for event in events if "ed" in event["type"]) == sorted(
        ["clicked", "opened", "opened", "delivered"]
    )
