"""A report as a sheet: its rows, what is left of them in one row, and the summary, each row saying which part it is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from chalicelib.core import mail_sheet
from chalicelib.core.cell import NONE
from chalicelib.core.report_query import BREAK_UPS, CALLS, DATE, MOST_ROWS, RANKED, STATUS
from chalicelib.core.sheet import Column, Head, Kind, Sheet, Value

MOST_MAILS = 100
"""In the file of a report; a list of them all is a job (flow/export_mails.py)."""

Report = Mapping[str, Any]
"""The object `report` as the API shows it."""


def sheet_of(report: Report) -> Sheet:
    """The sheet of any report; of one that lists mails, these."""
    if "emails" in report:
        emails = report["emails"]["data"]
        return Sheet(Head(*_titles(report), mail_sheet.COLUMNS), [mail_sheet.row_of(email) for email in emails])
    names, rates = _figures(report["summary"])
    key = _key_columns(report)
    numbers = [Column(name, Kind.WHOLE) for name in names] + [Column(name, Kind.RATE, 22) for name in rates]
    extra = [Column("lower_bound", Kind.RATE)] if _is_ranked(report) else []
    columns = (Column("part", width=9), *key, *numbers, *extra)
    return Sheet(Head(*_titles(report), columns), list(_rows(report, names, rates, len(key))))


def filename_of(report: Report, file_format: str) -> str:
    """What its file is called, such as `email-analytics_2026-10-24_2026-11-22.xlsx`; of mails also how many there are
    of how many, if they are not all, for a CSV says it nowhere else."""
    name = f"{report['report']}_{report['from']}_{report['to']}"
    emails = report.get("emails", {})
    if emails.get("has_more"):
        whole = "and-more" if report["filters"].get("status") else f"of-{report['summary']['sent']}"
        name = f"{name}_{len(emails['data'])}-{whole}"
    return f"{name}.{file_format}"


def query_of(name: str, query: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """The query for the file of a report: as many rows or mails as there can be at once, unless fewer are wanted."""
    if name == STATUS:
        return {"limit": [str(MOST_MAILS)], **query}
    by = next(iter(query.get("by", ())), BREAK_UPS[CALLS][0] if name == CALLS else DATE)
    return query if name in RANKED or by == DATE else {"limit": [str(MOST_ROWS)], **query}


def span_in_words(report: Report) -> str:
    """`2026-10-24 to 2026-11-22 (Europe/Berlin)`."""
    return f"{days_in_words(report)} ({report['time_zone']})"


def days_in_words(span: Mapping[str, Any]) -> str:
    """`2026-10-24 to 2026-11-22`, and `2026-11-22` of one day."""
    return str(span["from"]) if span["from"] == span["to"] else f"{span['from']} to {span['to']}"


def filters_in_words(report: Report) -> str:
    """`template: welcome; module: (none)`, or that there are none."""
    given = []
    for name, value in report["filters"].items():
        if value is None or value == []:
            continue
        values = [value] if isinstance(value, str) else value
        given.append(f"{name}: {', '.join(one or NONE for one in values)}")
    return "; ".join(given) or "all mails"


def _titles(report: Report) -> tuple[str, tuple[str, ...]]:
    lines: tuple[str, ...] = (
        f"days: {span_in_words(report)}",
        f"of: {filters_in_words(report)}",
        f"as of: {report['as_of']}",
        *ranking_in_words(report),
    )
    before = report.get("before")
    if report.get("emails", {}).get("has_more"):
        lines = (*lines, f"not all of the mails: {MOST_MAILS} at most; POST /v1/exports gives every one")
    if report.get("others"):
        count = report["others"]["rows"]
        lines = (*lines, f"not all of the rows: {count} more are one here; POST /v1/exports gives every one")
    if before:
        lines = (*lines, f"before: {days_in_words(before)}")
    return str(report["report"]), lines


def ranking_in_words(report: Report) -> Iterator[str]:
    """By what the first ones are ranked, and of how many nothing is said."""
    if report.get("order"):
        yield f"order: {report['order']}"
    if report.get("minimum") is not None:
        yield f"minimum: {report['minimum']} tracked mails"
        yield f"left out: {report.get('left_out') or 0} with fewer"


def _figures(figures: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The names of numbers, and of rates."""
    return [name for name in figures if name not in ("rates", "rows")], list(figures.get("rates", {}))


def _is_ranked(report: Report) -> bool:
    return report["report"] in RANKED


def _key_columns(report: Report) -> tuple[Column, ...]:
    by = report.get("by")
    if _is_ranked(report):
        return Column("rank", Kind.WHOLE, 6), Column(RANKED[report["report"]], width=24), Column("name", width=24)
    if by == "date":
        return Column("from", Kind.DATE), Column("to", Kind.DATE)
    if by == "user_and_date":
        return Column("user", width=24), Column("name", width=24), Column("date", Kind.DATE)
    return (Column(by, width=24), Column("name", width=24)) if by else ()


def _rows(report: Report, names: Sequence[str], rates: Sequence[str], keys: int) -> Iterator[Sequence[Value]]:
    def row(part: str, figures: Mapping[str, Any], key: Sequence[Value]) -> Sequence[Value]:
        filled = (*key, *[None] * (keys - len(key)))
        own = figures.get("rates", {})
        numbers = (*(figures.get(name, 0) for name in names), *(own.get(name) for name in rates))
        return part, *filled, *numbers, *([figures.get("lower_bound")] if _is_ranked(report) else [])

    for one in report["rows"]:
        yield row("row", one, _key(report, one))
    if report.get("others"):
        count = report["others"].get("rows")
        yield row("others", report["others"], ("",) if _is_by_date(report) or not keys else (f"{count} more",))
    yield row("summary", report["summary"], _days(report) if _is_by_date(report) else ())
    before = report.get("before")
    if before:
        for one in before.get("rows", ()):
            yield row("before", one, _key(report, one))
        yield row("before", before["summary"], _days(before) if _is_by_date(report) else ())


def _is_by_date(report: Report) -> bool:
    return report.get("by") == "date"


def _days(span: Mapping[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(span["from"]), date.fromisoformat(span["to"])


def _key(report: Report, row: Mapping[str, Any]) -> Sequence[Value]:
    if "rank" in row:
        return row["rank"], row["key"] or NONE, row["name"]
    if _is_by_date(report):
        return _days(row)
    if report.get("by") == "user_and_date":
        return row["user"] or NONE, row.get("name"), date.fromisoformat(row["date"])
    return row["key"] or NONE, row["name"]
