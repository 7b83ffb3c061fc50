"""Telephone calls, as models for the API's document."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from chalicelib.core.openapi_answer import Answer, ListAnswer
from chalicelib.core.openapi_mail import Record
from chalicelib.core.phone_call import DIRECTIONS, OUTCOMES


class Call(Answer):
    """A telephone call. `call_id` is the CRM's own id; `day` that for which it counts, in the account's time zone."""

    object: Literal["call"]
    id: str
    call_id: str | None
    user: str
    record: Record | None
    direction: Literal[DIRECTIONS]  # type: ignore[valid-type]  # the tuple is the one place of the names
    started_at: datetime
    seconds: int = Field(ge=0)
    outcome: Literal[OUTCOMES]  # type: ignore[valid-type]  # as above
    day: date


class AddedCall(Call):
    """A call that was told, now or earlier."""


class CallList(ListAnswer):
    """A page of calls, newest first."""

    data: list[Call]


class DeletedCall(Answer):
    """A call that is not there any more."""

    object: Literal["call"]
    id: str
    deleted: Literal[True]
