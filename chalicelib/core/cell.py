"""Cells: how many mails of a day, template, module, user and source were sent, opened and so on.

A mail counts in one cell of its sending day, once in each column that holds for it, and once in that of the hour of the
week in which it was first opened. What it counts for is kept with it, and cells are only ever changed by the difference
between that and what it counts for now. So they are exact whatever is doubled, late or taken back, and also when
columns are added here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from chalicelib.core import source
from chalicelib.core.message import Message
from chalicelib.core.status import bounce_of, complained_at, opens_of
from chalicelib.core.summary import Delivery, State

COLUMNS = (
    "sent",
    "delivered",
    "bounced_hard",
    "bounced_soft",
    "tracked",
    "bounced_tracked",
    "opened",
    "clicked",
    "unsubscribed",
    "complained",
    "opened_by_proxy",
    "opened_by_machine",
    "clicked_by_machine",
    "received",
    "responded",
)
"""Mails, never hits. They are stored by their number here: add new ones at the end, and take none away.

What was received counts on the day it came in, and as responded once somebody answered it; all else on the sending day
of what was sent."""

CALLS = ("calls_outbound", "calls_inbound", "calls_missed", "call_seconds")
"""Of calls, in cells without template and source: how many of each kind, and how long all of them took together."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = tuple(f"{day}_{hour:02d}" for day in WEEKDAYS for hour in range(24))
"""Mails by the hour of the week in which a person first opened them, in the account's time zone. In the cell of the
sending day, for a cell of their own would double what a first open writes."""

NONE = "(none)"
"""Says that a mail has no template, module or user, where an empty text would not be seen; no id is called so."""

SENT_WITHIN = timedelta(hours=24)
"""A mail that was sent later than that, as one may be that others send for us, counts as of then."""


class Counted(NamedTuple):
    """What a mail counts for: its sending day in the account's time zone (`2026-11-22`), the columns that hold, and
    that of the hour of its first open (`sun_14`); empty where there is none."""

    day: str = ""
    columns: frozenset[str] = frozenset()
    hour: str = ""


NOTHING = Counted()


class Place(NamedTuple):
    """Where a cell stands: the account, the sending day, and the dimensions, empty where a mail has none."""

    account: str
    day: str
    template: str = ""
    module: str = ""
    user: str = ""
    source: str = ""


Cells = Mapping[Place, Mapping[str, int]]
"""How much is in each column of each cell, or is to be added to it; what is zero is left out."""


def counted_of(message: Message, state: State, zone: tzinfo) -> Counted:
    """What a message in this state counts for. It follows from what the events say alone, not from what the sender
    noted, so that every order of them leads to the same. One that came in counts as received, and never as sent."""
    if message.is_inbound:
        held = ["received", "responded"] if state.delivery.responded_at else ["received"]
        return Counted(message.accepted_at.astimezone(zone).date().isoformat(), frozenset(held))
    sent_at = None if message.is_aggregate else sent_at_of(message, state)
    if sent_at is None or state.delivery.failure or not source.kind_of(message.source).is_sent_from_system:
        return NOTHING
    columns = frozenset(_columns(state, is_tracked=message.tracking.is_individual))
    first_open = opens_of(state.engagement)[0].first_at if "opened" in columns else None
    return Counted(sent_at.astimezone(zone).date().isoformat(), columns, _hour(first_open, zone))


def _hour(at: datetime | None, zone: tzinfo) -> str:
    there = at.astimezone(zone) if at else None
    return f"{WEEKDAYS[there.weekday()]}_{there.hour:02d}" if there else ""


def difference(message: Message, before: Counted, after: Counted) -> Cells:
    """What must be added to the cells when a message that counted for `before` now counts for `after`."""
    return total([_cells(message, before, -1), _cells(message, after, 1)])


def total(each: Iterable[Cells]) -> Cells:
    """The sum of cells, without what comes to nothing."""
    sums: dict[Place, dict[str, int]] = {}
    for cells in each:
        for place, columns in cells.items():
            found = sums.setdefault(place, {})
            for column, number in columns.items():
                found[column] = found.get(column, 0) + number
    kept = {place: {column: number for column, number in found.items() if number} for place, found in sums.items()}
    return {place: found for place, found in kept.items() if found}


def dump(counted: Counted) -> str:
    """As it is stored with the message."""
    bits = sum(1 << COLUMNS.index(column) for column in counted.columns)
    return f"{counted.day} {bits:x} {counted.hour}".rstrip() if counted != NOTHING else ""


def load(text: str | None) -> Counted:
    """What `dump` made; a column of a later version is left out."""
    if not text:
        return NOTHING
    day, bits, hour = [*text.split(" "), ""][:3]
    return Counted(day, frozenset(one for place, one in enumerate(COLUMNS) if int(bits, 16) >> place & 1), hour)


def _cells(message: Message, counted: Counted, sign: int) -> Cells:
    if counted == NOTHING:
        return {}
    module = message.record[0] if message.record else ""
    dimensions = {"template": message.template or "", "module": module, "user": message.user or ""}
    place = Place(message.account, counted.day, **dimensions, source=message.source)
    hour = [counted.hour] if counted.hour else []
    return {place: dict.fromkeys([*counted.columns, *hour], sign)}


def sent_at_of(message: Message, state: State) -> datetime | None:
    """When it was sent: as SES told it, else the first thing that could not be had it not been sent. Never before it
    was to be sent nor later than a day after, so that a day's mails are found again by when they were to be sent."""
    told = _told_sent_at(state)
    return told and min(max(told, message.due_at), message.due_at + SENT_WITHIN)


def _told_sent_at(state: State) -> datetime | None:
    delivery, engagement = state.delivery, state.engagement
    if delivery.sent:
        return delivery.sent[0]
    return min(
        [*_told(delivery), *(at for at in (engagement.opens.first_at, engagement.clicks.first_at) if at)], default=None
    )


def _told(delivery: Delivery) -> Iterable[datetime]:
    for one in delivery.recipients.values():
        times = one.delivered_at, one.bounce and one.bounce.at, one.complained_at, one.auto_replied_at
        yield from (at for at in times if at)


def _columns(state: State, *, is_tracked: bool) -> Iterable[str]:
    delivery, engagement = state.delivery, state.engagement
    bounce = bounce_of(delivery)
    opens = opens_of(engagement)[0]
    holds = {
        "sent": True,
        "delivered": delivery.delivered_at is not None and bounce is None,
        "bounced_hard": bounce is not None and bounce.type == "hard",
        "bounced_soft": bounce is not None and bounce.type == "soft",
        "tracked": is_tracked,
        "bounced_tracked": is_tracked and bounce is not None,
        "opened": is_tracked and opens.count > 0,
        "clicked": is_tracked and engagement.clicks.count > 0,
        "unsubscribed": delivery.unsubscribed_at is not None,
        "complained": complained_at(delivery) is not None,
        "opened_by_proxy": is_tracked and opens.proxy > 0,
        "opened_by_machine": is_tracked and opens.machine > 0,
        "clicked_by_machine": is_tracked and engagement.clicks.machine > 0,
    }
    return (column for column, is_so in holds.items() if is_so)
