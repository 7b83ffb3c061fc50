"""Consent of a person to be tracked: what they said, when, how, and who noted it. Nothing that was said is forgotten.

What counts at a moment is the last entry until then. A hit is judged by its own time, so that folding its message again
comes to the same result: what was captured before a withdrawal stays, what came after it is dropped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.core import instant
from chalicelib.core import mode as modes
from chalicelib.core.erased import without
from chalicelib.core.token import Mode


class Act(StrEnum):
    """What a person did. Without having given any, one may still withdraw: that is an objection."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Entry:
    """One thing that a person said at `at`. `how` they said it, `by` whom it was noted, and when (`noted_at`).

    `mode` is how much they agreed to; a withdrawal has `off`.
    """

    act: Act
    at: datetime
    how: str
    by: str
    noted_at: datetime
    mode: Mode = Mode.FULL


def given(at: datetime, how: str, by: str, noted_at: datetime, mode: Mode = Mode.FULL) -> Entry:
    """A consent, which may have been given earlier than it is noted."""
    return Entry(Act.GIVEN, at, how, by, noted_at, mode)


def withdrawn(at: datetime, how: str, by: str) -> Entry:
    """A withdrawal, which holds from the moment it is noted."""
    return Entry(Act.WITHDRAWN, at, how, by, at, Mode.OFF)


def current(entries: Iterable[Entry], at: datetime) -> Entry | None:
    """What holds at a moment, whatever the order of the entries. Of two at one time a withdrawal holds."""
    return max((entry for entry in entries if entry.at <= at), key=_place, default=None)


def is_tracking_allowed(entries: Iterable[Entry], *, required: bool, at: datetime) -> bool:
    """Whether this person may be tracked at a moment. Who withdrew may not be, also where no consent is required.

    Of a hit, ask with `required=False`: its mail was tracked rightly when it was sent, and only a withdrawal ends that.
    """
    holds = current(entries, at)
    return holds.act is Act.GIVEN if holds else not required


def mode_of(entries: Iterable[Entry], at: datetime) -> Mode:
    """The most that this person lets be kept at a moment: `full` for one who said nothing."""
    holds = current(entries, at)
    return holds.mode if holds else Mode.FULL


def is_news(entries: Iterable[Entry], entry: Entry) -> bool:
    """Whether it says anything that does not hold already: the same said again in the same way is no news."""
    holds = current(entries, entry.at)
    return holds is None or replace(holds, at=entry.at, noted_at=entry.noted_at) != entry


def show(address: str, entries: Iterable[Entry], at: datetime) -> dict[str, Any]:
    """The object `consent`: what holds at a moment, and all that was ever said, newest first."""
    history = sorted(entries, key=_place, reverse=True)
    holds = current(history, at)
    return {
        "object": "consent",
        "address": address,
        "status": holds.act.value if holds else None,
        "mode": modes.show(holds.mode) if holds else None,
        "history": [
            {
                "act": entry.act.value,
                "at": instant.show(entry.at),
                "how": entry.how,
                "by": entry.by,
                "mode": modes.show(entry.mode),
                "noted_at": instant.show(entry.noted_at),
            }
            for entry in history
        ],
    }


def unnamed(entry: Entry, address_key: str) -> Entry:
    """What somebody said without another one, whose person was erased: who noted it, and how it was said."""
    return replace(entry, how=without(entry.how, address_key), by=without(entry.by, address_key))


def _place(entry: Entry) -> tuple[datetime, bool, datetime, str, str, Mode]:
    """By time; a withdrawal behind a consent of the same time; the rest only makes the order complete."""
    return entry.at, entry.act is Act.WITHDRAWN, entry.noted_at, entry.how, entry.by, entry.mode
