"""What is known of a day's mails together, as models for the API's document."""

from datetime import date
from typing import Literal

from pydantic import Field

from chalicelib.core.openapi_answer import Answer, ListAnswer


class AggregateOpens(Answer):
    """Requests for the pixel: by people, by privacy proxies, by machines."""

    count: int
    proxy: int
    machine: int


class AggregateLink(Answer):
    """Clicks on the links at one position, from 0, of all mails of the day."""

    position: int
    count: int
    machine: int


class AggregateClicks(Answer):
    """Clicks on all links, and by position on those that anybody followed."""

    count: int
    machine: int
    links: list[AggregateLink]


class Aggregate(Answer):
    """What the mails of a day (UTC) in the mode `aggregate` come to together."""

    object: Literal["aggregate"]
    day: date
    withheld: Literal["too_few_recipients"] | None = Field(description="why opens and clicks are null")
    opens: AggregateOpens | None
    clicks: AggregateClicks | None


class AggregateList(ListAnswer):
    """A page of aggregates, the newest day first."""

    data: list[Aggregate]
