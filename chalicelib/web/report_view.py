"""A report in the words of the pages, made from what the API answers, so that both always say the same."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.report_query import ANALYTICS, CALLS, DATE, MOST_ROWS, RANKED, STATUS, USER_AND_DATE
from chalicelib.core.report_sheet import MOST_MAILS
from chalicelib.web.moment import Moment, moment
from chalicelib.web.report_bars import Bars, bars_of, in_words
from chalicelib.web.report_figures import Change, Figures, change, shares, value_of
from chalicelib.web.report_filters import changed
from chalicelib.web.report_heat import Heat, heat_of
from chalicelib.web.report_ranking import Ranking, ranking_of
from chalicelib.web.report_table import About, Cell, Earlier, Row, Table, cells_of, days, row_of
from chalicelib.web.report_words import COLUMNS, DIMENSIONS, OF_MAILS, OF_MAILS_AND_CALLS, Column
from chalicelib.web.view import View, view_of

Report = Mapping[str, Any]

_TILES = {
    ANALYTICS: (
        "sent",
        "delivered",
        "bounced",
        "opened",
        "clicked",
        "received",
        "responded",
        "unsubscribed",
        "complained",
    ),
    CALLS: ("sent", "opened", "received", "responded", "calls", "calls_missed", "call_seconds"),
    STATUS: ("sent", "delivered", "bounced", "opened", "clicked"),
}
_SHARES: Mapping[str, tuple[str, ...]] = {
    "delivered": ("delivery_rate_of_sent",),
    "bounced": ("bounce_rate_of_sent",),
    "opened": ("open_rate_of_delivered", "open_rate_of_tracked"),
    "clicked": ("click_rate_of_delivered", "click_rate_of_tracked"),
    "responded": ("response_rate_of_received",),
}
_STEPS: Mapping[str, tuple[str, ...]] = {
    "sent": (),
    "delivered": ("delivery_rate_of_sent",),
    "opened": ("open_rate_of_delivered", "open_rate_of_tracked"),
    "clicked": ("click_rate_of_opened", "click_rate_of_delivered"),
}
"""The funnel's steps, each with its shares of earlier ones."""

_LINES = {ANALYTICS: ("sent", "opened", "clicked"), CALLS: ("sent", "received", "calls")}


class Tile(NamedTuple):
    """A figure of the summary, its shares with their denominators, and how it changed if that was asked for."""

    cell: Cell
    shares: list[str]
    change: Change | None


class Step(NamedTuple):
    """A step of the funnel; `width` is how much of what was sent is left there, in percent."""

    cell: Cell
    shares: list[str]
    width: str


class Chart(NamedTuple):
    """What is drawn of a table of days: lines of these columns, and that in words."""

    series: tuple[str, ...]
    words: str

    @property
    def columns(self) -> list[Column]:
        return [COLUMNS[name] for name in self.series]


class ReportView(NamedTuple):
    """What a page shows. `days` are those of the report, from `first` to `last`, `days_before` those it is compared
    with. `emails` may go on: `newer` and `older` lead there. `in_files` says which mails the files have, if not all."""

    first: str
    last: str
    days: str
    days_before: str
    zone: str
    as_of: Moment
    is_empty: bool
    tiles: list[Tile]
    funnel: list[Step]
    chart: Chart | None
    bars: Bars | None
    table: Table | None
    table_before: Table | None
    heat: Heat | None
    ranking: Ranking | None
    emails: list[View] | None
    newer: str | None = None
    older: str | None = None
    in_files: str = ""


