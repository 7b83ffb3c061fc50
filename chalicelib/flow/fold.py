"""Folding: the events of a message become its state, whatever order they come in and however often.

Recomputes and compares; never increments. A retry finds nothing to do.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from chalicelib.core.message import Message
from chalicelib.core.problem import MailsightError
from chalicelib.core.refold import Fold, Row, Step, refold

MOST_STEPS = 50
"""A fold that another one always overtakes, or with thousands of late events, is brought again by the stream."""


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
    def get(self, message_id: str, event_key: str, *, now: datetime) -> Row | None: ...


def fold(message_id: str, arrived: Iterable[str] | None, *, events: Events, folds: Folds, now: datetime) -> bool:
    """Brings the state of a message up to date; True if it changed.

    `arrived` are the keys of the events that the stream told of; None reads all events there are, for the sweep.
    An event of a message that does not exist (any more) changes nothing.
    """
    keys = None if arrived is None else sorted(set(arrived))
    has_changed = False
    for _ in range(MOST_STEPS):
        found = folds.find(message_id)
        if found is None:
            return False
        message, before = found
        rows = _rows(message_id, before, keys, events, now)
        step = refold(before, rows, until=message.tracking.until, now=now)
        if step.fold == before and not step.marks:
            return has_changed
        is_stored = folds.store(message, step)
        has_changed = has_changed or is_stored
        if is_stored and not step.has_more:
            return True
    raise Overtaken(f"message {message_id} was not folded in {MOST_STEPS} steps")


def is_folded(found: tuple[Message, Fold], *, events: Events, now: datetime) -> bool:
    """Whether a message knows all its events, as far as a cheap look tells, that overlooks those of the last second.

    For the sweep: only where this says no, it is worth what a fold costs.
    """
    message, before = found
    rows = events.after(message.message_id, None, now=now, may_be_old=True)
    step = refold(before, rows, until=message.tracking.until, now=now)
    return step.fold == before and not step.marks


def _rows(message_id: str, before: Fold, keys: list[str] | None, events: Events, now: datetime) -> list[Row]:
    """The open tail, and what has arrived before the line."""
    if keys is None:
        return events.after(message_id, None, now=now)
    tail = events.after(message_id, before.closed_until or None, now=now)
    behind = (events.get(message_id, key, now=now) for key in keys if key <= before.closed_until)
    return [*(row for row in behind if row), *tail]
