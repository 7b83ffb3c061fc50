"""Reports: what the day tables of a period come to, as a summary and broken up; a break-up adds up to its summary."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
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
    STATUS,
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
    rows = _ranked(query, found, shown) if query.report in RANKED else _rows(query, found, shown)
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
        "before": _before(query, found, shown, rows["rows"]) if query.compare else None,
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
        **({"status": query.status} if query.report == STATUS else {}),
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


def _before(
    query: ReportQuery, found: Found, shown: Callable[[Figures], dict[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    period = query.period.before
    days = _within(found.days, period)
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "summary": shown(added(one.figures for one in days)),
        "rows": _rows_before(query, days, found, shown, rows),
    }


def _rows_before(
    query: ReportQuery,
    days: Sequence[DayFigures],
    found: Found,
    shown: Callable[[Figures], dict[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """By date all rows of the period before. Else what each row was then, in the order of the rows, and none where that
    was nothing."""
    if query.by == DATE:
        return _by_date(query, query.period.before, days, shown)
    if query.report in RANKED:
        ranked = {one.value: one for one in _standing(query, days)}
        return [_rank_shown(query, ranked[row["key"]], found, shown) for row in rows if row["key"] in ranked]
    if query.by == USER_AND_DATE:
        return _as_long_before(query, days, found, shown, rows)
    values = dict(_by_value(query, days))
    return [_named({"key": row["key"]}, values[row["key"]], found, shown) for row in rows if row["key"] in values]


def _as_long_before(
    query: ReportQuery,
    days: Sequence[DayFigures],
    found: Found,
    shown: Callable[[Figures], dict[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The rows of the same users, each of as many days as its row has, so many days earlier as the period has."""
    earlier = timedelta(days=query.period.days)
    pieces = [Period(one.first - earlier, one.last - earlier) for one in _pieces(query, query.period)]
    then = {(about["date"], about["user"]): (about, row) for about, row in _by_user_and_date(query, pieces, days)}
    wanted = [((date.fromisoformat(row["date"]) - earlier).isoformat(), row["user"]) for row in rows]
    return [_named(*then[one], found, shown) for one in wanted if one in then]


def _rows(query: ReportQuery, found: Found, shown: Callable[[Figures], dict[str, Any]]) -> dict[str, Any]:
    days = _within(found.days, query.period)
    if query.by is None:
        return {"rows": [], "others": None}
    if query.by == DATE:
        return {"rows": _by_date(query, query.period, days, shown), "others": None}
    if query.by == USER_AND_DATE:
        return _cut(query, _by_user_and_date(query, _pieces(query, query.period), days), found, shown)
    return _cut(query, [({"key": value}, row) for value, row in _by_value(query, days)], found, shown)


def _by_date(
    query: ReportQuery, period: Period, days: Iterable[DayFigures], shown: Callable[[Figures], dict[str, Any]]
) -> list[dict[str, Any]]:
    pieces = _pieces(query, period)
    place_of = _places(pieces)
    grouped: list[list[Figures]] = [[] for _ in pieces]
    for one in days:
        grouped[place_of[one.day]].append(one.figures)
    return [{**_dates(piece), "name": None, **shown(added(each))} for piece, each in zip(pieces, grouped, strict=True)]


def _dates(piece: Period) -> dict[str, str]:
    first = piece.first.isoformat()
    return {"key": first, "from": first, "to": piece.last.isoformat()}


def _pieces(query: ReportQuery, period: Period) -> list[Period]:
    return list(report_period.pieces(period, query.interval))


def _places(pieces: Iterable[Period]) -> dict[str, int]:
    """In which piece each day is."""
    return {
        date.fromordinal(number).isoformat(): place
        for place, piece in enumerate(pieces)
        for number in range(piece.first.toordinal(), piece.last.toordinal() + 1)
    }


Row = tuple[dict[str, str], Figures]
"""What a row is about, and its figures."""


def _by_user_and_date(query: ReportQuery, pieces: Sequence[Period], days: Iterable[DayFigures]) -> list[Row]:
    """The newest first: they are what is left where not all are wanted."""
    place_of = _places(pieces)
    grouped: dict[tuple[int, str], list[Figures]] = {}
    for one in days:
        grouped.setdefault((-place_of[one.day], one.value), []).append(one.figures)
    rows: list[Row] = []
    for (place, value), each in sorted(grouped.items()):
        dates = _dates(pieces[-place])
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
    return {"rows": [_named(about, row, found, shown) for about, row in kept], "others": others}


def _named(
    about: Mapping[str, str], row: Figures, found: Found, shown: Callable[[Figures], dict[str, Any]]
) -> dict[str, Any]:
    return {**about, "name": found.names.get(about["key"]), **shown(row)}


class Ranked(NamedTuple):
    """A value with its figures; `rank` is None where it has too few mails for one."""

    rank: int | None
    value: str
    figures: Figures


def _ranked(query: ReportQuery, found: Found, shown: Callable[[Figures], dict[str, Any]]) -> dict[str, Any]:
    """The first ones, and how many have too few mails to be among them."""
    standing = _standing(query, _within(found.days, query.period))
    best = [one for one in standing if one.rank is not None]
    rows = [_rank_shown(query, one, found, shown) for one in best[:FIRST]]
    return {"rows": rows, "left_out": len(standing) - len(best), "others": None}


def _standing(query: ReportQuery, days: Iterable[DayFigures]) -> list[Ranked]:
    """All values: by a rate those that are good for sure, and of those that are enough mails; else by a number."""
    rows = [one for one in _by_value(query, days) if one[0]]
    rate_name = _rate_name(query)
    if rate_name is None:
        best, few = sorted(rows, key=lambda one: (-one[1].get(query.order, 0), one[0])), []
    else:
        whole = figures.RATES[rate_name][1]
        enough = [one for one in rows if one[1].get(whole, 0) >= query.minimum]
        few = [one for one in rows if one[1].get(whole, 0) < query.minimum]
        best = sorted(enough, key=lambda one: (-_bound(rate_name, one[1]), -one[1].get(whole, 0), one[0]))
    return [*(Ranked(rank, *one) for rank, one in enumerate(best, start=1)), *(Ranked(None, *one) for one in few)]


def _bound(rate_name: str, row: Figures) -> float:
    part, whole = figures.RATES[rate_name]
    return figures.lower_bound(row.get(part, 0), row.get(whole, 0))


def _rank_shown(
    query: ReportQuery, one: Ranked, found: Found, shown: Callable[[Figures], dict[str, Any]]
) -> dict[str, Any]:
    row = {"rank": one.rank, "key": one.value, "name": found.names.get(one.value), **shown(one.figures)}
    rate_name = _rate_name(query)
    if rate_name:
        bound = round(_bound(rate_name, one.figures), figures.DIGITS)
        row.update(rate=row["rates"][rate_name], rate_name=rate_name, lower_bound=bound)
    return row


def _hours(summary: Figures) -> dict[str, list[int]]:
    """First opens by weekday and hour, in the account's time zone."""
    numbers = [summary.get(hour, 0) for hour in HOURS]
    return {day: numbers[24 * place : 24 * (place + 1)] for place, day in enumerate(WEEKDAYS)}
