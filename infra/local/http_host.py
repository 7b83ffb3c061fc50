"""What the hosts of this process share: threads, quick small answers, an orderly end, and no word on the terminal."""

import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

END_SECONDS = 5
"""For requests that are just being answered when the host ends."""

logger = logging.getLogger(__name__)


class QuietServer(ThreadingHTTPServer):
    """Threaded HTTP on one address; errors of a connection go to the log."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Binds without asking the DNS for this machine's name, which http.server does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers the requests of a connection in a thread of its own."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def end_connections(self) -> None:
        """Takes no further request on the connections that clients keep open; what is being answered is answered."""
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client was quicker
                    connection.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._open, END_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is logged with its traceback."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            logger.exception("a request from %s failed", client_address)


@contextlib.contextmanager
def served(server: QuietServer, name: str) -> Iterator[None]:
    """Serves in a thread for as long as the context lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        server.end_connections()
