"""Histories of an account for tests of reports: drawn mails and calls, what happened to them, and a naive count of it.

The count asks neither the fold nor the cells: it looks at all events of a mail that there are, at once, by the words of
docs/API.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import WEEKDAYS
from chalicelib.core.event import Event, Kind
from chalicelib.core.mail_context import context_of
from chalicelib.core.message import Envelope, Message, Sending, Tracking
from chalicelib.core.phone_call import DIRECTIONS, OUTCOMES, PhoneCall, day_of
from chalicelib.core.verdict import Maker, judge

ACCOUNT = "acme"
ANNA = "anna@example.com"
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"),
    *("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana"),
)
TURNS = tuple(
    datetime(*at, tzinfo=UTC)
    for at in (
        (2026, 3, 8, 5),  # Havana, where midnight is left out
        (2026, 3, 8, 7),  # New York
        (2026, 3, 29, 1),  # Berlin
        (2026, 4, 4, 15),  # Lord Howe, by half an hour
        (2026, 10, 3, 15, 30),
        (2026, 10, 25, 1),
        (2026, 11, 1, 5),
        (2026, 11, 1, 6),
    )
)
"""When clocks change."""
FIRST, LAST = date(2026, 3, 1), date(2026, 11, 21)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEMPLATES, USERS, MODULES = (None, "quote", "news"), (None, "ina", "raj", "tom"), (None, "leads", "deals")
SOURCES = ("individual", "individual", "mass_email", "external", "imap")
UNCOUNTED = frozenset({"external", "imap"})
GROUPS: Mapping[str, tuple[str, ...]] = {"ina": ("sales",), "raj": ("sales", "support"), "tom": ()}

_SCANNER, _PROXY = {"method": "GET", "client": "scanner"}, {"method": "GET", "client": "privacy_proxy"}
_GET: Mapping[str, Any] = {"method": "GET"}


class Happening(NamedTuple):
    """Something that happens to a mail some minutes after it was sent."""

    kind: Kind
    data: Mapping[str, Any]
    minutes: float


@dataclass
class Life:
    """A mail and what has happened to it so far. Of one that was `frozen` by an erasure the count stays as it was."""

    message: Message
    events: list[Event] = field(default_factory=list)
    frozen: "Fact | None" = None
    is_erased: bool = False


class Fact(NamedTuple):
    """What one mail or call counts for."""

    day: str
    template: str
    module: str
    user: str
    source: str
    columns: Mapping[str, int]


def times() -> st.SearchStrategy[datetime]:
    """Mostly around a change of clocks or a midnight, else any."""
    near = st.tuples(st.sampled_from(TURNS), st.integers(-36 * 60, 36 * 60))
    turns = near.map(lambda drawn: drawn[0] + timedelta(minutes=drawn[1]))
    whole = st.integers(0, (LAST - FIRST).days * 24 - 30)
    return st.one_of(turns, whole.map(lambda hours: datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hours)))


def _happening(kind: Kind, **data: Any) -> st.SearchStrategy[Happening]:
    minutes = st.sampled_from([0.01, 0.5, 3, 4, 45, 60 * 7, 60 * 30, 60 * 24 * 20])
    return minutes.map(lambda drawn: Happening(kind, data, drawn))


HAPPENINGS = st.one_of(
    _happening(Kind.SENT, ses_message_id="ses"),
    _happening(Kind.SENT, ses_message_id="ses"),
    _happening(Kind.DELIVERED, recipient=ANNA),
    _happening(Kind.DELIVERED, recipient=ANNA),
    _happening(Kind.OPENED, **_GET),
    _happening(Kind.OPENED, **_GET),
    _happening(Kind.OPENED, **_SCANNER),
    _happening(Kind.OPENED, **_PROXY),
    *(_happening(Kind.CLICKED, **_GET, position=place) for place in range(3)),  # all at once, they are a machine's
    _happening(Kind.CLICKED, method="HEAD", position=0),
    _happening(Kind.BOUNCED, recipient=ANNA, type="hard", reason="550"),
    _happening(Kind.BOUNCED, recipient=ANNA, type="soft", reason="452"),
    _happening(Kind.COMPLAINED, recipient=ANNA, reason="abuse"),
    _happening(Kind.UNSUBSCRIBED, method="POST"),
    _happening(Kind.REJECTED, reason="virus"),
)


@st.composite
def lives(draw: Callable[..., Any], number: int) -> tuple[Life, list[Event]]:
    """A mail, to which nothing has happened yet, and what will."""
    at, is_tracked = draw(times()), draw(st.integers(0, 9)) > 0
    source, module = draw(st.sampled_from(SOURCES)), draw(st.sampled_from(MODULES))
    is_inbound = source == "imap" and draw(st.booleans())
    message = Message(
        message_id=f"{number:032x}",
        account=ACCOUNT,
        accepted_at=at,
        envelope=Envelope("me@example.com", (ANNA,)),
        tracking=Tracking(is_tracked, is_tracked, until=at + timedelta(days=100) if is_tracked else None),
        source=source,
        record=(module, "4711") if module else None,
        user=draw(st.sampled_from(USERS)),
        template=draw(st.sampled_from(TEMPLATES)),
        links=3,
        sending=Sending.RECEIVED if is_inbound else Sending.QUEUED,
        is_inbound=is_inbound,
    )
    if is_inbound:
        came = draw(st.lists(_happening(Kind.RESPONDED, by="x"), max_size=2))
        happened = [Happening(Kind.RECEIVED, {}, 0), *came]
    else:
        happened = draw(st.lists(HAPPENINGS, min_size=2, max_size=9))
    return Life(message), [
        events.make(message.message_id, f"event-{place}", one.kind, at + timedelta(minutes=one.minutes), **one.data)
        for place, one in enumerate(happened)
    ]


@st.composite
def calls(draw: Callable[..., Any], number: int, zone: ZoneInfo) -> PhoneCall:
    """A call."""
    at, module = draw(times()), draw(st.sampled_from(MODULES))
    return PhoneCall(
        call_id=f"{number:032x}",
        account=ACCOUNT,
        user=draw(st.sampled_from(["ina", "raj"])),
        direction=draw(st.sampled_from(DIRECTIONS)),
        started_at=at,
        seconds=draw(st.integers(0, 600)),
        outcome=draw(st.sampled_from(OUTCOMES)),
        day=day_of(at, zone),
        record=(module, "4711") if module else None,
    )


def fact_of(life: Life, policy: AccountPolicy) -> Fact | None:
    """What a mail counts for, by all that has happened to it."""
    if life.is_erased:
        return life.frozen
    message, seen = life.message, {one.key: one for one in life.events}.values()
    if message.is_inbound:
        is_answered = any(one.kind is Kind.RESPONDED for one in seen)
        is_known = any(one.kind in (Kind.RECEIVED, Kind.RESPONDED) for one in seen)
        return (
            _fact(message, message.accepted_at, {"received": 1, "responded": is_answered}, policy) if is_known else None
        )
    if message.source in UNCOUNTED or any(one.kind is Kind.REJECTED for one in seen):
        return None
    of = {kind: [one for one in seen if one.kind is kind] for kind in Kind}
    bounce = min(((one.data["type"] != "hard", one.occurred_at) for one in of[Kind.BOUNCED]), default=None)
    delivered_at = min((one.occurred_at for one in of[Kind.DELIVERED]), default=None)
    makers = _makers(life, seen, delivered_at, policy)
    people = [makers[kind, Maker.HUMAN] for kind in (Kind.OPENED, Kind.CLICKED)]
    told = [*of[Kind.DELIVERED], *of[Kind.COMPLAINED]]
    known = [
        *(one.occurred_at for one in told),
        *(at for each in people for at in each),
        *([bounce[1]] if bounce else []),
    ]
    sent_at = min((one.occurred_at for one in of[Kind.SENT]), default=None) or min(known, default=None)
    if sent_at is None:
        return None
    columns = {
        "sent": True,
        "delivered": delivered_at and not bounce,
        "bounced_hard": bounce and not bounce[0],
        "bounced_soft": bounce and bounce[0],
        "tracked": message.tracking.is_on,
        "bounced_tracked": message.tracking.is_on and bounce,
        "opened": people[0] or people[1],
        "clicked": people[1],
        "unsubscribed": of[Kind.UNSUBSCRIBED],
        "complained": of[Kind.COMPLAINED],
        "opened_by_proxy": makers[Kind.OPENED, Maker.PROXY],
        "opened_by_machine": makers[Kind.OPENED, Maker.MACHINE],
        "clicked_by_machine": makers[Kind.CLICKED, Maker.MACHINE],
    }
    if opened_at := min([*people[0], *people[1]], default=None):
        there = opened_at.astimezone(policy.zone)
        columns[f"{WEEKDAYS[there.weekday()]}_{there:%H}"] = True
    last = message.accepted_at + timedelta(days=1)
    return _fact(message, min(max(sent_at, message.accepted_at), last), columns, policy)


def _makers(
    life: Life, seen: Iterable[Event], delivered_at: datetime | None, policy: AccountPolicy
) -> Mapping[tuple[Kind, Maker], list[datetime]]:
    """When who opened and clicked, as it is judged when all is known."""
    made: dict[tuple[Kind, Maker], list[datetime]] = {
        (kind, maker): [] for kind in (Kind.OPENED, Kind.CLICKED) for maker in Maker
    }
    until = life.message.tracking.until
    if until is None:
        return made
    hits = [one for one in seen if one.kind in (Kind.OPENED, Kind.CLICKED) and one.occurred_at <= until]
    verdicts = judge(hits, context_of(life.message, policy)._replace(delivered_at=delivered_at))
    for hit in hits:
        made[hit.kind, verdicts[hit.key].maker].append(hit.occurred_at)
    return made


def _fact(message: Message, at: datetime, columns: Mapping[str, Any], policy: AccountPolicy) -> Fact:
    return Fact(
        at.astimezone(policy.zone).date().isoformat(),
        message.template or "",
        message.record[0] if message.record else "",
        message.user or "",
        message.source,
        {column: 1 for column, holds in columns.items() if holds},
    )


def fact_of_call(call: PhoneCall) -> Fact:
    """What a call counts for."""
    is_in = call.direction == "inbound"
    columns = {"calls_inbound": int(is_in), "calls_outbound": int(not is_in), "call_seconds": call.seconds}
    columns["calls_missed"] = int(is_in and call.outcome != "answered")
    return Fact(call.day, "", call.record[0] if call.record else "", call.user, "", columns)


def counted(facts: Iterable[Fact], first: str, last: str, **wanted: frozenset[str] | None) -> dict[str, int]:
    """The sum of all facts of these days with these values."""
    sums: dict[str, int] = {}
    for fact in facts:
        if first <= fact.day <= last and all(
            values is None or getattr(fact, name) in values for name, values in wanted.items()
        ):
            for column, number in fact.columns.items():
                sums[column] = sums.get(column, 0) + number
    return sums
