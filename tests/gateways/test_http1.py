"""HTTP/1.1 by hand against a server that says every wrong thing, in pieces of every size."""

import gc
import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gateways import http1
from chalicelib.gateways.http1 import LONGEST_BODY, LONGEST_HEAD, BadAnswer, Connection
from tests.gateways.raw_server import saying

PATIENT = 20.0
HASTY = 0.3
REQUEST = http1.request(http1.beginning("/", {"host": "h"}), {"x-amz-date": "now"}, b"{}")
OK = b"HTTP/1.1 200 OK\r\n"
ANSWER = OK + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def exchange(*pieces: bytes, closes: bool = False, seconds: float = PATIENT) -> tuple[int, bytes, bool]:
    """One request, and what came of it."""
    with saying(pieces, closes=closes) as server:
        connection = http1.connect("127.0.0.1", server.port, seconds)
        try:
            return connection.exchange(REQUEST, seconds)
        finally:
            connection.close()


# What is asked


def test_a_request_is_its_head_its_length_and_its_body() -> None:
    begun = http1.beginning("/a/b", {"host": "store.example:8000", "x-amz-target": "T.PutItem"})
    with saying([ANSWER]) as server:
        connection = http1.connect("127.0.0.1", server.port, PATIENT)
        connection.exchange(http1.request(begun, {"authorization": "A b=c, d=e"}, b'{"a":1}'), PATIENT)
        connection.close()
    assert server.requests == [
        b"POST /a/b HTTP/1.1\r\nhost: store.example:8000\r\nx-amz-target: T.PutItem\r\n"
        b'authorization: A b=c, d=e\r\ncontent-length: 7\r\n\r\n{"a":1}'
    ]


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\r", "\n", "ä"])
def test_a_header_cannot_become_two(value: str) -> None:
    with pytest.raises(ValueError):
        http1.beginning("/", {"x-amz-security-token": value})
    with pytest.raises(ValueError):
        http1.request(b"", {"authorization": value}, b"")


@pytest.mark.parametrize("path", ["/a b", "/a\r\nx: y", "/a\n", "/ü", "/\t"])
def test_a_path_cannot_leave_its_line(path: str) -> None:
    with pytest.raises(ValueError):
        http1.beginning(path, {})


def test_a_long_request_arrives_whole() -> None:
    body = bytes(range(256)) * 20_000
    with saying([ANSWER]) as server:
        connection = http1.connect("127.0.0.1", server.port, PATIENT)
        connection.exchange(http1.request(http1.beginning("/", {}), {}, body), PATIENT)
        connection.close()
    assert server.requests[0].endswith(b"content-length: 5120000\r\n\r\n" + body)


# Answers that are good

LONGEST_HEADED = OK + b"Content-Length: 2\r\nX: "

