"""The API as an OpenAPI 3.1 document, made from the models that check requests and describe answers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from chalicelib.core.event import Kind
from chalicelib.core.message import Sending
from chalicelib.core.status import Status
from chalicelib.core.submission import NewEmail

VERSION = "0.1.0"


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Accepted(_Answer):
    """A mail that was taken."""

    object: Literal["email"]
    id: str


class Failure(_Answer):
    """Why a mail was not sent, or not yet."""

    code: str
    detail: str


class Record(_Answer):
    """The CRM's record that a mail belongs to."""

    module: str
    record_id: str


class Tag(_Answer):
    """A label of a mail."""

    name: str
    value: str


class Tracking(_Answer):
    """What of a mail is tracked, until when, or why not."""

    tracked: bool
    opens: bool
    clicks: bool
    reason: Literal["plain_text", "multiple_recipients", "mail_off"] | None
    mode: Literal["full", "off"]
    until: datetime | None


class RecipientBounce(_Answer):
    """How a mail bounced at one recipient."""

    type: Literal["hard", "soft"]
    reason: str


class Recipient(_Answer):
    """What became of a mail at one recipient."""

    address: str
    status: Literal["sent", "delivered", "bounced"]
    bounce: RecipientBounce | None
    auto_replied_at: datetime | None


class Bounce(RecipientBounce):
    """The gravest bounce of a mail."""

    at: datetime
    recipients: list[str]


class Opens(_Answer):
    """`count` by people; `proxy` and `machine` beside it."""

    count: int
    proxy: int
    machine: int
    first_at: datetime | None
    last_at: datetime | None
    recent: list[datetime] = Field(description="the ten latest, newest first")
    more_than_ten: bool


class Link(_Answer):
    """One link of a mail, by its position from 0."""

    position: int
    url: str
    count: int
    machine: int


class Clicks(_Answer):
    """`count` by people, `machine` beside it."""

    count: int
    machine: int
    first_at: datetime | None
    last_at: datetime | None
    links: list[Link] | None = Field(default=None, description="in the single mail only")


class Email(_Answer):
    """A mail with what became of it."""

    object: Literal["email"]
    id: str
    status: Status | None
    sending: Sending
    error: Failure | None
    direction: Literal["outbound"]
    source: str
    sender: str = Field(alias="from")
    to: list[str]
    cc: list[str]
    bcc: list[str]
    reply_to: list[str]
    subject: str
    accepted_at: datetime
    sent_at: datetime | None
    record: Record | None
    user: str | None
    template: None
    dispatch: None
    tags: list[Tag]
    tracking: Tracking
    recipients: list[Recipient]
    bounce: Bounce | None
    complained_at: datetime | None
    unsubscribed_at: None
    opens: Opens
    clicks: Clicks


class Event(_Answer):
    """One fact about a mail."""

    object: Literal["event"]
    id: str
    type: Kind
    occurred_at: datetime
    data: dict[str, Any]


class _List(_Answer):
    object: Literal["list"]
    has_more: bool
    after: str | None = Field(description="leads to what is older than this page")
    before: str | None = Field(description="leads to what is newer")


class EmailList(_List):
    """A page of mails, newest first."""

    data: list[Email]


class EventList(_List):
    """A page of events, newest first."""

    data: list[Event]


class InputError(_Answer):
    """A wrong field: its JSON pointer (RFC 6901) and what to mend."""

    pointer: str
    message: str


class Problem(_Answer):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[InputError] = []


_MODELS = (NewEmail, Accepted, Email, EmailList, EventList, Problem)
_ID = {"name": "message_id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
_WINDOW = [
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}},
    {"name": "after", "in": "query", "schema": {"type": "string"}},
    {"name": "before", "in": "query", "schema": {"type": "string"}},
]
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "a repeated request with the same key and body makes one mail, for 24 hours",
}


def document(url: str) -> dict[str, Any]:
    """The document of an API that answers at `url`."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template="#/components/schemas/{model}"
    )
    post = _operation(
        "Hand a mail over", "post_email", "202", Accepted, [_IDEMPOTENCY_KEY], "400 401 403 409 413 415 422"
    )
    post["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(NewEmail)}}}
    one = _operation("One mail", "get_email", "200", Email, [_ID], "401 403 404 422")
    events = _operation("What happened to a mail", "list_events", "200", EventList, [_ID, *_WINDOW], "401 403 404 422")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mailsight",
            "version": VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": {
            "/v1/emails": {
                "post": post,
                "get": _operation("Mails, newest first", "list_emails", "200", EmailList, _WINDOW, "401 403 422"),
            },
            "/v1/emails/{message_id}": {"get": one},
            "/v1/emails/{message_id}/events": {"get": events},
        },
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(
    summary: str, name: str, status: str, model: type[BaseModel], parameters: list[dict[str, Any]], problems: str
) -> dict[str, Any]:
    answers = {status: {"description": summary, "content": {"application/json": {"schema": _ref(model)}}}}
    problem = {"content": {"application/problem+json": {"schema": _ref(Problem)}}}
    answers.update({code: {"description": "see code and detail", **problem} for code in [*problems.split(), "500"]})
    return {"summary": summary, "operationId": name, "parameters": parameters, "responses": answers}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
