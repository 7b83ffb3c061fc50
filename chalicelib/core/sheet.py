"""A sheet: what a file for a spreadsheet holds, in whichever format it is written."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core.bad_input import BadInput, one_of, wrong

FORMATS = ("csv", "xlsx")

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

MOST_ROWS = 100_000
"""Of one file that is made by a job; a sheet takes ten times as many, and nobody waits for it that long."""

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full width ones, too


class Kind(StrEnum):
    """What stands in a column. Rates are parts of one; times are UTC."""

    TEXT = "text"
    WHOLE = "whole"
    RATE = "rate"
    DATE = "date"
    TIME = "time"


class Column(NamedTuple):
    """Its heading, what stands in it, and how wide it is, in characters."""

    heading: str
    kind: Kind = Kind.TEXT
    width: int = 14


Value = str | int | float | date | None
"""A datetime is a date, too; it must be aware."""


class Head(NamedTuple):
    """What stands above the rows: a title and lines, where the format has a place for them, and the columns."""

    title: str
    lines: tuple[str, ...]
    columns: tuple[Column, ...]


class Sheet(NamedTuple):
    """The whole."""

    head: Head
    rows: Iterable[Sequence[Value]]


def format_of(text: str, pointer: str = "/format") -> str:
    """The format of this name. Raises BadInput."""
    if text not in FORMATS:
        raise BadInput([wrong(pointer, one_of(FORMATS))])
    return text


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula when it reads it from a CSV.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.startswith(_DANGEROUS) else text
