"""Figures: how much is in each column of a cell, a day or a report; their sums, and the rates that follow from them."""

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Any

from chalicelib.core.cell import CALLS, COLUMNS

Figures = Mapping[str, int]
"""By column; what is zero may be left out."""

RATES = {
    "delivery_rate_of_sent": ("delivered", "sent"),
    "bounce_rate_of_sent": ("bounced", "sent"),
    "open_rate_of_delivered": ("opened", "delivered"),
    "click_rate_of_delivered": ("clicked", "delivered"),
    "open_rate_of_tracked": ("opened", "tracked"),
    "click_rate_of_tracked": ("clicked", "tracked"),
    "click_rate_of_opened": ("clicked", "opened"),
    "response_rate_of_received": ("responded", "received"),
}
"""What is divided by what; each name says its denominator."""

DIGITS = 4
CONFIDENCE = 1.959964  # of 95 %, two-sided, in standard deviations


def added(each: Iterable[Figures]) -> dict[str, int]:
    """The sum, column by column."""
    sums: dict[str, int] = {}
    for figures in each:
        for column, number in figures.items():
            sums[column] = sums.get(column, 0) + number
    return sums


def bounced(figures: Figures) -> int:
    """All that bounced: a mail's bounce is either hard or soft."""
    return figures.get("bounced_hard", 0) + figures.get("bounced_soft", 0)


def show(figures: Figures) -> dict[str, Any]:
    """The columns of mails as the API shows them: all of them, with their rates."""
    shown: dict[str, Any] = {column: figures.get(column, 0) for column in COLUMNS}
    shown["bounced"] = bounced(figures)
    return {**shown, "rates": {name: rate(shown[part], shown[whole]) for name, (part, whole) in RATES.items()}}


def show_calls(figures: Figures) -> dict[str, int]:
    """The columns of calls."""
    shown = {column: figures.get(column, 0) for column in CALLS}
    return {"calls": shown["calls_outbound"] + shown["calls_inbound"], **shown}


def rate(part: int, whole: int) -> float | None:
    """A share from 0 to 1, None of nothing. Of mails that were opened and of whose delivery nothing was told, there may
    be more than were delivered; it is never more than all."""
    return round(_share(part, whole), DIGITS) if whole > 0 else None


def _share(part: int, whole: int) -> float:
    """From 0 to 1 whatever the numbers are: a day that changed while it was read may for minutes have more opened than
    tracked."""
    return min(max(part / whole, 0.0), 1.0)


def lower_bound(part: int, whole: int) -> float:
    """How high a rate is at least, with 95 % confidence: the lower end of Wilson's score interval (E. B. Wilson, 1927),
    by which one lucky mail comes behind a thousand good ones."""
    if whole <= 0 or part <= 0:
        return 0.0  # of nothing exactly, for what is left of rounding must not rank anything
    share, square = _share(part, whole), CONFIDENCE**2
    middle = share + square / (2 * whole)
    spread = CONFIDENCE * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return max(0.0, (middle - spread) / (1 + square / whole))
