"""What a message's state becomes when events have arrived: pure, so that every order and repetition can be tried.

Engagement counts, so each event must be taken in exactly once, and reading all of them at each hit would make a mail
that thousands open slower with each opening. Hence a line: events up to it are *closed*, that is summed up and marked
as counted in the same transaction; only those behind it in time are read again. An event that turns up before the
line without a mark is late, and is closed as well. See docs/decisions/0003-closed-line.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.event import ENGAGEMENT, GRACE, Event
from chalicelib.core.summary import EMPTY, Engagement, State, delivery_of, engagement_of

SETTLED = timedelta(hours=2)
"""After this time nothing that follows can change what an event is taken for."""


class Limits(NamedTuple):
    """How long the open tail may get. A transaction takes 100 actions, hence `marks`."""

    short_tail: int = 200  # so few open events are read again each time without closing any
    long_tail: int = 400  # with more than this, also events younger than SETTLED are closed
    marks: int = 90


LIMITS = Limits()


class Row(NamedTuple):
    """An event as it lies in the table."""

    event: Event
    is_counted: bool = False


class Fold(NamedTuple):
    """What is stored of a message beside its facts. `closed_until` is the key of the line, "" if there is none yet."""

    state: State = EMPTY
    closed: Engagement = EMPTY.engagement
    closed_until: str = ""


class Step(NamedTuple):
    """A new fold, the keys of the events to mark with it, and whether another step must follow at once."""

    fold: Fold
    marks: tuple[str, ...]
    has_more: bool


def refold(fold: Fold, rows: Sequence[Row], *, until: datetime | None, now: datetime, limits: Limits = LIMITS) -> Step:
    """The next fold. `rows` are all events after the line, and those before it that are known to have arrived.

    `until` is the end of the capture window: what a person did later is not counted, and when also the grace is over
    engagement stays as it is, because its events are about to vanish. None where the message is not tracked.
    """
    delivery = delivery_of((row.event for row in rows), fold.state.delivery)
    if until is None or now >= until + GRACE:
        return Step(fold._replace(state=State(delivery, fold.state.engagement)), (), False)
    engaged = sorted(
        (row for row in rows if row.event.kind in ENGAGEMENT and row.event.occurred_at <= until),
        key=lambda row: row.event.key,
    )
    late = [row.event for row in engaged if row.event.key <= fold.closed_until and not row.is_counted]
    tail = [row.event for row in engaged if row.event.key > fold.closed_until]
    closing = late[: limits.marks]
    old = _to_close(tail, now, limits)
    closing += old[: limits.marks - len(closing)]
    has_more = len(closing) < len(late) + len(old)
    closed = engagement_of(closing, fold.closed)
    line = max([fold.closed_until, *(event.key for event in closing)])
    marks = tuple(event.key for event in closing)
    marked = set(marks)
    waiting = [event for event in late + tail if event.key not in marked]
    state = State(delivery, engagement_of(waiting, closed))
    return Step(Fold(state, closed, line), marks, has_more)


def _to_close(tail: list[Event], now: datetime, limits: Limits) -> list[Event]:
    """The oldest events of a long tail, oldest first."""
    if len(tail) <= limits.short_tail:
        return []
    settled = [event for event in tail if event.occurred_at < now - SETTLED]
    return settled or (tail[: len(tail) - limits.short_tail] if len(tail) > limits.long_tail else [])
