"""The document describes what the API really takes and answers."""

from datetime import UTC, datetime

from openapi_spec_validator import validate

from app import app
from chalicelib.core import event as events
from chalicelib.core import mail_view, openapi
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Failure, Message, Tracking
from chalicelib.core.summary import summarise

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


def test_every_route_under_v1_is_in_it_and_nothing_else():
    routes = {(path, method.lower()) for path, methods in app.routes.items() for method in methods if "/v1/" in path}
    document = openapi.document("/")
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == routes


def test_mails_and_events_are_what_the_document_says():
    folded = Message(**{**MESSAGE.__dict__, "state": summarise(HAPPENED)})
    for message in (MESSAGE, folded):
        openapi.Email.model_validate(mail_view.show(message))
        openapi.Email.model_validate(mail_view.show(message, ("https://example.com/",)))
    for event in HAPPENED:
        openapi.Event.model_validate(mail_view.show_event(event))
