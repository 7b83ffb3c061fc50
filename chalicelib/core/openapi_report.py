"""Reports, as models for the API's document."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field, create_model

from chalicelib.core.cell import CALLS, COLUMNS, WEEKDAYS
from chalicelib.core.figures import RATES
from chalicelib.core.openapi_answer import Answer
from chalicelib.core.openapi_mail import EmailList
from chalicelib.core.report_period import INTERVALS, PRESETS
from chalicelib.core.report_query import BREAK_UPS, DATE, REPORTS, USER_AND_DATE

Share = float | None
_BY = tuple(dict.fromkeys(by for each in BREAK_UPS.values() for by in each))

Rates = create_model("Rates", __base__=Answer, **{name: (Share, ...) for name in RATES})  # type: ignore[call-overload]
Rates.__doc__ = "Shares from 0 to 1, null of nothing; each is named after what is divided by what."

Hours = create_model("Hours", __base__=Answer, **{day: (list[int], ...) for day in WEEKDAYS})  # type: ignore[call-overload]
Hours.__doc__ = (
    "Mails by the hour of the week in which a person first opened them, 24 a day, in the account's time zone."
)

_columns = {column: (int, ...) for column in (*COLUMNS, "bounced")}
_calls = {column: (int | None, Field(None, description="email-and-call-analytics")) for column in ("calls", *CALLS)}
Figures = create_model("Figures", __base__=Answer, rates=(Rates, ...), **_columns, **_calls)  # type: ignore[call-overload]
Figures.__doc__ = "How many mails count in each column; and how many calls there were, and how many seconds they took."


class OtherRows(Figures):  # type: ignore[misc, valid-type]  # made above
    """The sum of the rows beyond the limit."""

    rows: int


class ReportRow(Figures):  # type: ignore[misc, valid-type]  # made above
    """A day, week or month, or a template, module, user or source: `key` is its first day or its id, "" for none."""

    key: str
    name: str | None
    first: date | None = Field(None, alias="from", description="by date")
    last: date | None = Field(None, alias="to", description="by date")
    user: str | None = Field(None, description=f"by {USER_AND_DATE}")
    day: date | None = Field(None, alias=DATE, description=f"by {USER_AND_DATE}")
    rank: int | None = Field(None, description="of the first ten; before null for who had too few mails to be ranked")
    rate: Share = Field(None, description="by which they are ranked")
    rate_name: str | None = None
    lower_bound: float | None = Field(None, description="Wilson, 95 %: by this they are ranked")


class ReportFilters(Answer):
    """Which mails the report is about; null is any, "" those without one."""

    users: list[str]
    group: str | None
    template: str | None
    module: str | None
    source: str | None
    status: str | None = Field(None, description="sent-email-status: which mails are listed; the figures are of all")


class PeriodBefore(Answer):
    """As many days, right before. By date `rows` are those of these days; else what each row was then, if anything: by
    user and date so many days earlier as the period has."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    summary: Figures  # type: ignore[valid-type]  # made above
    rows: list[ReportRow]


class Report(Answer):
    """A report; the rows of a break-up and `others` add up to the summary."""

    object: Literal["report"]
    report: Literal[REPORTS]  # type: ignore[valid-type]  # the tuple is the one place of the names
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    period: Literal[tuple(PRESETS)] | None  # type: ignore[valid-type]  # as above
    time_zone: str
    by: Literal[_BY] | None  # type: ignore[valid-type]  # as above
    interval: Literal[INTERVALS] | None  # type: ignore[valid-type]  # as above
    filters: ReportFilters
    as_of: datetime = Field(description="everything until then is in it")
    summary: Figures  # type: ignore[valid-type]  # made above
    rows: list[ReportRow]
    others: OtherRows | None
    minimum: int | None = Field(None, description="so many tracked mails it takes to be ranked by a rate")
    order: str | None = Field(None, description="top-users: by what they are ranked")
    left_out: int | None = Field(None, description="how many had too few mails to be ranked")
    before: PeriodBefore | None
    hours: Hours | None = Field(None, description="email-analytics")  # type: ignore[valid-type]  # made above
    emails: EmailList | None = Field(None, description="sent-email-status: the mails themselves")
