"""The API as an OpenAPI 3.1 document, made from the models that check requests and describe answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.core import mail_filter
from chalicelib.core.account_change import AccountChange
from chalicelib.core.consent_body import NewConsent
from chalicelib.core.openapi_account import AccountSettings, Consent, Suppression, SuppressionList
from chalicelib.core.openapi_answer import Problem
from chalicelib.core.openapi_mail import Accepted, Email, EmailList, EventList
from chalicelib.core.submission import NewEmail
from chalicelib.core.suppression_body import NewSuppression

VERSION = "0.1.0"

Json = dict[str, Any]


def document(url: str) -> Json:
    """The document of an API that answers at `url`."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mailsight",
            "version": VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": _mails() | _account() | _people(),
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


_MODELS = (
    *(NewEmail, Accepted, Email, EmailList, EventList),
    *(AccountChange, AccountSettings, NewConsent, Consent, NewSuppression, Suppression, SuppressionList, Problem),
)
_ID = {"name": "message_id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "a repeated request with the same key and body makes one mail, for 24 hours",
}


def _query(name: str, description: str = "", *, is_required: bool = False, **schema: Any) -> Json:
    made: Json = {"name": name, "in": "query", "required": is_required, "schema": {"type": "string", **schema}}
    return {**made, "description": description} if description else made


_WINDOW = (
    _query("limit", type="integer", minimum=1, maximum=100, default=20),
    _query("after"),
    _query("before"),
)
_FILTER = tuple(_query(name, enum=list(values)) for name, values in mail_filter.KNOWN.items())
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
        "/v1/emails/{message_id}": {"get": _operation("One mail", "get_email", Email, [_ID], _OF_ONE)},
        "/v1/emails/{message_id}/events": {
            "get": _operation("What happened to a mail", "list_events", EventList, [_ID, *_WINDOW], _OF_ONE)
        },
        "/v1/opens": {"get": _operation("Mails by their latest open", "list_opens", EmailList, _WINDOW)},
    }


def _account() -> Json:
    return {
        "/v1/account": {
            "get": _operation("The settings", "get_account", AccountSettings),
            "put": _operation("Change settings", "put_account", AccountSettings, (), _OF_A_BODY, AccountChange),
        }
    }


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


_OF_A_BODY = "400 401 403 413 415 422"
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
    status = "202" if answer is Accepted else "200"
    answers: Json = {status: {"description": summary, "content": {"application/json": {"schema": _ref(answer)}}}}
    problem = {"content": {"application/problem+json": {"schema": _ref(Problem)}}}
    answers.update({code: {"description": "see code and detail", **problem} for code in [*problems.split(), "500"]})
    made: Json = {"summary": summary, "operationId": name, "parameters": list(parameters), "responses": answers}
    if body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    return made


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
