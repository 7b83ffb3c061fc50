"""Counting a day anew from what its mails count for, and how far the cells are from that: nothing, or it is a bug."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from chalicelib.core import cell
from chalicelib.core.cell import NOTHING, SENT_WITHIN, Cells, Counted, difference
from chalicelib.core.message import Message

FARTHEST_ZONES = timedelta(hours=26)
"""From one end of the time zones to the other, for the account's may have been changed."""


def span_of(day: date) -> tuple[datetime, datetime]:
    """Between which times the mails were to be sent that may count for this day, in whatever time zone."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight - SENT_WITHIN - FARTHEST_ZONES, midnight + timedelta(days=1) + FARTHEST_ZONES


def recounted(day: str, counted: Iterable[tuple[Message, Counted]]) -> Cells:
    """What the cells of a sending day must hold, by its mails."""
    return cell.total(difference(message, NOTHING, one) for message, one in counted if one.day == day)


def drift(cells: Cells, wanted: Cells) -> Cells:
    """What must be added to a sending day's cells to make them what they must be."""
    turned = {place: {column: -number for column, number in columns.items()} for place, columns in cells.items()}
    return cell.total([wanted, turned])


def size(cells: Cells) -> int:
    """By how many mails the cells differ from nothing, all columns together."""
    return sum(abs(number) for columns in cells.values() for number in columns.values())
