"""A report as a mail: its figures as a table and as text, under the picture that it brings along."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.core import instant
from chalicelib.core.cell import NONE
from chalicelib.core.report_chart import Report, alt_of, is_by_rate, title_of
from chalicelib.core.report_labels import count_in_words, counts_of, label_of
from chalicelib.core.report_query import CALLS, RANKED
from chalicelib.core.report_sheet import days_in_words, filters_in_words, ranking_in_words, span_in_words

CHART = "chart"
"""The Content-ID of the picture."""

MOST_ROWS = 10
COLUMNS = ("sent", "delivered", "bounced", "opened", "clicked")
COLUMNS_WITH_CALLS = ("sent", "opened", "calls", "calls_outbound", "calls_inbound", "calls_missed", "call_seconds")
COLUMNS_OF_A_RATE = ("sent", "tracked", "opened", "clicked")
MOST_NAMED = 3  # users in a subject
LONGEST_FILTERS = 80  # characters of a subject

_CELL = "padding:4px 12px 4px 0;border-bottom:1px solid #d9e0e6;text-align:left"
_NUMBER = "padding:4px 0 4px 12px;border-bottom:1px solid #d9e0e6;text-align:right"
_TABLE = 'cellspacing="0" cellpadding="0" style="border-collapse:collapse;font-size:14px;margin:0 0 24px"'


class Table(NamedTuple):
    """A caption, headings, and rows; all but the first column are numbers, unless it `is_of_texts`. Of a `is_summary`
    these are of one figure, now and before; else of one row, by figure."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_summary: bool = False
    is_of_texts: bool = False


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
    """The summary, and the first rows of a report that is not by days, or its first mails."""
    before = report.get("before")
    columns = [report["summary"], *([before["summary"]] if before else [])]
    headings = ["", days_in_words(report), *([days_in_words(before)] if before else [])]
    counts = [
        (label_of(name), *(count_in_words(name, one.get(name, 0)) for one in columns))
        for name in counts_of(report["summary"])
    ]
    rates = [(label_of(name), *(_rate(one["rates"][name]) for one in columns)) for name in report["summary"]["rates"]]
    caption = "Summary, of any status" if report["filters"].get("status") else "Summary"
    yield Table(caption, headings, [*counts, *rates], is_summary=True)
    if report["rows"] and report.get("by") != "date":
        yield _rows(report)
    if "emails" in report:
        yield _mails(report)


def _rows(report: Report) -> Table:
    rows, count = report["rows"], len(report["rows"]) + (report.get("others") or {}).get("rows", 0)
    caption = f"The first {MOST_ROWS} of {count:,}" if count > MOST_ROWS else "In detail"
    names = _columns(report)
    rates = ("rate", "lower_bound") if is_by_rate(report) else ()
    headings = ["", *(["Rate", "Lower bound"] if rates else []), *map(label_of, names)]
    then, shown = _before(report), []
    was, was_called = ("rank", "Rank before") if report["report"] in RANKED else ("sent", "Sent before")
    for place, row in enumerate(rows[:MOST_ROWS]):
        figures = [*(_rate(row[name]) for name in rates), *(count_in_words(name, row.get(name, 0)) for name in names)]
        if then is not None:
            number = then.get(_about_what(row), {}).get(was)
            figures.append("–" if number is None else f"{number:,}")
        shown.append((_name(place, row), *figures))
    return Table(caption, [*headings, *([] if then is None else [was_called])], shown)


def _columns(report: Report) -> Sequence[str]:
    if report["report"] == CALLS:
        return COLUMNS_WITH_CALLS
    return COLUMNS_OF_A_RATE if is_by_rate(report) else COLUMNS


def _before(report: Report) -> Mapping[tuple[str, str], Mapping[str, Any]] | None:
    """What each row was in the period before, by what it is about; None where nothing is compared."""
    before = report.get("before")
    if not before:
        return None
    later = date.fromisoformat(report["from"]) - date.fromisoformat(before["from"])
    return {_about_what(row, later): row for row in before["rows"]}


def _about_what(row: Mapping[str, Any], later: timedelta = timedelta(0)) -> tuple[str, str]:
    day = row.get("date")
    return row["key"], (date.fromisoformat(day) + later).isoformat() if day else ""


def without_addresses(report: Report) -> Report:
    """The report as a mail and its file tell it: both are kept, also when a person whose mail they list is erased."""
    if "emails" not in report:
        return report
    mails = [_without_addresses(email) for email in report["emails"]["data"]]
    return {**report, "emails": {**report["emails"], "data": mails}}


def _without_addresses(email: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mail without who wrote or got it, and without what servers said, who like to name them."""
    bounce = email["bounce"] and {**email["bounce"], "reason": "", "recipients": []}
    nobody: dict[str, Any] = {"from": "", **{name: [] for name in ("to", "cc", "bcc", "reply_to", "recipients")}}
    return {**email, **nobody, "bounce": bounce, "error": None}


def _mails(report: Report) -> Table:
    emails, status = report["emails"]["data"], report["filters"].get("status")
    first = emails[:MOST_ROWS]
    has_more = report["emails"]["has_more"] or len(emails) > len(first)
    caption = f"The newest {len(first)} mails" if has_more else "All mails" if first else "No mails"
    rows = [
        (f"{place}. {email['subject']}", _clock(email["sent_at"], report["time_zone"]), email["status"])
        for place, email in enumerate(first, start=1)
    ]
    headings = ["", "Sent", "Status"]
    return Table(f"{caption} of the status {status}" if status else caption, headings, rows, is_of_texts=True)


def _clock(sent_at: str, time_zone: str) -> str:
    """`2026-11-22 12:00`, where the account is."""
    return instant.parse(sent_at).astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")


def _about(report: Report) -> str:
    told = span_in_words(report), filters_in_words(report), f"as of {report['as_of']}", *ranking_in_words(report)
    return "; ".join(told)


def _rate(rate: float | None) -> str:
    return "–" if rate is None else f"{rate * 100:.1f} %"


def _name(place: int, row: Mapping[str, Any]) -> str:
    name = row.get("name") or row["key"] or NONE
    return f"{place + 1}. {name}, {row['date']}" if "date" in row else f"{place + 1}. {name}"


def _html_table(table: Table) -> str:
    value_style = _CELL if table.is_of_texts else _NUMBER
    heads = "".join(
        f'<th scope="col" style="{value_style if place else _CELL}">{escape(text)}</th>'
        for place, text in enumerate(table.headings)
    )
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:normal">{escape(name)}</th>'
        + "".join(f'<td style="{value_style}">{escape(value)}</td>' for value in values)
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
