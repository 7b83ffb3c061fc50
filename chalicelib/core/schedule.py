"""When a mail is to go out that is not to go out at once."""

from datetime import datetime, timedelta

from chalicelib.core import instant
from chalicelib.core.bad_input import BadInput, wrong

FURTHEST = timedelta(days=30)
JUST_NOW = timedelta(seconds=60)
"""A time that lies back no longer than this counts as now: clocks differ, and a request takes a while."""


def due(asked: datetime | None, now: datetime) -> datetime | None:
    """The time at which a mail is to go out, None for at once. Raises BadInput for one that cannot be waited for."""
    if asked is None or now - JUST_NOW <= asked <= now:
        return None
    if asked < now:
        raise BadInput([wrong("/scheduled_at", f"is over; it is {instant.show(now)} now")])
    if asked - now > FURTHEST:
        raise BadInput([wrong("/scheduled_at", f"is further ahead than {FURTHEST.days} days")])
    return asked
