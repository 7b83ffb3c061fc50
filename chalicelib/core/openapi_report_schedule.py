"""Schedules of reports, as models and operations for the API's document."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from chalicelib.core.openapi_answer import Answer, ListAnswer
from chalicelib.core.report_query import REPORTS
from chalicelib.core.report_schedule_body import EVERY, NewReportSchedule, ReportScheduleChange
from chalicelib.core.sheet import FORMATS


class ReportSchedule(Answer):
    """A report that goes by mail to users of the account."""

    object: Literal["report_schedule"]
    id: str
    report: Literal[REPORTS]  # type: ignore[valid-type]  # the tuple is the one place of the names
    query: dict[str, str | list[str]]
    every: Literal[EVERY]  # type: ignore[valid-type]  # as above
    at: str = Field(description="in the account's time zone")
    users: list[str]
    sender: str = Field(alias="from")
    format: Literal[FORMATS] | None  # type: ignore[valid-type]  # as above
    enabled: bool
    created_at: datetime
    next_at: datetime | None
    sent_for: str | None = Field(description="the newest day for which it was sent")
    problem: str | None = Field(description="what went wrong then")


class AddedReportSchedule(ReportSchedule):
    """A schedule that was just added."""


class ReportScheduleList(ListAnswer):
    """All schedules, the newest first."""

    data: list[ReportSchedule]


class DeletedReportSchedule(Answer):
    """A schedule that was removed."""

    object: Literal["report_schedule"]
    id: str
    deleted: Literal[True]


MODELS: tuple[type[BaseModel], ...] = (
    *(NewReportSchedule, ReportScheduleChange, ReportSchedule, AddedReportSchedule),
    *(ReportScheduleList, DeletedReportSchedule),
)


def paths(
    operation: Callable[..., dict[str, Any]], key: Sequence[Mapping[str, Any]], of_a_body: str, of_one: str
) -> dict[str, Any]:
    """Its paths; `operation` describes one, with the statuses of its problems; `key` is the Idempotency-Key."""
    where = {"name": "schedule_id", "in": "path", "required": True}
    one = [{**where, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}]
    add = AddedReportSchedule, key, f"{of_a_body} 409 410", NewReportSchedule
    change = ReportSchedule, one, f"{of_a_body} 404", ReportScheduleChange
    return {
        "/v1/report-schedules": {
            "get": operation("All schedules of reports", "list_report_schedules", ReportScheduleList),
            "post": operation("Mail a report regularly", "post_report_schedule", *add),
        },
        "/v1/report-schedules/{schedule_id}": {
            "get": operation("One schedule", "get_report_schedule", ReportSchedule, one, of_one),
            "put": operation("Change one", "put_report_schedule", *change),
            "delete": operation("Remove one", "delete_report_schedule", DeletedReportSchedule, one, of_one),
        },
    }
