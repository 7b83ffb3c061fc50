"""A break-up as bars that lie down, so that each has room for its whole name; no script is needed. They say what the
table beneath says of its first rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chalicelib.core.report_query import ANALYTICS, CALLS
from chalicelib.web.report_figures import text_of, value_of
from chalicelib.web.report_table import name_of
from chalicelib.web.report_words import COLUMNS, DIMENSIONS, Column

MOST = 20
_SERIES = {ANALYTICS: ("sent", "opened", "clicked"), CALLS: ("sent", "calls")}


class Bar(NamedTuple):
    """A row: its name, its figures as text, and how wide the bar of each is, in percent of the widest."""

    label: str
    texts: list[str]
    widths: list[str]


class Bars(NamedTuple):
    """The bars of these columns, all of it in words, and how many rows there are: more than bars, if they are many."""

    columns: list[Column]
    bars: list[Bar]
    words: str
    rows: int


def bars_of(name: str, by: str | None, rows: Sequence[Mapping[str, Any]]) -> Bars | None:
    """The bars of a report's rows; None where it has none, or they are days, which are drawn as lines."""
    if name not in _SERIES or by in (None, "date", "user_and_date") or not rows:
        return None
    columns = [COLUMNS[series] for series in _SERIES[name]]
    first = rows[:MOST]
    most = max(value_of(row, column.name) for row in first for column in columns) or 1
    return Bars(columns, [_bar(by or "", row, columns, most) for row in first], _words(columns, by or ""), len(rows))


def in_words(columns: Sequence[Column]) -> str:
    """`Sent, opened and clicked`."""
    labels = [column.label.lower() for column in columns]
    return f"{', '.join(labels[:-1])} and {labels[-1]}".capitalize()


def _bar(by: str, row: Mapping[str, Any], columns: Sequence[Column], most: int) -> Bar:
    values = [value_of(row, column.name) for column in columns]
    texts = [text_of(column, value) for column, value in zip(columns, values, strict=True)]
    return Bar(name_of(by, row["key"], row["name"]), texts, [f"{value / most * 100:.1f}" for value in values])


def _words(columns: Sequence[Column], by: str) -> str:
    return f"{in_words(columns)} by {DIMENSIONS[by].lower()}; the table has the same figures"
