"""The words of what a list is narrowed to."""

from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.core.cell import HOURS, WEEKDAYS
from chalicelib.web.report_words import COLUMNS, PERIODS, WITHOUT
from chalicelib.web.words import REASONS, STATUSES, source_words, titled

LABELS: Mapping[str, str] = {
    "status": "Status",
    "source": "Source",
    "reason": "Not tracked",
    "period": "Days",
    "from": "From",
    "to": "Until",
    "group": "Group",
    "user": "User",
    "template": "Template",
    "module": "Module",
    "counted_as": "Counted as",
    "direction": "Direction",
    "outcome": "Outcome",
}

CALLED: Mapping[str, str] = {"from": "first day", "to": "last day", "counted_as": "column of reports"}
"""What fields are called in a sentence, where that is not their name."""

_DAY_NAMES = dict(zip(WEEKDAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
_COUNTED: Mapping[str, str] = {
    "bounced_hard": "Bounced, hard",
    "bounced_soft": "Bounced, soft",
    "opened_by_proxy": "Loaded by a privacy proxy",
    "opened_by_machine": "Opened by a machine",
    "clicked_by_machine": "Clicked by a machine",
}
_AS_GIVEN = ("group", "user", "template", "module")


def words_of(name: str, value: str) -> str:
    """How a value of the filter is said."""
    if not value:
        return WITHOUT[name]
    if name == "counted_as":
        return _counted_words(value)
    said = {"status": STATUSES, "reason": REASONS}.get(name, {}).get(value, value)
    return titled(source_words(value) if name == "source" else said) if name not in _AS_GIVEN else said


def _counted_words(column: str) -> str:
    if column in HOURS:
        weekday, _, hour = column.partition("_")
        return f"First opened {_DAY_NAMES[weekday]} {hour}:00–{hour}:59"
    return _COUNTED.get(column) or COLUMNS[column].label


def days_words(query: Mapping[str, Sequence[str]]) -> str:
    """The days of a filter: `Last 7 days`, `9 Mar 2026`, `9 Mar – 2 Apr 2026`, `Since …`, `Until 9 Mar 2026`."""
    if "period" in query:
        return PERIODS[query["period"][0]]
    first, last = (date.fromisoformat(query[name][0]) if name in query else None for name in ("from", "to"))
    if first and last:
        return _words(last) if first == last else f"{_words(first, last)} – {_words(last)}"
    if last:
        return f"Until {_words(last)}"
    return f"Since {_words(first)}" if first else ""


def _words(day: date, other: date | None = None) -> str:
    return f"{day.day} {day:%b}" if other and other.year == day.year else f"{day.day} {day:%b %Y}"
