"""The API of suppressions: see which addresses get no mail and why, add one, lift one."""

from functools import cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import suppression, suppression_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.body import Whose, read
from chalicelib.core.suppression import Suppression
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import Problem, bad_input
from chalicelib.storage.account import Account
from chalicelib.storage.suppressions import Page, Suppressions

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    suppressions: Suppressions
    keys: Keys


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table")
    table = own.account_table, own.region
    return Parts(Account(*table), Suppressions(*table, own.keys), own.keys)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/suppressions", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_suppressions(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Addresses that get no mail, or got none once, those with the latest news first; or what is known of one."""
    parts = _parts()
    page = _one(call) if "address" in (call.request.query_params or {}) else None
    if page is None:
        asked = calls.window(call, parts.keys, "suppressions")
        page = parts.suppressions.page(call.account, asked.limit, asked.after, asked.before)
    shown = [suppression.show(known, call.now) for known in page.suppressions]
    return HTTPStatus.OK, calls.listing(call, parts.keys, "suppressions", shown, page)


@bp.route("/v1/suppressions", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_suppression(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Keeps mails from an address from now on; doing it again changes nothing."""
    calls.no_query(call.request)
    body = calls.json_object(call.request)
    try:
        added = suppression_body.added(body, by=call.by, now=call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None
    add = partial(suppression.add, cause=added.cause)
    return HTTPStatus.OK, suppression.show(_parts().suppressions.change(call.account, added.address, add), call.now)


@bp.route("/v1/suppressions", methods=["DELETE"])
@calls.view(_request, _accounts, "admin")
def delete_suppression(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Lets mails go to an address again; what was known of it until now does not count any more."""
    calls.no_body(call.request)
    query = calls.parameters(call.request, frozenset({"address", "by"}))
    try:
        asked = suppression_body.lift_of(query)
    except BadInput as error:
        raise bad_input(error.errors) from None
    suppressions = _parts().suppressions
    names = suppressions.names_of(call.account, asked.address)
    if not names:
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", "this address was never suppressed in your account")

    def lifted(known: Suppression) -> Suppression:
        return suppression.lift(known, call.now, asked.by or call.by) if known.causes else known

    known = [suppressions.change(call.account, name, lifted) for name in names]
    return HTTPStatus.OK, suppression.show(known[0], call.now)


def _one(call: Call) -> Page:
    """The list with one address only; empty if nothing was ever known of it."""
    query = calls.parameters(call.request, frozenset({"address"}))
    try:
        address = read(Whose, query).address
    except BadInput as error:
        raise bad_input(error.errors) from None
    known = _parts().suppressions.get(call.account, address)
    return Page([known] if known else [], has_more=False, after=None, before=None)
