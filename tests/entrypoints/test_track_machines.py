"""Machines get what people get, to the byte: a scanner that meets another page than its people blocks the mail."""

from typing import Any

import pytest

from chalicelib.core import event
from chalicelib.core.rules import Context
from chalicelib.core.stored_file import StoredFile
from chalicelib.core.token import Token, mint
from chalicelib.core.verdict import Maker, judge
from chalicelib.entrypoints import track
from chalicelib.gateways.event_log import Kept
from tests.core.labelled import AZURE, BARRACUDA, CHROME, CLOUD, EOP, GOOGLE, HOME, ISOLATION, OFFICE
from tests.core.labelled_clients import CLIENTS
from tests.entrypoints.tracked import CLICK, DESTINATION, FILE, KEYS, OPEN, STORED, UNSUBSCRIBE, parts, payload

PERSON = {"user-agent": CHROME}
PDF = StoredFile("acme/files/m/1", "offer.pdf", "application/pdf")
AHEAD = {
    "Sec-Purpose": {"sec-purpose": "prefetch;prerender"},
    "Purpose": {"purpose": "prefetch"},
    "X-Moz": {"x-moz": "prefetch"},
    "X-Purpose": {"x-purpose": "preview"},
}
NETWORKS = {
    "Barracuda": BARRACUDA,
    "Azure": AZURE,
    "a cloud": CLOUD,
    "Exchange Online Protection": EOP,
    "Google": GOOGLE,
    "remote isolation": ISOLATION,
    "an office": OFFICE,
}
ASKING = {
    **{name: ({"user-agent": agent}, HOME) for name, agent, _ in CLIENTS},
    **{name: (PERSON | headers, HOME) for name, headers in AHEAD.items()},
    **{f"from {name}": (PERSON, ip) for name, ip in NETWORKS.items()},
}
"""Headers and address."""

TOKENS = {"o": OPEN, "c": CLICK, "c of a long link": STORED, "a": FILE, "u": UNSUBSCRIBE}


class FakeLog:
    """Has every link and every file."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def record(self, item: Any) -> Kept:
        self.items.append(item)
        return Kept.TABLE

    def destination_of(self, message_id: str, position: int) -> str | None:
        return DESTINATION

    def file_of(self, message_id: str, position: int) -> StoredFile | None:
        return PDF


def answer(said: Token, letter: str, method: str, headers: dict[str, str], ip: str, log: FakeLog) -> dict[str, Any]:
    made = payload("click", mint(said, KEYS), letter=letter, method=method)
    made["headers"] = {name: value for name, value in made["headers"].items() if name != "user-agent"} | headers
    made["requestContext"]["http"] |= {"sourceIp": ip, "userAgent": headers["user-agent"]}
    return track.serve(made, lambda: parts(log))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("headers", "ip"), ASKING.values(), ids=ASKING)
def test_whoever_asks_gets_the_same_bytes_and_is_recorded(headers: dict[str, str], ip: str, method: str) -> None:
    for name, said in TOKENS.items():
        log = FakeLog()
        assert answer(said, name[0], method, headers, ip, log) == answer(said, name[0], method, PERSON, HOME, FakeLog())
        assert len(log.items) == 1, name


def test_those_who_ask_are_machines_and_people() -> None:
    """Else the test above would compare people with people."""
    makers = set()
    for headers, ip in ASKING.values():
        log = FakeLog()
        answer(CLICK, "c", "GET", headers, ip, log)
        [made] = [event.from_item(item) for item in log.items]
        makers.add(judge([made], Context(made.occurred_at.replace(hour=0)))[made.key].maker)
    assert makers >= {Maker.HUMAN, Maker.MACHINE}
