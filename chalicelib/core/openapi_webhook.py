"""Webhooks, their deliveries and what they are told, as models for the API's document."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from chalicelib.core import webhook as hooks
from chalicelib.core.delivery import Status
from chalicelib.core.openapi_answer import Answer, ListAnswer

KINDS = (*hooks.TYPES, hooks.TEST)


class Webhook(Answer):
    """Who is told of what; with `disabled_reason` it was switched off by this installation."""

    object: Literal["webhook"]
    id: str
    url: str
    events: list[str]
    description: str
    enabled: bool
    created_at: datetime
    previous_secret_until: datetime | None = Field(
        description="until then the secret before the last rotation signs, too"
    )
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: hooks.Ended | None


class AddedWebhook(Webhook):
    """A webhook with its secret, which no other answer tells but that to the same request again."""

    secret: str = Field(pattern="^whsec_")


class RotatedWebhook(AddedWebhook):
    """A webhook with its new secret, which no other answer tells but that to the same request again."""


class DeletedWebhook(Answer):
    """A webhook that is not there any more."""

    object: Literal["webhook"]
    id: str
    deleted: Literal[True]


class WebhookList(ListAnswer):
    """All webhooks, the newest first."""

    data: list[Webhook]


class Attempt(Answer):
    """One POST: the receiver's status, or why there is none."""

    at: datetime
    status_code: int | None
    error: str | None
    milliseconds: int


class Delivery(Answer):
    """A notice on its way to a webhook. `notice_id` is the header webhook-id; a replay has the same one."""

    object: Literal["delivery"]
    id: str
    notice_id: str
    type: Literal[KINDS]  # type: ignore[valid-type]  # the tuple is the one place of the names
    email_id: str | None
    occurred_at: datetime
    status: Status
    attempts: list[Attempt]
    next_attempt_at: datetime | None


class DeliveryList(ListAnswer):
    """A page of deliveries, the latest notice first."""

    data: list[Delivery]


class Replay(Answer):
    """How many notices a webhook is told of again; `has_more` says that there are more than were counted."""

    object: Literal["replay"]
    id: str
    count: int
    has_more: bool


class WebhookEvent(Answer):
    """What a webhook is told; `data` depends on the type."""

    type: Literal[KINDS]  # type: ignore[valid-type]  # as above
    timestamp: datetime
    data: dict[str, Any]
