"""The API of users: who of the account's own people there are, with which names, groups and addresses for reports."""

from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import user as users
from chalicelib.core import user_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.named import name_given, name_in
from chalicelib.entrypoints.problems import bad_input, not_found
from chalicelib.storage.account import Account
from chalicelib.storage.users import Users

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    users: Users
    keys: Keys


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table")
    table = own.account_table, own.region
    return Parts(Account(*table), Users(*table), own.keys)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/users", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_users(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """The account's users by their ids; all, or those of one group."""
    parts = _parts()
    asked = calls.window(call, parts.keys, "users", frozenset({"group"}))
    try:
        group = user_body.group_of(call.request.query_params or {})
    except BadInput as error:
        raise bad_input(error.errors) from None
    page = parts.users.page(call.account, asked.limit, asked.after, asked.before, group)
    return HTTPStatus.OK, calls.listing(call, parts.keys, "users", [users.show(one) for one in page.users], page)


@bp.route("/v1/users/{user_id}", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_user(call: Call, user_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One user."""
    calls.no_query(call.request)
    found = _parts().users.get(call.account, name_in(user_id, "user"))
    if found is None:
        raise not_found("user")
    return HTTPStatus.OK, users.show(found)


@bp.route("/v1/users/{user_id}", methods=["PUT"])
@calls.view(_request, _accounts, "admin")
def put_user(call: Call, user_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Makes a user, or puts all that is known of one into the place of what was; doing it again changes nothing."""
    calls.no_query(call.request)
    try:
        user = user_body.parse(name_given(user_id), calls.json_object(call.request))
    except BadInput as error:
        raise bad_input(error.errors) from None
    _parts().users.put(call.account, user)
    return HTTPStatus.OK, users.show(user)


@bp.route("/v1/users/{user_id}", methods=["DELETE"])
@calls.view(_request, _accounts, "admin")
def delete_user(call: Call, user_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Forgets a user; their mails and what reports count of them stay."""
    calls.no_query(call.request)
    calls.no_body(call.request)
    name = name_in(user_id, "user")
    if not _parts().users.delete(call.account, name):
        raise not_found("user")
    return HTTPStatus.OK, {"object": "user", "id": name, "deleted": True}
