"""The reports as cards, each with its sentence, and with figures of the last 30 days."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.report_query import ANALYTICS, BY_CLICK_RATE, BY_OPEN_RATE, STATUS
from chalicelib.web.moment import Moment, moment
from chalicelib.web.report_figures import Figures, number, percent
from chalicelib.web.report_words import REPORTS
from chalicelib.web.urls import Site

WIDTH, HEIGHT = 240, 40  # of the small line, in its own units


class Card(NamedTuple):
    """A report; `figure` is empty where one report says nothing of the other. `line` are the points of its days."""

    title: str
    sentence: str
    href: str
    figure: str
    words: str
    line: str


class Cards(NamedTuple):
    """All of them, and as of when their figures are."""

    cards: list[Card]
    as_of: Moment
    is_empty: bool


def cards_of(report: Mapping[str, Any], site: Site, now: datetime) -> Cards:
    """The cards, with the figures of Email Analytics by date, which are all that is read for them."""
    figures = report["summary"]
    cards = [
        Card(
            one.title, one.sentence, site.path(f"/reports/{name}"), *_figure(name, figures), _line(name, report["rows"])
        )
        for name, one in REPORTS.items()
    ]
    return Cards(cards, moment(instant.parse(report["as_of"]), now), not (figures["sent"] or figures["received"]))


def _figure(name: str, figures: Figures) -> tuple[str, str]:
    rates = figures["rates"]
    return {
        ANALYTICS: (number(figures["sent"]), "mails sent"),
        STATUS: (percent(rates["delivery_rate_of_sent"]), "delivered, of sent"),
        BY_OPEN_RATE: (percent(rates["open_rate_of_tracked"]), "opened, of tracked"),
        BY_CLICK_RATE: (percent(rates["click_rate_of_tracked"]), "clicked, of tracked"),
    }.get(name, ("", ""))


def _line(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if name != ANALYTICS or len(rows) < 2:
        return ""
    most = max(row["sent"] for row in rows) or 1
    step = WIDTH / (len(rows) - 1)
    return " ".join(f"{place * step:.1f},{HEIGHT * (1 - row['sent'] / most):.1f}" for place, row in enumerate(rows))
