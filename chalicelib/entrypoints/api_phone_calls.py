"""The API of telephone calls: tell of one, list them, see one, take one back."""

import secrets
from datetime import tzinfo
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import phone_call, phone_call_body, phone_call_filter
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import is_message_id
from chalicelib.core.mail_filter import REPEATABLE, Here
from chalicelib.core.phone_call import Only
from chalicelib.core.phone_call_body import Named
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.flow import phone_calls as flow
from chalicelib.storage.account import Account
from chalicelib.storage.cells import CellTable
from chalicelib.storage.phone_calls import PhoneCalls
from chalicelib.storage.policies import Policies
from chalicelib.storage.users import Users

bp = Blueprint(__name__)

NAME = "calls"


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    phone_calls: PhoneCalls
    accounts: Account
    policies: Policies
    users: Users
    keys: Keys

    def zone_of(self, account: str) -> tzinfo:
        """Whose days an account's days are."""
        return self.policies.get(account).zone


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "reports_table")
    cells = CellTable(own.reports_table, own.region)
    return Parts(
        PhoneCalls(own.reports_table, own.region, cells),
        Account(own.account_table, own.region),
        Policies(own.account_table, own.region),
        Users(own.account_table, own.region),
        own.keys,
    )


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/calls", methods=["POST"])
@calls.view(_request, _accounts, "send")
def post_call(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Takes a call and counts it; told again, it is the same one."""
    calls.no_query(call.request)
    parts = _parts()
    named = Named(calls.idempotency_key(call.request), lambda: secrets.token_hex(16))
    body = calls.json_object(call.request)
    try:
        added = phone_call_body.added(body, call.account, parts.zone_of(call.account), named, call.now)
        told = flow.tell(added, parts.phone_calls, parts.zone_of)
    except BadInput as error:
        raise bad_input(error.errors) from None
    except flow.Reused as error:
        code = "idempotency_key_reused" if "call_id" not in body else "call_id_reused"
        raise Problem(HTTPStatus.CONFLICT, code, str(error)) from None
    except flow.UnderWay as error:
        raise _under_way(error) from None
    return HTTPStatus.CREATED, phone_call.show(told.call)


@bp.route("/v1/calls", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_calls(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """The account's calls, newest first: all, or those that a filter wants, such as the calls behind a figure."""
    parts = _parts()
    asked = calls.window(call, parts.keys, NAME, phone_call_filter.ONCE, REPEATABLE)
    page = parts.phone_calls.page(call.account, asked.limit, asked.after, asked.before, _only(call))
    return HTTPStatus.OK, calls.listing(call, parts.keys, NAME, [phone_call.show(one) for one in page.calls], page)


def _only(call: Call) -> Only:
    """Which calls the query asks for."""
    parts, known = _parts(), calls.WINDOW | phone_call_filter.ONCE
    here = Here(
        call.now,
        zone=lambda: parts.zone_of(call.account),
        users_of=lambda group: parts.users.of_group(call.account, group),
    )
    try:
        return phone_call_filter.parse(calls.repeatable(call.request, known, REPEATABLE), here)
    except BadInput as error:
        raise bad_input(error.errors) from None


@bp.route("/v1/calls/{call_id}", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_call(call: Call, call_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One call."""
    calls.no_query(call.request)
    found = _parts().phone_calls.get(call.account, call_id) if is_message_id(call_id) else None
    if found is None:
        raise not_found("call")
    return HTTPStatus.OK, phone_call.show(found)


@bp.route("/v1/calls/{call_id}", methods=["DELETE"])
@calls.view(_request, _accounts, "send")
def delete_call(call: Call, call_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Takes a call back; figures are as if it had never been told."""
    calls.no_query(call.request)
    calls.no_body(call.request)
    try:
        is_gone = is_message_id(call_id) and flow.take_back(call.account, call_id, _parts().phone_calls)
    except flow.UnderWay as error:
        raise _under_way(error) from None
    if not is_gone:
        raise not_found("call")
    return HTTPStatus.OK, {"object": "call", "id": call_id, "deleted": True}


def _under_way(error: Exception) -> Problem:
    return Problem(HTTPStatus.CONFLICT, "request_under_way", str(error), headers={"Retry-After": "1"})
