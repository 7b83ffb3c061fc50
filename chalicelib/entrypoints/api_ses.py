"""`SendEmail` as SES's API has it, version 2, so that a program of boto3 sends tracked mail with another endpoint only.

Who calls proves it by AWS's signature, made with a credential of our own (core/ses_credential.py). Errors are named
and formed as SES's are, so that the SDKs raise what they raise there.
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import NamedTuple

from chalice.app import Blueprint, Request, Response

from chalicelib import settings
from chalicelib.core import ses_credential, ses_request, sigv4_check, submission
from chalicelib.core.apikey import ApiKey
from chalicelib.core.bad_input import BadInput
from chalicelib.core.idempotency import KeyReused
from chalicelib.core.problem import MailsightError
from chalicelib.core.sigv4_check import Received, Refused
from chalicelib.core.suppression import Suppressed
from chalicelib.core.token import Keys
from chalicelib.entrypoints import accepting, calls
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.limiting import within_rate
from chalicelib.entrypoints.problems import Problem
from chalicelib.flow import accept

bp = Blueprint(__name__)

SERVICE = "ses"
ROUTE = "ses"
LONGEST_INVOCATION_ID = 100


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    stores: accept.Stores
    keys: Keys
    stage: str


class SesError(MailsightError):
    """An answer that says why a mail was not taken, under the name that SES has for it."""

    def __init__(
        self,
        kind: str,
        message: str,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.headers = headers or {}


@cache
def _parts() -> Parts:
    own = settings.read().require(*accepting.SETTINGS)
    return Parts(accepting.accepting_of(own), own.keys, own.stage)


@bp.route("/v2/email/outbound-emails", methods=["POST"])
def send_email() -> Response:
    """Takes a mail; the answer's MessageId is ours, under which the other API knows it."""
    now = datetime.now(UTC)
    rate: dict[str, str] = {}
    try:
        request = bp.current_request
        key = _authenticated(request, now)
        rate = _count_call(key, now)
        if "send" not in key.scopes:
            raise SesError("AccessDeniedException", "this credential lacks the scope send", HTTPStatus.FORBIDDEN)
        return _answer(HTTPStatus.OK, {"MessageId": _taken(request, key, now)}, rate)
    except SesError as error:
        body = {"__type": error.kind, "message": str(error)}
        return _answer(error.status, body, {"x-amzn-ErrorType": error.kind, **rate, **error.headers})


def _answer(status: HTTPStatus, body: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Response:
    whole: dict[str, str | list[str]] = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(json.dumps(body), {**whole, **(headers or {})}, status.value)


def _authenticated(request: Request, now: datetime) -> ApiKey:
    """The credential that signed the request. Nobody learns which ids there are: an unknown one, a revoked one and one
    that is over get the same answer."""
    parts = _parts()
    received = _received(request)
    try:
        claim = sigv4_check.claim_of(received, SERVICE, now)
        key = _key(claim.access_key_id, parts, now)
        secret = ses_credential.secret_of(claim.access_key_id, parts.keys) if key else None
        if key is None or secret is None:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        sigv4_check.check(received, claim, secret)
    except Refused as error:
        raise SesError(error.kind, str(error), HTTPStatus.FORBIDDEN) from None
    return key


def _count_call(key: ApiKey, now: datetime) -> dict[str, str]:
    """The headers that tell how many more calls this credential may make."""
    try:
        return within_rate(key, now)
    except Problem as error:
        raise SesError("TooManyRequestsException", error.detail, error.status, error.headers) from None


def _key(access_key_id: str, parts: Parts, now: datetime) -> ApiKey | None:
    if not ses_credential.is_access_key_id(access_key_id):
        return None
    key = parts.stores.accounts.key(access_key_id)
    return key if key and key.kind == ses_credential.KIND and key.is_valid(now) else None


def _received(request: Request) -> Received:
    """The request as it was signed: with the path that stands in front of the stage's, as the gateway tells it."""
    query = request.query_params
    pairs = [(name, value) for name in query for value in query.getlist(name)] if query else []
    headers = {name.lower(): value for name, value in request.headers.items()}
    path = str(request.context.get("path") or request.path)
    return Received(request.method, path, pairs, headers, _octets(request))


def _octets(request: Request) -> bytes:
    raw = request.raw_body
    return raw if isinstance(raw, bytes) else str(raw).encode()


def _taken(request: Request, key: ApiKey, now: datetime) -> str:
    """The id of the mail. One that the SDK hands over again by itself, for want of an answer, is the same mail."""
    parts = _parts()
    if request.query_params:
        raise SesError("BadRequestException", "there are no parameters to give in the query")
    try:
        body = ses_request.submission_of(calls.json_object(request))
        accepted = accept.accept(
            submission.parse(body),
            body,
            account=key.account,
            idempotency_key=_invocation_id(request),
            stores=parts.stores,
            new_id=lambda: secrets.token_hex(16),
            now=now,
            route=ROUTE,
        )
    except Suppressed as error:
        raise SesError("MessageRejected", str(error)) from None
    except BadInput as error:
        raise SesError("BadRequestException", str(error)) from None
    except Problem as error:  # no JSON, too large
        raise SesError("BadRequestException", error.detail) from None
    except KeyReused as error:
        raise SesError("BadRequestException", str(error)) from None
    except accept.UnderWay as error:  # the SDK tries again by itself
        raise SesError("TooManyRequestsException", str(error), HTTPStatus.TOO_MANY_REQUESTS) from None
    with counting(parts.stage) as counts:
        counts.add("MailAccepted", int(accepted.is_new))
    return accepted.message_id


def _invocation_id(request: Request) -> str | None:
    """The same in every try of one call; each SDK of AWS makes one."""
    given = request.headers.get("amz-sdk-invocation-id")
    return str(given) if given and len(given) <= LONGEST_INVOCATION_ID and given.isprintable() else None
