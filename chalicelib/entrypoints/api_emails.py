"""The API of mails: hand one over, list them, see one, see what happened to it."""

import secrets
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import mail_view, submission
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import is_message_id
from chalicelib.core.message import Message
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.flow import accept
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.queue import SendQueue
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    stores: accept.Stores
    contents: Blobs
    events: Events
    keys: Keys
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require("messages_table", "account_table", "events_table", "blob_bucket", "send_queue_url")
    contents = Blobs(boto3.client("s3"), own.blob_bucket)
    stores = accept.Stores(
        messages=Messages(own.messages_table, own.region),
        accounts=Account(own.account_table, own.region),
        contents=contents,
        queue=SendQueue(boto3.client("sqs"), own.send_queue_url),
    )
    return Parts(stores, contents, Events(own.events_table, own.region), own.keys, own.stage)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().stores.accounts


@bp.route("/v1/emails", methods=["POST"])
@calls.view(_request, _accounts, "send")
def post_email(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Takes a mail: 202 and its id; it is sent within seconds, and its state tells how that went."""
    calls.no_query(call.request)
    parts = _parts()
    body = calls.json_object(call.request)
    try:
        accepted = accept.accept(
            submission.parse(body),
            body,
            account=call.account,
            idempotency_key=calls.idempotency_key(call.request),
            stores=parts.stores,
            new_id=lambda: secrets.token_hex(16),
            now=call.now,
        )
    except BadInput as error:
        raise bad_input(error.errors) from None
    except accept.KeyReused as error:
        raise Problem(HTTPStatus.CONFLICT, "idempotency_key_reused", str(error)) from None
    except accept.UnderWay as error:
        raise Problem(HTTPStatus.CONFLICT, "request_under_way", str(error), headers={"Retry-After": "1"}) from None
    with counting(parts.stage) as counts:
        counts.add("MailAccepted", int(accepted.is_new))
    return HTTPStatus.ACCEPTED, {"object": "email", "id": accepted.message_id}


@bp.route("/v1/emails", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_emails(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """The account's mails, newest first."""
    parts = _parts()
    asked = calls.window(call, parts.keys, "emails")
    page = parts.stores.messages.page(call.account, asked.limit, asked.after, asked.before)
    places = [message.key for message in page.messages]
    shown = [mail_view.show(message) for message in page.messages]
    return HTTPStatus.OK, calls.listing(call, parts.keys, "emails", shown, places, page.has_more)


@bp.route("/v1/emails/{message_id}", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_email(call: Call, message_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One mail, with the counts of each of its links."""
    calls.no_query(call.request)
    message = _find(call, message_id)
    return HTTPStatus.OK, mail_view.show(message, _links(message))


@bp.route("/v1/emails/{message_id}/events", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_events(call: Call, message_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """What happened to one mail, newest first."""
    parts = _parts()
    name = f"events/{message_id}"
    asked = calls.window(call, parts.keys, name)
    _find(call, message_id)
    page = parts.events.page(message_id, asked.limit, asked.after, asked.before, now=call.now)
    shown = [mail_view.show_event(event) for event in page.events]
    places = [event.key for event in page.events]
    return HTTPStatus.OK, calls.listing(call, parts.keys, name, shown, places, page.has_more)


def _find(call: Call, message_id: str) -> Message:
    message = _parts().stores.messages.get(call.account, message_id) if is_message_id(message_id) else None
    if message is None:
        raise not_found("email")
    return message


def _links(message: Message) -> tuple[str, ...]:
    if not message.tracking.clicks:
        return ()
    return _parts().contents.links(message.account, message.message_id)
