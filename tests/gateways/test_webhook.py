"""Posting to webhooks: to what was looked at and nothing else, within its time, and without following anything."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.core import openapi
from chalicelib.core.webhook_target import Targets, targets_of
from chalicelib.gateways import webhook
from chalicelib.gateways.webhook import AGENT, Poster, headers_of, resolve
from tests.gateways import certificates
from tests.gateways.raw_server import saying

LOOPBACK = targets_of("127.0.0.0/8")
OK = (b"HTTP/1.1 204 No Content\r\n\r\n",)
BODY = b'{"type":"webhook.test"}'
HEADERS = headers_of("n-1", BODY, ["whsec_c2VjcmV0"], datetime(2026, 3, 1, tzinfo=UTC))


def poster(targets: Targets = LOOPBACK, **changes) -> Poster:
    return Poster(targets, resolve)._replace(**changes)


def answer_of(*pieces: bytes, **changes):
    with saying(pieces, closes=True) as server:
        return poster(**changes).post(f"http://127.0.0.1:{server.port}/hooks?a=b", HEADERS, BODY), server


def test_a_post_is_what_standard_webhooks_asks_for():
    answer, server = answer_of(*OK)
    assert (answer.status_code, answer.error, answer.retry_after) == (204, None, None)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    sent = dict(field.split(": ", 1) for field in fields)
    assert line == "POST /hooks?a=b HTTP/1.1"
    assert body == BODY
    assert sent["host"].startswith("127.0.0.1:")
    assert sent["content-type"] == "application/json"
    assert (sent["webhook-id"], sent["webhook-timestamp"]) == ("n-1", "1772323200")
    assert sent["webhook-signature"].startswith("v1,")
    assert sent["user-agent"] == AGENT


def test_it_calls_itself_by_its_version():
    assert openapi.VERSION.startswith(AGENT.removeprefix("mailsight/").split(" ")[0])


@pytest.mark.parametrize(
    ("said", "status", "error"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 10, 200, None),
        (b"HTTP/1.0 201 Created\r\n\r\n", 201, None),
        (b"HTTP/1.1 200\r\n\r\n", 200, None),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n", 202, None),
        (b"HTTP/1.1 301 Moved\r\nlocation: http://169.254.169.254/\r\n\r\n", 301, "redirect"),
        (b"HTTP/1.1 307 Moved\r\nlocation: /\r\n\r\n", 307, "redirect"),
        (b"HTTP/1.1 410 Gone\r\n\r\n", 410, None),
        (b"HTTP/1.1 500 No\r\n\r\n", 500, None),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", None, "no_http"),
        (b"HTTP/1.1 200 O", None, "no_http"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", None, "no_http"),
        (b"x" * 40_000, None, "no_http"),
        (b"", None, "connection"),
    ],
)
def test_an_answer_is_taken_by_its_status_alone(said, status, error):
    answer, _ = answer_of(said) if said else answer_of()
    assert (answer.status_code, answer.error) == (status, error)


def test_what_a_receiver_asks_to_wait_is_told():
    answer, _ = answer_of(b"HTTP/1.1 503 Busy\r\nRetry-After:  120 \r\n\r\n")
    assert (answer.status_code, answer.retry_after) == (503, "120")


def test_one_that_never_answers_and_one_that_drips_end_with_the_attempt():
    with saying((b"",)) as silent:
        answer = poster(whole_seconds=0.3).post(f"http://127.0.0.1:{silent.port}/", HEADERS, BODY)
    assert (answer.status_code, answer.error) == (None, "timeout")
    dripping = [b"HTTP/1.1 200 OK\r\nx: "]
    stop = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(dripping[0])
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"y")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        answer = poster(whole_seconds=0.5).post(f"http://127.0.0.1:{listening.getsockname()[1]}/", HEADERS, BODY)
        stop.set()
        thread.join()
    assert (answer.status_code, answer.error) == (None, "timeout")


def test_where_nobody_listens_there_is_no_connection():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert poster().post(f"http://127.0.0.1:{port}/", HEADERS, BODY).error == "connection"


# ------------------------------------------------------------------------------------------- names and addresses


def named(*addresses: str):
    """A resolver that gives these addresses to every name, and counts how often it is asked."""
    asked: list[str] = []

    def look(host: str, port: int) -> list[str]:
        asked.append(host)
        return list(addresses)

    return look, asked


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"]
)
def test_a_private_address_behind_a_public_name_is_not_connected_to(address):
    look, _ = named(address)
    with saying(OK) as server:
        answer = poster(Targets(), resolve=look).post(f"https://crm.example.com:{server.port}/", HEADERS, BODY)
        assert server.requests == []
    assert (answer.status_code, answer.error) == (None, "private_address")


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    look, _ = named("93.184.216.34", "10.0.0.1")
    assert poster(Targets(), resolve=look).post("https://crm.example.com/", HEADERS, BODY).error == "private_address"


def test_a_name_is_looked_up_once_and_what_it_leads_to_later_is_never_asked():
    """DNS rebinding: the second answer would be another address."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    asked = []

    def look(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    with saying(OK, closes=True) as server:
        rebinding = poster(targets_of("127.0.0.0/8, crm.example.com"), resolve=look)
        answer = rebinding.post(f"http://crm.example.com:{server.port}/", HEADERS, BODY)
        assert f"host: crm.example.com:{server.port}".encode() in server.requests[0]
    assert (answer.status_code, asked) == (204, ["crm.example.com"])


def test_an_address_that_cannot_be_reached_gives_way_to_the_next():
    look, _ = named("127.0.0.2", "127.0.0.1")
    with saying(OK, closes=True) as server:  # which listens on 127.0.0.1 only
        answer = poster(targets_of("crm"), resolve=look).post(f"http://crm:{server.port}/", HEADERS, BODY)
    assert answer.status_code == 204


@pytest.mark.parametrize("addresses", [(), None])
def test_a_name_that_nobody_knows(addresses):
    def unknown(host: str, port: int) -> list[str]:
        if addresses is None:
            raise socket.gaierror("no such name")
        return []

    assert poster(resolve=unknown).post("https://crm.example.com/", HEADERS, BODY).error == "dns"


def test_a_resolver_that_hangs_holds_nobody_up():
    hanging = threading.Event()

    def never(host: str, port: int) -> list[str]:
        hanging.wait()
        return []

    answer = poster(resolve=never, whole_seconds=0.2).post("https://crm.example.com/", HEADERS, BODY)
    hanging.set()
    assert answer.error == "dns"


@pytest.mark.parametrize("url", ["http://crm.example.com/", "https://crm.example.com:25/", "https://10.0.0.1/"])
def test_what_the_operator_allows_no_more_is_not_posted_to(url):
    look, asked = named("93.184.216.34")
    assert poster(Targets(), resolve=look).post(url, HEADERS, BODY).error == "url"
    assert asked == []


def test_a_proxy_in_the_environment_is_not_asked(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert answer_of(*OK)[0].status_code == 204


def test_the_system_s_resolver_gives_addresses_only():
    assert set(resolve("localhost", 443)) <= {"127.0.0.1", "::1"}


# ---------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[int, certificates.Issuer]]:
    """A receiver with a certificate for crm.example.com, on loopback; its port and who signed it."""
    issuer = certificates.authority("tests")
    context = certificates.tls_of_server(certificates.of_server(issuer, "crm.example.com"), tmp_path)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)

        def serve() -> None:
            while not over.is_set():
                try:
                    plain, _ = listening.accept()
                    with context.wrap_socket(plain, server_side=True) as connection:
                        connection.recv(65_536)
                        connection.sendall(OK[0])
                except OSError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], issuer
        over.set()
        thread.join()


