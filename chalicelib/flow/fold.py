"""Folding: the events of a message become its state, whatever order they come in and however often.

Recomputes and compares; never increments. A retry finds nothing to do. What must not be kept is deleted first: hits of
a person who had withdrawn their consent, and what is older than the last open where no more than that may be known.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple, Protocol

from chalicelib.core import consent
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.address_key import key_of
from chalicelib.core.consent import Entry
from chalicelib.core.event import ENGAGEMENT, GRACE, Event
from chalicelib.core.mail_context import context_of
from chalicelib.core.message import Message
from chalicelib.core.mode import is_within
from chalicelib.core.named_address import bare
from chalicelib.core.problem import MailsightError
from chalicelib.core.refold import Fold, Row, Step, refold, rejudge
from chalicelib.core.token import Mode
from chalicelib.flow.suppress import Suppressions, suppress

MOST_STEPS = 50
"""A fold that another one always overtakes, or with thousands of late events, is brought again by the stream."""


SALTS_LAST = timedelta(days=2)
"""So old a day's salt may be; then it is deleted."""


class Overtaken(MailsightError):
    """Other folds of the same message were always faster; the record is brought again."""


class Folds(Protocol):
    """Where messages and their folds are."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def store(self, message: Message, step: Step) -> bool: ...


class Events(Protocol):
    """Where events are."""

    def after(
        self, message_id: str, event_key: str | None, *, now: datetime, may_be_old: bool = False
    ) -> list[Row]: ...
    def near(self, message_id: str, event_key: str, *, now: datetime) -> list[Row]: ...
    def note_own(self, message_id: str, event_key: str) -> None: ...
    def delete(self, message_id: str, event_key: str) -> None: ...


class Parts(NamedTuple):
    """What folding needs. `policy_of` an account; `said_by` (account, address key) what a person said about tracking;
    `sources_of` (networks, day) what `from` is in hits of that day from there, nothing when the day's salt is gone."""

    events: Events
    folds: Folds
    policy_of: Callable[[str], AccountPolicy]
    said_by: Callable[[str, str], Iterable[Entry]]
    sources_of: Callable[[frozenset[str], date], frozenset[str]]
    suppressions: Suppressions

    def for_many(self) -> "Parts":
        """For a batch: what holds for a whole account is looked up once."""
        return self._replace(policy_of=cache(self.policy_of), sources_of=cache(self.sources_of))


def fold(message_id: str, arrived: Iterable[str] | None, parts: Parts, *, now: datetime) -> bool:
    """Brings the state of a message up to date; True if it changed.

    `arrived` are the keys of the events that the stream told of; None reads all events there are, for the sweep.
    An event of a message that does not exist (any more) changes nothing.
    """
    keys = None if arrived is None else sorted(set(arrived))
    has_changed = False
    for _ in range(MOST_STEPS):
        found = parts.folds.find(message_id)
        if found is None:
            return False
        message, before = found
        rows = _lawful(message, _rows(message_id, before, keys, parts.events, now), parts, now)
        policy = parts.policy_of(message.account)
        rows = _own_marked(message_id, rows, policy, parts, now)
        step = refold(before, rows, context=context_of(message, policy), until=message.tracking.until, now=now)
        if step.fold == before and not step.marks:
            return has_changed
        if step.fold.state.delivery != before.state.delivery:
            suppress(message, step.fold.state.delivery, suppressions=parts.suppressions, policy=policy)
        is_stored = parts.folds.store(message, step)
        has_changed = has_changed or is_stored
        if is_stored and not step.has_more:
            return True
    raise Overtaken(f"message {message_id} was not folded in {MOST_STEPS} steps")


def is_folded(found: tuple[Message, Fold], parts: Parts, *, now: datetime) -> bool:
    """Whether a message knows all its events, as far as a cheap look tells, that overlooks those of the last second.

    For the sweep: only where this says no, it is worth what a fold costs.
    """
    message, before = found
    rows = parts.events.after(message.message_id, None, now=now, may_be_old=True)
    context = context_of(message, parts.policy_of(message.account))
    step = refold(before, rows, context=context, until=message.tracking.until, now=now)
    return step.fold == before and not step.marks


def reclassify(message_id: str, parts: Parts, *, now: datetime) -> bool:
    """Judges every hit that is kept of a message anew, also what was closed; True if that changed its state."""
    for _ in range(MOST_STEPS):
        found = parts.folds.find(message_id)
        if found is None or found[1] == Fold():
            return False
        message, before = found
        rows = _lawful(message, parts.events.after(message_id, None, now=now), parts, now)
        policy = parts.policy_of(message.account)
        after = rejudge(before, rows, context=context_of(message, policy), until=message.tracking.until, now=now)
        if after == before:
            return False
        if parts.folds.store(message, Step(after, (), False)):
            return True
    raise Overtaken(f"message {message_id} was not judged anew in {MOST_STEPS} steps")


def _rows(message_id: str, before: Fold, keys: list[str] | None, events: Events, now: datetime) -> list[Row]:
    """The open tail, what has arrived before the line, and what is near enough to any of these to bear on a verdict."""
    line = before.closed_until
    if keys is None or not line:
        return events.after(message_id, None, now=now)
    rows = [*events.after(message_id, line, now=now), *events.near(message_id, line, now=now)]
    for key in keys:
        if key <= line:
            rows += events.near(message_id, key, now=now)
    return list({row.event.key: row for row in rows}.values())


def _lawful(message: Message, rows: list[Row], parts: Parts, now: datetime) -> list[Row]:
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


def _own_marked(message_id: str, rows: list[Row], policy: AccountPolicy, parts: Parts, now: datetime) -> list[Row]:
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
