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


def test_an_unknown_path_is_refused_as_api_gateway_does(connection):
    status, body, _ = ask(connection, "GET", "/unknown")
    assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})


def test_a_header_that_no_answer_can_carry_is_a_bad_gateway_and_the_next_request_is_answered(connection):
    assert ask(connection, "GET", "/odd")[0] == 502
    assert ask(connection, "GET", "/png")[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(LARGEST_REQUEST + 1)}, 413),
        ({"Content-Length": "-5"}, 400),
        ({"Content-Length": "many"}, 400),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_unread(connection, headers, status):
    connection.putrequest("POST", "/echo")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (status, "close")
    assert "message" in json.loads(answer.read())


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
