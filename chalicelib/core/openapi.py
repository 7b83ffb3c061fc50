"""The API as an OpenAPI 3.1 document, made from the models that check requests and describe answers."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.core import mail_filter, openapi_directory, openapi_report_schedule, phone_call_filter
from chalicelib.core.account_change import AccountChange
from chalicelib.core.cell import HOURS
from chalicelib.core.column import COUNTED_AS
from chalicelib.core.consent_body import NewConsent
from chalicelib.core.delivery import Status as Delivered
from chalicelib.core.export_body import NewExport
from chalicelib.core.openapi_account import AccountSettings, Consent, Suppression, SuppressionList
from chalicelib.core.openapi_aggregate import AggregateList
from chalicelib.core.openapi_answer import Problem
from chalicelib.core.openapi_calls import AddedCall, Call, CallList, DeletedCall
from chalicelib.core.openapi_mail import Accepted, Email, EmailList, EventList, PreparedEmail
from chalicelib.core.openapi_people import Erasure, Export
from chalicelib.core.openapi_report import Report
from chalicelib.core.openapi_upload import Upload
from chalicelib.core.openapi_webhook import (
    AddedWebhook,
    DeletedWebhook,
    Delivery,
    DeliveryList,
    Replay,
    RotatedWebhook,
    Webhook,
    WebhookEvent,
    WebhookList,
)
from chalicelib.core.person_body import NewErasure
from chalicelib.core.phone_call_body import NewCall
from chalicelib.core.received_body import NewReceivedEmail
from chalicelib.core.report_period import INTERVALS, PRESETS
from chalicelib.core.report_query import BREAK_UPS, MOST_USERS, ORDERS, REPORTS, STATUSES
from chalicelib.core.sheet import FORMATS
from chalicelib.core.source import SOURCES
from chalicelib.core.submission import NewEmail
from chalicelib.core.suppression_body import NewSuppression
from chalicelib.core.upload_body import NewUpload
from chalicelib.core.webhook_body import NewReplay, NewWebhook, WebhookChange

VERSION = "0.1.0"

Json = dict[str, Any]


def document(url: str) -> Json:
    """The document of an API that answers at `url`."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template="#/components/schemas/{model}"
    )
    whole = _document(url, schemas["$defs"])
    named: Json = json.loads(_LONG_NAME.sub(_short_name, json.dumps(whole)))
    return named


_LONG_NAME = re.compile(r"chalicelib__core__(\w+?)__(\w+)")
"""What pydantic calls classes of one name in two modules; clients are made of these names."""


def _short_name(match: re.Match[str]) -> str:
    """`DeliveryStatus` for the `Status` of the module `delivery`; of `status` itself `EmailStatus`."""
    module = "email" if match[1] == "status" else match[1]
    return f"{module.title().replace('_', '')}{match[2]}"


def _document(url: str, schemas: Json) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mailsight",
            "version": VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": _mails()
        | _calls()
        | _account()
        | openapi_directory.paths(_operation, _WINDOW, _OF_A_BODY, _OF_ONE)
        | _people()
        | _jobs()
        | _webhooks()
        | _reports()
        | openapi_report_schedule.paths(_operation, [_IDEMPOTENCY_KEY], _OF_A_BODY, _OF_ONE),
        "webhooks": _told(),
        "components": {"schemas": schemas, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


_MODELS: tuple[type[BaseModel], ...] = (
    *(NewUpload, Upload),
    *(NewEmail, Accepted, PreparedEmail, Email, EmailList, EventList, AggregateList),
    *(AccountChange, AccountSettings, NewConsent, Consent, NewSuppression, Suppression, SuppressionList, Problem),
    *(NewExport, Export, NewErasure, Erasure),
    *(NewReceivedEmail, NewCall, AddedCall, Call, CallList, DeletedCall),
    *openapi_directory.MODELS,
    Report,
    *openapi_report_schedule.MODELS,
    *(NewWebhook, WebhookChange, Webhook, AddedWebhook, RotatedWebhook, DeletedWebhook, WebhookList),
    *(Delivery, DeliveryList, NewReplay, Replay, WebhookEvent),
)
_ID = {"name": "message_id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "a repeated request with the same key and body makes nothing new, for 24 hours",
}


def _query(name: str, description: str = "", *, is_required: bool = False, **schema: Any) -> Json:
    made: Json = {"name": name, "in": "query", "required": is_required, "schema": {"type": "string", **schema}}
    return {**made, "description": description} if description else made


_WINDOW = (
    _query("limit", type="integer", minimum=1, maximum=100, default=20),
    _query("after"),
    _query("before"),
)
_NARROWING = (
    _query("period", enum=list(PRESETS)),
    _query("from", "the first day, in the account's time zone", format="date"),
    _query("to", "the last day, too", format="date"),
    {**_query("user"), "schema": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_USERS}},
    *(_query(name) for name in mail_filter.NAMES),
)
_FILTER = (
    *(_query(name, enum=list(values)) for name, values in mail_filter.KNOWN.items()),
    *_NARROWING,
    _query("counted_as", "those behind this figure", enum=[*COUNTED_AS, *HOURS]),
)
_DAYS = (
    _query("from", "the first day, UTC", format="date"),
    _query("to", "the last day, UTC", format="date"),
)
_ADDRESS = _query("address", "whose; a + in it is written %2B", is_required=True)
_BY = _query("by", "who wants it; the key's name unless it is told")


