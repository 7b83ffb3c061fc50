"""Reports: what the day tables of a period come to, as a summary and broken up; a break-up adds up to its summary."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from chalicelib.core import figures, instant, report_period
from chalicelib.core.cell import CALLS as CALL_COLUMNS
from chalicelib.core.cell import COLUMNS, HOURS, WEEKDAYS
from chalicelib.core.figures import Figures, added
from chalicelib.core.report_period import Period
from chalicelib.core.report_query import (
    ANALYTICS,
    CALLS,
    DATE,
    RANKED,
    RATE_NAMES,
    TOP_USERS,
    USER_AND_DATE,
    ReportQuery,
)

FIRST = 10
"""So many are in a report of the first ones."""


class DayFigures(NamedTuple):
    """Figures of a day, and of one value of the dimension that the report is broken up by ("" where it is by none)."""

    day: str
    value: str
    figures: Figures


class Found(NamedTuple):
    """What was read for a report. `names` are of the values of its dimension, as far as they have any; everything until
    `as_of` is in it."""

    days: Sequence[DayFigures]
    names: Mapping[str, str]
    time_zone: str
    as_of: datetime


def show(query: ReportQuery, found: Found) -> dict[str, Any]:
    """A report as the API shows it."""
    shown = _figures_shown(query)
    rows = _ranked(query, found, shown) if query.report in RANKED else _rows(query, query.period, found, shown)
    summary = added(one.figures for one in _within(found.days, query.period))
    return {
        "object": "report",
        "report": query.report,
        "from": query.period.first.isoformat(),
        "to": query.period.last.isoformat(),
        "period": query.period.name,
        "time_zone": found.time_zone,
        "by": query.by,
        "interval": query.interval if DATE in (query.by or "") else None,
        "filters": _filters(query),
        "as_of": instant.show(found.as_of),
        "summary": shown(summary),
        **_ranking(query),
        **rows,
        "before": _before(query, found, shown) if query.compare else None,
        **({"hours": _hours(summary)} if query.report == ANALYTICS else {}),
    }


def _figures_shown(query: ReportQuery) -> Callable[[Figures], dict[str, Any]]:
    if query.report == CALLS:
        return lambda row: {**figures.show(row), **figures.show_calls(row)}
    return figures.show


def _filters(query: ReportQuery) -> dict[str, Any]:
    return {
        "users": list(query.users),
        "group": query.group,
        "template": query.template,
        "module": query.module,
        "source": query.source,
    }


def _ranking(query: ReportQuery) -> dict[str, Any]:
    """How it is ranked, of a report that is: of which order, and from how many tracked mails on where by a rate."""
    if query.report not in RANKED:
        return {}
    return {
        "minimum": query.minimum if _rate_name(query) else None,
        "order": query.order if query.report == TOP_USERS else None,
    }


def _rate_name(query: ReportQuery) -> str | None:
    """The rate that it is ranked by, None where it is by a number."""
    return RATE_NAMES.get(query.report) or RATE_NAMES.get(query.order)


def _within(days: Iterable[DayFigures], period: Period) -> list[DayFigures]:
    first, last = period.first.isoformat(), period.last.isoformat()
    return [one for one in days if first <= one.day <= last]


def _before(query: ReportQuery, found: Found, shown: Callable[[Figures], dict[str, Any]]) -> dict[str, Any]:
    period = query.period.before
    rows = _rows(query, period, found, shown) if query.by == DATE else {"rows": []}
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "summary": shown(added(one.figures for one in _within(found.days, period))),
        "rows": rows["rows"],
    }


def _rows(
    query: ReportQuery, period: Period, found: Found, shown: Callable[[Figures], dict[str, Any]]
) -> dict[str, Any]:
    days = _within(found.days, period)
    if query.by is None:
        return {"rows": [], "others": None}
    if query.by == DATE:
        return {"rows": _by_date(query, period, days, shown), "others": None}
    if query.by == USER_AND_DATE:
        return _cut(query, _by_user_and_date(query, period, days), found, shown)
    return _cut(query, [({"key": value}, row) for value, row in _by_value(query, days)], found, shown)


def _by_date(
    query: ReportQuery, period: Period, days: Iterable[DayFigures], shown: Callable[[Figures], dict[str, Any]]
) -> list[dict[str, Any]]:
    place_of, pieces = _places(period, query.interval)
    grouped: list[list[Figures]] = [[] for _ in pieces]
    for one in days:
        grouped[place_of[one.day]].append(one.figures)
    return [{**_dates(piece), "name": None, **shown(added(each))} for piece, each in zip(pieces, grouped, strict=True)]


def _dates(piece: Period) -> dict[str, str]:
    first = piece.first.isoformat()
    return {"key": first, "from": first, "to": piece.last.isoformat()}


def _places(period: Period, interval: str) -> tuple[dict[str, int], list[Period]]:
    """In which piece each day of the period is, and the pieces."""
    pieces = list(report_period.pieces(period, interval))
    days = {
        date.fromordinal(number).isoformat(): place
        for place, piece in enumerate(pieces)
        for number in range(piece.first.toordinal(), piece.last.toordinal() + 1)
    }
    return days, pieces


Row = tuple[dict[str, str], Figures]
"""What a row is about, and its figures."""


def _by_user_and_date(query: ReportQuery, period: Period, days: Iterable[DayFigures]) -> list[Row]:
    place_of, pieces = _places(period, query.interval)
    grouped: dict[tuple[int, str], list[Figures]] = {}
    for one in days:
        grouped.setdefault((place_of[one.day], one.value), []).append(one.figures)
    rows: list[Row] = []
    for (place, value), each in sorted(grouped.items()):
        dates = _dates(pieces[place])
        rows.append(({**dates, "key": value, "user": value, "date": dates["key"]}, added(each)))
    return [(about, row) for about, row in rows if _has_any(query, row)]


def _by_value(query: ReportQuery, days: Iterable[DayFigures]) -> list[tuple[str, Figures]]:
    """By value, the ones with most mails first."""
    grouped: dict[str, list[Figures]] = {}
    for one in days:
        grouped.setdefault(one.value, []).append(one.figures)
    rows = [(value, added(each)) for value, each in grouped.items()]
    found = ((value, row) for value, row in rows if _has_any(query, row))
    return sorted(found, key=lambda one: (-one[1].get("sent", 0), one[0]))


def _has_any(query: ReportQuery, row: Figures) -> bool:
    """Whether it says anything in this report: somebody may have called, and sent nothing."""
    columns = (*COLUMNS, *CALL_COLUMNS) if query.report == CALLS else COLUMNS
    return any(row.get(column) for column in columns)


def _cut(
    query: ReportQuery, rows: Sequence[Row], found: Found, shown: Callable[[Figures], dict[str, Any]]
) -> dict[str, Any]:
    """So many rows as are wanted, and the sum of all others, so that they add up however many there are."""
    kept, rest = rows[: query.limit], rows[query.limit :]
    others = {"rows": len(rest), **shown(added(row for _, row in rest))} if rest else None
    named = [{**about, "name": found.names.get(about["key"]), **shown(row)} for about, row in kept]
    return {"rows": named, "others": others}


def _ranked(query: ReportQuery, found: Found, shown: Callable[[Figures], dict[str, Any]]) -> dict[str, Any]:
    """The first ones: by a rate those that are good for sure, and of those that are enough mails; else by a number."""
    rows = [one for one in _by_value(query, _within(found.days, query.period)) if one[0]]
    rate_name = _rate_name(query)
    if rate_name is None:
        best = sorted(rows, key=lambda one: (-one[1].get(query.order, 0), one[0]))
        return {"rows": _numbered(best, found, shown), "left_out": 0, "others": None}
    part, whole = figures.RATES[rate_name]
    enough = [one for one in rows if one[1].get(whole, 0) >= query.minimum]

    def bound(row: Figures) -> float:
        return figures.lower_bound(row.get(part, 0), row.get(whole, 0))

    best = sorted(enough, key=lambda one: (-bound(one[1]), -one[1].get(whole, 0), one[0]))
    numbered = _numbered(best, found, shown)
    for row, (_, own) in zip(numbered, best, strict=False):
        row.update(rate=row["rates"][rate_name], rate_name=rate_name, lower_bound=round(bound(own), figures.DIGITS))
    return {"rows": numbered, "left_out": len(rows) - len(enough), "others": None}


def _numbered(
    rows: Sequence[tuple[str, Figures]], found: Found, shown: Callable[[Figures], dict[str, Any]]
) -> list[dict[str, Any]]:
    return [
        {"rank": rank, "key": value, "name": found.names.get(value), **shown(row)}
        for rank, (value, row) in enumerate(rows[:FIRST], start=1)
    ]


def _hours(summary: Figures) -> dict[str, list[int]]:
    """First opens by weekday and hour, in the account's time zone."""
    numbers = [summary.get(hour, 0) for hour in HOURS]
    return {day: numbers[24 * place : 24 * (place + 1)] for place, day in enumerate(WEEKDAYS)}
