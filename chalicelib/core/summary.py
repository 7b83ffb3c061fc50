"""All events of a message folded into its state: pure, order-free and repeatable.

A state has two halves. Delivery is a lattice: every part is a minimum or maximum, so merging the same event twice
changes nothing. Engagement counts, so an event must be added exactly once; within one call doubled events are one.
Who made a hit is decided here, over all hits of the mail (core/verdict.py), and never stored with the hit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.core.event import ENGAGEMENT, Event, Kind
from chalicelib.core.rules import NOTHING_KNOWN, Context
from chalicelib.core.verdict import Maker, Verdict, judge

RECENT_OPENS = 10  # are listed one by one; of more it is only said that there were more

Judged = tuple[Event, Maker]


@dataclass(frozen=True, order=True)
class Bounce:
    """A recipient's bounce. Ordered so that the minimum is the one to show: hard before soft, then the first."""

    severity: int  # 0 hard, 1 soft
    at: datetime
    reason: str = ""

    @property
    def type(self) -> str:
        return ("hard", "soft")[self.severity]


@dataclass(frozen=True)
class RecipientState:
    """What became of the mail at one address."""

    delivered_at: datetime | None = None
    bounce: Bounce | None = None
    complained_at: datetime | None = None
    auto_replied_at: datetime | None = None


@dataclass(frozen=True)
class Delivery:
    """What SES told, and what the recipient said for good. `recipients` by address; `failure` is (time, kind, reason)
    of a mail SES took and then dropped. `unsubscribed_at` is the latest time: who was written to again may do so again.
    `replied_at` is when the first answer to it came in; `responded_at`, of a mail that came in itself, is the first
    answer of ours.
    """

    sent: tuple[datetime, str] | None = None  # time, SES message id
    delayed_at: datetime | None = None  # the latest
    failure: tuple[datetime, str, str] | None = None
    recipients: Mapping[str, RecipientState] = field(default_factory=dict)
    unsubscribed_at: datetime | None = None
    replied_at: datetime | None = None
    responded_at: datetime | None = None

    @property
    def delivered_at(self) -> datetime | None:
        """The first delivery."""
        return _earliest(*(recipient.delivered_at for recipient in self.recipients.values()))


@dataclass(frozen=True)
class Hits:
    """Requests of one kind: `count` by people, `machine` by machines, `proxy` by privacy proxies; times of people's."""

    count: int = 0
    machine: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    proxy: int = 0