GOOD = {
    "plain": ([ANSWER], (200, b"{}", True)),
    "nothing": ([OK + b"Content-Length: 0\r\n\r\n"], (200, b"", True)),
    "no reason": ([b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"], (200, b"", True)),
    "an empty reason": ([b"HTTP/1.1 503 \r\ncontent-length:0\r\n\r\n"], (503, b"", True)),
    "a refusal": ([b"HTTP/1.1 400 Bad Request\r\nCONTENT-LENGTH: \t 4 \t\r\n\r\nnope"], (400, b"nope", True)),
    "no content": ([b"HTTP/1.1 204 No Content\r\n\r\n"], (204, b"", True)),
    "kept": ([OK + b"Connection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}"], (200, b"{}", True)),
    "to be closed": ([OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"], (200, b"{}", False)),
    "to be closed, among others": (
        [OK + b"connection: keep-alive\r\nConnection: Close\r\nContent-Length: 2\r\n\r\n{}"],
        (200, b"{}", False),
    ),
    "HTTP/1.0": ([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"], (200, b"{}", False)),
    "HTTP/1.0 that would be kept": (
        [b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"],
        (200, b"{}", False),
    ),
    "longer than its length": ([ANSWER + b"HTTP/1.1 200 OK\r\n"], (200, b"{}", False)),
    "chunks": ([CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"], (200, b"{}", True)),
    "chunks with all that they may have": (
        [CHUNKED + b'00A;name="value;"\r\n0123456789\r\nb ; x\r\n\r\nbcdefghi\r\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n'],
        (200, b"0123456789\r\nbcdefghi\r", True),
    ),
    "chunks and more": ([CHUNKED + b"2\r\n{}\r\n0\r\n\r\nHTTP"], (200, b"{}", False)),
    "no chunk": ([CHUNKED + b"0\r\n\r\n"], (200, b"", True)),
    "in two pieces": ([ANSWER[:-2], ANSWER[-2:]], (200, b"{}", True)),
    "a byte at a time": ([bytes([byte]) for byte in ANSWER], (200, b"{}", True)),
    "chunks a byte at a time": (
        [bytes([byte]) for byte in CHUNKED + b"2\r\n{}\r\n0\r\nX: y\r\n\r\n"],
        (200, b"{}", True),
    ),
    "a head as long as may be": (
        [LONGEST_HEADED + b"x" * (LONGEST_HEAD - len(LONGEST_HEADED)) + b"\r\n\r\n{}"],
        (200, b"{}", True),
    ),
    "a body as long as may be": (
        [OK + b"Content-Length: %d\r\n\r\n" % LONGEST_BODY, b"x" * LONGEST_BODY],
        (200, b"x" * LONGEST_BODY, True),
    ),
}


@pytest.mark.parametrize(("pieces", "expected"), GOOD.values(), ids=GOOD.keys())
def test_an_answer_is_read_to_its_end_and_no_further(pieces: list[bytes], expected: tuple[int, bytes, bool]) -> None:
    assert exchange(*pieces) == expected


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_without_a_length_the_body_ends_with_the_connection(version: bytes) -> None:
    pieces = [b"HTTP/%b 200 OK\r\nServer: s\r\n\r\n" % version, b'{"a":', b"1}"]
    assert exchange(*pieces, closes=True) == (200, b'{"a":1}', False)
    assert exchange(pieces[0], closes=True) == (200, b"", False)


# Answers that are none

HEADERS = {
    "no colon": b"Server\r\n",
    "no name": b": close\r\n",
    "a space before the colon": b"Content-Length : 2\r\n",
    "a folded line": b"Server: a\r\n b: c\r\n",
    "a line break that is none": b"Server: a\nContent-Length: 2\r\n",
    "half a line break": b"Server: a\rContent-Length: 2\r\n",
    "NUL in a name": b"Ser\x00ver: a\r\n",
    "no ASCII": b"S\xe4rver: a\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n",
    "a length twice": b"Content-Length: 2\r\nContent-Length: 2\r\n",
    "a negative length": b"Content-Length: -2\r\n",
    "a signed length": b"Content-Length: +2\r\n",
    "a length with a line": b"Content-Length: 1_0\r\n",
    "a hexadecimal length": b"Content-Length: 0x2\r\n",
    "a length with a vertical tab": b"Content-Length: 2\x0b\r\n",
    "an empty length": b"Content-Length: \r\n",
    "a length with a fraction": b"Content-Length: 2.0\r\n",
    "digits of another script": "Content-Length: ٢\r\n".encode(),
    "a length of many digits": b"Content-Length: 000000000000000000002\r\n",
    "a length over the limit": b"Content-Length: %d\r\n" % (LONGEST_BODY + 1),
    "a coding": b"Transfer-Encoding: gzip\r\n",
    "codings": b"Transfer-Encoding: gzip, chunked\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunked with a length": b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    "a header too long": b"Content-Length: 2\r\nX: " + b"x" * (LONGEST_HEAD - len(LONGEST_HEADED) + 1) + b"\r\n",
    "too many headers": b"X: y\r\n" * (LONGEST_HEAD // 6),
}
STATUS_LINES = [
    *(b"\x00\xff ssh-2.0 hello", b"", b"HTTP/2 200 OK", b"HTTP/1.2 200 OK", b"http/1.1 200 OK", b"HTTP/1.1200 OK"),
    *(b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1 20", b"HTTP/1.1 3", b"HTTP/1.1 2000", b"HTTP/1.1 2x0 OK"),
    *(b"HTTP/1.1 200OK", b"HTTP/1.1 -20 OK", b"HTTP/1.1 100 Continue", b"HTTP/1.1 099 x", "HTTP/1.1 ٢٠٠".encode()),
]
CHUNKS = {
    "no number": b"zz\r\n{}\r\n0\r\n\r\n",
    "no size": b"\r\n{}\r\n0\r\n\r\n",
    "only an extension": b";2\r\n{}\r\n0\r\n\r\n",
    "a negative size": b"-2\r\n{}\r\n0\r\n\r\n",
    "a prefix": b"0x2\r\n{}\r\n0\r\n\r\n",
    "a line in it": b"0_2\r\n{}\r\n0\r\n\r\n",
    "longer than its size": b"1\r\n{}\r\n0\r\n\r\n",
    "shorter than its size": b"3\r\n{}\r\n0\r\n\r\n",
    "no line break behind it": b"2\r\n{}ab0\r\n\r\n",
    "over the limit": b"%x\r\n" % (LONGEST_BODY + 1),
    "over the limit together": b"%x\r\n%b\r\n1\r\n" % (LONGEST_BODY, b"x" * LONGEST_BODY),
    "a size that does not end": b"0" * (LONGEST_HEAD + 1),
    "trailers that do not end": b"0\r\n" + b"X: y\r\n" * (LONGEST_HEAD // 6 + 1),
}


def is_refused(answer: bytes) -> bool:
    with pytest.raises(BadAnswer) as error:
        exchange(answer)
    return len(str(error.value)) < 600


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_a_head_that_leaves_a_doubt_is_refused(header: bytes) -> None:
    assert is_refused(OK + header + b"\r\n{}")


@pytest.mark.parametrize("line", STATUS_LINES)
def test_what_is_no_status_line_is_refused(line: bytes) -> None:
    assert is_refused(line + b"\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS.keys())
def test_chunks_that_are_none_are_refused(chunks: bytes) -> None:
    assert is_refused(CHUNKED + chunks)


def test_what_never_ends_is_refused_before_it_is_all_read() -> None:
    assert is_refused(b"x" * 10 * LONGEST_HEAD)
    assert is_refused(OK + b"\r\n" + b"x" * (LONGEST_BODY + 100_000))


WHOLE = [ANSWER, CHUNKED + b"2;x=y\r\n{}\r\n0\r\nX: y\r\n\r\n"]


@pytest.mark.parametrize("whole", WHOLE, ids=["length", "chunked"])
def test_an_answer_that_is_cut_is_an_error_wherever_it_is_cut(whole: bytes) -> None:
    for end in range(len(whole)):
        with pytest.raises(ConnectionResetError, match="closed before the end"):
            exchange(*([whole[:end]] if end else []), closes=True)


# Any answer

WELL_FORMED = [
    ANSWER,
    CHUNKED + b'2;x="y"\r\n{"\r\nA\r\na":"1234"}\n\r\n0\r\nX: y\r\n\r\n',
    OK + b"Server: s\r\nConnection: close\r\n\r\nto the end",
    b"HTTP/1.0 503 Busy\r\nContent-Length:12\r\nX:\r\n\r\nfour\r\nlines\r",
]
SPOILS = [b"", b"\r", b"\n", b"\r\n", b":", b";", b",", b"-", b"0", b"1", b"9", b"a", b"\x00", b"\xff"]
spoils = st.tuples(st.integers(0, 150), st.integers(0, 2), st.sampled_from(SPOILS))


def spoiled(answer: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for at, cut, put in changes:
        answer = answer[: at % len(answer)] + put + answer[at % len(answer) + cut :]
    return answer


def by_http_client(answer: bytes) -> tuple[int, bytes]:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(answer)
        far.close()
        response = HTTPResponse(near, method="POST")
        response.begin()
        return response.status, response.read()


@given(answer=st.sampled_from(WELL_FORMED), changes=st.lists(spoils, max_size=3))
def test_what_is_taken_means_the_same_to_http_client(answer: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    """No blanks are put in: http.client keeps them behind a value, so that `chunked ` is nothing to it."""
    said = spoiled(answer, changes)
    near, far = socket.socketpair()
    with far:
        far.sendall(said)
        far.shutdown(socket.SHUT_WR)
        connection = Connection(near)
        try:
            status, body, _ = connection.exchange(REQUEST, PATIENT)
        except (BadAnswer, ConnectionResetError):
            return  # whatever it was, it is tried again
        finally:
            connection.close()
    assert by_http_client(said) == (status, body)


# Time


@pytest.mark.parametrize("begun", [b"", ANSWER[:10], ANSWER[:-1], CHUNKED, OK + b"\r\nwithout length"])
def test_an_answer_that_does_not_go_on_is_not_waited_for(begun: bytes) -> None:
    with pytest.raises(TimeoutError):
        exchange(*([begun] if begun else []), seconds=HASTY)


def test_an_answer_that_drips_is_not_waited_for() -> None:
    """Each byte comes in time, and all of them would take for ever."""
    listening = socket.create_server(("127.0.0.1", 0))
    connection = http1.connect("127.0.0.1", listening.getsockname()[1], PATIENT)
    served, _ = listening.accept()

    class Dripping(socket.socket):
        def recv(self, *arguments: int) -> bytes:
            time.sleep(HASTY / 20)
            served.sendall(b"x")
            return super().recv(*arguments)

    dripping = Connection(Dripping(fileno=connection._socket.detach()))
    with pytest.raises(TimeoutError, match="the answer takes too long"):
        dripping.exchange(REQUEST, HASTY)
    for one in (dripping, served, listening):
        one.close()


def test_a_server_that_does_not_read_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connection = http1.connect("127.0.0.1", listening.getsockname()[1], PATIENT)
        with pytest.raises(TimeoutError):
            connection.exchange(b"x" * 64_000_000, HASTY)
        connection.close()


def test_what_one_exchange_has_waited_does_not_shorten_the_next() -> None:
    with saying([bytes([byte]) for byte in ANSWER], [ANSWER]) as server:
        connection = http1.connect("127.0.0.1", server.port, PATIENT)
        connection.exchange(REQUEST, PATIENT)
        assert 0 < connection._socket.gettimeout() < PATIENT
        connection.exchange(REQUEST, PATIENT)
        assert connection._socket.gettimeout() == PATIENT
        connection.close()


# Kept connections


@pytest.fixture
def kept() -> Iterator[Connection]:
    with saying([ANSWER], [ANSWER]) as server:
        connection = http1.connect("127.0.0.1", server.port, PATIENT)
        connection.exchange(REQUEST, PATIENT)
        yield connection
        connection.close()


def test_a_connection_serves_one_request_after_the_other(kept: Connection) -> None:
    assert not kept.is_stale()
    assert kept.exchange(REQUEST, PATIENT) == (200, b"{}", True)
    assert not kept.is_stale()


def becomes_stale(connection: Connection) -> bool:
    return any(connection.is_stale() or time.sleep(0.01) for _ in range(1_000))


def test_a_connection_that_the_server_closed_is_stale() -> None:
    with saying([ANSWER], closes=True) as server:
        connection = http1.connect("127.0.0.1", server.port, PATIENT)
        assert connection.exchange(REQUEST, PATIENT) == (200, b"{}", True)
        assert becomes_stale(connection)
        connection.close()


def test_an_answer_that_nobody_asked_for_makes_a_connection_stale() -> None:
    with saying([ANSWER, b"", ANSWER]) as server:
        connection = http1.connect("127.0.0.1", server.port, PATIENT)
        assert connection.exchange(REQUEST, PATIENT) == (200, b"{}", True)
        assert not connection.is_stale()
        server.goes_on.set()
        assert becomes_stale(connection)
        connection.close()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        http1.connect("127.0.0.1", port, PATIENT)


def test_a_request_does_not_wait_for_the_others_acknowledgement(kept: Connection) -> None:
    assert kept._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class Careless(ssl.SSLContext):
    """Leaves the socket to others when it fails."""

    def wrap_socket(self, sock: socket.socket, **options: object) -> ssl.SSLSocket:
        raise ValueError(f"not {sock.getpeername()}")


@pytest.mark.parametrize("tls", [ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), Careless(ssl.PROTOCOL_TLS_CLIENT)])
def test_a_handshake_that_fails_leaves_no_open_socket(tls: ssl.SSLContext) -> None:
    with saying(closes=True) as server, pytest.raises((OSError, ValueError)) as error:
        http1.connect("127.0.0.1", server.port, PATIENT, (lambda: tls,))
    del error
    gc.collect()  # an open one would be told now
