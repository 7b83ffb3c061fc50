"""Calls to one AWS service in its JSON protocol, over kept connections of the standard library.

For the hot path only: a botocore client costs four times the cold start and some twenty times the CPU. Everything
else uses boto3.
"""

import functools
import json
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core.problem import MailsightError
from chalicelib.gateways.sigv4 import Signer

ATTEMPT_SECONDS = 1.0
"""Each of connecting, handshake, sending and waiting for a part of the answer may last this long."""

CALL_SECONDS = 1.5
"""No attempt begins later, and the second one waits only for what is left."""

LONGEST_PAUSE_SECONDS = 0.025

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
        self._idle: list[HTTPConnection] = []  # append and pop are atomic
        self.host = _host(endpoint)
        self.path = urlsplit(endpoint).path or "/"

    def call(self, target: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one operation, like `DynamoDB_20120810.PutItem`. One retry, then CallFailed."""
        body = json.dumps(request, separators=(",", ":")).encode()
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

    def close(self) -> None:
        """Close what is kept. A later call opens a new connection."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _take(self, seconds: float) -> HTTPConnection:
        try:
            connection = self._idle.pop()
        except IndexError:
            return _connect(self._endpoint, seconds)
        connection.timeout = seconds  # for opening it again
        if connection.sock:
            connection.sock.settimeout(seconds)
        return connection

    def _attempt(self, target: str, body: bytes, seconds: float) -> dict[str, Any]:
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": target}
        signed = self._signer.sign(headers, host=self.host, path=self.path, body=body, at=self._clock())
        connection = self._take(seconds)
        try:
            connection.request("POST", self.path, body, signed)
            response = connection.getresponse()
            status, raw = response.status, response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            self.close()  # where one kept connection was closed meanwhile, its neighbours were too
            raise CallFailed(type(error).__name__, str(error), can_pass=True) from error
        self._idle.append(connection)  # http.client opens it again if the server said that it closes it
        return _answer(status, raw)


def _answer(status: int, raw: bytes) -> dict[str, Any]:
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


def _host(endpoint: str) -> str:
    """The Host header: the port only where it is not the scheme's own, as every SDK signs it."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    own_port = 443 if parts.scheme == "https" else 80
    return host if parts.port in (None, own_port) else f"{host}:{parts.port}"


def _connect(endpoint: str, seconds: float) -> HTTPConnection:
    """Nothing is sent yet: the connection opens with its first request."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port or 443, timeout=seconds, context=_tls())
    return HTTPConnection(host, parts.port or 80, timeout=seconds)


@functools.cache
def _tls() -> ssl.SSLContext:
    """One for all connections: reading the certificates of all authorities takes longer than a handshake."""
    return ssl.create_default_context()


def _pause() -> None:
    """A few milliseconds, different ones for each caller, so that throttled functions do not come back together."""
    time.sleep(time.monotonic_ns() % 1_000_000 / 1_000_000 * LONGEST_PAUSE_SECONDS)
