"""The document describes what the API really takes and answers."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from openapi_spec_validator import validate

from app import app
from chalicelib.core import account_policy, consent, mail_view, openapi, suppression
from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Kind
from chalicelib.core.mail_context import verdicts_of
from chalicelib.core.message import Clickable, Envelope, Failure, LinkedFile, Message, Tracking
from chalicelib.core.openapi_account import AccountSettings, Consent, Suppression
from chalicelib.core.openapi_mail import Email, Event
from chalicelib.core.summary import summarise
from chalicelib.core.suppression import Cause, Reason
from chalicelib.core.token import Mode
from chalicelib.core.tracking import REASONS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef" * 2
HAPPENED = [
    events.make(MESSAGE_ID, "d", Kind.DELIVERED, NOON, recipient="anna@example.com"),
    events.make(MESSAGE_ID, "b", Kind.BOUNCED, NOON, recipient="raj@example.com", type="hard", reason="gone"),
    events.make(MESSAGE_ID, "c", Kind.CLICKED, NOON, method="GET", position=0),
]
MESSAGE = Message(
    MESSAGE_ID,
    "acme",
    NOON,
    Envelope("me@example.com", ("anna@example.com",), subject="Hi"),
    Tracking(True, True, None, NOON),
    record=("leads", "4711"),
    tags=(("plan", "gold"),),
    failure=Failure("x", "y"),
)


def test_the_document_is_valid():
    validate(openapi.document("https://app.example.com"))


def test_no_field_of_a_request_is_null_in_it():
    schemas = openapi.document("/")["components"]["schemas"]
    for name in ("NewEmail", "AttachmentIn", "TrackingIn", "AccountChange", "NewConsent", "NewSuppression"):
        assert "null" not in json.dumps(schemas[name])
    assert "null" in json.dumps(schemas["Email"]), "answers have it"


def test_every_route_under_v1_is_in_it_and_nothing_else():
    routes = {(path, method.lower()) for path, methods in app.routes.items() for method in methods if "/v1/" in path}
    document = openapi.document("/")
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == routes


def test_mails_and_events_are_what_the_document_says():
    folded = Message(**{**MESSAGE.__dict__, "state": summarise(HAPPENED)})
    for message in (MESSAGE, folded):
        Email.model_validate(mail_view.show(message))
        Email.model_validate(mail_view.show(message, Clickable(("https://example.com/",), (LinkedFile("a.pdf", 7),))))
    verdicts = verdicts_of(folded, HAPPENED, AccountPolicy())
    for event in HAPPENED:
        Event.model_validate(mail_view.show_event(event, verdicts.get(event.key)))


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_for_not_being_tracked_stands_in_it(reason):
    untracked = replace(MESSAGE, tracking=Tracking(False, False, reason, mode=Mode.OFF))
    assert Email.model_validate(mail_view.show(untracked)).tracking.reason == reason


def test_settings_consents_and_suppressions_are_what_the_document_says():
    AccountSettings.model_validate({"object": "account", "id": "acme", **account_policy.show(AccountPolicy())})
    said = [consent.given(NOON, "form 3", "ina", NOON), consent.withdrawn(NOON, "", "anna")]
    for entries in ([], said):
        Consent.model_validate(consent.show("anna@example.com", entries, NOON))
    known = suppression.Suppression("anna@example.com")
    for one in (known, suppression.add(known, Cause(Reason.MANUAL, NOON)), suppression.lift(known, NOON, "ina")):
        Suppression.model_validate(suppression.show(one, NOON))
