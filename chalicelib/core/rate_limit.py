"""How many calls a key may make in a minute, counted by leases.

All processes that serve a key share one counter for each minute. A process takes a lease of several calls from it at
once and spends that from its memory, so that a busy key costs a fraction of a write a call. Together they never let
more through than the limit in a minute; what a process has leased and not spent by the minute's end is lost, so a key
that is served by many may be stopped a little early.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.instant import EPOCH

USUAL = 600
WINDOW = timedelta(minutes=1)
LEASES = 10
"""Into how many leases the limit is cut."""


class Allowance(NamedTuple):
    """What a process knows of a key in a minute: how many calls of its lease are left, and how many the counter said
    had been leased by all."""

    window: int
    left: int = 0
    leased: int = 0


class Decision(NamedTuple):
    """Whether a call may be made; the limit, how many more may surely be made from here or leased, and in how many
    whole seconds the next minute begins."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_seconds: int


def window_of(now: datetime) -> int:
    """The number of the minute."""
    return (now - EPOCH) // WINDOW


def ends_at(window: int) -> datetime:
    """When this minute is over."""
    return EPOCH + (window + 1) * WINDOW


def spend(
    known: Allowance | None, limit: int, now: datetime, lease: Callable[[int, int], int]
) -> tuple[Allowance, Decision]:
    """One call: what is known afterwards, and whether it may be made.

    `lease` is asked for (the window, so many calls), adds them to the counter whether or not there are as many, and
    answers with the counter's new value. It is not asked any more when nothing is left in the minute.
    """
    window = window_of(now)
    if known is None or known.window < window:  # never back: a clock that was set back would lease the same twice
        known = Allowance(window)
    if not known.left and known.leased < limit:
        wanted = math.ceil(limit / LEASES)
        leased = lease(known.window, wanted)
        known = known._replace(left=max(0, wanted - max(0, leased - limit)), leased=leased)
    is_allowed = known.left > 0
    known = known._replace(left=known.left - is_allowed)
    remaining = known.left + max(0, limit - known.leased)
    reset_seconds = max(1, math.ceil((ends_at(known.window) - now) / timedelta(seconds=1)))
    return known, Decision(is_allowed, limit, remaining, reset_seconds)
