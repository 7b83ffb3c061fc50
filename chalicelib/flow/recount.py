"""The recount: days are counted anew from the mails, and what the report cells hold must be the same.

A day that changes while it is counted is counted again, and left for another night if it never rests. Cells may also
change and change back while some mails are read before and some after it, so a drift is only what two counts in a row
agree on. So that every day is counted a few times in its life, and a night's work depends on the mails a day and not on
how many there are, each night takes the days of certain ages.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.core import cell, recount
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import Cells
from chalicelib.core.message import Message
from chalicelib.core.problem import MailsightError
from chalicelib.core.refold import Fold

AGES = (1, 2, 8, 31, 108)
"""Days before today. The last is when the usual capture window and its grace are over, and nothing changes any more."""
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
    """How many days were counted; by how many mails their cells were wrong, all columns together; how many days never
    rested, could not be counted, or were left for want of time."""

    days: int = 0
    drift: int = 0
    restless: int = 0
    failed: int = 0
    left: int = 0


def _no_calls(account: str, day: str) -> Cells:
    """Where nobody tells of telephone calls."""
    return {}


class Parts(NamedTuple):
    """What recounting needs. `report` is told of what was wrong: account, day, and the drift or an error;
    `calls_of_day` is what telephone calls add to the cells of a day."""

    accounts: Accounts
    messages: Messages
    cells: CellTable
    policy_of: Callable[[str], AccountPolicy]
    report: Callable[[str, str, Cells | Exception], None]
    calls_of_day: Callable[[str, str], Cells] = _no_calls


def days_of(account: str, ages: Iterable[int], parts: Parts, *, now: datetime) -> list[date]:
    """The days of an account that are so many days old."""
    today = now.astimezone(parts.policy_of(account).zone).date()
    return [today - timedelta(days=age) for age in ages]


def recount_all(
    days_of: Callable[[str], Iterable[date]],
    parts: Parts,
    *,
    may_go_on: Callable[[], bool] = lambda: True,
    repair: bool = False,
) -> Recounted:
    """Counts these days of every account anew; with `repair` the cells are put right, else it is only told.

    Accounts come in another order each time, so that no run that is short of time leaves always the same ones.
    """
    sums = Recounted()
    accounts = list(parts.accounts.all())
    random.shuffle(accounts)
    for account in accounts:
        try:
            days = list(days_of(account))
        except Exception as error:  # of this account; the others are counted all the same
            parts.report(account, "", error)
            sums = _sum(sums, Recounted(failed=1))
            continue
        for day in days:
            sums = _sum(sums, _one(account, day, parts, may_go_on, repair=repair))
    return sums


def _one(account: str, day: date, parts: Parts, may_go_on: Callable[[], bool], *, repair: bool) -> Recounted:
    if not may_go_on():
        return Recounted(left=1)
    try:
        parts.cells.renew(account, day.isoformat())  # so that what reports read heals, too, whatever became of it
        found = _drift(account, day, parts, may_go_on)
        if found is None:
            return Recounted(restless=1)
        if found:
            parts.report(account, day.isoformat(), found)
            if repair:
                parts.cells.add(found)
        return Recounted(days=1, drift=recount.size(found))
    except OutOfTime:
        return Recounted(left=1)
    except Exception as error:
        parts.report(account, day.isoformat(), error)
        return Recounted(failed=1)


def _drift(account: str, day: date, parts: Parts, may_go_on: Callable[[], bool]) -> Cells | None:
    """What the cells of a day lack, if two counts in a row say so while the cells did not change; nothing, if one count
    finds nothing; None if neither came about. Raises OutOfTime."""
    text = day.isoformat()
    before, suspected = parts.cells.of_day(account, text), None
    for _ in range(TRIES):
        folds = _in_time(parts.messages.folds_between(account, *recount.span_of(day)), may_go_on)
        mails = recount.recounted(text, ((message, fold.counted) for message, fold in folds))
        wanted = cell.total([mails, parts.calls_of_day(account, text)])
        after = parts.cells.of_day(account, text)
        found = recount.drift(after, wanted) if before == after else None
        if found is not None and (not found or found == suspected):
            return found
        before, suspected = after, found
    return None


def _in_time(folds: Iterable[tuple[Message, Fold]], may_go_on: Callable[[], bool]) -> Iterator[tuple[Message, Fold]]:
    """The same, for as long as there is time; then raises OutOfTime."""
    for number, one in enumerate(folds, start=1):
        yield one
        if number % STRETCH == 0 and not may_go_on():
            raise OutOfTime(f"time was up after {number} mails of a day")


def _sum(*each: Recounted) -> Recounted:
    return Recounted(*map(sum, zip(*each, strict=True)))
