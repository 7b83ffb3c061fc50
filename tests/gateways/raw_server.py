"""A TCP server on loopback that says exactly the bytes it was told, in the pieces it was told."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress


class RawServer:
    """Serves one connection: for each answer it reads a request whose head says its length, and keeps it."""

    def __init__(self, answers: Sequence[Sequence[bytes]], *, closes: bool) -> None:
        self.requests: list[bytes] = []
        self.goes_on = threading.Event()
        """What an answer waits for between two of its pieces where one of them is empty."""

        self._answers = answers
        self._closes = closes
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def stop(self) -> None:
        self.goes_on.set()
        self._over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()  # if nobody ever came
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, suppress(OSError):
            for pieces in self._answers:
                self.requests.append(self._request(connection))
                for piece in pieces:
                    if not piece:
                        self.goes_on.wait(30)
                    connection.sendall(piece)
            if not self._closes:
                self._over.wait(30)

    def _request(self, connection: socket.socket) -> bytes:
        with connection.makefile("rb") as incoming:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = incoming.readline()
                if not line:
                    raise ConnectionResetError("the client went away")
                head += line
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return head + incoming.read(length)


@contextmanager
def saying(*answers: Sequence[bytes], closes: bool = False) -> Iterator[RawServer]:
    """A server that gives these answers on one connection, and then closes it or stays silent."""
    server = RawServer(answers, closes=closes)
    try:
        yield server
    finally:
        server.stop()
