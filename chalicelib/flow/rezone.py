"""After an account's time zone changed, each of its mails counts on another day, or in another hour: all are walked.

It begins when nobody can still fold by the zone from before, goes on where the last run ended, and is done when it
came to the newest mail; what was sent since counts right by itself. Each step compares and changes cells by the
difference, in the transaction that notes what the mail counts for; so it can be repeated, and be overtaken by a fold.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple, Protocol

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.behind import SETTLED, Rezoning
from chalicelib.core.message import Message
from chalicelib.core.refold import Fold
from chalicelib.flow.count_anew import Folds, count_anew

START = "0"
"""Before the place of any mail: places begin with a year."""
STRETCH = 100


class Behind(Protocol):
    """The accounts whose time zone changed."""

    def rezonings(self) -> Sequence[Rezoning]: ...
    def rezoned(self, rezoning: Rezoning, place: str | None) -> bool: ...


class EveryMail(Protocol):
    """An account's mails with their folds, oldest first, behind a place; and from where to go on, if there are more."""

    def folds_behind(
        self, account: str, place: str, limit: int
    ) -> tuple[Sequence[tuple[Message, Fold]], str | None]: ...


class Parts(NamedTuple):
    """What it needs. `move_calls` moves the account's calls to their days in a time zone, True if it came to the end;
    `report` is told of an account that could not be done and why."""

    behind: Behind
    mails: EveryMail
    folds: Folds
    policy_of: Callable[[str], AccountPolicy]
    move_calls: Callable[[str, tzinfo, Callable[[], bool]], bool]
    report: Callable[[str, Exception], None]


class Rezoned(NamedTuple):
    """How many mails count elsewhere now; how many accounts are done, and how many failed."""

    mails: int = 0
    accounts: int = 0
    failed: int = 0


def rezone_all(parts: Parts, *, now: datetime, may_go_on: Callable[[], bool] = lambda: True) -> Rezoned:
    """Goes on with every account that is to be done."""
    mails = accounts = failed = 0
    for rezoning in parts.behind.rezonings():
        if now < rezoning.asked_at + SETTLED or not may_go_on():
            continue
        try:
            moved, is_done = _rezone(rezoning, parts, may_go_on)
            mails, accounts = mails + moved, accounts + is_done
        except Exception as error:  # of this account; the others are done all the same
            parts.report(rezoning.account, error)
            failed += 1
    return Rezoned(mails, accounts, failed)


def _rezone(rezoning: Rezoning, parts: Parts, may_go_on: Callable[[], bool]) -> tuple[int, bool]:
    zone = parts.policy_of(rezoning.account).zone
    place, moved = rezoning.place or START, 0
    while may_go_on():
        found, end = parts.mails.folds_behind(rezoning.account, place, STRETCH)
        moved += count_anew(found, zone, parts.folds)
        if end is None:
            is_done = parts.move_calls(rezoning.account, zone, may_go_on) and parts.behind.rezoned(rezoning, None)
            return moved, is_done
        if not parts.behind.rezoned(rezoning, end):
            return moved, False  # it changed again, and begins anew
        place = end
    return moved, False
