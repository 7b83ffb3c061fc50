"""The recount: days are counted anew from the mails, and what the report cells hold must be the same.

Two things are held against each other: the cells against what the mails are noted to count for, and each mail's note
against what its state says, which is read with it and so costs nothing more.

A day that changes while it is counted is counted again, and left for another night if it never rests. Cells may also
change and change back while some mails are read before and some after it, so a drift is only what two counts in a row
agree on. A note and its state are one item, written and read at once; notes that are wrong are counted once more all
the same, for they may have been on their way to another time zone. So that every day is counted a few times in its
life, and a night's work depends on the mails a day and not on how many there are, each night takes the days of certain
ages.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core import cell, recount
from chalicelib.core.account_policy import LONGEST_WINDOW_DAYS, AccountPolicy
from chalicelib.core.cell import Cells
from chalicelib.core.event import GRACE
from chalicelib.core.message import CAPTURE_WINDOW, Message
from chalicelib.core.problem import MailsightError
from chalicelib.core.recount import Misnoted
from chalicelib.core.refold import Fold
from chalicelib.flow.count_anew import Folds, count_anew

_BEHIND_GRACE = GRACE + timedelta(days=1)
AGES = (1, 2, 8, 31, (CAPTURE_WINDOW + _BEHIND_GRACE).days, LONGEST_WINDOW_DAYS + _BEHIND_GRACE.days)
"""Days before today. The last two are when the usual capture window, and the longest, are over with their grace: then
no open and no click changes a cell any more. A bounce, a complaint or an unsubscribing may still do."""
TRIES = 3
STRETCH = 100
"""Mails, as many as are read at once; after each of them it is asked whether there is time for more."""


class OutOfTime(MailsightError):
    """The day is not counted to its end; the next run begins it anew."""


class Accounts(Protocol):
    """The register of accounts."""

    def all(self) -> Iterable[str]: ...


class Messages(Protocol):
    """Messages with their folds, by when they were to be sent."""

    def folds_between(self, account: str, start: datetime, end: datetime) -> Iterator[tuple[Message, Fold]]: ...


class CellTable(Protocol):
    """Report cells."""

    def of_day(self, account: str, day: str) -> Cells: ...
    def add(self, cells: Cells) -> None: ...
    def renew(self, account: str, day: str) -> None: ...


class Recounted(NamedTuple):
    """How many days were counted; by how many mails their cells, or what mails are noted to count for, were wrong, all
    columns together; how many days never rested, could not be counted, or were left for want of time."""

    days: int = 0
    drift: int = 0
    restless: int = 0
    failed: int = 0
    left: int = 0


def _no_calls(account: str, day: str) -> Cells:
    """Where nobody tells of telephone calls."""
    return {}


def _stays(account: str) -> bool:
    """Where no account changes its time zone."""
    return False


class Parts(NamedTuple):
    """What recounting needs. `report` is told of what was wrong: account, day, and the drift, the notes or an error;
    `calls_of_day` is what telephone calls add to the cells of a day; `is_moving` tells of an account whether its mails
    may still be noted by the time zone that it had before."""

    accounts: Accounts
    messages: Messages
    cells: CellTable
    policy_of: Callable[[str], AccountPolicy]
    report: Callable[[str, str, Cells | Misnoted | Exception], None]
    calls_of_day: Callable[[str, str], Cells] = _no_calls
    is_moving: Callable[[str], bool] = _stays


def days_of(account: str, ages: Iterable[int], parts: Parts, *, now: datetime) -> list[date]:
    """The days of an account that are so many days old."""
    today = now.astimezone(parts.policy_of(account).zone).date()
    return [today - timedelta(days=age) for age in ages]


def recount_all(
    days_of: Callable[[str], Iterable[date]],
    parts: Parts,
    *,
    may_go_on: Callable[[], bool] = lambda: True,
    repair: Folds | None = None,
) -> Recounted:
    """Counts these days of every account anew; with the folds to `repair` all is put right, else it is only told.

    Accounts come in another order each time, so that no run that is short of time leaves always the same ones.
    """
    sums = Recounted()
    accounts = list(parts.accounts.all())
    random.shuffle(accounts)
    for account in accounts:
        try:
            days, zone = list(days_of(account)), parts.policy_of(account).zone
        except Exception as error:  # of this account; the others are counted all the same
            parts.report(account, "", error)
            sums = _sum(sums, Recounted(failed=1))
            continue
        for day in days:
            sums = _sum(sums, _one(account, day, zone, parts, may_go_on, repair))
    return sums


def _one(
    account: str, day: date, zone: tzinfo, parts: Parts, may_go_on: Callable[[], bool], repair: Folds | None
) -> Recounted:
    if not may_go_on():
        return Recounted(left=1)
    text = day.isoformat()
    try:
        parts.cells.renew(account, text)  # so that what reports read heals, too, whatever became of it
        drift, misnoted = _counted(account, day, zone, parts, may_go_on)
        if misnoted.mails:
            misnoted = _misnoted_at_rest(account, day, zone, parts, may_go_on)
        if misnoted.mails:
            parts.report(account, text, misnoted)
        if drift:
            parts.report(account, text, drift)
        if drift and repair:
            parts.cells.add(drift)
        if misnoted.mails and repair:
            _put_right(account, day, zone, parts, may_go_on, repair)
        wrong = recount.size(drift or {}) + misnoted.size
        return Recounted(days=int(drift is not None), drift=wrong, restless=int(drift is None))
    except OutOfTime:
        return Recounted(left=1)
    except Exception as error:
        parts.report(account, text, error)
        return Recounted(failed=1)


def _counted(
    account: str, day: date, zone: tzinfo, parts: Parts, may_go_on: Callable[[], bool]
) -> tuple[Cells | None, Misnoted]:
    """What the cells of a day lack, if two counts in a row say so while the cells did not change; nothing, if one count
    finds nothing; None if neither came about. And the notes that are wrong. Raises OutOfTime."""
    text, misnoted = day.isoformat(), Misnoted()
    before, suspected = parts.cells.of_day(account, text), None
    for _ in range(TRIES):
        mails, misnoted = recount.count(text, _folds(account, day, parts, may_go_on), zone)
        wanted = cell.total([mails, parts.calls_of_day(account, text)])
        after = parts.cells.of_day(account, text)
        found = recount.drift(after, wanted) if before == after else None
        if found is not None and (not found or found == suspected):
            return found, misnoted
        before, suspected = after, found
    return None, misnoted


def _misnoted_at_rest(account: str, day: date, zone: tzinfo, parts: Parts, may_go_on: Callable[[], bool]) -> Misnoted:
    """Which notes are wrong once more while none was moved to another time zone: those that were found wrong first may
    have been moved since they were read. Raises OutOfTime."""
    if _has_moved(account, zone, parts):
        return Misnoted()
    misnoted = recount.count(day.isoformat(), _folds(account, day, parts, may_go_on), zone).misnoted
    return Misnoted() if misnoted.mails and _has_moved(account, zone, parts) else misnoted


def _has_moved(account: str, zone: tzinfo, parts: Parts) -> bool:
    """Whether notes may be by another time zone than this one; what is wrong then is put right by the sweep. Asked only
    when notes are found wrong, and then of what was set before them."""
    return parts.is_moving(account) or parts.policy_of(account).zone != zone


def _put_right(
    account: str, day: date, zone: tzinfo, parts: Parts, may_go_on: Callable[[], bool], folds: Folds
) -> None:
    folds_of_day = _folds(account, day, parts, may_go_on)
    found = (one for one in folds_of_day if recount.misnoted_of(day.isoformat(), *one, zone))
    while stretch := list(islice(found, STRETCH)):
        count_anew(stretch, zone, folds)


def _folds(account: str, day: date, parts: Parts, may_go_on: Callable[[], bool]) -> Iterator[tuple[Message, Fold]]:
    """The mails that may count for a day, for as long as there is time; then raises OutOfTime."""
    return _in_time(parts.messages.folds_between(account, *recount.span_of(day)), may_go_on)


def _in_time(folds: Iterable[tuple[Message, Fold]], may_go_on: Callable[[], bool]) -> Iterator[tuple[Message, Fold]]:
    """The same, for as long as there is time; then raises OutOfTime."""
    for number, one in enumerate(folds, start=1):
        yield one
        if number % STRETCH == 0 and not may_go_on():
            raise OutOfTime(f"time was up after {number} mails of a day")


def _sum(*each: Recounted) -> Recounted:
    return Recounted(*map(sum, zip(*each, strict=True)))
