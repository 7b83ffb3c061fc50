"""The tracking function is told and asked as by an HTTP API of API Gateway, over a real socket."""

import base64
import http.client
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.http_host import served
from infra.local.tracking_host import BROKEN, Request, event_of, host, response_of, route_of

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@contextmanager
def hosted(call: Any) -> Iterator[http.client.HTTPConnection]:
    server = host(("127.0.0.1", 0), call)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    with served(server, "tracking"):
        try:
            yield connection
        finally:
            connection.close()


def octets(connection: http.client.HTTPConnection, request_line: str) -> bytes:
    """All that comes over the wire, of which an HTTP client would hide what does not belong there."""
    with socket.create_connection((connection.host, connection.port), timeout=10) as wire:
        wire.sendall(f"{request_line}\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: wire.recv(65536), b""))


def request(method: str = "GET", target: str = "/o/abc", *headers: tuple[str, str]) -> Request:
    return Request(method, target, "HTTP/1.1", headers, "192.0.2.7")


def test_an_event_has_the_shape_of_payload_format_2():
    event = event_of(
        request(
            "GET",
            "/c/abc?a=1&a=2&b=",
            ("Host", "t.example"),
            ("User-Agent", "Mozilla/5.0"),
            ("Accept", "text/html"),
            ("ACCEPT", "image/gif"),
            ("Cookie", "a=1; b=2"),
            ("X-Forwarded-For", "203.0.113.9"),
        ),
        "request-1",
        1_795_249_800_123,
    )
    assert event == {
        "version": "2.0",
        "routeKey": "GET /c/{token}",
        "rawPath": "/c/abc",
        "rawQueryString": "a=1&a=2&b=",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "host": "t.example",
            "user-agent": "Mozilla/5.0",
            "accept": "text/html,image/gif",
            "x-forwarded-for": "203.0.113.9, 192.0.2.7",
        },
        "queryStringParameters": {"a": "1,2", "b": ""},
        "pathParameters": {"token": "abc"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "t.example",
            "domainPrefix": "local",
            "http": {
                "method": "GET",
                "path": "/c/abc",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.7",
                "userAgent": "Mozilla/5.0",
            },
            "requestId": "request-1",
            "routeKey": "GET /c/{token}",
            "stage": "$default",
            "time": "21/Nov/2026:08:30:00 +0000",
            "timeEpoch": 1_795_249_800_123,
        },
        "isBase64Encoded": False,
    }


def test_a_request_without_headers_query_and_cookies_has_none_in_its_event():
    event = event_of(request("HEAD"), "r", 0)
    assert event is not None
    assert event["headers"] == {"x-forwarded-for": "192.0.2.7"}
    assert event["requestContext"]["http"]["userAgent"] == ""
    assert event["rawQueryString"] == ""
    assert not {"cookies", "queryStringParameters", "body"} & set(event)


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [
        *(("GET", "/o/abc", "abc"), ("HEAD", "/o/abc", "abc")),
        *(("GET", "/c/a.b_c-d", "a.b_c-d"), ("HEAD", "/c/%41", "A")),
        *(("GET", "/a/abc", "abc"), ("HEAD", "/a/abc", "abc")),
        *(("GET", "/u/abc", "abc"), ("HEAD", "/u/abc", "abc"), ("POST", "/u/abc", "abc")),
    ],
)
def test_pixels_links_files_and_unsubscribing_have_routes(method, path, token):
    key = f"{method} /{path[1]}/{{token}}"
    assert route_of(method, path) == (key, token)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/o/abc") for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get")),
        *((method, "/u/abc") for method in ("PUT", "PATCH", "DELETE", "OPTIONS")),
        *(("POST", path) for path in ("/c/abc", "/a/abc", "/u", "/u/", "/u/a/b")),
        *(("GET", path) for path in ("/", "", "*", "/o", "/o/", "/o/a/", "/o/a/b", "//o/a", "/x/a", "/O/a", "o/a")),
        ("GET", "http://t.example/o/a"),
    ],
)
def test_anything_else_has_none(method, path):
    assert route_of(method, path) is None


def test_a_pixel_comes_through_byte_for_byte_on_a_connection_that_stays_open():
    def pixel(event: Any) -> dict[str, Any]:
        return {
            "statusCode": 200,
            "headers": {"content-type": "image/gif", "cache-control": "no-store"},
            "body": base64.b64encode(GIF).decode(),
            "isBase64Encoded": True,
        }

    with hosted(pixel) as connection:
        for _ in range(2):
            connection.request("GET", "/o/abc")
            answer = connection.getresponse()
            assert (answer.status, answer.version) == (200, 11)
            assert answer.headers["content-type"] == "image/gif"
            assert answer.headers["content-length"] == str(len(GIF))
            assert answer.headers["cache-control"] == "no-store"
            assert answer.read() == GIF
            assert connection.sock is not None  # kept alive


