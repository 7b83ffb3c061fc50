"""The Chalice app on a socket: what Chalice's local server lacks of HTTP and of API Gateway is there."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chalice.app import Chalice, Response

from infra.local.api_host import LARGEST_REQUEST, for_threads, host
from infra.local.http_host import served

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


def small_app(meeting: threading.Barrier) -> Chalice:
    app = Chalice(app_name="small")
    app.api.binary_types = ["*/*"]

    @app.route("/echo", methods=["POST"])
    def echo() -> Response:
        body = app.current_request.json_body
        return Response(json.dumps(body).encode(), {"Content-Type": "application/json"})

    @app.route("/meet/{name}")
    def meet(name: str) -> Response:
        meeting.wait(timeout=10)
        seen = app.current_request.uri_params["name"]
        return Response(seen.encode(), {"Content-Type": "text/plain"})

    @app.route("/png", methods=["GET", "HEAD"])
    def png() -> Response:
        return Response(PNG, {"Content-Type": "image/png", "Set-Cookie": ["a=1", "b=2"]})

    @app.route("/nothing")
    def nothing() -> Response:
        return Response(b"not for the wire", {"ETag": '"1"', "Content-Type": "text/html"}, 304)

    @app.route("/odd")
    def odd() -> Response:
        return Response(b"", {"Location": "https://example.com/\N{SNOWMAN}", "Content-Type": "text/html"}, 302)

    return app


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    server = host(("127.0.0.1", 0), for_threads(small_app(threading.Barrier(4))))
    with served(server, "api"):
        made = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        yield made
        made.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, **more: Any) -> tuple[int, bytes, Any]:
    connection.request(method, path, headers={"Accept": "*/*", "Content-Type": "application/json"}, **more)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def test_json_goes_in_and_out_on_a_connection_that_stays_open(connection):
    for number in range(3):
        sent = json.dumps({"n": number}).encode()
        status, body, _ = ask(connection, "POST", "/echo", body=sent)
        assert (status, json.loads(body)) == (200, {"n": number})
        assert connection.sock is not None


def test_bytes_and_repeated_headers_come_through(connection):
    status, body, headers = ask(connection, "GET", "/png")
    assert (status, body, headers["Content-Type"]) == (200, PNG, "image/png")
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("HEAD", "/png", b"200"), ("GET", "/nothing", b"304"), ("HEAD", "/echo", b"405")]
)
def test_what_has_no_body_leaves_nothing_on_the_wire_that_could_pass_for_the_next_answer(
    connection, method, path, status
):
    with socket.create_connection((connection.host, connection.port), timeout=10) as wire:
        wire.sendall(f"{method} {path} HTTP/1.1\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode())
        octets = b"".join(iter(lambda: wire.recv(65536), b""))
    assert octets.startswith(b"HTTP/1.1 " + status)
    assert octets.endswith(b"\r\n\r\n")
    assert octets.count(b"\r\n\r\n") == 1


NOT_FOUND = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "code": "not_found",
    "detail": "there is no such path",
}
KEY = f"ms_0123456789abcdef_{'5' * 64}"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/emailz", "/v1/emailz/1?a=/echo"])
def test_an_unknown_path_of_the_api_is_a_problem_and_the_next_request_is_answered(connection, method, path):
    status, body, headers = ask(connection, method, path, body=b"{}" if method == "POST" else None)
    assert (status, headers["Content-Type"], json.loads(body)) == (404, "application/problem+json", NOT_FOUND)
    assert ask(connection, "GET", "/png")[0] == 200


@pytest.mark.parametrize("path", ["/unknown", "/v10", "/v1x/emails", "//[", "/?/v1/"])
def test_an_unknown_path_elsewhere_is_a_page(connection, path):
    status, body, headers = ask(connection, "GET", path)
    assert (status, headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"<h1>Not Found</h1>" in body


@pytest.mark.parametrize("path", ["/v1/emailz", "/unknown"])
@pytest.mark.parametrize("authorization", [f"Bearer {KEY}", f"Basic {KEY}", KEY, f"Bearer {KEY}\xe9", ""])
def test_an_api_key_is_never_repeated(connection, path, authorization):
    connection.request("GET", f"{path}?key={KEY}", headers={"Authorization": authorization})
    answer = connection.getresponse()
    assert answer.status == 404
    assert KEY.encode() not in answer.read()
    assert KEY not in str(answer.headers)


def test_a_header_that_no_answer_can_carry_is_a_bad_gateway_and_the_next_request_is_answered(connection):
    assert ask(connection, "GET", "/odd")[0] == 502
    assert ask(connection, "GET", "/png")[0] == 200


@pytest.mark.parametrize("path", ["/echo", "/v1/echo"])
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Length": str(LARGEST_REQUEST + 1)}, 413, "too_large"),
        ({"Content-Length": "-5"}, 400, "invalid_request"),
        ({"Content-Length": "many"}, 400, "invalid_request"),
        ({"Transfer-Encoding": "chunked"}, 411, "length_required"),
        ({f"X-{number}": "x" for number in range(200)}, 431, "headers_too_large"),
    ],
)
def test_a_request_that_cannot_be_taken_is_refused_unread(connection, path, headers, status, code):
    connection.putrequest("POST", path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert_refused(connection.getresponse(), path, status, code)


@pytest.mark.parametrize("path", ["/echo", "/v1/echo"])
def test_an_unknown_method_is_refused_whatever_was_asked_before(connection, path):
    assert ask(connection, "GET", "/v1/nothing")[0] == 404
    connection.request("BREW", path)
    assert_refused(connection.getresponse(), path, 501, "method_not_implemented")


def test_a_request_that_is_none_is_not_answered_as_the_one_before(connection):
    with socket.create_connection((connection.host, connection.port), timeout=10) as wire:
        wire.sendall(b"GET /v1/nothing HTTP/1.1\r\n\r\nGET / HTTP/9.9\r\n\r\n")
        octets = b"".join(iter(lambda: wire.recv(65536), b""))
    assert octets.count(b"application/problem+json") == 1
    assert octets.rstrip().endswith(b"</html>")


def assert_refused(answer: http.client.HTTPResponse, path: str, status: int, code: str) -> None:
    assert (answer.status, answer.headers["Connection"]) == (status, "close")
    if path.startswith("/v1/"):
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(answer.read())
        assert (problem["status"], problem["code"]) == (status, code)
    else:
        assert answer.headers["Content-Type"].startswith("text/html")


def test_requests_at_once_do_not_see_each_other(connection):
    def meet(name: str) -> str:
        own = http.client.HTTPConnection(connection.host, connection.port, timeout=20)
        try:
            return ask(own, "GET", f"/meet/{name}")[1].decode()
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(meet, "abcd")) == ["a", "b", "c", "d"]


def test_the_end_answers_what_is_being_asked_and_closes_what_is_kept_open():
    meeting = threading.Barrier(2)
    server = host(("127.0.0.1", 0), for_threads(small_app(meeting)))
    idle, asking = (http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10) for _ in range(2))
    with ThreadPoolExecutor(2) as pool:
        with served(server, "api"):
            assert ask(idle, "GET", "/png")[0] == 200
            answer = pool.submit(ask, asking, "GET", "/meet/late")
            while not meeting.n_waiting:
                time.sleep(0.01)
            threading.Timer(0.2, meeting.wait).start()
        assert answer.result()[:2] == (200, b"late")
    assert idle.sock.recv(1) == b""
    idle.close()
    asking.close()
