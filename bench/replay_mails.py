"""Made-up mails and all that happens to them, with what must come of it, known without asking the fold.

Whatever a person does is far from any rule about machines: long after the delivery, and five minutes from anything else
at that mail. What a machine does says so by itself, or follows all links within seconds. So who did what is known from
the beginning. The days are those around the change of the clock in Europe and, a week later, on Lord Howe Island.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import CAPTURE_WINDOW, Envelope, Message, Tracking
from chalicelib.core.notice import Type

START = datetime(2026, 3, 27, 6, tzinfo=UTC)
SPAN = timedelta(days=10)
END = START + SPAN + timedelta(days=10)
"""When all is told, also what comes late."""

ALL_TYPES = tuple(one.value for one in Type)
SOME_TYPES = (Type.CLICKED.value, Type.CLICK_RECLASSIFIED.value, Type.BOUNCED.value)
HALF = START + SPAN / 2
POLICIES = {
    "berlin": AccountPolicy(time_zone="Europe/Berlin", listening=dict.fromkeys(ALL_TYPES, START)),
    "lord-howe": AccountPolicy(time_zone="Australia/Lord_Howe", listening=dict.fromkeys(ALL_TYPES, HALF)),
    "new-york": AccountPolicy(time_zone="America/New_York"),
    "kolkata": AccountPolicy(time_zone="Asia/Kolkata"),
    "utc": AccountPolicy(listening=dict.fromkeys(SOME_TYPES, START)),
}
USERS = ("anna", "raj", "mia", "tom", None)
MODULES = ("leads", "contacts", "deals", None)
TEMPLATES = ("quote", "news", None)
SOURCES = ("individual", "individual", "mass_email", "api", "workflow_alert", "external")
UNCOUNTED = frozenset({"external"})
"""Sources of mails that were not sent from here, which stand in no report."""

PEOPLE = 4_000  # of each account
LINKS = 4
APART = timedelta(minutes=5)
EVENTS_A_MAIL = 5.9
"""By the chances below; only for how close the mails follow each other."""

_GET, _HEAD = {"method": "GET"}, {"method": "HEAD"}
_SCANNER, _PREFETCH = {"method": "GET", "client": "scanner"}, {"method": "GET", "prefetch": True}
_PROXY = {"method": "GET", "client": "privacy_proxy"}


@dataclass(slots=True)
class Truth:
    """What must be known of a mail in the end. `clicks` are by position, people's and machines'."""

    sent_at: datetime | None = None
    is_delivered: bool = False
    is_dropped: bool = False
    bounce: str | None = None
    complained_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    opened: list[datetime] = field(default_factory=list)
    proxies: int = 0
    machines: int = 0
    clicked: list[datetime] = field(default_factory=list)
    clicks: dict[int, list[int]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    """Notices of what SES told and of unsubscribing: how often each type."""
    hits_told: set[str] = field(default_factory=set)
    """Keys of the hits that were told as a person's and not taken back."""


class Mail(NamedTuple):
    message: Message
    events: list[Event]
    truth: Truth