def _mails() -> Json:
    return {
        "/v1/emails": {
            "post": _operation(
                "Hand a mail over", "post_email", Accepted, [_IDEMPOTENCY_KEY], "400 401 403 409 413 415 422", NewEmail
            ),
            "get": _operation("Mails, newest first", "list_emails", EmailList, [*_FILTER, *_WINDOW]),
        },
        "/v1/emails/prepare": {
            "post": _operation(
                "Prepare a mail that you hand to SES by yourself",
                "prepare_email",
                PreparedEmail,
                [_IDEMPOTENCY_KEY],
                "400 401 403 409 410 413 415 422",
                NewEmail,
            )
        },
        "/v1/emails/received": {
            "post": _operation(
                "Hand over a mail that came in",
                "post_received_email",
                Accepted,
                (),
                "400 401 403 409 413 415 422",
                NewReceivedEmail,
            )
        },
        "/v1/emails/{message_id}": {"get": _operation("One mail", "get_email", Email, [_ID], _OF_ONE)},
        "/v1/emails/{message_id}/cancel": {
            "post": _operation("Cancel a mail that waits", "cancel_email", Email, [_ID], "400 401 403 404 409 413 422")
        },
        "/v1/emails/{message_id}/events": {
            "get": _operation("What happened to a mail", "list_events", EventList, [_ID, *_WINDOW], _OF_ONE)
        },
        "/v1/uploads": {
            "post": _operation(
                "Announce a large file", "post_upload", Upload, [_IDEMPOTENCY_KEY], _MADE_ONCE, NewUpload
            )
        },
        "/v1/opens": {"get": _operation("Mails by their latest open", "list_opens", EmailList, _WINDOW)},
        "/v1/aggregates": {
            "get": _operation(
                "Days of mails that are only added up", "list_aggregates", AggregateList, [*_DAYS, *_WINDOW]
            )
        },
    }


def _calls() -> Json:
    one = [{**_ID, "name": "call_id"}]
    name = {**_IDEMPOTENCY_KEY, "description": "where there is no call_id: told again, it is the same call"}
    days = [_query(end, f"the {word} day, where the account is", format="date") for end, word in _ENDS]
    names = [_query("group"), _query("module", "nothing asks for calls without a record")]
    narrowed = [_query("period", enum=list(PRESETS)), *days, _CALLERS, *names, *_CALLS_LIKE, *_WINDOW]
    return {
        "/v1/calls": {
            "get": _operation("Telephone calls, newest first", "list_calls", CallList, narrowed),
            "post": _operation(
                "Tell of a telephone call", "post_call", AddedCall, [name], f"{_OF_A_BODY} 409", NewCall
            ),
        },
        "/v1/calls/{call_id}": {
            "get": _operation("One call", "get_call", Call, one, _OF_ONE),
            "delete": _operation("Take a call back", "delete_call", DeletedCall, one, f"{_OF_ONE} 409"),
        },
    }


_ENDS = (("from", "first"), ("to", "last"))
_CALLERS = _query("user") | {
    "schema": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": phone_call_filter.LONGEST_USER},
        "maxItems": MOST_USERS,
    }
}
_CALLS_LIKE = [_query(name, enum=list(values)) for name, values in phone_call_filter.KNOWN.items()]


def _account() -> Json:
    return {
        "/v1/account": {
            "get": _operation("The settings", "get_account", AccountSettings),
            "put": _operation("Change settings", "put_account", AccountSettings, (), _OF_A_BODY, AccountChange),
        }
    }


