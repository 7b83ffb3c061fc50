"""Counting a day anew: cells against what its mails are noted to count for, and the notes against the mails' states.

Both differ by nothing, or it is a bug. Cells that agree with notes may still be wrong: where both were written wrongly
at once, or where what counts was changed here and not in what had been folded before.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from chalicelib.core import cell
from chalicelib.core.cell import NOTHING, SENT_WITHIN, Cells, Counted, difference
from chalicelib.core.message import Message
from chalicelib.core.refold import Fold

FARTHEST_ZONES = timedelta(hours=26)
"""From one end of the time zones to the other, for the account's may have been changed."""
MOST_NAMED = 20
"""So many mails whose notes are wrong are named one by one; all of them are counted."""


class Recounting(NamedTuple):
    """What a message is to count for, and what that adds to the cells."""

    message: Message
    counted: Counted
    cells: Cells


class Misnoted(NamedTuple):
    """Mails that are noted to count for something else than their states say: how many, by how many mails the cells are
    wrong for it, all columns together, and what is to be changed of the first ones."""

    mails: int = 0
    size: int = 0
    first: tuple[Recounting, ...] = ()


class Count(NamedTuple):
    """What the cells of a sending day must hold, by the notes of its mails; and which notes are wrong."""

    cells: Cells
    misnoted: Misnoted


def span_of(day: date) -> tuple[datetime, datetime]:
    """Between which times the mails were to be sent that may count for this day, in whatever time zone."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight - SENT_WITHIN - FARTHEST_ZONES, midnight + timedelta(days=1) + FARTHEST_ZONES


def recounting_of(message: Message, fold: Fold, zone: tzinfo) -> Recounting | None:
    """What is to be changed of what a message is noted to count for; None where that is right, or where nothing has
    been folded yet, for then the fold will note it."""
    counted = cell.counted_of(message, fold.state, zone)
    if fold.counted == counted or fold == Fold():
        return None
    return Recounting(message, counted, difference(message, fold.counted, counted))


def misnoted_of(day: str, message: Message, fold: Fold, zone: tzinfo) -> Recounting | None:
    """The same, if this is the day that the message counts for, or else the one that it is noted to count for."""
    change = recounting_of(message, fold, zone)
    return change if change and day == (change.counted.day or fold.counted.day) else None


def count(day: str, folds: Iterable[tuple[Message, Fold]], zone: tzinfo) -> Count:
    """Counts a sending day by the mails that may count for it, each of which is looked at once."""
    mails = off = 0
    first: list[Recounting] = []

    def noted() -> Iterator[Cells]:
        nonlocal mails, off
        for message, fold in folds:
            if change := misnoted_of(day, message, fold, zone):
                mails, off = mails + 1, off + size(change.cells)
                first.extend([change] if len(first) < MOST_NAMED else [])
            if fold.counted.day == day:
                yield difference(message, NOTHING, fold.counted)

    cells = cell.total(noted())
    return Count(cells, Misnoted(mails, off, tuple(first)))


def drift(cells: Cells, wanted: Cells) -> Cells:
    """What must be added to a sending day's cells to make them what they must be."""
    turned = {place: {column: -number for column, number in columns.items()} for place, columns in cells.items()}
    return cell.total([wanted, turned])


def size(cells: Cells) -> int:
    """By how many mails the cells differ from nothing, all columns together."""
    return sum(abs(number) for columns in cells.values() for number in columns.values())