class Mails:
    """Draws mails, one after the other in the order of time, until `number` events have happened to them.

    The first one, of the first of the accounts, is hot: `hot` events, or a tenth of all, are opens and clicks of it
    alone. With more `visits` people come back to a mail, so that fewer mails have as many events.
    """

    def __init__(
        self,
        number: int,
        seed: int,
        accounts: Sequence[str] = tuple(POLICIES),
        visits: int = 1,
        hot: int | None = None,
    ) -> None:
        self._number = number
        self._hot = number // 10 if hot is None else hot
        self._chance = random.Random(seed)
        self._accounts = accounts
        self.visits = visits
        self._hits = 0
        self.made = 0

    def __iter__(self) -> Iterator[Mail]:
        hot = self._hot
        yield self._kept(self._mail(0, START, self._accounts[0], lambda mail: _Life(self, mail, 1.0).is_hot(hot)))
        between = SPAN / max(1.0, (self._number - hot) / EVENTS_A_MAIL)
        number, due_at = 1, START
        while self.made < self._number:
            account = self._chance.choice(self._accounts)
            yield self._kept(self._mail(number, due_at, account, self._lived))
            number, due_at = number + 1, due_at + between

    def _kept(self, mail: Mail) -> Mail:
        self.made += len(mail.events)
        return mail

    def _mail(self, number: int, due_at: datetime, account: str, live: Callable[[Mail], None]) -> Mail:
        chance = self._chance
        module, is_tracked = chance.choice(MODULES), not number or chance.random() < 0.9
        message = Message(
            message_id=f"{chance.getrandbits(128):032x}",
            account=account,
            accepted_at=due_at.replace(microsecond=due_at.microsecond // 1000 * 1000),
            envelope=Envelope("sales@example.com", (f"person{chance.randrange(PEOPLE)}@example.com",)),
            tracking=Tracking(is_tracked, is_tracked, until=due_at + CAPTURE_WINDOW if is_tracked else None),
            source=chance.choice(SOURCES) if number else "mass_email",
            record=(module, f"{chance.randrange(1_000)}") if module else None,
            user=chance.choice(USERS),
            template=chance.choice(TEMPLATES),
            links=LINKS,
        )
        mail = Mail(message, [], Truth())
        live(mail)
        return mail

    def _lived(self, mail: Mail) -> None:
        _Life(self, mail, self._chance.random()).live()

    def happened(self, mail: Mail, kind: Kind, at: datetime, data: dict[str, Any], event_id: str = "") -> Event:
        """One more event of a mail; hits have ids like those of the gateway."""
        if not event_id:
            self._hits += 1
            event_id = f"{self._hits:011x}AEJw="
        event = events.make(mail.message.message_id, event_id, kind, at)._replace(data=data)
        mail.events.append(event)
        return event


class _Life:
    """What happens to one mail; `fate` says which of all lives it has."""

    def __init__(self, mails: Mails, mail: Mail, fate: float) -> None:
        self._mails, self._mail, self._fate = mails, mail, fate
        self._chance = mails._chance
        self._truth = mail.truth
        self._policy = POLICIES[mail.message.account]
        self._to = mail.message.envelope.to[0]
        due_at, self._sent_at = mail.message.due_at, mail.message.due_at
        self._sent_at += timedelta(milliseconds=self._chance.randrange(-500, 4_000))
        self._now = self._sent_at + timedelta(milliseconds=self._chance.randrange(500, 20_000))
        self._truth.sent_at = max(self._sent_at, due_at)

    def live(self) -> None:
        """Draws how it ends, and what its reader does."""
        fate, told = self._fate, self._told
        told(Kind.SENT, self._sent_at, {"ses_message_id": f"ses-{self._mail.message.message_id[:8]}"}, Type.SENT)
        if fate < 0.01:
            told(Kind.REJECTED, self._now, {"reason": "virus"}, Type.FAILED)
            self._truth.is_dropped = True
            return
        if self._chance.random() < 0.05:
            told(Kind.DELAYED, self._now, {"recipient": self._to, "type": "x", "reason": "y"}, Type.DELAYED)
            self._now += APART
        if fate < 0.04:
            return self._bounce("hard")
        if fate < 0.07:
            return self._bounce("soft")
        self._deliver()
        if fate < 0.08:  # the server took it, and thought better of it
            self._bounce(self._chance.choice(("hard", "soft")))
        if self._mail.message.tracking.is_on and fate >= 0.3:
            for _ in range(self._mails.visits):
                self._engage()
        if 0.10 <= fate < 0.11:
            self._pass(5, 60)
            self._truth.complained_at = self._cut(self._now)
            told(Kind.COMPLAINED, self._now, {"recipient": self._to, "reason": "abuse"}, Type.COMPLAINED)
        if 0.95 <= fate < 0.97:
            self._pass(5, 60)
            self._truth.unsubscribed_at = self._cut(self._now)
            self._mails.happened(self._mail, Kind.UNSUBSCRIBED, self._now, {"method": "POST"})
            self._note(Type.UNSUBSCRIBED)

    def is_hot(self, hits: int) -> None:
        """One mail, very many hits: nine in ten are opens, of which some are a machine's, the others clicks."""
        self._told(Kind.SENT, self._sent_at, {"ses_message_id": "ses-hot"}, Type.SENT)
        self._deliver()
        begin, seconds = self._now + timedelta(hours=1), SPAN.total_seconds() - 7_200
        for at in sorted(self._chance.uniform(0, seconds) for _ in range(hits)):
            self._now = begin + timedelta(seconds=at)
            drawn = self._chance.random()
            if drawn < 0.8:
                self._open()
            elif drawn < 0.9:
                self._click(self._chance.randrange(2))  # of three links within seconds a sweep would be made
            else:
                self._machine_opens(_HEAD)

    def _engage(self) -> None:
        """People open, again and again, and click; before or between, machines look."""
        self._pass(10, 600)
        if self._chance.random() < 0.15:
            self._truth.proxies += 1
            self._mails.happened(self._mail, Kind.OPENED, self._now, _PROXY)
            self._pass(5, 30)
        if self._chance.random() < 0.10:
            self._machine_opens(self._chance.choice((_HEAD, _SCANNER, _PREFETCH)))
            self._pass(5, 30)
        if self._chance.random() < 0.08:
            self._sweep()
            self._pass(6, 30)
        if self._chance.random() < 0.05:
            self._machine_clicks(0, _HEAD)
            self._pass(5, 30)
        if self._chance.random() < 0.85:
            for _ in range(min(15, int(self._chance.expovariate(0.35)) + 1)):
                self._open()
                self._pass(5, 600)
            for _ in range(self._chance.choice((0, 0, 0, 1, 1, 2, 4))):
                self._click(self._chance.randrange(LINKS))
                self._pass(5, 300)

    def _sweep(self) -> None:
        """A scanner that calls itself a browser loads the picture and then follows all links within three seconds."""
        self._machine_opens(_GET)
        self._now += timedelta(seconds=20)
        for position in range(LINKS):
            self._machine_clicks(position, _GET)
            self._now += timedelta(milliseconds=900)

    def _open(self) -> None:
        self._truth.opened.append(self._cut(self._now))
        self._tell_hit(self._mails.happened(self._mail, Kind.OPENED, self._now, _GET), Type.OPENED)

    def _click(self, position: int) -> None:
        self._truth.clicked.append(self._cut(self._now))
        self._truth.clicks.setdefault(position, [0, 0])[0] += 1
        data = {**_GET, "position": position}
        self._tell_hit(self._mails.happened(self._mail, Kind.CLICKED, self._now, data), Type.CLICKED)

    def _machine_opens(self, data: dict[str, Any]) -> None:
        self._truth.machines += 1
        self._mails.happened(self._mail, Kind.OPENED, self._now, data)

    def _machine_clicks(self, position: int, data: dict[str, Any]) -> None:
        self._truth.clicks.setdefault(position, [0, 0])[1] += 1
        self._mails.happened(self._mail, Kind.CLICKED, self._now, {**data, "position": position})

    def _deliver(self) -> None:
        self._truth.is_delivered = True
        self._told(Kind.DELIVERED, self._now, {"recipient": self._to}, Type.DELIVERED)

    def _bounce(self, kind: str) -> None:
        self._pass(1, 30)
        self._truth.bounce = kind
        data = {"recipient": self._to, "type": kind, "reason": "550 5.1.1", "ses_type": "x", "ses_subtype": "y"}
        self._told(Kind.BOUNCED, self._now, data, Type.BOUNCED)

    def _told(self, kind: Kind, at: datetime, data: dict[str, Any], told_as: Type) -> None:
        """SES tells it."""
        self._mails.happened(self._mail, kind, at, data, f"{kind}-{self._mail.message.message_id[:12]}")
        self._note(told_as)

    def _note(self, told_as: Type) -> None:
        if told_as in self._policy.listening:
            self._truth.told[told_as] = self._truth.told.get(told_as, 0) + 1

    def _tell_hit(self, event: Event, told_as: Type) -> None:
        since = self._policy.listening.get(told_as)
        if since is not None and event.occurred_at >= since:
            self._truth.hits_told.add(event.key)

    def _pass(self, least: float, most: float) -> None:
        """So many minutes go by."""
        self._now += timedelta(minutes=self._chance.uniform(least, most))

    @staticmethod
    def _cut(at: datetime) -> datetime:
        """To milliseconds, as events have it."""
        return at.replace(microsecond=at.microsecond // 1000 * 1000)
