"""Which hits of a message may be kept, and which are the account's own: asked before they are folded.

What must not be kept is deleted: hits of a person who had withdrawn their consent, and what is older than the last open
where no more than that may be known.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Protocol

from chalicelib.core import consent
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.address_key import key_of
from chalicelib.core.consent import Entry
from chalicelib.core.event import ENGAGEMENT, GRACE, Event
from chalicelib.core.message import Message
from chalicelib.core.mode import is_within
from chalicelib.core.named_address import bare
from chalicelib.core.refold import Row
from chalicelib.core.token import Mode

SALTS_LAST = timedelta(days=2)
"""So old a day's salt may be; then it is deleted."""


class Events(Protocol):
    """Where events are."""

    def note_own(self, message_id: str, event_key: str) -> None: ...
    def delete(self, message_id: str, event_key: str) -> None: ...


class Parts(Protocol):
    """`said_by` (account, address key) what a person said about tracking; `sources_of` (networks, day) what `from` is
    in hits of that day from there, nothing when the day's salt is gone."""

    @property
    def events(self) -> Events: ...

    def said_by(self, account: str, address_key: str, /) -> Iterable[Entry]: ...
    def sources_of(self, networks: frozenset[str], day: date, /) -> frozenset[str]: ...


def lawful(message: Message, rows: list[Row], parts: Parts, now: datetime) -> list[Row]:
    """The rows without those that must not be kept; these are deleted.

    A hit must not be kept that came after its person had withdrawn their consent, or agreed to less than its mail's
    mode keeps. Of a hit of which only the day is known the person has the benefit of the doubt.
    """
    until, mode = message.tracking.until, message.tracking.mode
    hits = [row for row in rows if row.event.kind in ENGAGEMENT and not row.is_counted]
    if not hits or until is None or now >= until + GRACE:
        return rows
    said = [list(parts.said_by(message.account, key_of(bare(to)))) for to in message.envelope.recipients]

    def is_allowed(hit: Event) -> bool:
        end_of_day = hit.occurred_at + timedelta(days=1) - timedelta(milliseconds=1)
        at = min(end_of_day, now) if mode is Mode.LAST_OPEN_DATE else hit.occurred_at
        return all(
            consent.is_tracking_allowed(one, required=False, at=at) and is_within(mode, consent.mode_of(one, at))
            for one in said
        )

    dropped = {row.event.key for row in hits if not is_allowed(row.event)}
    if mode is Mode.LAST_OPEN_DATE:
        dropped.update(sorted(row.event.key for row in hits if row.event.key not in dropped)[:-1])
    for key in sorted(dropped):
        parts.events.delete(message.message_id, key)
    return [row for row in rows if row.event.key not in dropped]


def own_marked(message_id: str, rows: list[Row], policy: AccountPolicy, parts: Parts, now: datetime) -> list[Row]:
    """The rows with a mark on hits from the account's own networks. It is kept with the event, for the salt by which
    they are found is gone after two days."""
    if not policy.own_networks:
        return rows
    hits = (row.event for row in rows if row.event.kind in ENGAGEMENT and "from" in row.event.data)
    own = {
        hit.key
        for hit in hits
        if "own" not in hit.data
        and now.date() - hit.occurred_at.date() <= SALTS_LAST
        and hit.data["from"] in parts.sources_of(policy.own_networks, hit.occurred_at.date())
    }
    for key in sorted(own):
        parts.events.note_own(message_id, key)
    return [_owned(row) if row.event.key in own else row for row in rows]


def _owned(row: Row) -> Row:
    return row._replace(event=row.event._replace(data={**row.event.data, "own": True}))
