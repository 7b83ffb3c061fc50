"""What a message's state becomes when events have arrived: pure, so that every order and repetition can be tried.

Engagement counts, so each event must be taken in exactly once, and reading all of them at each hit would make a mail
that thousands open slower with each opening. Hence a line: events up to it are *closed*, that is summed up and marked
as counted in the same transaction; only those behind it in time are read again. An event that turns up before the
line without a mark is late, and is closed as well. See docs/decisions/0003-closed-line.md.

A hit is judged with all hits around it, also with closed ones that are no further away than a verdict reaches. What is
closed keeps the verdict it was closed with, until all that is kept is judged anew (`rejudge`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.core import instant
from chalicelib.core.cell import NOTHING, Counted
from chalicelib.core.event import ENGAGEMENT, GRACE, Event
from chalicelib.core.rules import NOTHING_KNOWN, REACH, Context
from chalicelib.core.summary import EMPTY, Engagement, State, delivery_of, engagement_of
from chalicelib.core.telling import Judged, Listening, hit_news
from chalicelib.core.verdict import judge

SETTLED = timedelta(hours=2)
"""After this time nothing that follows can change what an event is taken for."""


class Limits(NamedTuple):
    """How long the open tail may get. A transaction takes 100 actions: marks, notices, the message and its cells."""

    short_tail: int = 200  # so few open events are read again each time without closing any
    long_tail: int = 400  # with more than this, also events younger than SETTLED are closed
    marks: int = 50
    news: int = 36


LIMITS = Limits()


class Row(NamedTuple):
    """An event as it lies in the table."""

    event: Event
    is_counted: bool = False


class Fold(NamedTuple):
    """What is stored of a message beside its facts. `closed_until` is the key of the line, "" if there is none yet;
    `counted` is what report cells hold of it, `told` the keys of the open hits that were told as a person's."""

    state: State = EMPTY
    closed: Engagement = EMPTY.engagement
    closed_until: str = ""
    counted: Counted = NOTHING
    told: frozenset[str] = frozenset()


class Step(NamedTuple):
    """A new fold, the keys of the events to mark with it, whether another step must follow at once, and the hits to
    tell or to take back."""

    fold: Fold
    marks: tuple[str, ...]
    has_more: bool
    news: tuple[Judged, ...] = ()


MOST_NEAR = 200
"""So many hits on either side of another are looked at to judge it; in a greater rush what is further off is left out,
so that a hit costs bounded reads."""


def around(key: str) -> tuple[str, str]:
    """Between which keys stands all that a verdict on the event of this key may depend on."""
    at = instant.parse(key.partition("#")[0])
    return instant.show(at - REACH), instant.show(at + REACH) + "$"  # which comes behind every id of that time


def refold(
    fold: Fold,
    rows: Sequence[Row],
    *,
    context: Context = NOTHING_KNOWN,
    until: datetime | None,
    now: datetime,
    listening: Listening = MappingProxyType({}),
    limits: Limits = LIMITS,
) -> Step:
    """The next fold. `rows` are all events after the line, those before it that are known to have arrived, and what is
    near enough to one of these, or to the line, to bear on a verdict (`around`, MOST_NEAR). `context` needs no time of
    delivery: the events tell it.

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
    verdicts = judge((row.event for row in engaged), context._replace(delivered_at=delivery.delivered_at))
    late = [row.event for row in engaged if row.event.key <= fold.closed_until and not row.is_counted]
    tail = [row.event for row in engaged if row.event.key > fold.closed_until]
    told = hit_news(fold.told, late + tail, verdicts, listening, limits.news)
    old = _to_close(tail, now, limits)
    most = 0 if told.has_more else limits.marks  # nothing is closed as long as it is to be told
    closing = (late + old)[:most]
    has_more = told.has_more or len(closing) < len(late) + len(old)
    closed = engagement_of(closing, verdicts, fold.closed)
    line = max([fold.closed_until, *(event.key for event in closing)])
    marks = tuple(event.key for event in closing)
    marked = set(marks)
    waiting = [event for event in late + tail if event.key not in marked]
    state = State(delivery, engagement_of(waiting, verdicts, closed))
    return Step(Fold(state, closed, line, fold.counted, told.told - marked), marks, has_more, told.news)


def rejudge(
    fold: Fold,
    rows: Sequence[Row],
    *,
    context: Context,
    until: datetime | None,
    now: datetime,
    listening: Listening = MappingProxyType({}),
    limits: Limits = LIMITS,
) -> Step:
    """The fold with every hit judged anew, also the closed ones; `rows` are all events that there are.

    Late hits that no fold has taken in yet stay out, and so does what SES told meanwhile: the stream or the sweep
    brings them to a fold, which also does what follows from them. When the grace is over nothing changes, for the
    events are about to vanish.
    """
    if until is None or now >= until + GRACE:
        return Step(fold, (), False)
    engaged = [row for row in rows if row.event.kind in ENGAGEMENT and row.event.occurred_at <= until]
    delivery = fold.state.delivery
    verdicts = judge((row.event for row in engaged), context._replace(delivered_at=delivery.delivered_at))
    behind = [row.event for row in engaged if row.is_counted and row.event.key <= fold.closed_until]
    tail = [row.event for row in engaged if row.event.key > fold.closed_until]
    closed = engagement_of(behind, verdicts, EMPTY.engagement)
    told = hit_news(fold.told, tail, verdicts, listening, limits.news)
    state = State(delivery, engagement_of(tail, verdicts, closed))
    return Step(fold._replace(state=state, closed=closed, told=told.told), (), told.has_more, told.news)


def _to_close(tail: list[Event], now: datetime, limits: Limits) -> list[Event]:
    """The oldest events of a long tail, oldest first."""
    if len(tail) <= limits.short_tail:
        return []
    settled = [event for event in tail if event.occurred_at < now - SETTLED]
    return settled or (tail[: len(tail) - limits.short_tail] if len(tail) > limits.long_tail else [])
