"""The HTTP side of the local SES: threads, keep-alive, exact lengths, and an end that leaves nothing open."""

import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from infra.local.inbox import Response

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 64 * 1024 * 1024  # a mail of 40 MB, in base64 and JSON


class Application(Protocol):
    """What answers the requests; None closes the connection without an answer."""

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, peer: str
    ) -> Response | None: ...


class Server(ThreadingHTTPServer):
    """Listens from the moment it is made, answers from `start` to `stop`."""

    request_queue_size = 128

    def __init__(self, host: str, port: int, application: Application) -> None:
        self.application = application
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="ses", daemon=True)
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end the connections that clients keep open."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # the client was quicker
                    connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """Bind without asking the DNS for this machine's name, which http.server does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away before its answer is no news; other errors are caught where they happen."""
        logger.debug("a connection of the local SES broke", exc_info=True)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "mailsight-local-ses"
    sys_version = ""
    wbufsize = -1  # head and body leave together: two small writes would wait 40 ms for an acknowledgement
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        url = urlsplit(self.path)
        try:
            response = self.server.application.answer(
                self.command, url.path, dict(parse_qsl(url.query)), _as_dict(self.headers), body, self.client_address[0]
            )
        except Exception:
            logger.exception("%s %s failed", self.command, self.path)
            response = Response(500, "text/plain; charset=utf-8", b"The local SES failed; its log says why.")
        if response is None:
            self.close_connection = True
        else:
            self._send(response)

    def _body(self) -> bytes | None:
        """The request's body; None if it has been refused."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            self._send(Response(411, "text/plain", b"Content-Length is needed"))
            return None
        if int(length) > MAX_REQUEST_BYTES:
            self._discard(int(length))
            self._send(Response(413, "text/plain", b"The request is too long"))
            return None
        return self.rfile.read(int(length))

    def _discard(self, length: int) -> None:
        """Read what is not wanted, so that the client reads the answer instead of meeting a closed connection."""
        while length > 0 and (chunk := self.rfile.read(min(length, 1 << 16))):
            length -= len(chunk)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        for name, value in response.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


def _as_dict(headers: Message) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}
