"""What a program asks of schedules of reports (`POST`, `PUT /v1/report-schedules`), checked before anything changes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from chalicelib.core import report_query
from chalicelib.core.bad_input import BadInput, named_under, wrong
from chalicelib.core.body import MailAddress, Name, Strict, read
from chalicelib.core.report_query import REPORTS, STATUS
from chalicelib.core.report_schedule import MOST_USERS, Every, ReportSchedule
from chalicelib.core.sheet import FORMATS

EVERY = tuple(one.value for one in Every)
AT = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
NO_DAYS = ("from", "to")
FIXED = "give a period like last_week: days that never change make the same report each time"
OF_A_LIST = ("limit", "after", "before")
ONE_PAGE = "is for reading the list page by page; the file that goes by mail has the first mails"
NONE = "none"


def _distinct(users: list[str]) -> list[str]:
    if not users:
        raise PydanticCustomError("nobody", "name at least one user")
    if len(set(users)) < len(users):
        raise PydanticCustomError("distinct", "a user stands twice")
    return users


def _listed(value: Any) -> list[str]:
    """Values as a URL would have them: a whole number is its digits."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, bool) or not isinstance(one, str | int) for one in values):
        raise PydanticCustomError("values", "must be a text or a list of texts")
    return [str(one) for one in values]


def _time_of_day(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(AT, value):
        raise PydanticCustomError("time_of_day", "must be a time like 08:00")
    return value


Text = Annotated[str, StringConstraints(max_length=200)]
Values = Annotated[
    list[Text],
    BeforeValidator(_listed),
    Field(max_length=50),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}]}
    ),
]
Query = Annotated[dict[Annotated[str, StringConstraints(max_length=40)], Values], Field(max_length=20)]
At = Annotated[str, BeforeValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": AT})]
Users = Annotated[
    list[Name], Field(max_length=MOST_USERS, json_schema_extra={"minItems": 1}), AfterValidator(_distinct)
]
Format = Literal[(*FORMATS, NONE)]  # type: ignore[valid-type]  # the tuple is the one place of the names


class NewReportSchedule(Strict):
    """Which report to mail to whom, and when."""

    report: Literal[REPORTS]  # type: ignore[valid-type]  # as above
    query: Annotated[Query, Field(description="of GET /v1/reports/{name}; a period, never from and to")] = Field(
        default_factory=dict
    )
    every: Literal[EVERY]  # type: ignore[valid-type]  # as above
    at: Annotated[At, Field(description="in the account's time zone")] = "08:00"
    users: Users
    sender: Annotated[MailAddress, Field(alias="from")]
    format: Annotated[Format, Field(description="of a file that goes with it")] = NONE
    enabled: bool = True


class ReportScheduleChange(Strict):
    """What is to be otherwise; what is not named stays."""

    report: Literal[REPORTS] | None = None  # type: ignore[valid-type]  # as above
    query: Query | None = None
    every: Literal[EVERY] | None = None  # type: ignore[valid-type]  # as above
    at: At | None = None
    users: Users | None = None
    sender: Annotated[MailAddress | None, Field(alias="from")] = None
    format: Format | None = None
    enabled: bool | None = None


def added(body: Mapping[str, Any], schedule_id: str, today: date, now: datetime) -> ReportSchedule:
    """The schedule that a JSON object asks for. Raises BadInput."""
    new = read(NewReportSchedule, body)
    made = ReportSchedule(
        schedule_id=schedule_id,
        report=new.report,
        query=_query(new.query),
        every=Every(new.every),
        at=new.at,
        users=tuple(new.users),
        sender=new.sender,
        file_format=None if new.format == NONE else new.format,
        enabled=new.enabled,
        created_at=now,
        since=now,
    )
    return _checked(made, today)


def changed(known: ReportSchedule, body: Mapping[str, Any], today: date, now: datetime) -> ReportSchedule:
    """The schedule as a JSON object wants it. Raises BadInput."""
    change = read(ReportScheduleChange, body)
    after = replace(
        known,
        report=change.report or known.report,
        query=known.query if change.query is None else _query(change.query),
        every=Every(change.every) if change.every else known.every,
        at=change.at or known.at,
        users=tuple(change.users) if change.users else known.users,
        sender=change.sender or known.sender,
        file_format=known.file_format if change.format is None else None if change.format == NONE else change.format,
        enabled=known.enabled if change.enabled is None else change.enabled,
    )
    if (after.every, after.at, after.enabled) != (known.every, known.at, known.enabled):
        after = replace(after, since=now, problem=None)  # what would have been due by that is not made up for
    return _checked(after, today)


def _query(query: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in query.items() if values}


def _checked(schedule: ReportSchedule, today: date) -> ReportSchedule:
    """The schedule, if its report can be made on any day. Raises BadInput."""
    is_list = schedule.report == STATUS
    errors = [wrong(f"/query/{name}", FIXED) for name in NO_DAYS if name in schedule.query]
    errors += [wrong(f"/query/{name}", ONE_PAGE) for name in OF_A_LIST if is_list and name in schedule.query]
    if errors:
        raise BadInput(errors)
    with named_under("/query"):
        report_query.parse(schedule.report, schedule.query, today=today)
    return schedule
