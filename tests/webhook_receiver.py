"""A program with a webhook: it keeps what it is told, and answers as the test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from standardwebhooks import Webhook as Verifier

from tests.infra.local_run import until


class Told(NamedTuple):
    """One POST as it came in."""

    headers: dict[str, str]
    body: bytes

    def read(self, secret: str) -> Any:
        """The event, if it was signed by this secret."""
        return Verifier(secret).verify(self.body, self.headers)


class Receiver(ThreadingHTTPServer):
    """The program's own server on loopback. It answers with `statuses` first, and then with 204."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.statuses: list[int] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks"

    def events(self, secret: str) -> list[dict[str, Any]]:
        return [one.read(secret) for one in self.told]

    def wait_for(self, secret: str, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Events of this type, as soon as there are so many."""

        def found() -> list[dict[str, Any]] | None:
            events = [event for event in self.events(secret) if event["type"] == kind]
            return events if len(events) >= count else None

        events: list[dict[str, Any]] = until(found, f"{count} times {kind}")
        return events


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Any = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver.told.append(Told(dict(self.headers.items()), body))
        self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens as long as the block runs."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
