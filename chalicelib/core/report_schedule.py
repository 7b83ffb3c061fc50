"""A schedule of a report: which report goes by mail to whom, and when it is due.

It is due once a day, week (on Monday) or month (on the first), at a time of the account's time zone. Where clocks are
put forward over that time it is due an hour later by the clock, and where they are put back, at the first of the two
times. What was missed in an outage is made up for once, for the newest time that it was due.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import count
from typing import Any, NamedTuple

from chalicelib.core import instant

MOST = 10
"""Schedules of one account; they lie in one item."""

MOST_USERS = 20
"""Who get one report."""


class Every(StrEnum):
    """How often."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class ReportSchedule:
    """`query` is the report's, by parameter; `at` is like 08:00; `users` are ids; `sender` is whom the mail is from;
    `file_format` is of a file that goes with it, None for none.

    It counts `since`: what was due before that is nobody's business. `sent_for` is the newest day for which it was
    sent, `problem` what went wrong then.
    """

    schedule_id: str
    report: str
    query: Mapping[str, Sequence[str]]
    every: Every
    at: str
    users: tuple[str, ...]
    sender: str
    file_format: str | None
    enabled: bool
    created_at: datetime
    since: datetime
    sent_for: str | None = None
    problem: str | None = None

    def sent(self, due: "Due", problem: str | None) -> "ReportSchedule":
        """After it was sent for this time."""
        return replace(self, sent_for=max(self.sent_for or "", due.day.isoformat()), problem=problem)


class Due(NamedTuple):
    """A time at which a report is due, and the day by which that is called."""

    day: date
    at: datetime


def due(schedule: ReportSchedule, zone: tzinfo, now: datetime) -> Due | None:
    """The newest time at which it was due and is not sent for; None if nothing is to be sent."""
    if not schedule.enabled:
        return None
    newest = next(one for one in _back_from(schedule, zone, now) if one.at <= now)
    is_sent = schedule.sent_for is not None and newest.day.isoformat() <= schedule.sent_for
    return None if is_sent or newest.at <= schedule.since else newest


def next_due(schedule: ReportSchedule, zone: tzinfo, now: datetime) -> datetime | None:
    """When it is due next, which stays what is due now until that is sent; None while it is switched off."""
    if not schedule.enabled:
        return None
    open_one = due(schedule, zone, now)
    if open_one is not None:
        return open_one.at
    later = [one for one in _around(schedule, zone, now) if one.at > max(now, schedule.since)]
    return min(one.at for one in later if one.day.isoformat() > (schedule.sent_for or ""))


def mail_id(schedule: ReportSchedule, day: date, user_id: str) -> str:
    """The id of the mail that brings a user the report of this day: always the same, so there is only one."""
    said = "\n".join(("report", schedule.schedule_id, day.isoformat(), user_id))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def show(schedule: ReportSchedule, zone: tzinfo, now: datetime) -> dict[str, Any]:
    """The object `report_schedule` of the API."""
    next_at = next_due(schedule, zone, now)
    return {
        "object": "report_schedule",
        "id": schedule.schedule_id,
        "report": schedule.report,
        "query": {name: values[0] if len(values) == 1 else list(values) for name, values in schedule.query.items()},
        "every": schedule.every.value,
        "at": schedule.at,
        "users": list(schedule.users),
        "from": schedule.sender,
        "format": schedule.file_format,
        "enabled": schedule.enabled,
        "created_at": instant.show(schedule.created_at),
        "next_at": instant.show(next_at) if next_at else None,
        "sent_for": schedule.sent_for,
        "problem": schedule.problem,
    }


def _back_from(schedule: ReportSchedule, zone: tzinfo, now: datetime) -> Iterator[Due]:
    """The times at which it is due, newest first, from one after now on."""
    start = now.astimezone(zone).date() + timedelta(days=1)
    for number in count():
        day = start - timedelta(days=number)
        if _is_of(schedule.every, day):
            yield Due(day, _at(schedule.at, day, zone))


def _around(schedule: ReportSchedule, zone: tzinfo, now: datetime) -> list[Due]:
    """The times of the next two months and more; `since` is never later than now."""
    start = now.astimezone(zone).date()
    days = (start + timedelta(days=number) for number in range(-1, 64))
    return [Due(day, _at(schedule.at, day, zone)) for day in days if _is_of(schedule.every, day)]


def _is_of(every: Every, day: date) -> bool:
    return every is Every.DAY or (day.weekday() == 0 if every is Every.WEEK else day.day == 1)


def _at(at: str, day: date, zone: tzinfo) -> datetime:
    """PEP 495: of a time that the clock shows twice the first, and one that it leaves out by the offset before."""
    return datetime.combine(day, time.fromisoformat(at), zone).astimezone(instant.EPOCH.tzinfo)
