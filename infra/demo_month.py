"""The plan of the month of `make demo`: what is written on a day, and what becomes of each mail.

Of a day the same is drawn each time, with the same ids: what was played once is recognised when it is played again.
"""

import hashlib
import random
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, NamedTuple

from infra.demo_cast import APPLE, CHROME, CONTACTS, SCANNER, TEMPLATES, USERS, Contact, Template, User, contact

SEED = "a month of mails"
WEEKDAY_MAILS, WEEKEND_MAILS, NEWSLETTERS = 22, 4, 16
NEWS_DAY = 1
"""Tuesday."""
READING = {7: 3, 8: 8, 9: 10, 10: 7, 11: 5, 12: 3, 13: 8, 14: 9, 15: 6, 16: 5, 17: 4, 18: 2, 19: 2, 20: 3, 21: 2}
"""When people read: how much in each hour of their day, most of it in the morning and after lunch."""
SATURDAY = 5
DELIVERED_AFTER = timedelta(seconds=2)

Fate = Literal["delivered", "hard", "soft", "complaint", "unsubscribed"]


class Hit(NamedTuple):
    """A request of the reader, or of what reads for them. `position` is that of the link, None for the pictures."""

    at: datetime
    user_agent: str
    position: int | None = None
    method: str = "GET"


class Mail(NamedTuple):
    """A mail, and what becomes of it. `template` is None for what somebody wrote by hand; `answered_at` is when its
    reader writes back. A mail that `answers` such an answer names the mail that was answered."""

    message_id: str
    at: datetime
    user: User
    template: Template | None
    contact: Contact
    address: str
    fate: Fate
    hits: tuple[Hit, ...] = ()
    unsubscribed_at: datetime | None = None
    answered_at: datetime | None = None
    answers: str | None = None

    @property
    def last_at(self) -> datetime:
        """When all that becomes of it is over."""
        ends = [self.unsubscribed_at, self.answered_at, *(hit.at for hit in self.hits)]
        return max([self.at + timedelta(hours=1), *(at for at in ends if at)])


class Call(NamedTuple):
    """A call of a user with a contact."""

    call_id: str
    at: datetime
    user: User
    contact: Contact
    direction: Literal["outbound", "inbound"]
    outcome: str
    seconds: int


class Day(NamedTuple):
    """What happens because of a day; its mails in the order of time."""

    mails: tuple[Mail, ...]
    calls: tuple[Call, ...]

    @property
    def last_at(self) -> datetime | None:
        """When all of it is over."""
        return max([*(mail.last_at for mail in self.mails), *(call.at for call in self.calls)], default=None)


