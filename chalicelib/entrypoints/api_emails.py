"""The API of mails: hand one over, list them, see one, see what happened to it."""

import secrets
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import mail_filter, mail_view, submission
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import is_message_id
from chalicelib.core.mail_context import verdicts_of
from chalicelib.core.mail_filter import Here, Only
from chalicelib.core.message import Clickable, Message
from chalicelib.core.refold import Row
from chalicelib.core.token import Keys
from chalicelib.entrypoints import accepting, calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.flow import accept
from chalicelib.flow.cancel import NotCancellable, cancel
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events, Page
from chalicelib.storage.policies import Policies
from chalicelib.storage.users import Users

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    stores: accept.Stores
    contents: Blobs
    events: Events
    policies: Policies
    users: Users
    keys: Keys
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require(*accepting.SETTINGS, "events_table")
    contents = Blobs(boto3.client("s3"), own.blob_bucket)
    stores = accepting.accepting_of(own)
    events, policies = Events(own.events_table, own.region), Policies(own.account_table, own.region)
    users = Users(own.account_table, own.region)
    return Parts(stores, contents, events, policies, users, own.keys, own.stage)


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
    with accepting.refusals():
        accepted = accept.accept(
            submission.parse(body),
            body,
            account=call.account,
            idempotency_key=calls.idempotency_key(call.request),
            stores=parts.stores,
            new_id=lambda: secrets.token_hex(16),
            now=call.now,
        )
    with counting(parts.stage) as counts:
        counts.add("MailAccepted", int(accepted.is_new))
    return HTTPStatus.ACCEPTED, {"object": "email", "id": accepted.message_id}


@bp.route("/v1/emails", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_emails(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """The account's mails, newest first: all, or those that a filter wants, such as the mails behind a figure."""
    parts = _parts()
    asked = calls.window(call, parts.keys, "emails", mail_filter.ONCE, mail_filter.REPEATABLE)
    only = _only(call)
    page = parts.stores.messages.page(call.account, asked.limit, asked.after, asked.before, only)
    shown = [mail_view.show(message) for message in page.messages]
    return HTTPStatus.OK, calls.listing(call, parts.keys, "emails", shown, page)


def _only(call: Call) -> Only:
    """Which mails the query asks for."""
    parts, account = _parts(), call.account
    known = calls.WINDOW | mail_filter.ONCE
    here = Here(
        call.now,
        zone=lambda: parts.policies.get(account).zone,
        users_of=lambda group: parts.users.of_group(account, group),
    )
    try:
        return mail_filter.parse(calls.repeatable(call.request, known, mail_filter.REPEATABLE), here)
    except BadInput as error:
        raise bad_input(error.errors) from None


@bp.route("/v1/opens", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_opens(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """The account's mails that people opened, by the latest open."""
    parts = _parts()
    asked = calls.window(call, parts.keys, "opens")
    page = parts.stores.messages.opened_page(call.account, asked.limit, asked.after, asked.before)
    shown = [mail_view.show(message) for message in page.messages]
    return HTTPStatus.OK, calls.listing(call, parts.keys, "opens", shown, page)


@bp.route("/v1/emails/{message_id}", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_email(call: Call, message_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One mail, with the counts of each of its links, and of the files that went out as links."""
    calls.no_query(call.request)
    message = _find(call, message_id)
    if message.erased_at:  # what it said is about to be deleted, if it is there at all
        return HTTPStatus.OK, mail_view.show(message, Clickable())
    found = _parts().contents.clickable(message.account, message.message_id)
    return HTTPStatus.OK, mail_view.show(message, found if message.tracking.clicks else found._replace(links=()))


@bp.route("/v1/emails/{message_id}/cancel", methods=["POST"])
@calls.view(_request, _accounts, "send")
def cancel_email(call: Call, message_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Keeps a mail that waits from being sent; doing it again changes nothing."""
    calls.no_query(call.request)
    calls.no_fields(call.request)
    if not is_message_id(message_id):
        raise not_found("email")
    try:
        message = cancel(call.account, message_id, _parts().stores.messages)
    except NotCancellable as error:
        raise Problem(HTTPStatus.CONFLICT, "not_cancellable", str(error)) from None
    if message is None:
        raise not_found("email")
    return HTTPStatus.OK, mail_view.show(message)


@bp.route("/v1/emails/{message_id}/events", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_events(call: Call, message_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """What happened to one mail, newest first; of each hit, who made it and why that is thought."""
    parts = _parts()
    name = f"events/{message_id}"
    asked = calls.window(call, parts.keys, name)
    message = _find(call, message_id)
    if message.erased_at:  # a hit that came in just now is about to be dropped
        return HTTPStatus.OK, calls.listing(call, parts.keys, name, [], Page([], has_more=False))
    page = parts.events.page(message_id, asked.limit, asked.after, asked.before, now=call.now)
    around = [row.event for place in (page.after, page.before) if place for row in _near(message_id, place, call)]
    verdicts = verdicts_of(message, [*page.events, *around], parts.policies.get(call.account))
    shown = [mail_view.show_event(event, verdicts.get(event.key)) for event in page.events]
    return HTTPStatus.OK, calls.listing(call, parts.keys, name, shown, page)


def _near(message_id: str, place: str, call: Call) -> list[Row]:
    return _parts().events.near(message_id, place, now=call.now)


def _find(call: Call, message_id: str) -> Message:
    message = _parts().stores.messages.get(call.account, message_id) if is_message_id(message_id) else None
    if message is None:
        raise not_found("email")
    return message
