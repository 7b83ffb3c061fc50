"""A point in time in words: roughly to read, exactly on hover. Everything is UTC."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Moment(NamedTuple):
    """`iso` for machines, `exact` with date, time and seconds; `rough` and `clock` as people say it: how long ago it
    was, and at what time of which day."""

    iso: str
    exact: str
    rough: str
    clock: str


def moment(at: datetime, now: datetime) -> Moment:
    """How to show a time when it is now."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    return Moment(f"{at:%Y-%m-%dT%H:%M:%SZ}", exact(at), rough(at, now), clock(at, now))


def moment_of_day(at: datetime, now: datetime) -> Moment:
    """How to show a time of which only the day is known."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    days = (now.date() - at.date()).days
    words = {0: "today", 1: "yesterday"}.get(days) or (f"{days} days ago" if 0 < days < 7 else day(at, now))
    return Moment(f"{at:%Y-%m-%d}", f"{at:%a}, {at.day} {at:%b %Y}", words, words)


def exact(at: datetime) -> str:
    """`Mon, 9 Mar 2026, 09:02:11 UTC`."""
    return f"{at:%a}, {at.day} {at:%b %Y, %H:%M:%S} UTC"


def rough(at: datetime, now: datetime) -> str:
    """`just now`, `5 min ago`, `3 h ago`, `yesterday`, `4 days ago`, `9 Mar`, `9 Mar 2025`.

    Nothing changes by the second, so a page that shows it stays the same for a minute. A clock that runs ahead a
    little is forgiven.
    """
    age = now - at
    if age < -MINUTE:
        return clock(at, now)
    if age < MINUTE:
        return "just now"
    if age < HOUR:
        return f"{age // MINUTE} min ago"
    if age < DAY:
        return f"{age // HOUR} h ago"
    days = (now.date() - at.date()).days
    if days == 1:
        return "yesterday"
    return f"{days} days ago" if days < 7 else day(at, now)


def clock(at: datetime, now: datetime) -> str:
    """`today 14:31`, `yesterday 09:02`, `Mon 09:02`, `9 Mar 09:02`, `9 Mar 2025 09:02`."""
    days = (now.date() - at.date()).days
    on = {0: "today", 1: "yesterday"}.get(days) or (f"{at:%a}" if 0 < days < 7 else day(at, now))
    return f"{on} {at:%H:%M}"


def day(at: datetime, now: datetime) -> str:
    """`9 Mar`, `9 Mar 2025`."""
    return f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b %Y}"