def report_of(report: Report, about: About, now: datetime) -> ReportView:
    """What the page shows of a report that the API answered."""
    name, by, before = report["report"], report["by"], report["before"]
    return ReportView(
        first=report["from"],
        last=report["to"],
        days=days(report["from"], report["to"]),
        days_before=days(before["from"], before["to"]) if before else "",
        zone=report["time_zone"],
        as_of=moment(instant.parse(report["as_of"]), now),
        is_empty=not any(value for column, value in report["summary"].items() if column != "rates"),
        tiles=[_tile(report, name, about) for name in _TILES.get(name, ())],
        funnel=[_step(report["summary"], column, about) for column in _STEPS] if name in (ANALYTICS, STATUS) else [],
        chart=_chart(name, by, report["rows"]),
        bars=bars_of(name, by, report["rows"]),
        table=_table(report, about) if by else None,
        table_before=_table_before(report, about) if before and by == DATE else None,
        heat=heat_of(report["hours"], about) if "hours" in report else None,
        ranking=ranking_of(report, about) if name in RANKED else None,
        emails=[view_of(email, now) for email in report["emails"]["data"]] if "emails" in report else None,
        **(_places(report["emails"], f"/reports/{name}", about) if "emails" in report else {}),
        in_files=_in_files(report, about) if "emails" in report else "",
    )


def _in_files(report: Report, about: About) -> str:
    """Of those with some status it is not known how many there are."""
    if "status" in about.given:
        return f"the newest {MOST_MAILS} at most"
    sent = report["summary"]["sent"]
    return f"the newest {MOST_MAILS} of {sent:,}" if sent > MOST_MAILS else ""


def _places(emails: Mapping[str, Any], path: str, about: About) -> dict[str, str | None]:
    """Where newer and older mails of the list are: it was asked for from one side, and tells whether it goes on."""
    is_back, is_onward = "before" in about.given, "after" in about.given

    def to(name: str) -> str | None:
        query = {**changed(about.given), name: [emails[name]]}
        return about.site.place(path, query) if emails[name] else None

    return {
        "newer": to("before") if is_onward or (is_back and emails["has_more"]) else None,
        "older": to("after") if is_back or emails["has_more"] else None,
    }


def _tile(report: Report, name: str, about: About) -> Tile:
    figures, before = report["summary"], report["before"]
    (cell,) = cells_of(about, figures, [name], about.where())
    since = change(cell.column, cell.value, value_of(before["summary"], name)) if before else None
    return Tile(cell, shares(figures, *_SHARES.get(name, ())), since)


def _step(figures: Figures, name: str, about: About) -> Step:
    (cell,) = cells_of(about, figures, [name], about.where())
    width = min(cell.value / figures["sent"], 1) * 100 if figures["sent"] else 0
    return Step(cell, shares(figures, *_STEPS[name]), f"{width:.1f}")


def _chart(name: str, by: str | None, rows: Sequence[Any]) -> Chart | None:
    if name not in _LINES or by != DATE or not rows:
        return None
    words = in_words([COLUMNS[one] for one in _LINES[name]])
    return Chart(_LINES[name], f"{words} by {DIMENSIONS[DATE].lower()}; the table has the same figures")


def _table(report: Report, about: About) -> Table:
    by, name, others = report["by"], report["report"], report["others"]
    columns = OF_MAILS_AND_CALLS if name == CALLS else OF_MAILS
    has_lead = by == USER_AND_DATE
    then = Earlier(report if by != DATE else {**report, "before": None})  # whose days before are a table of their own
    left = others and Row(None, f"{others['rows']:,} others", cells_of(about, others, columns, None))
    total = cells_of(about, report["summary"], columns, about.where(), then.summary)
    return Table(
        what="Date" if has_lead else DIMENSIONS[by],
        lead="User" if has_lead else "",
        columns=[COLUMNS[column] for column in columns],
        rows=[row_of(about, row, by, report["interval"], columns, then.figures(row)) for row in report["rows"]],
        others=left or None,
        total=Row(None, "All", total),
        left_out=others["rows"] if others else 0,
        more=_more(len(report["rows"]), about) if others else "",
    )


def _more(rows: int, about: About) -> str:
    """Where as many rows are as there can be on one page; "" where they are there already."""
    if rows >= MOST_ROWS:
        return ""
    return about.site.place(f"/reports/{about.report}", changed(about.given, limit=str(MOST_ROWS)))


def _table_before(report: Report, about: About) -> Table:
    before = report["before"]
    then = about._replace(first=before["from"], last=before["to"])
    shown = {"rows": before["rows"], "summary": before["summary"], "others": None, "before": None}
    return _table({**report, **shown}, then)
