"""The tracking host with connections: what reaches DynamoDB and SQS, and what does not stop it; and its cold start."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.core import event, hit_answer
from chalicelib.core.token import mint
from chalicelib.entrypoints import track
from chalicelib.gateways.event_log import EventLog
from tests.entrypoints.metric_lines import Told, counted_in, told_in
from tests.entrypoints.tracked import CLICK, DESTINATION, KEYS, OPEN, parts, payload
from tests.gateways import aws_on_loopback as faulty
from tests.gateways.aws_on_loopback import AwsOnLoopback, answers, refuses
from tests.gateways.event_logs import HASTY, log_for

ROOT = Path(__file__).parents[2]
PIXEL_RESPONSE = hit_answer.response(hit_answer.PIXEL, "GET")


@pytest.fixture
def dynamodb() -> Iterator[AwsOnLoopback]:
    with faulty.aws_on_loopback() as server:
        yield server


@pytest.fixture
def sqs() -> Iterator[AwsOnLoopback]:
    with faulty.aws_on_loopback() as server:
        yield server


@pytest.fixture
def environment(dynamodb: AwsOnLoopback, sqs: AwsOnLoopback, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a Lambda has it. The handler reads it with its first hit and keeps what it made."""
    for name, value in {
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "session",
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url,
        "AWS_ENDPOINT_URL_SQS": sqs.url,
        "MAILSIGHT_EVENTS_TABLE": "events",
        "MAILSIGHT_LINKS_TABLE": "links",
        "MAILSIGHT_SALTS_TABLE": "salts",
        "MAILSIGHT_BLOB_BUCKET": "blobs",
        "MAILSIGHT_SPILL_QUEUE_URL": "https://queue.example/spill",
        "MAILSIGHT_STAGE": "live",
        "MAILSIGHT_TOKEN_KEYS": json.dumps({key_id: key.decode() for key_id, key in KEYS.secrets.items()}),
    }.items():
        monkeypatch.setenv(name, value)
    track._parts.cache_clear()
    yield
    log = track._parts().log
    assert isinstance(log, EventLog)
    log.close()
    track._parts.cache_clear()


def test_the_handler_puts_one_signed_item(
    environment: None, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track.handler(payload("open", mint(OPEN, KEYS)), None) == PIXEL_RESPONSE
    assert track.handler(payload("click", mint(CLICK, KEYS)), None)["statusCode"] == 302
    assert dynamodb.operations() == ["GetItem", "PutItem", "PutItem", "PutItem"], "the salt of the day first"
    assert [call.request["TableName"] for call in dynamodb.calls] == ["salts", "salts", "events", "events"]
    assert [call.request["Item"]["kind"]["S"] for call in dynamodb.calls[2:]] == ["opened", "clicked"]
    headers = dynamodb.calls[0].headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=id/")
    assert headers["x-amz-security-token"] == "session"
    assert sqs.calls == []
    assert told_in(capsys.readouterr().out) == [Told("live", {"OpenRecorded": 1}), Told("live", {"ClickRecorded": 1})]


@pytest.mark.parametrize(
    ("added", "found"), [("192.0.2.0/24 filter", '"network":"filter"'), ("192.0.2.0/24 office", "bad_networks")]
)
def test_an_operators_own_networks_are_known_and_a_wrong_list_of_them_costs_nothing_but_itself(
    environment: None,
    dynamodb: AwsOnLoopback,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    added: str,
    found: str,
) -> None:
    monkeypatch.setenv("MAILSIGHT_NETWORKS", added)
    assert track.handler(payload("open", mint(OPEN, KEYS)), None) == PIXEL_RESPONSE
    kept = dynamodb.calls[-1].request["Item"]["data"]["S"]
    assert found in kept + capsys.readouterr().out


def test_broken_settings_show_the_pixel_and_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    track._parts.cache_clear()
    monkeypatch.delenv("MAILSIGHT_TOKEN_KEYS", raising=False)
    monkeypatch.setenv("MAILSIGHT_STAGE", "broken")
    assert track.handler(payload("open", mint(OPEN, KEYS)), None) == PIXEL_RESPONSE
    assert track.handler(payload("click", mint(CLICK, KEYS)), None)["statusCode"] == 503
    output = capsys.readouterr().out
    assert "MAILSIGHT_TOKEN_KEYS" in output
    assert told_in(output) == [Told("broken", {"HitFailed": 1})] * 2


FAULTS = {
    "slow": faulty.is_slow,
    "500": answers(500, {}),
    "throttle": refuses("ThrottlingException"),
    "refusal": refuses("ValidationException"),
    "reset": faulty.resets,
    "half an answer": faulty.answers_half,
    "not HTTP": faulty.babbles,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_with_the_store_down_everybody_gets_what_they_came_for_and_nothing_is_lost(
    fault: faulty.Behaviour, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb.always["PutItem"] = fault
    log = log_for(dynamodb.url, sqs.url, HASTY)
    assert track.serve(payload("open", mint(OPEN, KEYS)), lambda: parts(log)) == PIXEL_RESPONSE
    response = track.serve(payload("click", mint(CLICK, KEYS)), lambda: parts(log))
    assert (response["statusCode"], response["headers"]["Location"]) == (302, DESTINATION)
    spilled = [event.from_item(json.loads(call.request["MessageBody"])).kind for call in sqs.calls]
    assert spilled == ["opened", "clicked"]
    assert counted_in(capsys.readouterr().out) == {"EventSpilled": 2}
    log.close()


# The cold start


OURS = {
    "chalicelib",
    "chalicelib.core",
    "chalicelib.core.client",
    "chalicelib.core.destination",
    "chalicelib.core.event",
    "chalicelib.core.evidence",
    "chalicelib.core.hit",
    "chalicelib.core.hit_answer",
    "chalicelib.core.instant",
    "chalicelib.core.mac",
    "chalicelib.core.metric",
    "chalicelib.core.network",
    "chalicelib.core.one_click",
    "chalicelib.core.problem",
    "chalicelib.core.stored_file",
    "chalicelib.core.token",
    "chalicelib.entrypoints",
    "chalicelib.entrypoints.track",
    "chalicelib.gateways",
    "chalicelib.gateways.aws_json",
    "chalicelib.gateways.downloads",
    "chalicelib.gateways.event_log",
    "chalicelib.gateways.http1",
    "chalicelib.gateways.salts",
    "chalicelib.core.sigv4",
    "chalicelib.gateways.trust",
    "chalicelib.settings",
}


def test_a_cold_start_loads_the_standard_library_and_little_of_ours() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('network at import')\n"
        "socket.socket.connect = refuse\n"
        "import chalicelib.entrypoints.track\n"
        "print(*sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert {name for name in loaded if name.startswith("chalicelib")} == OURS
    assert not loaded & {"dataclasses", "inspect", "asyncio", "logging", "subprocess", "uuid", "decimal"}
    for package in ("boto3", "botocore", "chalice", "pynamodb", "pydantic", "aws_lambda_powertools", "jinja2", "idna"):
        assert package not in loaded
