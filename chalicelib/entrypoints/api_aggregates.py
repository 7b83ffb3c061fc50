"""The API of aggregates: how often a day's mails were opened and clicked, where nobody may know which of them."""

from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import aggregate
from chalicelib.core.bad_input import BadInput
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import bad_input
from chalicelib.storage.account import Account
from chalicelib.storage.aggregates import Aggregates

bp = Blueprint(__name__)

_DAYS = frozenset({"from", "to"})


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    aggregates: Aggregates
    keys: Keys


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "messages_table")
    return Parts(Account(own.account_table, own.region), Aggregates(own.messages_table, own.region), own.keys)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/aggregates", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_aggregates(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Days with mails in the mode `aggregate`, the newest first; all, or those between two days."""
    parts = _parts()
    asked = calls.window(call, parts.keys, "aggregates", _DAYS)
    try:
        days = aggregate.days_of(calls.parameters(call.request, _DAYS | {"limit", "after", "before"}))
    except BadInput as error:
        raise bad_input(error.errors) from None
    page = parts.aggregates.page(call.account, days, asked.limit, asked.after, asked.before)
    shown = [aggregate.show(kept) for kept in page.aggregates]
    return HTTPStatus.OK, calls.listing(call, parts.keys, "aggregates", shown, page)
