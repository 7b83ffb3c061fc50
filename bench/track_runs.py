"""Processes that find what is deployed, and the standard library, and nothing else: each runs one contender."""

import json
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench.track_contenders import WARM_UP
from chalicelib.core.token import Keys, Mode, Purpose, Token, mint
from infra.aws import package

BESIDE = ("__init__.py", "track_botocore.py", "track_contenders.py", "track_network.py", "track_usual.py")
AUTHORITIES = ("chalicelib/gateways/amazon_roots.pem", "botocore/cacert.pem")
"""The files that say whom each client trusts."""

ISOLATED = ("-I", "-S", "-c")  # no environment of Python, no site-packages
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bench.track_contenders import main; main()"
RECORDED = '"OpenRecorded"'
SECRET = "a secret that is only for benchmarks"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjE" * 50,  # as long as Lambda's
    "MAILSIGHT_STAGE": "prod",
    "MAILSIGHT_EVENTS_TABLE": "mailsight-prod-events",
    "MAILSIGHT_LINKS_TABLE": "mailsight-prod-links",
    "MAILSIGHT_SALTS_TABLE": "mailsight-prod-salts",
    "MAILSIGHT_BLOB_BUCKET": "mailsight-prod-blobs",
    "MAILSIGHT_SPILL_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/mailsight-prod-spill",
    "MAILSIGHT_TOKEN_KEYS": json.dumps({"1": SECRET}),
}
APART = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}  # without TLS; an address, so that no name is looked up


class Place(NamedTuple):
    """Where contenders run. With `port` 0 they have no network, else every host is there."""

    folder: Path
    port: int


def unpacked_package(folder: Path) -> Path:
    """What is deployed, as it lies on Lambda's disk."""
    made = package.make(folder, architecture=package.OF_THIS_MACHINE)
    with zipfile.ZipFile(made.zip) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def prepare(folder: Path, certificate: bytes) -> None:
    """Puts the other handlers beside what is deployed, and lets all clients trust one more certificate."""
    (folder / "bench").mkdir(exist_ok=True)
    for name in BESIDE:
        copied = shutil.copy(Path(__file__).with_name(name), folder / "bench")
        py_compile.compile(str(copied), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    for name in AUTHORITIES:
        with (folder / name).open("ab") as trusted:
            trusted.write(b"\n" + certificate)


def run(place: Place, name: str, opens: int) -> int:
    """The number that a contender's process prints. Raises RuntimeError unless each open was recorded."""
    command = [sys.executable, *ISOLATED, START, str(place.folder), name, str(opens), str(place.port)]
    environment = ENVIRONMENT if place.port else {**ENVIRONMENT, **APART}
    with tempfile.TemporaryFile("w+") as output:  # not a pipe: who writes to one pays for waking who reads it
        payload = json.dumps(payload_for(name))
        done = subprocess.run(
            command, env=environment, input=payload, stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
        output.seek(0)
        *lines, last = output.read().splitlines() or [""]
    recorded = sum(RECORDED in line for line in lines)
    if done.returncode or recorded != 1 + bool(opens) * (WARM_UP + opens):
        raise RuntimeError(f"{name} recorded {recorded} opens; its last words: {last[-500:]}{done.stderr[-2000:]}")
    return int(last)


def payload_for(name: str) -> dict[str, Any]:
    """An open as its gateway would hand it over: an HTTP API's, or a REST API's for Chalice."""
    said = Token(Purpose.OPEN, Mode.FULL, "0123456789abcdef" * 2, datetime(2099, 1, 1, tzinfo=UTC))
    text = mint(said, Keys({1: SECRET.encode()}))
    agent = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    headers = {"accept": "*/*", "host": "track.crm.example", "user-agent": agent}
    if name == "usual":
        context: dict[str, Any] = {"httpMethod": "GET", "resourcePath": "/o/{token}", "requestId": "JKJaXmPLvHcESHA="}
        context["identity"] = {"sourceIp": "192.0.2.1"}
        rest = {"headers": headers, "multiValueHeaders": {key: [value] for key, value in headers.items()}}
        rest |= {"pathParameters": {"token": text}, "multiValueQueryStringParameters": None, "body": None}
        rest |= {"stageVariables": None}
        return {**rest, "requestContext": {**context, "requestTimeEpoch": 1795249800123}, "isBase64Encoded": False}
    http = {"method": "GET", "path": f"/o/{text}", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": agent}
    context2 = {"http": http, "requestId": "JKJaXmPLvHcESHA=", "stage": "$default", "timeEpoch": 1795249800123}
    return {"version": "2.0", "rawPath": f"/o/{text}", "headers": headers, "requestContext": context2}
