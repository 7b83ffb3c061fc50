"""A report as a mail: its figures as a table and as text, under the picture that it brings along."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from chalicelib.core.report_chart import Report, alt_of, title_of
from chalicelib.core.report_labels import count_in_words, counts_of, label_of
from chalicelib.core.report_query import CALLS
from chalicelib.core.report_sheet import NONE, days_in_words, filters_in_words, span_in_words

CHART = "chart"
"""The Content-ID of the picture."""

MOST_ROWS = 10
COLUMNS = ("sent", "delivered", "bounced", "opened", "clicked")
COLUMNS_WITH_CALLS = ("sent", "opened", "calls", "calls_outbound", "calls_inbound", "calls_missed", "call_seconds")
MOST_NAMED = 3  # users in a subject
LONGEST_FILTERS = 80  # characters of a subject

_CELL = "padding:4px 12px 4px 0;border-bottom:1px solid #d9e0e6;text-align:left"
_NUMBER = "padding:4px 0 4px 12px;border-bottom:1px solid #d9e0e6;text-align:right"
_TABLE = 'cellspacing="0" cellpadding="0" style="border-collapse:collapse;font-size:14px;margin:0 0 24px"'


class Table(NamedTuple):
    """A caption, headings, and rows; all but the first column are numbers. Of a `is_summary` these are of one figure,
    now and before; else of one row, by figure."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_summary: bool = False


def subject_of(report: Report) -> str:
    """`Email analytics, 2026-10-24 to 2026-11-22`, and what it is narrowed to: ` (group: Nord; 5 users)`."""
    filters = "; ".join(_filters(report))
    short = f"{filters[: LONGEST_FILTERS - 1]}…" if len(filters) > LONGEST_FILTERS else filters
    return f"{title_of(report)}, {days_in_words(report)}" + (f" ({short})" if short else "")


def _filters(report: Report) -> Iterator[str]:
    """What it is narrowed to, each part in one line."""
    for name, value in report["filters"].items():
        if name == "users" and len(value) > MOST_NAMED:
            yield f"{len(value)} users"
        elif value is not None and value != []:
            values = [value] if isinstance(value, str) else value
            text = ", ".join(one or NONE for one in values)
            yield f"{name}: {''.join(one if one.isprintable() else ' ' for one in text)}"


def html_of(report: Report, url: str | None) -> str:
    """The HTML; `url` is of the report's page, where that is known."""
    link = f'<p><a href="{escape(url)}">Open the report</a></p>' if url else ""
    tables = "".join(_html_table(table) for table in tables_of(report))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(subject_of(report))}</title></head>"
        '<body style="margin:24px;background:#ffffff;color:#1f2933;font-family:Helvetica,Arial,sans-serif">'
        f'<h1 style="font-size:20px;margin:0 0 4px">{escape(title_of(report))}</h1>'
        f'<p style="margin:0 0 16px;color:#52606d">{escape(_about(report))}</p>'
        f'<p><img src="cid:{CHART}" width="600" height="320" alt="{escape(alt_of(report))}" style="max-width:100%"></p>'
        f"{tables}{link}</body></html>"
    )


def text_of(report: Report, url: str | None) -> str:
    """The same as text."""
    lines = [title_of(report), _about(report)]
    for table in tables_of(report):
        lines += ["", table.caption, *(_text_row(table, row) for row in table.rows)]
    return "\n".join([*lines, *(["", f"Open the report: {url}"] if url else []), ""])


def tables_of(report: Report) -> Iterator[Table]:
    """The summary, and the first rows of a report that is not by days."""
    before = report.get("before")
    columns = [report["summary"], *([before["summary"]] if before else [])]
    headings = ["", days_in_words(report), *([days_in_words(before)] if before else [])]
    counts = [
        (label_of(name), *(count_in_words(name, one.get(name, 0)) for one in columns))
        for name in counts_of(report["summary"])
    ]
    rates = [(label_of(name), *(_rate(one["rates"][name]) for one in columns)) for name in report["summary"]["rates"]]
    yield Table("Summary", headings, [*counts, *rates], is_summary=True)
    rows, names = report["rows"], COLUMNS_WITH_CALLS if report["report"] == CALLS else COLUMNS
    if rows and report.get("by") != "date":
        caption = f"The first {MOST_ROWS} of {len(rows)}" if len(rows) > MOST_ROWS else "In detail"
        shown = [
            (_name(place, row), *(count_in_words(name, row[name]) for name in names))
            for place, row in enumerate(rows[:MOST_ROWS])
        ]
        yield Table(caption, ["", *map(label_of, names)], shown)


def _about(report: Report) -> str:
    return f"{span_in_words(report)}; {filters_in_words(report)}; as of {report['as_of']}"


def _rate(rate: float | None) -> str:
    return "–" if rate is None else f"{rate * 100:.1f} %"


def _name(place: int, row: Mapping[str, Any]) -> str:
    name = row.get("name") or row["key"] or NONE
    return f"{place + 1}. {name}, {row['date']}" if "date" in row else f"{place + 1}. {name}"


def _html_table(table: Table) -> str:
    heads = "".join(
        f'<th scope="col" style="{_NUMBER if place else _CELL}">{escape(text)}</th>'
        for place, text in enumerate(table.headings)
    )
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:normal">{escape(name)}</th>'
        + "".join(f'<td style="{_NUMBER}">{escape(value)}</td>' for value in values)
        + "</tr>"
        for name, *values in table.rows
    )
    caption = f'<caption style="text-align:left;font-weight:bold;padding:0 0 4px">{escape(table.caption)}</caption>'
    return f"<table {_TABLE}>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _text_row(table: Table, row: Sequence[str]) -> str:
    name, *values = row
    if table.is_summary:
        return f"{name}: {' | before: '.join(values)}"
    named = ", ".join(f"{heading.lower()} {value}" for heading, value in zip(table.headings[1:], values, strict=True))
    return f"{name}: {named}"
