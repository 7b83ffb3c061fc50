"""An aggregate: what is known together of all mails of an account and a day that are in the mode `aggregate`.

It stands among the messages and its hits among the events like those of a mail, so it is folded and swept like one;
but no list of mails shows it. A mail's pixel and links carry its aggregate's id instead of the mail's own, so that no
hit can ever be traced to the mail. The day is that from which on the mail was to be sent, UTC, so that it is the same
however often sending is tried and whatever the account's time zone becomes.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.message import Envelope, Message, Sending, Tracking
from chalicelib.core.summary import Engagement
from chalicelib.core.token import Mode

LEAST_PEOPLE = 10
"""As long as fewer people got a mail of an aggregate, nothing of it is shown: the hits of few are nearly somebody's."""

TOO_FEW = "too_few_recipients"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHORT = 4


class Kept(NamedTuple):
    """An aggregate with what is counted under it, and whether enough people got a mail of it."""

    aggregate: Message
    is_large: bool

    @property
    def engagement(self) -> Engagement:
        return self.aggregate.state.engagement


class Days(NamedTuple):
    """From the first to the last of these days; None where there is no such end."""

    first: date | None = None
    last: date | None = None


def id_of(account: str, day: date, dispatch: str = "") -> str:
    """Under what the hits of a day are kept: 32 hex digits, like a message's id. It is no secret: tokens are signed."""
    parts = "\0".join(("mailsight/aggregate", account, day.isoformat(), dispatch))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def day_of(message: Message) -> date:
    """The day to whose aggregate a mail belongs."""
    return message.due_at.astimezone(UTC).date()


def aggregate_id(message: Message) -> str:
    """The id of the aggregate of a mail."""
    return id_of(message.account, day_of(message))


def aggregate_of(message: Message) -> Message:
    """The aggregate of a mail, with the mail's capture window."""
    day = day_of(message)
    return Message(
        message_id=aggregate_id(message),
        account=message.account,
        accepted_at=datetime(day.year, day.month, day.day, tzinfo=UTC),
        envelope=Envelope("", ()),
        tracking=Tracking(True, True, until=message.tracking.until, mode=Mode.AGGREGATE),
        sending=Sending.SENT,
        is_aggregate=True,
    )


def short_hash_of(aggregate: str, address_key: str) -> str:
    """What is kept of one who got a mail, to tell ten people from one: 16 bits, which thousands of addresses share. Two
    that come to the same are counted as one, which only withholds longer."""
    return hashlib.sha256(f"{aggregate}\0{address_key}".encode()).hexdigest()[:_SHORT]


def show(kept: Kept) -> dict[str, Any]:
    """The object `aggregate`; of one with too few people there is nothing but that."""
    opens, clicks = kept.engagement.opens, kept.engagement.clicks
    shown: dict[str, Any] = {"object": "aggregate", "day": day_of(kept.aggregate).isoformat()}
    if not kept.is_large:
        return {**shown, "withheld": TOO_FEW, "opens": None, "clicks": None}
    links = [
        {"position": position, "count": count, "machine": machine}
        for position, (count, machine) in kept.engagement.links.items()
    ]
    return {
        **shown,
        "withheld": None,
        "opens": {"count": opens.count, "proxy": opens.proxy, "machine": opens.machine},
        "clicks": {"count": clicks.count, "machine": clicks.machine, "links": links},
    }


def days_of(query: Mapping[str, str]) -> Days:
    """The days that a query asks for by `from` and `to`, both included. Raises BadInput."""
    errors = [wrong(f"/{name}", "must be a day like 2026-11-21") for name in ("from", "to") if not _is_day(query, name)]
    if errors:
        raise BadInput(errors)
    first, last = (date.fromisoformat(query[name]) if name in query else None for name in ("from", "to"))
    if first and last and first > last:
        raise BadInput([wrong("/to", "must not be before from")])
    return Days(first, last)


def _is_day(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name)
    if text is None:
        return True
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False
