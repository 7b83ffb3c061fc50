"""Which days a report is about: a preset, or from one day to another; and the days, weeks or months of these.

Days are `2026-11-22` in the account's time zone. Weeks begin on Monday (ISO 8601).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from chalicelib.core.bad_input import BadInput, one_of, wrong

MOST_DAYS = 400
FIRST_DAY = date(2000, 1, 1)
DEFAULT = "last_30_days"
INTERVALS = ("day", "week", "month")


class Period(NamedTuple):
    """The first and the last day, both included, and the preset's name, if it is one."""

    first: date
    last: date
    name: str | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days, right before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def _last(days: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - timedelta(days=days - 1), today)


def _week(today: date, ago: int = 0) -> tuple[date, date]:
    monday = today - timedelta(days=today.weekday() + 7 * ago)
    return monday, monday + timedelta(days=6)


def _month(today: date, ago: int = 0) -> tuple[date, date]:
    first = today.replace(day=1)
    for _ in range(ago):
        first = (first - timedelta(days=1)).replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


PRESETS: Mapping[str, Callable[[date], tuple[date, date]]] = {
    "today": _last(1),
    "yesterday": lambda today: (today - timedelta(days=1), today - timedelta(days=1)),
    "last_7_days": _last(7),
    "last_30_days": _last(30),
    "last_100_days": _last(100),
    "this_week": _week,
    "last_week": lambda today: _week(today, 1),
    "this_month": _month,
    "last_month": lambda today: _month(today, 1),
    "this_year": lambda today: (today.replace(month=1, day=1), today),
}
"""What a preset means on a day; what would be in the future is cut off."""


def preset(name: str, today: date) -> Period:
    """The days of a preset."""
    first, last = PRESETS[name](today)
    return Period(first, min(last, today), name)


def parse(period: str | None, first: str | None, last: str | None, *, today: date) -> Period:
    """The period that is asked for, the usual one if none is. Raises BadInput, which names the field."""
    if period is not None:
        if first is not None or last is not None:
            raise BadInput([wrong("/period", "give a period, or from and to, not both")])
        if period not in PRESETS:
            raise BadInput([wrong("/period", one_of(PRESETS))])
        return preset(period, today)
    if first is None and last is None:
        return preset(DEFAULT, today)
    return between(first, last, today=today)


def between(first: str | None, last: str | None, *, today: date) -> Period:
    """From one day to another; without the last one until today. Raises BadInput, which names the field."""
    if first is None:
        raise BadInput([wrong("/from", "give it, too: the first day, like 2026-11-01")])
    days = {name: _day(text) for name, text in (("from", first), ("to", last)) if text is not None}
    errors = [wrong(f"/{name}", "must be a day like 2026-11-01") for name, day in days.items() if day is None]
    known = {name: day for name, day in days.items() if day is not None}
    errors += [wrong(f"/{name}", "is in the future") for name, day in known.items() if day > today]
    errors += [wrong(f"/{name}", f"is before {FIRST_DAY}") for name, day in known.items() if day < FIRST_DAY]
    if errors:
        raise BadInput(errors)
    found = Period(known["from"], known.get("to", today))
    if found.last < found.first:
        raise BadInput([wrong("/to", "is before the first day: from and to are the wrong way round")])
    if found.days > MOST_DAYS:
        raise BadInput([wrong("/from", f"at most {MOST_DAYS} days can be asked for, not {found.days}")])
    return found


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None  # also 20261101 is ISO 8601, and a second way to say it


def pieces(period: Period, interval: str) -> Iterator[Period]:
    """The days, weeks or months of a period, oldest first; the first and the last are cut to it."""
    first = period.first
    while first <= period.last:
        last = min(_end(first, interval), period.last)
        yield Period(first, last)
        first = last + timedelta(days=1)


def _end(day: date, interval: str) -> date:
    if interval == "day":
        return day
    return (_week if interval == "week" else _month)(day)[1]
