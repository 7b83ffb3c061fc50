"""Calls to one AWS service in its JSON protocol, over kept connections.

For the hot path only: a botocore client costs four times the cold start and some twenty times the CPU. Everything
else uses boto3.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core.problem import MailsightError
from chalicelib.core.sigv4 import Form, Signer
from chalicelib.gateways import http1, trust
from chalicelib.gateways.http1 import BadAnswer, Connection

ATTEMPT_SECONDS = 1.0
"""Each of connecting, handshake, sending and the whole answer may last this long."""

CALL_SECONDS = 1.5
"""No attempt begins later, and the second one waits only for what is left."""

LONGEST_PAUSE_SECONDS = 0.025

# json.dumps would make one for each call, and look for circles in what is made here
_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottlingException",
        "ThrottledException",
    }
)


class CallFailed(MailsightError):
    """AWS did not do what it was asked, or did not say so.

    `code` is AWS's name of the error or the class of the network error; `can_pass` tells whether a retry may help.
    """

    def __init__(self, code: str, detail: str, *, can_pass: bool) -> None:
        super().__init__(f"{code}: {detail}"[:500])
        self.code = code
        self.can_pass = can_pass


class AwsJson:
    """One endpoint and who signs for it. Threads may share it: each call takes a connection out of the pool.

    `endpoint` is a URL, `clock` gives Unix seconds; the protocol is JSON 1.0, as DynamoDB and SQS speak it.
    """

    def __init__(
        self,
        endpoint: str,
        signer: Signer,
        *,
        attempt_seconds: float = ATTEMPT_SECONDS,
        call_seconds: float = CALL_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signer = signer
        self._attempt_seconds = attempt_seconds
        self._call_seconds = call_seconds
        self._clock = clock
        self._endpoint = endpoint
        self._idle: list[Connection] = []  # append and pop are atomic
        self._operations: dict[str, tuple[Form, bytes]] = {}
        self.host = host_of(endpoint)
        self.path = urlsplit(endpoint).path or "/"

    def call(self, target: str, request: Mapping[str, Any] | bytes) -> dict[str, Any]:
        """The answer to one operation, like `DynamoDB_20120810.PutItem`. One retry, then CallFailed. Bytes are the
        request's JSON, from whoever makes it quicker."""
        body = request if isinstance(request, bytes) else _to_json(request).encode()
        begun = time.monotonic()
        try:
            return self._attempt(target, body, self._attempt_seconds)
        except CallFailed as failure:
            if not failure.can_pass:
                raise
            _pause()
            left = self._call_seconds - (time.monotonic() - begun)
            if left <= 0:
                raise
        return self._attempt(target, body, min(left, self._attempt_seconds))

    def call_once(self, target: str, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to one operation that can be done without: tried once, and not waited for. Else CallFailed."""
        return self._attempt(target, _to_json(request).encode(), min(seconds, self._attempt_seconds))

    def close(self) -> None:
        """Close what is kept. A later call opens a new connection."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _attempt(self, target: str, body: bytes, seconds: float) -> dict[str, Any]:
        form, beginning = self._begun(target)
        request = http1.request(beginning, form.sign(body, self._clock()), body)
        try:
            status, raw = self._exchange(request, seconds)
        except (OSError, BadAnswer) as error:
            self.close()  # where one kept connection was closed meanwhile, its neighbours were too
            raise CallFailed(type(error).__name__, str(error), can_pass=True) from error
        return _answer(status, raw)

    def _begun(self, target: str) -> tuple[Form, bytes]:
        """What all requests for this operation have in common; made by the first one."""
        if target not in self._operations:
            headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": target}
            form = self._signer.form(headers, host=self.host, path=self.path)
            self._operations[target] = form, http1.beginning(self.path, form.headers)
        return self._operations[target]

    def _exchange(self, request: bytes, seconds: float) -> tuple[int, bytes]:
        connection, can_keep = self._take(seconds), False
        try:
            status, raw, can_keep = connection.exchange(request, seconds)
        finally:
            if can_keep:
                self._idle.append(connection)
            else:
                connection.close()
        return status, raw

    def _take(self, seconds: float) -> Connection:
        try:
            while (kept := self._idle.pop()).is_stale():
                kept.close()
        except IndexError:
            return _connect(self._endpoint, seconds)
        return kept


def _answer(status: int, raw: bytes) -> dict[str, Any]:
    if status == 200 and raw == b"{}":  # every PutItem that is done
        return {}
    try:
        answer = json.loads(raw)
    except ValueError:
        answer = None
    if status == 200 and isinstance(answer, dict):
        return answer
    said = answer if isinstance(answer, dict) else {}
    code = str(said.get("__type", "")).rpartition("#")[2] or f"HTTP {status}"
    detail = str(said.get("message") or said.get("Message") or raw[:200])
    # A 200 that is no JSON was cut on its way; a 4xx is the fault of the request and stays one.
    raise CallFailed(code, detail, can_pass=status in (200, 429) or status >= 500 or code in _THROTTLES)


def host_of(endpoint: str) -> str:
    """The Host header: the port only where it is not the scheme's own, as every SDK signs it."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    own_port = 443 if parts.scheme == "https" else 80
    return host if parts.port in (None, own_port) else f"{host}:{parts.port}"


def _connect(endpoint: str, seconds: float) -> Connection:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http1.connect(host, parts.port or 443, seconds, trust.for_host(host))
    return http1.connect(host, parts.port or 80, seconds)


def _pause() -> None:
    """A few milliseconds, different ones for each caller, so that throttled functions do not come back together."""
    time.sleep(time.monotonic_ns() % 1_000_000 / 1_000_000 * LONGEST_PAUSE_SECONDS)
