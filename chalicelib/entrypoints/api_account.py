"""The API of an account's settings: see them, change some."""

from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import account_policy
from chalicelib.core.account_change import changed
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import bad_input
from chalicelib.storage.account import Account
from chalicelib.storage.behind import Behind
from chalicelib.storage.policies import Policies

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    policies: Policies
    behind: Behind


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "reports_table")
    return Parts(
        Account(own.account_table, own.region),
        Policies(own.account_table, own.region),
        Behind(own.reports_table, own.region),
    )


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/account", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_account(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """The settings."""
    calls.no_query(call.request)
    return HTTPStatus.OK, _show(call, _parts().policies.get(call.account))


@bp.route("/v1/account", methods=["PUT"])
@calls.view(_request, _accounts, "admin")
def put_account(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Changes the settings that are named, and answers with all of them."""
    calls.no_query(call.request)
    body = calls.json_object(call.request)
    try:
        policy = _parts().policies.change(call.account, lambda before: _changed(call, before, body))
    except BadInput as error:
        raise bad_input(error.errors) from None
    return HTTPStatus.OK, _show(call, policy)


def _changed(call: Call, before: AccountPolicy, body: dict[str, Any]) -> AccountPolicy:
    """The settings after the change. Another time zone moves every mail to another day or hour: that is noted before it
    holds, so that it cannot be forgotten."""
    after = changed(before, body, account=call.account)
    if after.time_zone != before.time_zone:
        _parts().behind.rezone(call.account)
    return after


def _show(call: Call, policy: AccountPolicy) -> dict[str, Any]:
    return {"object": "account", "id": call.account, **account_policy.show(policy)}
