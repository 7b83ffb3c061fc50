"""Nothing of who asked is left anywhere: not in the table, not in the queue, not in the log, whatever breaks."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.token import Mode, Token, mint
from chalicelib.entrypoints import track
from chalicelib.gateways.event_log import EventLog
from chalicelib.gateways.salts import Salts
from tests.entrypoints.tracked import CLICK, FILE, KEYS, OPEN, UNSUBSCRIBE, parts, payload
from tests.gateways.event_logs import OWN, log_for

IP = "203.0.113.77"
SECRETS = (IP, "203.0.113", "2001:db8:77", "SecretAgent", "8.77", "inbox.example", "session-of-the-reader")
HITS = [("o", OPEN), ("c", CLICK), ("a", FILE), ("u", UNSUBSCRIBE)]


class Everything:
    """DynamoDB and SQS at once: keeps each request, and breaks where it is told to."""

    def __init__(self, breaks: Callable[[str], bool]) -> None:
        self.requests: list[str] = []
        self._breaks = breaks

    def call(self, target: str, request: Any) -> dict[str, Any]:
        operation = target.partition(".")[2]
        self.requests.append(request.decode() if isinstance(request, bytes) else json.dumps(request))
        if self._breaks(operation):
            raise RuntimeError(f"{operation} broke")
        if operation == "GetItem":
            item = {"object_key": "acme/files/m/1", "filename": "x", "content_type": "a/b"}
            return {"Item": {name: {"S": value} for name, value in item.items()}}
        return {}

    def call_once(self, target: str, request: Any, seconds: float) -> dict[str, Any]:
        if request["TableName"] == "salts":
            self.requests.append(json.dumps(request))
            if self._breaks("salts"):
                raise RuntimeError("salts broke")
        return {}


def a_payload(letter: str, said: Token, method: str, ip: str) -> dict[str, Any]:
    made = payload("click", mint(said, KEYS), letter=letter, method=method)
    made["requestContext"]["http"] |= {"sourceIp": ip, "userAgent": "SecretAgent/8.77"}
    made["headers"] = {
        "user-agent": "SecretAgent/8.77",
        "x-forwarded-for": ip,
        "referer": "https://inbox.example/",
        "cookie": "session-of-the-reader",
        "content-type": "application/x-www-form-urlencoded",
    }
    return {**made, "cookies": ["session-of-the-reader"], "body": "List-Unsubscribe=One-Click"}


BREAKS = {
    "nothing": lambda _: False,
    "the salts": lambda operation: operation == "salts",
    "the table": lambda operation: operation in ("salts", "PutItem", "GetItem"),
    "everything": lambda _: True,
}


@pytest.mark.parametrize("breaks", BREAKS.values(), ids=BREAKS.keys())
@pytest.mark.parametrize("ip", [IP, "2001:db8:77:1::9"])
def test_no_address_and_no_user_agent_is_written_anywhere(
    breaks: Callable[[str], bool], ip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    aws: Any = Everything(breaks)
    log, salts = EventLog(aws, aws, OWN), Salts(aws, "salts")
    own = parts(log)._replace(salt_of=salts.of)
    for letter, said in HITS:
        for method in ("GET", "HEAD", "POST"):
            for mode in Mode:
                track.serve(a_payload(letter, said._replace(mode=mode), method, ip), lambda: own)
    written = capsys.readouterr().out + "\n".join(aws.requests)
    assert len(aws.requests) > 20
    assert [secret for secret in SECRETS if secret in written] == []


def test_a_fault_that_nobody_thought_of_tells_nothing_of_the_reader(capsys: pytest.CaptureFixture[str]) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("nobody thought of this")

    own = parts(log_for("", ""))._replace(salt_of=breaks, url_of=breaks)
    for letter, said in HITS:
        track.serve(a_payload(letter, said, "GET", IP), lambda: own)
    output = capsys.readouterr().out
    assert "nobody thought of this" in output
    assert [secret for secret in SECRETS if secret in output] == []
