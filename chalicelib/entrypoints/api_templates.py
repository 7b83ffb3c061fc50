"""The API of templates: what many mails say, with fields that are filled when a mail is made of them."""

import secrets
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import template as templates
from chalicelib.core import template_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.named import name_given, name_in
from chalicelib.entrypoints.problems import bad_input, not_found
from chalicelib.flow import template as keeping
from chalicelib.gateways.template_contents import TemplateContents
from chalicelib.storage.account import Account
from chalicelib.storage.templates import Templates

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    templates: Templates
    stores: keeping.Stores
    keys: Keys


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "blob_bucket")
    table = own.account_table, own.region
    register = Templates(*table)
    stores = keeping.Stores(register, TemplateContents(boto3.client("s3"), own.blob_bucket))
    return Parts(Account(*table), register, stores, own.keys)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/templates", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_templates(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """The account's templates by their ids, without html and text."""
    parts = _parts()
    asked = calls.window(call, parts.keys, "templates")
    page = parts.templates.page(call.account, asked.limit, asked.after, asked.before)
    shown = [templates.show(one) for one in page.templates]
    return HTTPStatus.OK, calls.listing(call, parts.keys, "templates", shown, page)


@bp.route("/v1/templates/{template_id}", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_template(call: Call, template_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One template, with html and text."""
    calls.no_query(call.request)
    found = keeping.whole(call.account, name_in(template_id, "template"), _parts().stores)
    if found is None:
        raise not_found("template")
    return HTTPStatus.OK, templates.show_whole(found)


@bp.route("/v1/templates/{template_id}", methods=["PUT"])
@calls.view(_request, _accounts, "admin")
def put_template(call: Call, template_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Makes a template, or puts another one into its place, for mails from now on; doing it again changes nothing."""
    calls.no_query(call.request)
    name = name_given(template_id)
    try:
        written = template_body.parse(calls.json_object(call.request))
    except BadInput as error:
        raise bad_input(error.errors) from None
    stored = keeping.put(
        call.account, name, written, _parts().stores, new_id=lambda: secrets.token_hex(16), now=call.now
    )
    return HTTPStatus.OK, templates.show_whole(stored)


@bp.route("/v1/templates/{template_id}", methods=["DELETE"])
@calls.view(_request, _accounts, "admin")
def delete_template(call: Call, template_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Forgets a template; mails made of it, those that wait too, and what reports count of it stay."""
    calls.no_query(call.request)
    calls.no_body(call.request)
    name = name_in(template_id, "template")
    if not keeping.remove(call.account, name, _parts().stores):
        raise not_found("template")
    return HTTPStatus.OK, {"object": "template", "id": name, "deleted": True}
