"""What the picture of a report shows, whoever draws it: bars over days or by row, or the way from sent to clicked."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any, NamedTuple

from chalicelib.core.cell import NONE
from chalicelib.core.report_query import CALLS, RANKED
from chalicelib.core.report_sheet import span_in_words

MOST_BARS = 10  # of rows; of days all
SHOWN = ("sent", "opened", "clicked")
SHOWN_WITH_CALLS = ("sent", "opened", "calls")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WAY = ("sent", "delivered", "opened", "clicked")
WAY_WITH_CALLS = ("sent", "opened", "clicked", "calls")

Report = Mapping[str, Any]


class Series(NamedTuple):
    """A name and a value for each label."""

    name: str
    values: tuple[float, ...]


class Chart(NamedTuple):
    """`labels` say what the bars are of. Where `is_over_time` they stand side by side, else one below the other. Where
    a series `is_part` of the one before, it is drawn over it, else beside it. `unit` follows each value."""

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    is_over_time: bool
    is_part: bool = True
    unit: str = ""

    @property
    def most(self) -> float:
        """The largest value, at least 1."""
        return max(1, *(value for one in self.series for value in one.values)) if self.labels else 1


def title_of(report: Report) -> str:
    """`Email analytics`, of the name `email-analytics`."""
    words = str(report["report"]).replace("-", " ")
    return words[:1].upper() + words[1:]


def chart_of(report: Report) -> Chart:
    """The picture of any report."""
    title, rows = f"{title_of(report)}, {span_in_words(report)}", report["rows"]
    has_calls = report["report"] == CALLS
    shown = SHOWN_WITH_CALLS if has_calls else SHOWN
    if rows and report.get("by") == "date":
        labels = tuple(_day(row["from"]) for row in rows)
        return Chart(title, labels, _series(rows, shown), is_over_time=True, is_part=not has_calls)
    first = rows[:MOST_BARS]
    labels = tuple(_label(row) for row in first)
    if is_by_rate(report):
        rates = Series(first[0]["rate_name"].replace("_", " "), tuple(_percent(row) for row in first))
        return Chart(title, labels, (rates,), is_over_time=False, unit=" %")
    if rows:
        return Chart(title, labels, _series(first, shown), is_over_time=False, is_part=not has_calls)
    way = _way(report)
    values = tuple(report["summary"].get(name, 0) for name in way)
    return Chart(title, way, (Series("mails and calls" if has_calls else "mails", values),), is_over_time=False)


def alt_of(report: Report) -> str:
    """The same in words, for who does not see it."""
    summary, what = report["summary"], f"Chart of {title_of(report).lower()}, {span_in_words(report)}"
    if is_by_rate(report):
        return f"{what}: {', '.join(f'{_label(row)} {_percent(row)} %' for row in report['rows'][:MOST_BARS])}."
    figures = ", ".join(f"{summary.get(name, 0):,} {name}" for name in _way(report))
    return f"{what}: {figures}."


def is_by_rate(report: Report) -> bool:
    """Whether its rows are ranked by a rate; without rows it shows none."""
    return report["report"] in RANKED and any("rate_name" in row for row in report["rows"])


def ticks(most: float) -> tuple[int, ...]:
    """At most six whole numbers from 0 on, evenly apart, the last of them not under `most`."""
    step = 1
    for power in range(16):
        for digit in (1, 2, 5):
            step = digit * 10**power
            if step * 5 >= most:
                return tuple(range(0, ceil(most / step) * step + 1, step))
    return (0, step)


def _day(text: str) -> str:
    """`22 Nov`; the year stands in the title."""
    day = date.fromisoformat(text)
    return f"{day.day} {MONTHS[day.month - 1]}"


def _label(row: Mapping[str, Any]) -> str:
    name = row.get("name") or row["key"] or NONE
    return f"{name}, {row['date']}" if "date" in row else str(name)


def _percent(row: Mapping[str, Any]) -> float:
    return round((row["rate"] or 0) * 100, 1)


def _way(report: Report) -> tuple[str, ...]:
    return WAY_WITH_CALLS if report["report"] == CALLS else WAY


def _series(rows: Sequence[Mapping[str, Any]], shown: Sequence[str]) -> tuple[Series, ...]:
    return tuple(Series(name, tuple(int(row.get(name, 0)) for row in rows)) for name in shown)
