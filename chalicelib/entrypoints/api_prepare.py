"""The API for who sends through SES by themselves: a mail with our links, pixel, headers and tags, not sent by us."""

import secrets
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import prepared_view, submission
from chalicelib.entrypoints import accepting, calls, making
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.problems import Problem
from chalicelib.flow import accept, instrument, prepare
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.account import Account

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    stores: accept.Stores
    contents: Blobs
    making: instrument.Parts
    configuration_set: str
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require(*accepting.SETTINGS, *making.SETTINGS, "configuration_set")
    contents = Blobs(boto3.client("s3"), own.blob_bucket)
    made_by = making.making_of(own, contents, Logger(service="api"))
    return Parts(accepting.accepting_of(own), contents, made_by, own.configuration_set, own.stage)


def _new_id() -> str:
    return secrets.token_hex(16)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().stores.accounts


@bp.route("/v1/emails/prepare", methods=["POST"])
@calls.view(_request, _accounts, "send")
def prepare_email(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Takes a mail and gives it back as it is to go out; it becomes sent when SES tells of it."""
    calls.no_query(call.request)
    parts = _parts()
    body = calls.json_object(call.request)
    try:
        with accepting.refusals():
            prepared = prepare.prepare(
                submission.parse(body),
                body,
                account=call.account,
                idempotency_key=calls.idempotency_key(call.request),
                stores=parts.stores,
                contents=parts.contents,
                making=parts.making,
                new_id=_new_id,
                now=call.now,
            )
    except prepare.Gone as error:
        raise Problem(HTTPStatus.GONE, "gone", str(error)) from None
    with counting(parts.stage) as counts:
        counts.add("MailPrepared", int(prepared.is_new))
    return HTTPStatus.OK, prepared_view.show(prepared.message, prepared.going_out, parts.configuration_set)
