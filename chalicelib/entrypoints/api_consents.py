"""The API of consents: see what a person said about being tracked, note that they agree, or do not any more."""

from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import consent, consent_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.body import Whose, read
from chalicelib.core.consent_body import Said
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import bad_input
from chalicelib.storage.account import Account
from chalicelib.storage.consents import Consents
from chalicelib.storage.policies import Policies

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    policies: Policies
    consents: Consents


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table")
    table = own.account_table, own.region
    return Parts(Account(*table), Policies(*table), Consents(*table))


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/consents", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_consent(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """What holds for a person now, and all that they ever said."""
    query = calls.parameters(call.request, frozenset({"address"}))
    try:
        address = read(Whose, query).address
    except BadInput as error:
        raise bad_input(error.errors) from None
    return HTTPStatus.OK, consent.show(address, _parts().consents.of(call.account, address), call.now)


@bp.route("/v1/consents", methods=["PUT"])
@calls.view(_request, _accounts, "admin")
def put_consent(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Notes that a person agreed to be tracked."""
    calls.no_query(call.request)
    body = calls.json_object(call.request)
    mode = _parts().policies.get(call.account).mode
    try:
        said = consent_body.given(body, by=call.by, account_mode=mode, now=call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None
    return HTTPStatus.OK, _noted(call, said)


@bp.route("/v1/consents", methods=["DELETE"])
@calls.view(_request, _accounts, "admin")
def delete_consent(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Notes that a person does not want to be tracked, from now on. What they said before stays noted."""
    calls.no_body(call.request)
    query = calls.parameters(call.request, frozenset({"address", "how", "by"}))
    try:
        said = consent_body.withdrawn(query, by=call.by, now=call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None
    return HTTPStatus.OK, _noted(call, said)


def _noted(call: Call, said: Said) -> dict[str, Any]:
    """The person's consent with what they said now, which is noted unless it holds already."""
    consents = _parts().consents
    entries = consents.of(call.account, said.address)
    if consent.is_news(entries, said.entry):
        consents.add(call.account, said.address, said.entry)
        entries.append(said.entry)
    return consent.show(said.address, entries, call.now)
