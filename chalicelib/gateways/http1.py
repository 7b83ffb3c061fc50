"""One POST and its answer in HTTP/1.1 (RFC 9112), over a connection that is kept.

For the hot path only: http.client hands the headers of every answer to the parser of the email package, which takes
more CPU than all the rest of an open, and its import is a good part of a cold start. Nothing is guessed here: an answer
that is not exactly framed is BadAnswer, and its connection is closed.
"""

import re
import select
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from chalicelib.core.problem import MailsightError
from chalicelib.gateways.trust import Trust

LONGEST_HEAD = 16_384
"""Bytes of a status line and its headers; those of AWS have some 300."""

LONGEST_BODY = 1_048_576
"""Bytes of a body; the longest that is asked for here is an item with one address of 8,192 characters."""

_PIECE = 16_384  # the longest TLS record
_DIGITS = {10: b"0123456789", 16: b"0123456789abcdefABCDEF"}
_HEAD = re.compile(rb"HTTP/1[.][01] ([2-9][0-9][0-9])(?: [^\r\n]*+)?+(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\r\n]*+)*+")
"""Status line and headers (RFC 9112 sections 4 and 5; names: RFC 9110 section 5.6.2). Interim answers are for those who
asked to wait, and are none here."""
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|connection):[ \t]*+([^\r\n]*)")


class BadAnswer(MailsightError):
    """What came back is no answer of HTTP/1.1, or a longer one than anything that is asked for here."""


def beginning(path: str, headers: Mapping[str, str]) -> bytes:
    """What all POSTs to one path with these headers begin with. Raises ValueError for what cannot stand there."""
    if not path.isprintable() or " " in path:
        raise ValueError(f"a path with a space or a line break: {path!r}")
    return f"POST {path} HTTP/1.1\r\n{_lines(headers)}".encode("ascii")


def request(begun: bytes, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST as it is sent: its beginning, and what it has of its own. Raises ValueError as `beginning` does."""
    return begun + f"{_lines(headers)}content-length: {len(body)}\r\n\r\n".encode("ascii") + body


class Connection:
    """An open connection to one host, for one thread at a time. Errors of the network are OSError."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._incoming = _Incoming(sock)
        self._events = select.poll()
        self._events.register(sock, select.POLLIN)

    def is_stale(self) -> bool:
        """Whether something came since the last answer: the end, or what must not pass for the next answer.

        With TLS it may also be a message of the protocol itself; then the connection is given up without need.
        """
        return bool(self._events.poll(0))

    def exchange(self, sent: bytes, seconds: float) -> tuple[int, bytes, bool]:
        """Status and body of the answer to a request, and whether the connection takes another one.

        To send it may last so many seconds, and so may the answer to its last byte.
        """
        if self._socket.gettimeout() != seconds:
            self._socket.settimeout(seconds)
        self._socket.sendall(sent)
        self._incoming.wait(seconds)
        return _answer(self._incoming)

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def connect(host: str, port: int, seconds: float, trust: Sequence[Trust] = ()) -> Connection:
    """A connection, with TLS where `trust` says whose certificates are good; the first that takes the host's decides.

    It takes so many seconds for each address of the host, and again for each handshake.
    """
    for good in trust[:-1]:
        with suppress(ssl.SSLCertVerificationError):
            return _connect(host, port, seconds, good())
    return _connect(host, port, seconds, trust[-1]() if trust else None)


def _connect(host: str, port: int, seconds: float, tls: ssl.SSLContext | None) -> Connection:
    sock = socket.create_connection((host, port), seconds)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else the request waits for the handshake's ACK
        return Connection(tls.wrap_socket(sock, server_hostname=host) if tls else sock)
    except BaseException:
        sock.close()
        raise


def _lines(headers: Mapping[str, str]) -> str:
    values = "".join(headers.values())
    if "\n" in values or "\r" in values:
        raise ValueError("a header with a line break")
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


class _Incoming:
    """What comes in, in pieces of any size."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._until = 0.0
        self.rest = b""  # came, and is not taken yet

    def wait(self, seconds: float) -> None:
        """For the first piece, which mostly is all; the last one must be here after so many seconds."""
        self._until = time.monotonic() + seconds
        self.rest += self._socket.recv(_PIECE)

    def until(self, mark: bytes, longest: int) -> bytes:
        """Everything before the mark, which is taken away too."""
        while True:
            taken, found, rest = self.rest.partition(mark)
            if len(taken) > longest:
                raise BadAnswer(f"a line or a head of more than {longest} bytes")
            if found:
                self.rest = rest
                return taken
            self._more()

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        while len(self.rest) < count:
            self._more()
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def all(self, longest: int) -> bytes:
        """Everything up to the end of the connection."""
        while self._receive():
            if len(self.rest) > longest:
                raise BadAnswer(f"a body of more than {longest} bytes")
        return self.rest

    def _more(self) -> None:
        if not self._receive():
            raise ConnectionResetError(f"closed before the end of its answer, after {self.rest[:100]!r}")

    def _receive(self) -> bool:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._socket.settimeout(left)
        piece = self._socket.recv(_PIECE)
        self.rest += piece
        return bool(piece)


def _answer(incoming: _Incoming) -> tuple[int, bytes, bool]:
    head = incoming.until(b"\r\n\r\n", LONGEST_HEAD)
    found = _HEAD.fullmatch(head)
    if not found:
        raise BadAnswer(f"no status line and headers: {head[:100]!r}")
    status, fields = int(found[1]), _framing(head)
    body, is_delimited = _body(incoming, status, fields)
    is_kept = head.startswith(b"HTTP/1.1") and fields.get(b"connection", b"keep-alive") == b"keep-alive"
    return status, body, is_kept and is_delimited and not incoming.rest


def _framing(head: bytes) -> dict[bytes, bytes]:
    """The fields that tell where the body ends, in lower case; one that comes again goes behind a comma."""
    found: dict[bytes, bytes] = {}
    for name, value in _FRAMING.findall(head.lower()):
        value = value.rstrip(b" \t")
        found[name] = found[name] + b"," + value if name in found else value
    return found


def _body(incoming: _Incoming, status: int, fields: Mapping[bytes, bytes]) -> tuple[bytes, bool]:
    """The body (RFC 9112 section 6.3), and whether its end was told before the end of the connection."""
    coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if coding is not None:
        if coding != b"chunked" or length is not None:
            raise BadAnswer(f"transfer-encoding {coding!r} and content-length {length!r}")
        return _chunked(incoming), True
    if length is not None:
        return incoming.exactly(_size(length, 10)), True
    if status in (204, 304):
        return b"", True
    return incoming.all(LONGEST_BODY), False


def _chunked(incoming: _Incoming) -> bytes:
    body = bytearray()
    while size := _size(incoming.until(b"\r\n", LONGEST_HEAD).partition(b";")[0].strip(b" \t"), 16, len(body)):
        body += incoming.exactly(size)
        if incoming.exactly(2) != b"\r\n":
            raise BadAnswer(f"a chunk that is not {size} bytes long")
    left = LONGEST_HEAD
    while line := incoming.until(b"\r\n", left):  # trailers
        left -= len(line) + 2
    return bytes(body)


def _size(text: bytes, base: int, taken: int = 0) -> int:
    """A number of bytes. Raises BadAnswer for what is none, and where the body would be too long."""
    if not 0 < len(text) <= 20 or text.strip(_DIGITS[base]):
        raise BadAnswer(f"no length: {text[:100]!r}")
    if (size := int(text, base)) > LONGEST_BODY - taken:
        raise BadAnswer(f"a body of more than {LONGEST_BODY} bytes")
    return size
