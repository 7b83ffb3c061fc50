"""One POST to a webhook: to a public address by HTTPS, in a quarter of a minute, and nothing is followed.

Whoever names a webhook would like to have us speak to our own network: to the address that hands out our credentials,
for one. So a name is resolved once, every address that it has must be allowed, and the connection is made to one of the
very addresses that were looked at, never to the name; a name that has another address a moment later changes nothing.
The certificate is that of the name. Proxies are not asked, redirects not followed, and the answer's body not read.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (SSRF)
"""

import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address
from typing import NamedTuple

from standardwebhooks import Webhook

from chalicelib.core.delivery import Answer
from chalicelib.core.problem import MailsightError
from chalicelib.core.webhook_target import Endpoint, Targets, endpoint_of, may_reach, objection_to
from chalicelib.gateways.http1 import beginning, request
from chalicelib.gateways.trust import Trust, everybody

AGENT = "mailsight/0.1 (webhooks)"
CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
LONGEST_HEAD = 16_384

_HEAD = re.compile(rb"HTTP/1[.][01] ([1-5][0-9][0-9])(?: [^\r\n]*)?(?:\r\n|$)")
_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*([ -~]{1,64}?)[ \t]*(?:\r\n|$)", re.IGNORECASE)

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a name. Raises OSError."""


class Failed(MailsightError):
    """Nothing, or nothing that counts, was answered. `word` is what the log of deliveries says:

    url                 the webhook's address is not allowed (any more)
    dns                 its name cannot be resolved
    private_address     one of its addresses is not public
    timeout             it took too long
    tls                 its certificate is not good, or there is no TLS
    connection          it cannot be reached, or broke off
    no_http             it answered something else than HTTP
    redirect            it answered with a redirect, which is not followed
    """

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Poster(NamedTuple):
    """Posts. What is looked up, trusted and timed can be replaced."""

    targets: Targets
    resolve: Resolve
    trust: Trust = everybody
    connect_seconds: float = CONNECT_SECONDS
    whole_seconds: float = WHOLE_SECONDS

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What was answered, or why nothing was. Raises nothing for what a receiver can do."""
        began = time.monotonic()
        status, word, retry_after = None, None, None
        try:
            status, retry_after = self._exchange(url, headers, body, began + self.whole_seconds)
            word = "redirect" if 300 <= status < 400 else None
        except Failed as error:
            word = error.word
        except TimeoutError:
            word = "timeout"
        except ssl.SSLError:
            word = "tls"
        except OSError:
            word = "connection"
        return Answer(status, word, round((time.monotonic() - began) * 1000), retry_after)

    def _exchange(self, url: str, headers: Mapping[str, str], body: bytes, until: float) -> tuple[int, str | None]:
        endpoint = _allowed(url, self.targets)
        addresses = self._addresses(endpoint, until)
        named = {"host": endpoint.named, "user-agent": AGENT, "content-type": "application/json", "accept": "*/*"}
        whole = request(beginning(endpoint.path, {**named, **headers, "connection": "close"}), {}, body)
        with self._connected(endpoint, addresses, until) as connection:
            connection.settimeout(_left(until))
            with suppress(ConnectionError):  # it may have answered already, and closed
                connection.sendall(whole)
            return _answer(connection, until)

    def _addresses(self, endpoint: Endpoint, until: float) -> Sequence[str]:
        """All addresses of the host, each of them allowed."""
        addresses = _in_time(lambda: self.resolve(endpoint.host, endpoint.port), min(_left(until), CONNECT_SECONDS))
        if not addresses:
            raise Failed("dns")
        if not all(may_reach(endpoint, ip_address(one), self.targets) for one in addresses):
            raise Failed("private_address")
        return addresses

    def _connected(self, endpoint: Endpoint, addresses: Sequence[str], until: float) -> socket.socket:
        """A connection to the first of these addresses that can be reached."""
        until = min(until, time.monotonic() + self.connect_seconds)
        trouble: OSError = ConnectionError("no address")
        for address in addresses:
            try:
                sock = socket.create_connection((address, endpoint.port), _left(until))
            except OSError as error:
                trouble = error
                continue
            return sock if endpoint.is_plain else self._secured(sock, endpoint.host, until)
        raise trouble

    def _secured(self, sock: socket.socket, host: str, until: float) -> ssl.SSLSocket:
        try:
            sock.settimeout(_left(until))
            return self.trust().wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def headers_of(notice_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: id, time of the attempt, and a signature by each secret."""
    signed = [Webhook(secret).sign(notice_id, now, body.decode()) for secret in secrets]
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def _allowed(url: str, targets: Targets) -> Endpoint:
    """The endpoint of a webhook's address, which was allowed when it was stored."""
    endpoint = endpoint_of(url)
    if objection_to(endpoint, targets):
        raise Failed("url")
    return endpoint


def _in_time(look: Callable[[], Sequence[str]], seconds: float) -> Sequence[str]:
    """What a look comes to, in so much time: the system's resolver knows no other limit than its own."""
    done: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put(look())
        except OSError as error:
            done.put(error)
        except UnicodeError:  # a name that the resolver's codec does not take
            done.put([])

    threading.Thread(target=run, daemon=True).start()
    try:
        found = done.get(timeout=seconds)
    except queue.Empty:
        raise Failed("dns") from None
    if isinstance(found, OSError):
        raise Failed("dns") from found
    return found


def _answer(connection: socket.socket, until: float) -> tuple[int, str | None]:
    """Status and Retry-After of the answer; interim ones are passed over."""
    came = b""
    while True:
        head, found, rest = came.partition(b"\r\n\r\n")
        if found:
            status = _HEAD.match(head)
            if not status:
                raise Failed("no_http")
            if status[1][:1] != b"1":
                asked = _RETRY_AFTER.search(head)
                return int(status[1]), asked[1].decode("ascii") if asked else None
            came = rest
            continue
        if len(came) > LONGEST_HEAD:
            raise Failed("no_http")
        connection.settimeout(_left(until))
        piece = connection.recv(4096)
        if not piece:
            raise Failed("no_http" if came else "connection")
        came += piece


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the attempt takes too long")
    return left
