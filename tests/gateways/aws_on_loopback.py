"""An HTTP server that stands in for DynamoDB and SQS and can fail in every way that a network can.

It keeps what it was asked. Each call takes the next behaviour of its operation; where none is left, all is well.
"""

import json
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Call(NamedTuple):
    operation: str
    request: dict[str, Any]
    headers: dict[str, str]
    connection: tuple[str, int]


Behaviour = Callable[["Handler"], None]


class AwsOnLoopback(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.calls: list[Call] = []
        self.script: dict[str, deque[Behaviour]] = defaultdict(deque)
        self.always: dict[str, Behaviour] = {}
        self.patience = threading.Event()
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.server_port}"

    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]

    def close_kept_connections(self) -> None:
        """As AWS does after a while: between two requests, without a word."""
        for kept in list(self._open):
            kept.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are what this server is for."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: AwsOnLoopback

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.calls.append(Call(operation, request, headers, self.client_address))
        script = self.server.script[operation]
        behave = script.popleft() if script else self.server.always.get(operation, answers(200, {}))
        behave(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at `calls`."""


def answers(status: int, body: dict[str, Any] | bytes) -> Behaviour:
    def behave(handler: Handler) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return behave


def refuses(name: str, status: int = 400) -> Behaviour:
    return answers(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{name}", "message": "as the test wants it"})


def is_slow(handler: Handler) -> None:
    """Says nothing until the test is over."""
    handler.server.patience.wait(30)
    handler.close_connection = True


def drops(handler: Handler) -> None:
    """Closes without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def resets(handler: Handler) -> None:
    """Closes with RST: the request may or may not have been carried out."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def answers_half(handler: Handler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{"Attrib')
    drops(handler)


def answers_half_a_header(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    drops(handler)


def babbles(handler: Handler) -> None:
    handler.wfile.write(b"\x00\xff ssh-2.0 hello\r\n\r\n")
    drops(handler)


@contextmanager
def aws_on_loopback(tls: ssl.SSLContext | None = None) -> Iterator[AwsOnLoopback]:
    server = AwsOnLoopback(tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.patience.set()
        server.shutdown()
        thread.join()
        server.server_close()
