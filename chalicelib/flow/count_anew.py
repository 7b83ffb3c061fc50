"""Puts right what mails are noted to count for, and the report cells by the difference, in one transaction.

So it can be repeated, and be overtaken by a fold. It serves a change of time zone, after which all mails count on other
days or in other hours, and the repair of a recount.
"""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Protocol

from chalicelib.core.message import Message
from chalicelib.core.problem import MailsightError
from chalicelib.core.recount import Recounting, recounting_of
from chalicelib.core.refold import Fold

TOGETHER = 20
MOST_TRIES = 20


class Overtaken(MailsightError):
    """Folds of one mail were always faster; the next run does it."""


class Folds(Protocol):
    """Where messages and their folds are."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def recount(self, changes: Sequence[Recounting]) -> bool: ...


def count_anew(found: Sequence[tuple[Message, Fold]], zone: tzinfo, folds: Folds) -> int:
    """Changes what these mails count for, where their states say otherwise; returns of how many. Raises Overtaken."""
    changes = [change for message, fold in found if (change := recounting_of(message, fold, zone))]
    for group in _groups(changes):
        if not folds.recount(group):
            for change in group:
                _alone(change.message.message_id, zone, folds)
    return len(changes)


def _groups(changes: Sequence[Recounting]) -> Iterator[Sequence[Recounting]]:
    return (changes[first : first + TOGETHER] for first in range(0, len(changes), TOGETHER))


def _alone(message_id: str, zone: tzinfo, folds: Folds) -> None:
    for _ in range(MOST_TRIES):
        found = folds.find(message_id)
        change = found and recounting_of(*found, zone)
        if not change or folds.recount([change]):
            return
    raise Overtaken(f"message {message_id} changed each time before it could be counted anew")
