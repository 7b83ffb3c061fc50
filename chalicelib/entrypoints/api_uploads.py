"""The API of uploads: announce a file that is too large for a request, and learn where to bring it."""

import secrets
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import upload, upload_body
from chalicelib.core.bad_input import BadInput
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.once import gone, once
from chalicelib.entrypoints.problems import bad_input
from chalicelib.gateways import uploads as bucket
from chalicelib.storage.account import Account
from chalicelib.storage.uploads import Uploads

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    uploads: Uploads
    bucket: bucket.Uploads


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "blob_bucket")
    table = own.account_table, own.region
    place = bucket.Uploads(boto3.client("s3", config=bucket.SIGNING), own.blob_bucket)
    return Parts(Account(*table), Uploads(*table), place)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/uploads", methods=["POST"])
@calls.view(_request, _accounts, "send")
def post_upload(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Announces a file: 201 and the URL to which the caller PUTs it; then mails can name it. Told again with its
    Idempotency-Key it is the same one, with another URL."""
    calls.no_query(call.request)
    body, parts = calls.json_object(call.request), _parts()
    try:
        new = upload_body.parse(body, secrets.token_hex(16), call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None
    with once(call, parts.accounts, "uploads", body, new.upload_id) as one:
        if not one.is_made:
            parts.uploads.add(call.account, new._replace(upload_id=one.made_id))
        announced = parts.uploads.get(call.account, one.made_id, call.now)
        if announced is None:
            raise gone()
    return HTTPStatus.CREATED, upload.show(announced, parts.bucket.way_of(call.account, announced, call.now))