def _jobs() -> Json:
    job = [
        {"name": "job_id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
    ]
    begun, key = f"{_MADE_ONCE} 503", [_IDEMPOTENCY_KEY]
    return {
        "/v1/exports": {
            "post": _operation(
                "Export a person, a list of mails, or a report", "post_export", Export, key, begun, NewExport
            )
        },
        "/v1/exports/{job_id}": {"get": _operation("How far it is, and the files", "get_export", Export, job, _OF_ONE)},
        "/v1/erasures": {"post": _operation("Erase a person", "post_erasure", Erasure, key, begun, NewErasure)},
        "/v1/erasures/{job_id}": {"get": _operation("How far it is", "get_erasure", Erasure, job, _OF_ONE)},
    }


def _webhooks() -> Json:
    hook = {**_ID, "name": "webhook_id"}
    once: list[Json] = [hook, _IDEMPOTENCY_KEY]
    of_one_with_body, queued = f"{_OF_A_BODY} 404", f"{_OF_A_BODY} 404 409 503"
    path, status = "/v1/webhooks/{webhook_id}", _query("status", enum=[one.value for one in Delivered])
    return {
        "/v1/webhooks": {
            "get": _operation("All webhooks", "list_webhooks", WebhookList),
            "post": _operation(
                "Add a webhook", "post_webhook", AddedWebhook, [_IDEMPOTENCY_KEY], _MADE_ONCE, NewWebhook
            ),
        },
        path: {
            "get": _operation("One webhook", "get_webhook", Webhook, [hook], _OF_ONE),
            "put": _operation("Change one", "put_webhook", Webhook, [hook], of_one_with_body, WebhookChange),
            "delete": _operation("Remove one", "delete_webhook", DeletedWebhook, [hook], _OF_ONE),
        },
        f"{path}/rotate": {
            "post": _operation("Make a new secret", "rotate_webhook", RotatedWebhook, once, f"400 {_OF_ONE} 409")
        },
        f"{path}/test": {
            "post": _operation("Send a test", "post_webhook_test", Delivery, once, f"400 {_OF_ONE} 409 410 503")
        },
        f"{path}/deliveries": {
            "get": _operation(
                "What was sent, and how", "list_deliveries", DeliveryList, [hook, status, *_WINDOW], _OF_ONE
            )
        },
        f"{path}/replay": {
            "post": _operation("Tell a range of time again", "post_replay", Replay, once, queued, NewReplay)
        },
    }


def _reports() -> Json:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": list(REPORTS)}}
    asked = [
        *_NARROWING,
        _query("source", enum=list(SOURCES)),
        _query("compare", "with as many days right before", enum=["previous"]),
        _query("by", enum=sorted({by for each in BREAK_UPS.values() for by in each})),
        _query("interval", enum=list(INTERVALS)),
        _query("minimum", "tracked mails, to be ranked by a rate", type="integer", minimum=1, maximum=1_000_000),
        _query("order", "of top-users", enum=list(ORDERS)),
        _query("status", "of the mails of sent-email-status", enum=list(STATUSES)),
        _query(
            "limit", "rows, not by date; of sent-email-status mails, to 100", type="integer", minimum=1, maximum=1000
        ),
        *_WINDOW[1:],
        _query("format", "a file is answered by a link to it", enum=["json", *FORMATS]),
    ]
    operation = _operation("A report", "get_report", Report, [name, *asked], _OF_ONE)
    operation["responses"]["303"] = {"description": "the file is there", "content": {"application/json": {}}}
    return {"/v1/reports/{name}": {"get": operation}}


def _told() -> Json:
    body = {"required": True, "content": {"application/json": {"schema": _ref(WebhookEvent)}}}
    answers = {"2XX": {"description": "taken"}, "410": {"description": "nothing more is sent"}}
    return {"event": {"post": {"summary": "What webhooks are told", "requestBody": body, "responses": answers}}}


def _people() -> Json:
    how = _query("how", "how it was said")
    return {
        "/v1/consents": {
            "get": _operation("What a person said", "get_consent", Consent, [_ADDRESS]),
            "put": _operation("Note a consent", "put_consent", Consent, (), _OF_A_BODY, NewConsent),
            "delete": _operation("Note a withdrawal", "delete_consent", Consent, [_ADDRESS, how, _BY]),
        },
        "/v1/suppressions": {
            "get": _operation(
                "Who gets no mail, latest news first",
                "list_suppressions",
                SuppressionList,
                [_query("address", "only this one"), *_WINDOW],
            ),
            "post": _operation(
                "Keep mails from an address", "post_suppression", Suppression, (), _OF_A_BODY, NewSuppression
            ),
            "delete": _operation("Lift a suppression", "delete_suppression", Suppression, [_ADDRESS, _BY], _OF_ONE),
        },
    }


_STATUSES: Mapping[type[BaseModel], str] = {
    **{Accepted: "202", Upload: "201", AddedCall: "201", openapi_report_schedule.AddedReportSchedule: "201"},
    **{AddedWebhook: "201", Delivery: "202", Replay: "202"},
}
_OF_A_BODY = "400 401 403 413 415 422"
_MADE_ONCE = f"{_OF_A_BODY} 409 410"
_OF_ONE = "401 403 404 422"


def _operation(
    summary: str,
    name: str,
    answer: type[BaseModel],
    parameters: Sequence[Mapping[str, Any]] = (),
    problems: str = "401 403 422",
    body: type[BaseModel] | None = None,
) -> Json:
    """An operation; what hands over a mail answers 202, for it is sent later."""
    status = "202" if body in (NewExport, NewErasure) else _STATUSES.get(answer, "200")
    answers: Json = {status: {"description": summary, "content": {"application/json": {"schema": _ref(answer)}}}}
    problem = {"content": {"application/problem+json": {"schema": _ref(Problem)}}}
    answers.update(
        {code: {"description": "see code and detail", **problem} for code in [*problems.split(), "429", "500"]}
    )
    made: Json = {"summary": summary, "operationId": name, "parameters": list(parameters), "responses": answers}
    if body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    return made


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