def trusting(issuer: certificates.Issuer) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=issuer.pem.decode())


def test_the_certificate_is_that_of_the_name_although_the_connection_is_to_an_address(secure):
    port, issuer = secure
    look, _ = named("127.0.0.1")
    posting = poster(resolve=look, trust=lambda: trusting(issuer))
    assert posting.post(f"https://crm.example.com:{port}/", HEADERS, BODY).status_code == 204
    assert posting.post(f"https://other.example.com:{port}/", HEADERS, BODY).error == "tls"


def test_a_certificate_that_nobody_vouches_for_is_refused(secure):
    port, _ = secure
    look, _ = named("127.0.0.1")
    assert poster(resolve=look).post(f"https://crm.example.com:{port}/", HEADERS, BODY).error == "tls"


def test_who_speaks_no_tls_is_refused():
    look, _ = named("127.0.0.1")
    refusing = socket.create_server(("127.0.0.1", 0))

    def answer_in_plain() -> None:
        connection, _ = refusing.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = threading.Thread(target=answer_in_plain)
    thread.start()
    answer = poster(resolve=look).post(f"https://crm.example.com:{refusing.getsockname()[1]}/", HEADERS, BODY)
    thread.join()
    refusing.close()
    assert answer.error == "tls"


def test_every_word_of_a_failure_is_explained():
    for word in ("url", "dns", "private_address", "timeout", "tls", "connection", "no_http", "redirect"):
        assert f"\n    {word} " in (webhook.Failed.__doc__ or "")
