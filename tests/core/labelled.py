"""What a labelled hit is: a request, what else the mail was asked for, and who made it by which reasons.

Cases are given as the tracking host sees them, so a case tries client, network, evidence, rules and verdict together.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.core import event as events
from chalicelib.core import network
from chalicelib.core.event import Event, Kind
from chalicelib.core.evidence import evidence_of, sources_of
from chalicelib.core.rules import Context
from chalicelib.core.verdict import Verdict, judge

DELIVERED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef" * 2
SALT = b"the salt of a day"
NETWORKS = network.networks(network.read("198.18.1.0/24 probable, 198.18.2.0/24 cloud"))
OWN = "198.51.100.0/24"

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)
HOME, OFFICE, TRAIN, CLOUD = "203.0.113.7", "192.0.2.20", "2001:db8:7::1", "3.92.14.5"
ISOLATION, OPERATORS_CLOUD = "198.18.1.9", "198.18.2.9"
EOP, BARRACUDA, AZURE, GOOGLE = "40.107.218.12", "209.222.82.77", "20.42.65.90", "66.249.93.1"


class Ask(NamedTuple):
    """A request. `after` is in seconds after delivery; `link` is None for the pixel, or a position, or a page."""

    after: float
    link: int | str | None = None
    agent: str | None = CHROME
    ip: str | None = HOME
    method: str = "GET"
    headers: Mapping[str, str] = {}


class Case(NamedTuple):
    """`hit` among `others`. `expected` is who made it, and the reasons behind it."""

    says: str
    hit: Ask
    expected: str
    others: tuple[Ask, ...] = ()
    links: int | None = 10
    off: frozenset[str] = frozenset()
    is_delivered: bool = True
    is_self: bool = False


def pixel(after: float = 3_600, agent: str | None = CHROME, **more: Any) -> Ask:
    return Ask(after, None, agent, **more)


def link(after: float = 3_600, position: int | str = 0, agent: str | None = CHROME, **more: Any) -> Ask:
    return Ask(after, position, agent, **more)


def sweep(after: float, number: int = 9, seconds: float = 0.9, **more: Any) -> tuple[Ask, ...]:
    """All these links, evenly in so many seconds."""
    step = seconds / max(number - 1, 1)
    return tuple(link(after + position * step, position, **more) for position in range(number))


def event_of(ask: Ask, salt: bytes | None = SALT) -> Event:
    """The event that the tracking host would write."""
    headers = {**ask.headers, **({} if ask.agent is None else {"user-agent": ask.agent})}
    data = evidence_of(ask.method, headers, ask.ip, salt=salt, networks=NETWORKS)
    if isinstance(ask.link, int):
        data["position"] = ask.link
    elif ask.link:
        data["page"] = ask.link
    kind = Kind.OPENED if ask.link is None else Kind.CLICKED
    at = DELIVERED_AT + timedelta(seconds=ask.after)
    return events.make(MESSAGE_ID, f"{ask.link}-{ask.agent}-{ask.ip}-{ask.method}", kind, at, **data)


def context_of(case: Case) -> Context:
    return Context(
        delivered_at=DELIVERED_AT if case.is_delivered else None,
        links=case.links,
        off=case.off,
        own_sources=sources_of([OWN], [SALT]),
        is_self=case.is_self,
    )


def verdict_on(case: Case) -> Verdict:
    """The verdict on the hit of a case."""
    hit = event_of(case.hit)
    return judge([*map(event_of, case.others), hit], context_of(case))[hit.key]


def shown(verdict: Verdict) -> str:
    """A verdict as the tables write it: `machine: head, fast_click`."""
    return f"{verdict.maker}: {', '.join(verdict.reasons)}" if verdict.reasons else verdict.maker
