"""A break-up of a report as a table: a heading for each column, a row for each day, template, user and so on."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from chalicelib.core.report_query import ANALYTICS
from chalicelib.web import report_links
from chalicelib.web.report_figures import Figures, text_of, value_of
from chalicelib.web.report_filters import Given, changed, paged
from chalicelib.web.report_links import Where
from chalicelib.web.report_words import COLUMNS, WITHOUT, Column
from chalicelib.web.urls import Site
from chalicelib.web.words import source_words, titled


class Bounces(NamedTuple):
    """What is behind the exclamation mark: how many bounced for good and for now, and where they are, with reasons."""

    hard: int
    soft: int
    hard_href: str | None
    soft_href: str | None
    href: str | None


class Aside(NamedTuple):
    """What does not count in a figure: how many mails, and where they are."""

    number: int
    href: str | None


class Cell(NamedTuple):
    """A figure: as text, as a number for the chart, and where the mails or calls behind it are; beside it what machines
    and privacy services did, and in `was` what it was in the period before, if that is asked for."""

    column: Column
    text: str
    value: Any
    href: str | None
    bounces: Bounces | None = None
    machine: Aside | None = None
    proxy: Aside | None = None
    was: str = ""


class Row(NamedTuple):
    """`key` is what it is about, None where that is several; `label` says it in words; `lead` stands before it, as the
    user does before a day; `href` is the report of nothing else."""

    key: str | None
    label: str
    cells: list[Cell]
    lead: str = ""
    href: str = ""


class Table(NamedTuple):
    """`what` is the heading of the first column; `total` is the summary, which the rows add up to; `left_out`
    is how many rows are `others`, and `more` where more of them are shown."""

    what: str
    lead: str
    columns: list[Column]
    rows: list[Row]
    others: Row | None = None
    total: Row | None = None
    left_out: int = 0
    more: str = ""


class About(NamedTuple):
    """The report that figures are of: its site, days and filters, and its name."""

    site: Site
    first: str
    last: str
    given: Given
    report: str = ANALYTICS

    def where(self, **row: str) -> Where:
        return Where(row.pop("first", self.first), row.pop("last", self.last), self.given, row)

    def alone(self, report: str, dimension: str, key: str) -> str:
        """Where a report shows the days of one template, user and so on."""
        others = dict.fromkeys(("order", "minimum", "compare", "interval", "limit", dimension))
        asked = changed(self.given, **{**others, "by": "date"})
        return self.site.place(f"/reports/{report}", {**asked, **paged({dimension: [key]})})


class Earlier:
    """What rows were in the period before, if the report is compared with it; one that is not there had nothing. Days
    are those that are as many days earlier as the period has."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        self._before: Mapping[str, Any] | None = report["before"]
        self._days = timedelta()
        self._rows: dict[tuple[str, str], Mapping[str, Any]] = {}
        if self._before:
            self._days = date.fromisoformat(report["from"]) - date.fromisoformat(self._before["from"])
            self._rows = {(row["key"], row.get("date", "")): row for row in self._before["rows"]}

    def row(self, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The row as it was; None where it had nothing."""
        day = row.get("date", "")
        then = (date.fromisoformat(day) - self._days).isoformat() if day else ""
        return self._rows.get((row["key"], then))

    def figures(self, row: Mapping[str, Any]) -> Figures | None:
        """The figures of then for a row of now; None where nothing is compared."""
        return (self.row(row) or _nothing(self._before["summary"])) if self._before else None

    @property
    def summary(self) -> Figures | None:
        """The sum of then; None where nothing is compared."""
        return self._before["summary"] if self._before else None


def _nothing(summary: Figures) -> Figures:
    return {**dict.fromkeys(summary, 0), "rates": dict.fromkeys(summary["rates"])}


def cells_of(
    about: About, figures: Figures, columns: Sequence[str], where: Where | None, then: Figures | None = None
) -> list[Cell]:
    """The figures of these columns, with what they were then; without a place they lead nowhere."""
    cells = (_cell(about.site, figures, COLUMNS[name], where) for name in columns)
    if then is None:
        return list(cells)
    return [cell._replace(was=text_of(cell.column, value_of(then, cell.column.name))) for cell in cells]


def row_of(
    about: About,
    row: Mapping[str, Any],
    by: str,
    interval: str | None,
    columns: Sequence[str],
    then: Figures | None = None,
) -> Row:
    """A row of a break-up by this dimension; `then` are its figures of the period before."""
    if by == "date":
        where = about.where(first=row["from"], last=row["to"])
        return Row(row["key"], days(row["from"], row["to"], interval), cells_of(about, row, columns, where, then))
    if by == "user_and_date":
        where = about.where(first=row["from"], last=row["to"], user=row["user"])
        label, lead = days(row["from"], row["to"], interval), name_of("user", row["user"], row["name"])
        return Row(row["date"], label, cells_of(about, row, columns, where, then), lead)
    where = about.where(**{by: row["key"]})
    href = about.alone(about.report, by, row["key"])
    cells = cells_of(about, row, columns, where, then)
    return Row(row["key"], name_of(by, row["key"], row["name"]), cells, href=href)


def name_of(dimension: str, key: str, name: str | None) -> str:
    """How a template, module, user or source is called."""
    if not key:
        return WITHOUT.get(dimension, "None")
    return name or (titled(source_words(key)) if dimension == "source" else key)


def days(first: str, last: str, interval: str | None = None) -> str:
    """`Sun 22 Nov 2026`, `16 – 22 Nov 2026`, `30 Nov – 6 Dec 2026`, and a whole month as `November 2026`."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if begin == end:
        return f"{begin:%a} {begin.day} {begin:%b %Y}"
    if interval == "month" and (begin.year, begin.month) == (end.year, end.month):
        return f"{begin:%B %Y}"
    year = "" if begin.year == end.year else f" {begin.year}"
    month = "" if (begin.year, begin.month) == (end.year, end.month) else f" {begin:%b}"
    return f"{begin.day}{month}{year} – {end.day} {end:%b %Y}"


def _cell(site: Site, figures: Figures, column: Column, where: Where | None) -> Cell:
    value = value_of(figures, column.name)
    cell = Cell(column, text_of(column, value), value, _href(site, where, column.name) if value else None)
    if column.name == "bounced":
        return cell._replace(bounces=_bounces(site, figures, where) if value else None)
    if column.name in ("opened", "clicked"):
        machine = _aside(site, figures, f"{column.name}_by_machine", where)
        proxy = _aside(site, figures, "opened_by_proxy", where) if column.name == "opened" else None
        return cell._replace(machine=machine, proxy=proxy)
    return cell


def _aside(site: Site, figures: Figures, column: str, where: Where | None) -> Aside | None:
    return Aside(figures[column], _href(site, where, column)) if figures[column] else None


def _bounces(site: Site, figures: Figures, where: Where | None) -> Bounces:
    hard, soft = figures["bounced_hard"], figures["bounced_soft"]
    hrefs = [_href(site, where, name) for name in ("bounced_hard", "bounced_soft", "bounced")]
    return Bounces(hard, soft, *hrefs)


def _href(site: Site, where: Where | None, column: str) -> str | None:
    return report_links.behind(site, where, column) if where else None
