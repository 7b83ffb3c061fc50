"""Times that a program tells of what has happened."""

from datetime import datetime, timedelta

from chalicelib.core import instant
from chalicelib.core.bad_input import BadInput, wrong

AHEAD = timedelta(minutes=5)
"""Clocks differ: a time so little ahead is taken as it is."""

FURTHEST = timedelta(days=400)
"""As far back as reports reach at once."""


def check(at: datetime, now: datetime, pointer: str) -> None:
    """Raises BadInput, which names the field, for a time that is to come or is further back than reports reach."""
    if at > now + AHEAD:
        raise BadInput([wrong(pointer, f"is in the future; it is {instant.show(now)} now")])
    if at < now - FURTHEST:
        raise BadInput([wrong(pointer, f"is more than {FURTHEST.days} days ago")])