def test_head_has_the_head_of_get_and_no_body():
    methods: list[str] = []

    def pixel(event: Any) -> dict[str, Any]:
        methods.append(event["requestContext"]["http"]["method"])
        return {"statusCode": 200, "headers": {"content-type": "image/gif"}, "body": "four"}

    with hosted(pixel) as connection:
        for method, body in (("HEAD", b""), ("GET", b"four")):
            head, _, rest = octets(connection, f"{method} /o/abc HTTP/1.1").partition(b"\r\n\r\n")
            assert b"\r\nContent-Length: 4\r\n" in head
            assert rest == body
    assert methods == ["HEAD", "GET"]


def test_a_click_is_redirected_to_the_very_text_of_its_destination():
    destination = "https://example.com/a%2Fb?x=1&copy=2&y=%C3%A4#:~:text=q"

    def click(event: Any) -> dict[str, Any]:
        return {"statusCode": 302, "headers": {"Location": destination}}

    with hosted(click) as connection:
        connection.request("GET", "/c/abc")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["location"], answer.read()) == (302, destination, b"")
        assert answer.headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/"), ("POST", "/o/abc"), ("OPTIONS", "/o/abc"), ("DELETE", "/c/a/b")]
)
def test_what_has_no_route_is_the_gateway_s_own_404_and_never_reaches_the_function(method, target):
    calls: list[Any] = []
    with hosted(calls.append) as connection:
        connection.request(method, target, body=b"x" if method == "POST" else None)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (404, b'{"message":"Not Found"}')
        assert answer.headers["content-type"] == "application/json"
    assert calls == []


def test_every_request_has_its_own_id_and_the_address_of_its_client():
    contexts: list[Any] = []

    def remember(event: Any) -> dict[str, Any]:
        contexts.append(event["requestContext"])
        return {"statusCode": 204}

    with hosted(remember) as connection:
        for _ in range(2):
            connection.request("GET", "/o/abc", headers={"X-Forwarded-For": "203.0.113.9"})
            assert connection.getresponse().read() == b""
    assert len({context["requestId"] for context in contexts}) == 2
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", c["requestId"]) for c in contexts)
    assert {context["http"]["sourceIp"] for context in contexts} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("kind", "body", "carried", "is_base64"),
    [
        ("application/x-www-form-urlencoded", b"a=1", "YT0x", True),
        ("multipart/form-data; boundary=b", b"--b--", "LS1iLS0=", True),
        ("application/json", b"{}", "{}", False),
        ("text/plain", b"\xff", "\ufffd", False),
        ("", b"a", "YQ==", True),
    ],
)
def test_a_body_reaches_the_function_as_the_gateway_carries_it(kind, body, carried, is_base64):
    events: list[Any] = []

    def remember(event: Any) -> dict[str, Any]:
        events.append(event)
        return {"statusCode": 200, "body": "done"}

    with hosted(remember) as connection:
        for _ in range(2):  # on one connection: what was sent along is read
            connection.request("POST", "/u/abc", body=body, headers={"Content-Type": kind})
            assert connection.getresponse().read() == b"done"
    assert [(event["body"], event["isBase64Encoded"]) for event in events] == [(carried, is_base64)] * 2
    assert events[0]["routeKey"] == "POST /u/{token}"


def test_a_body_that_is_too_long_never_reaches_the_function():
    calls: list[Any] = []
    with hosted(calls.append) as connection:
        connection.putrequest("POST", "/u/abc")
        connection.putheader("Content-Length", str(10_000_001))
        connection.endheaders()
        assert connection.getresponse().status == 413
    assert calls == []


def test_a_function_that_raises_is_an_internal_server_error():
    def broken(event: Any) -> None:
        raise RuntimeError("as a handler may")

    with hosted(broken) as connection:
        connection.request("GET", "/o/abc")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (500, b'{"message":"Internal Server Error"}')


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "often"},
        {"statusCode": None},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        {"statusCode": 302, "headers": {"Location": "https://example.com/\r\nSet-Cookie: a=1"}},
        {"statusCode": 302, "headers": {"Location": "https://example.com/ä"}},
        {"statusCode": 200, "headers": ["not", "a", "mapping"]},
    ],
)
def test_a_malformed_answer_is_an_internal_server_error(answer):
    assert response_of(answer) == BROKEN


def test_an_answer_without_a_status_is_taken_as_the_body():
    response = response_of({"hello": "there"})
    assert (response.status, json.loads(response.body)) == (200, {"hello": "there"})


def test_cookies_of_an_answer_are_headers_and_a_text_has_a_type():
    response = response_of({"statusCode": 200, "cookies": ["a=1", "b=2"], "body": "ä"})
    assert list(response.headers) == [
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Content-Type", "text/plain;charset=UTF-8"),
    ]
    assert response.body == "ä".encode()