def plan(day: date, zone: tzinfo) -> Day:
    """What happens because of this day of the account."""
    chance = random.Random(f"{SEED} {day}")
    usual = WEEKEND_MAILS if day.weekday() >= SATURDAY else WEEKDAY_MAILS
    drafts = [_draft(day, zone, chance) for _ in range(usual + chance.randrange(-2, 5))]
    if day.weekday() == NEWS_DAY:
        drafts += [_newsletter(day, zone, number) for number in range(NEWSLETTERS)]
    mails = [_lived(draft, _id(day, "mail", number), zone, chance) for number, draft in enumerate(drafts)]
    mails += [_thanks(mail, zone, chance) for mail in mails if mail.answered_at and chance.random() < 0.7]
    calls = [_call(day, zone, number, chance) for number in range(usual // 3 + chance.randrange(3))]
    return Day(tuple(sorted(mails, key=lambda mail: mail.at)), tuple(calls))


class _Draft(NamedTuple):
    at: datetime
    user: User
    template: Template | None
    contact: Contact


def _draft(day: date, zone: tzinfo, chance: random.Random) -> _Draft:
    templates = [*TEMPLATES, None]
    template = chance.choices(templates, [one.weight if one else 4 for one in templates])[0]
    at = _moment(day, zone, chance.choice((8, 9, 9, 10, 10, 11, 11, 13, 14, 15, 15, 16)), chance)
    return _Draft(at, _user(chance), template, contact(chance.randrange(CONTACTS)))


def _newsletter(day: date, zone: tzinfo, number: int) -> _Draft:
    """One after the other, at ten in the morning, to others each week."""
    template = next(one for one in TEMPLATES if one.is_mass)
    at = datetime.combine(day, time(10, 0, number), zone).astimezone(UTC)
    return _Draft(at, USERS[-1], template, contact((day.toordinal() + number * 7) % CONTACTS))


def _user(chance: random.Random) -> User:
    return chance.choices(USERS, [user.weight for user in USERS])[0]


def _lived(draft: _Draft, message_id: str, zone: tzinfo, chance: random.Random) -> Mail:
    """A draft with all that becomes of it."""
    template, who = draft.template, draft.contact
    fate = _fate(template, chance)
    mail = Mail(message_id, draft.at, draft.user, template, who, _address(who, fate, message_id), fate)
    if fate in ("hard", "soft"):
        return mail
    hits = _machines(mail, chance)
    opened, clicked = (template.opened, template.clicked) if template else (0.6, 0.0)
    is_read = fate == "unsubscribed" or chance.random() < opened * draft.user.charm
    if fate == "complaint" or not is_read:
        return mail._replace(hits=tuple(hits))
    read_at = _read_at(draft.at, zone, chance)
    hits += _read(mail, read_at, clicked, zone, chance)
    unsubscribed_at = read_at + timedelta(minutes=3) if fate == "unsubscribed" else None
    mail = mail._replace(hits=tuple(sorted(hits, key=lambda hit: hit.at)), unsubscribed_at=unsubscribed_at)
    if (template is not None and template.source != "individual") or chance.random() >= 0.3:
        return mail
    return mail._replace(answered_at=read_at + timedelta(minutes=chance.randrange(20, 300)))


def _thanks(mail: Mail, zone: tzinfo, chance: random.Random) -> Mail:
    """What the user writes back to an answer."""
    assert mail.answered_at
    message_id = hashlib.sha256(f"{SEED} thanks {mail.message_id}".encode()).hexdigest()[:32]
    at = _read_at(mail.answered_at, zone, chance)
    return Mail(message_id, at, mail.user, None, mail.contact, mail.address, "delivered", answers=mail.message_id)


def _fate(template: Template | None, chance: random.Random) -> Fate:
    drawn, is_mass = chance.random(), template is not None and template.is_mass
    if drawn < 0.02:
        return "hard"
    if drawn < 0.035:
        return "soft"
    if drawn < 0.04:
        return "complaint"
    return "unsubscribed" if is_mass and drawn < 0.12 else "delivered"


def _address(who: Contact, fate: Fate, message_id: str) -> str:
    """Whoever bounces, complains or unsubscribes is written to once only, for nothing goes there any more."""
    if fate == "complaint":
        return f"complaint+{message_id[:8]}@simulator.amazonses.com"
    name, _, domain = who.address.partition("@")
    return who.address if fate == "delivered" else f"{name}.{message_id[:6]}@{domain}"


def _machines(mail: Mail, chance: random.Random) -> list[Hit]:
    """What looks at the mail before its reader does."""
    arrived_at, hits = mail.at + DELIVERED_AFTER, []
    if mail.contact.is_scanned and mail.template:
        at = arrived_at + timedelta(seconds=chance.randrange(15, 60))
        links = range(mail.template.links)
        hits += [Hit(at + timedelta(milliseconds=40 * link), SCANNER, link, "HEAD") for link in links]
        hits += [Hit(at + timedelta(milliseconds=400 + 40 * link), SCANNER, link) for link in links]
    if mail.contact.client == APPLE:
        hits.append(Hit(arrived_at + timedelta(seconds=chance.randrange(5, 600)), mail.contact.client))
    return hits


def _read(mail: Mail, at: datetime, clicked: float, zone: tzinfo, chance: random.Random) -> list[Hit]:
    """The reader opens it, perhaps follows links, perhaps comes back to it."""
    client = CHROME if mail.contact.client == APPLE else mail.contact.client
    hits = [Hit(at, client)]
    links = mail.template.links if mail.template else 0
    for step in range(1, chance.choice((1, 1, 1, 2)) + 1):
        if links and chance.random() < clicked / step:
            hits.append(
                Hit(at + timedelta(minutes=step, seconds=chance.randrange(50)), CHROME, chance.randrange(links))
            )
    if chance.random() < 0.3:
        hits.append(Hit(_read_at(at + timedelta(hours=1), zone, chance), client))
    return hits


def _read_at(sent_at: datetime, zone: tzinfo, chance: random.Random) -> datetime:
    """When somebody looks at what came in then: soon, or at one of the hours when people read, rarely at a weekend."""
    soon = sent_at + timedelta(minutes=2 + chance.expovariate(1 / 25))
    there = soon.astimezone(zone)
    if chance.random() < 0.4 and there.hour in READING:
        return soon
    day = there.date() + timedelta(days=chance.choice((0, 0, 0, 1, 1, 2, 4)))
    at = _moment(day, zone, chance.choices(list(READING), list(READING.values()))[0], chance)
    while at < soon or (at.astimezone(zone).weekday() >= SATURDAY and chance.random() < 0.6):
        at += timedelta(days=1)
    return at


def _moment(day: date, zone: tzinfo, hour: int, chance: random.Random) -> datetime:
    """Some time in this hour of the day, as its clocks show it."""
    return datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60)), zone).astimezone(UTC)


def _call(day: date, zone: tzinfo, number: int, chance: random.Random) -> Call:
    is_inbound = chance.random() < 0.4
    outcome = chance.choices(("answered", "missed", "busy", "voicemail"), (7, 2, 1 if not is_inbound else 0, 1))[0]
    seconds = chance.randrange(40, 1_500) if outcome == "answered" else 0
    at = _moment(day, zone, chance.choice((9, 10, 11, 13, 14, 15, 16)), chance)
    who = contact(chance.randrange(CONTACTS))
    return Call(
        _id(day, "call", number), at, _user(chance), who, "inbound" if is_inbound else "outbound", outcome, seconds
    )


def _id(day: date, what: str, number: int) -> str:
    """32 hex digits that are the same each time."""
    return hashlib.sha256(f"{SEED} {day} {what} {number}".encode()).hexdigest()[:32]
