"""The tracking host: the tracking function behind what an HTTP API of API Gateway does with payload format 2.0.

Sources, of the API Gateway developer guide: "Create AWS Lambda proxy integrations for HTTP APIs" (event and answer) and
"Create routes for HTTP APIs". Made of the request as the client sent it: nothing is trusted that a client can write.
"""

import base64
import binascii
import functools
import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.client import responses
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from infra.local.functions import ACCOUNT, Call
from infra.local.http_host import QuietServer

ROUTES = (
    *(f"{method} /{purpose}/{{token}}" for method in ("GET", "HEAD") for purpose in ("o", "c", "a", "u")),
    "POST /u/{token}",
)
"""Those of the HTTP API that the function is made for. Anything else is the HTTP API's own 404."""

LONGEST_BODY = 10_000_000
"""Bytes; that of an HTTP API."""

TIMEOUT_SECONDS = 10
"""Of the function."""

logger = logging.getLogger(__name__)


class Request(NamedTuple):
    """What came over the wire. `target` is the request target as sent; header names as sent."""

    method: str
    target: str
    protocol: str
    headers: Sequence[tuple[str, str]]
    source_ip: str
    body: bytes = b""


class Response(NamedTuple):
    """What goes back. The body of an answer to HEAD is here too, for its length."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


TOO_LARGE = Response(413, (("Content-Type", "application/json"),), b'{"message":"Request Entity Too Large"}')
NOT_FOUND = Response(404, (("Content-Type", "application/json"),), b'{"message":"Not Found"}')
BROKEN = Response(500, (("Content-Type", "application/json"),), b'{"message":"Internal Server Error"}')


def route_of(method: str, path: str) -> tuple[str, str] | None:
    """The route key and token of a request, or None."""
    _, purpose, *rest = [*path.split("/"), ""]
    key = f"{method} /{purpose}/{{token}}"
    if key not in ROUTES or len(rest) != 2 or not rest[0] or path[0] != "/":
        return None
    return key, unquote(rest[0])


def event_of(request: Request, request_id: str, now_ms: int) -> dict[str, Any] | None:
    """The event of payload format 2.0, or None if no route matches. `now_ms` is in Unix milliseconds."""
    path, _, query = request.target.partition("?")
    route = route_of(request.method, path)
    if route is None:
        return None
    headers, cookies = _joined(request.headers)
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route[0],
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": headers,
        "pathParameters": {"token": route[1]},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": headers.get("host", ""),
            "domainPrefix": "local",
            "http": _http(request, path, headers),
            "requestId": request_id,
            "routeKey": route[0],
            "stage": "$default",
            "time": datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": False,
    }
    if request.body:
        event["body"], event["isBase64Encoded"] = _carried(request.body, headers.get("content-type", ""))
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = _query(query)
    return event


def _http(request: Request, path: str, headers: Mapping[str, str]) -> dict[str, str]:
    return {
        "method": request.method,
        "path": unquote(path),
        "protocol": request.protocol,
        "sourceIp": request.source_ip,
        "userAgent": headers.get("user-agent", ""),
    }


def _carried(body: bytes, content_type: str) -> tuple[str, bool]:
    """A body as the payload has it, and whether that is base64: all that is no text and no JSON, also a form."""
    if content_type.startswith(("text/", "application/json", "application/xml", "application/javascript")):
        return body.decode("utf-8", "replace"), False
    return base64.b64encode(body).decode(), True


def _joined(headers: Sequence[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Headers with lower-case names, repeated ones joined by commas; and cookies, which stand apart."""
    joined: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in headers:
        if name.lower() == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";")]
        else:
            before = joined.get(name.lower())
            joined[name.lower()] = value if before is None else f"{before},{value}"
    return joined, cookies


def _query(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def response_of(answer: object) -> Response:
    """The response to a function's answer; an answer without `statusCode` is a body of JSON, as the format infers."""
    if not isinstance(answer, Mapping) or "statusCode" not in answer:
        return Response(200, (("Content-Type", "application/json"),), json.dumps(answer).encode())
    try:
        status = int(answer["statusCode"])
        body = answer.get("body") or ""
        octets = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else str(body).encode()
        headers = [(str(name), _safe(str(value))) for name, value in (answer.get("headers") or {}).items()]
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]  # the host says it
        headers += [("Set-Cookie", _safe(cookie)) for cookie in answer.get("cookies") or ()]
    except (TypeError, ValueError, AttributeError, binascii.Error):
        logger.exception("the answer of the tracking function is malformed: %r", answer)
        return BROKEN
    if octets and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    return Response(status, headers, octets)


def _safe(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"no header can carry {value!r}")
    return value


def answer_to(request: Request, call: Call) -> Response:
    """Routes the request to the function."""
    event = event_of(request, str(uuid.uuid4()), time.time_ns() // 1_000_000)
    if event is None:
        return NOT_FOUND
    try:
        return response_of(call(event))
    except Exception:  # of any handler; Function has logged it
        return BROKEN


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    timeout = 60

    def __init__(self, call: Call, *arguments: Any) -> None:
        self._call = call
        super().__init__(*arguments)

    def _answer(self) -> None:
        body = self._body()
        client = str(self.client_address[0])
        request = Request(
            self.command, self.path, self.request_version, list(self.headers.items()), client, body or b""
        )
        response = TOO_LARGE if body is None else answer_to(request, self._call)
        has_body = response.status not in (204, 304)
        self.send_response(response.status, responses.get(response.status, ""))
        for name, value in response.headers:
            self.send_header(name, value)
        if has_body:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(response.body)

    def _body(self) -> bytes | None:
        """What was sent along, None if that is too much; one of unknown length stays unread, as one too long does."""
        length = self.headers.get("Content-Length", "0")
        is_known = length.isascii() and length.isdigit() and "Transfer-Encoding" not in self.headers
        if is_known and int(length) <= LONGEST_BODY:
            return self.rfile.read(int(length))
        self.close_connection = True
        return None if is_known else b""

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def version_string(self) -> str:
        return "mailsight"

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


def host(address: tuple[str, int], call: Call) -> QuietServer:
    """A server, bound and not yet serving, that feeds the tracking function."""
    return QuietServer(address, functools.partial(_Handler, call))
