"""The API of mails that came in: hand over what the CRM received."""

from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import received_body
from chalicelib.core.bad_input import BadInput
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.problems import Problem, bad_input
from chalicelib.flow import receive
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from chalicelib.storage.received_mails import ReceivedMails

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    receiving: receive.Parts
    accounts: Account
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require("messages_table", "events_table", "account_table", "blob_bucket")
    mails = ReceivedMails(Messages(own.messages_table, own.region), Events(own.events_table, own.region))
    contents = Blobs(boto3.client("s3"), own.blob_bucket)
    policy_of = Policies(own.account_table, own.region).get
    accounts = Account(own.account_table, own.region)
    return Parts(receive.Parts(mails, contents, policy_of), accounts, own.stage)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/emails/received", methods=["POST"])
@calls.view(_request, _accounts, "send")
def post_received_email(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Takes a mail that came in: 202 and its id; the same mail again is the same one, by its Message-ID."""
    calls.no_query(call.request)
    parts = _parts()
    try:
        new = received_body.parse(calls.json_object(call.request))
        mail = new.mail(call.now)
        taken = receive.receive(mail, new.content(), call.account, parts.receiving, now=call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None
    except receive.UnderWay as error:
        raise Problem(HTTPStatus.CONFLICT, "request_under_way", str(error), headers={"Retry-After": "1"}) from None
    with counting(parts.stage) as counts:
        counts.add("MailReceived", int(taken.is_new))
    return HTTPStatus.ACCEPTED, {"object": "email", "id": taken.message_id}
