"""Figures in words: numbers, shares, durations, and how they changed since the period before."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.web.report_words import RATES, Column

Figures = Mapping[str, Any]
"""As a report shows them: columns, and `rates`."""


class Change(NamedTuple):
    """How a figure changed: an icon, and in words, with what it was; `style` is `up`, `down` or `same`."""

    icon: str
    words: str
    style: str


def number(value: int) -> str:
    """`1,204`."""
    return f"{value:,}"


def percent(rate: float | None) -> str:
    """`41.2 %`, a dash where there is nothing to divide by."""
    return "–" if rate is None else f"{rate * 100:.1f} %"


def duration(seconds: int) -> str:
    """`2 h 05 min`, `5 min`, `40 s`."""
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:,} h {minutes:02d} min" if hours else f"{minutes} min"


def text_of(column: Column, value: Any) -> str:
    """A figure of a column as it is shown."""
    if column.kind == "rate":
        return percent(value)
    return duration(value) if column.kind == "seconds" else number(value)


def value_of(figures: Figures, name: str) -> Any:
    """A figure: of a column, or a rate."""
    return figures["rates"][name] if name in RATES else figures[name]


def shares(figures: Figures, *rates: str) -> list[str]:
    """`41.2 % of tracked` of each rate that there is: of nothing there is none."""
    values = ((rate, figures["rates"][rate]) for rate in rates)
    return [f"{percent(value)} {RATES[rate]}" for rate, value in values if value is not None]


def change(column: Column, now: Any, before: Any) -> Change:
    """How a figure changed since before; of rates by how many points."""
    if column.kind == "rate":
        if now is None or before is None:
            return Change("same", "nothing to compare", "same")
        points = round((now - before) * 100, 1)
        return _changed(points, f"{abs(points):.1f} points", percent(before))
    was = text_of(column, before)
    if not before:
        return Change("up", "up from none", "up") if now else Change("same", "none before, too", "same")
    return _changed(now - before, f"{abs(now - before) / before * 100:.0f} %", was)


def _changed(by: float, how_much: str, was: str) -> Change:
    if not by:
        return Change("same", f"the same as before ({was})", "same")
    way = "up" if by > 0 else "down"
    return Change(way, f"{way} {how_much} ({was} before)", way)