@dataclass(frozen=True)
class Engagement:
    """What the recipient did. `recent_opens` newest first, at most ten. `clicks` are on links and on files that went
    out as links; both by position: (count, machine)."""

    opens: Hits = Hits()
    recent_opens: tuple[datetime, ...] = ()
    clicks: Hits = Hits()
    links: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    files: Mapping[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What is known about a message."""

    delivery: Delivery = field(default_factory=Delivery)
    engagement: Engagement = field(default_factory=Engagement)


EMPTY = State()


def summarise(
    events: Iterable[Event], *, context: Context = NOTHING_KNOWN, start: State = EMPTY, until: datetime | None = None
) -> State:
    """The state after these events, in any order and however often each stands in them.

    `start` is a state that holds none of the engagement events among them, and no other within reach of them.
    Engagement after `until` is not counted. `context` needs no time of delivery: the events tell it.
    """
    distinct = {event.key: event for event in events}.values()
    engaged = [
        event for event in distinct if event.kind in ENGAGEMENT and (until is None or event.occurred_at <= until)
    ]
    delivery = delivery_of(distinct, start.delivery)
    verdicts = judge(engaged, context._replace(delivered_at=delivery.delivered_at))
    return State(delivery, engagement_of(engaged, verdicts, start.engagement))


def delivery_of(events: Iterable[Event], start: Delivery) -> Delivery:
    """`start` with what these events say about delivery; merging an event again changes nothing."""
    delivery = start
    for event in sorted(events, key=lambda event: event.key):
        delivery = _delivered(delivery, event)
    return delivery


def engagement_of(events: Iterable[Event], verdicts: Mapping[str, Verdict], start: Engagement) -> Engagement:
    """`start` with these hits added, each by the verdict on it. Each must be distinct and not in `start` yet."""
    judged = [(event, verdicts[event.key].maker) for event in events]
    counted = [(event, maker) for event, maker in judged if maker is not Maker.INTERNAL]
    opens = [one for one in counted if one[0].kind is Kind.OPENED]
    links = [one for one in counted if one[0].kind is Kind.CLICKED]
    files = [one for one in counted if one[0].kind is Kind.DOWNLOADED]
    people = [event.occurred_at for event, maker in opens if maker is Maker.HUMAN]
    return Engagement(
        opens=_add(start.opens, opens),
        recent_opens=tuple(sorted([*start.recent_opens, *people], reverse=True)[:RECENT_OPENS]),
        clicks=_add(start.clicks, links + files),
        links=_by_position(start.links, links),
        files=_by_position(start.files, files),
    )


def _by_position(start: Mapping[int, tuple[int, int]], hits: Sequence[Judged]) -> Mapping[int, tuple[int, int]]:
    found = dict(start)
    for event, maker in hits:
        position = int(event.data.get("position", 0))
        count, machine = found.get(position, (0, 0))
        found[position] = (count + 1, machine) if maker is Maker.HUMAN else (count, machine + 1)
    return dict(sorted(found.items()))


def _add(hits: Hits, judged: Sequence[Judged]) -> Hits:
    times = [event.occurred_at for event, maker in judged if maker is Maker.HUMAN]
    proxies = sum(maker is Maker.PROXY for _, maker in judged)
    return Hits(
        count=hits.count + len(times),
        machine=hits.machine + len(judged) - len(times) - proxies,
        first_at=_earliest(hits.first_at, *times),
        last_at=_latest(hits.last_at, *times),
        proxy=hits.proxy + proxies,
    )


def _delivered(delivery: Delivery, event: Event) -> Delivery:
    at, data = event.occurred_at, event.data
    match event.kind:
        case Kind.SENT:
            sent = (at, str(data.get("ses_message_id", "")))
            return replace(delivery, sent=min(delivery.sent or sent, sent))
        case Kind.DELAYED:
            return replace(delivery, delayed_at=_latest(delivery.delayed_at, at))
        case Kind.UNSUBSCRIBED:
            return replace(delivery, unsubscribed_at=_latest(delivery.unsubscribed_at, at))
        case Kind.REPLIED:
            return replace(delivery, replied_at=_earliest(delivery.replied_at, at))
        case Kind.RESPONDED:
            return replace(delivery, responded_at=_earliest(delivery.responded_at, at))
        case Kind.REJECTED | Kind.RENDERING_FAILED:
            failure = (at, event.kind.value, str(data.get("reason", "")))
            return replace(delivery, failure=min(delivery.failure or failure, failure))
        case Kind.DELIVERED | Kind.BOUNCED | Kind.AUTO_REPLIED | Kind.COMPLAINED:
            address = str(data.get("recipient", "")).lower()
            before = delivery.recipients.get(address, RecipientState())
            recipients = {**delivery.recipients, address: _reached(before, event)}
            return replace(delivery, recipients=dict(sorted(recipients.items())))
        case _:
            return delivery


def _reached(recipient: RecipientState, event: Event) -> RecipientState:
    at = event.occurred_at
    match event.kind:
        case Kind.DELIVERED:
            return replace(recipient, delivered_at=_earliest(recipient.delivered_at, at))
        case Kind.BOUNCED:
            severity = 0 if event.data.get("type") == "hard" else 1
            bounce = Bounce(severity, at, str(event.data.get("reason", "")))
            return replace(recipient, bounce=min(recipient.bounce or bounce, bounce))
        case Kind.COMPLAINED:
            return replace(recipient, complained_at=_earliest(recipient.complained_at, at))
        case _:
            return replace(recipient, auto_replied_at=_earliest(recipient.auto_replied_at, at))


def _earliest(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at), default=None)


def _latest(*times: datetime | None) -> datetime | None:
    return max((at for at in times if at), default=None)
