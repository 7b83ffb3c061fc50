"""What a contender's process has for a network: every host is the stub of bench/track_store.py, or there is none.

Without a network each socket talks to a DynamoDB that is already written down. What writes requests and reads answers
runs as ever, also a look whether anything came; only the kernel has nothing to carry.
"""

import _socket
import socket
from typing import Any

ANSWER = (
    b"HTTP/1.1 200 OK\r\n"
    b"Server: Server\r\n"
    b"Date: Sat, 21 Nov 2026 08:30:00 GMT\r\n"
    b"Content-Type: application/x-amz-json-1.0\r\n"
    b"Content-Length: 2\r\n"
    b"Connection: keep-alive\r\n"
    b"x-amzn-RequestId: VNTB9S8LH5CMPKRDVU0V3V4GSFVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
    b"x-amz-crc32: 2745614147\r\n"
    b"\r\n"
    b"{}"
)
"""What DynamoDB says to a PutItem."""


class CannedSocket(socket.socket):
    """Is connected wherever it is told to be, and has an answer to whatever it was sent."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        near, self._far = _socket.socketpair()  # a real one, so that it can be polled: nothing ever comes
        super().__init__(near.family, near.type, near.proto, near.detach())
        self._to_read = b""

    def connect(self, address: Any) -> None:
        """Done."""

    def setsockopt(self, *options: Any) -> None:
        """Nothing to set: this is no TCP."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """A part of a request; headers and body may come apart."""
        self._to_read = ANSWER

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """The next of the answer."""
        taken, self._to_read = self._to_read[:bufsize], self._to_read[bufsize:]
        return taken

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """The same, into a buffer."""
        taken = self.recv(nbytes or len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)


def cut() -> None:
    """From now on there is no network. For a process that does nothing else."""
    vars(socket)["socket"] = CannedSocket


def lead_to(port: int) -> None:
    """From now on every host is at this port of loopback, as if the DNS said so."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, service: Any, *options: Any, **more: Any) -> Any:
        return resolve("127.0.0.1", port, *options, **more)

    vars(socket)["getaddrinfo"] = getaddrinfo
