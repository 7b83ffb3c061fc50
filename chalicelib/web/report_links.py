"""From a figure of a report to the mails or calls behind it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.core.cell import HOURS
from chalicelib.core.column import COUNTED_AS
from chalicelib.core.phone_call import COUNTED_AS as CALLS_COUNTED_AS
from chalicelib.web.report_filters import plain
from chalicelib.web.urls import Site

_OF_MAILS = frozenset({*COUNTED_AS, *HOURS})
_OF_CALLS = {**{name: name for name in CALLS_COUNTED_AS}, "call_seconds": "calls"}
"""By figures of calls what the list of calls is asked for; how long they took is of all of them."""

_NARROWING = ("user", "group", "template", "module", "source")
_CALLS_NARROWING = ("user", "group", "module")
"""A call has no template and no source, so where one is asked for there are no calls, and nothing to lead to."""


class Where(NamedTuple):
    """Which mails and calls a row of figures counts: those of these days, narrowed as the page is and by the row."""

    first: str
    last: str
    given: Mapping[str, Sequence[str]]
    row: Mapping[str, str]


def behind(site: Site, where: Where, column: str) -> str | None:
    """The list of what is counted in a column there; None for what is no number of mails or calls."""
    if column in _OF_CALLS:
        return calls(site, where, _OF_CALLS[column])
    return mails(site, where, column) if column in _OF_MAILS else None


def mails(site: Site, where: Where, column: str) -> str:
    """The list of the mails that are counted in a column there."""
    return site.place("/mails", _query(where, column, _NARROWING))


def sent_mails(where: Where) -> dict[str, Sequence[str]]:
    """The query of the mails that the list of Sent Email Status has, on all its pages."""
    return _query(where, "sent", (*_NARROWING, "status"))


def calls(site: Site, where: Where, column: str) -> str:
    """The list of the calls that are counted in a column there. Every call has a user."""
    query = _query(where, column, _CALLS_NARROWING)
    users = [user for user in query.pop("user", ()) if user]
    return site.place("/calls", {**query, **({"user": users} if users else {})})


def _query(where: Where, column: str, names: Sequence[str]) -> dict[str, Sequence[str]]:
    narrowed = {**plain(where.given), **{name: [value] for name, value in where.row.items()}}
    kept = {name: narrowed[name] for name in narrowed if name in names}
    return {"from": [where.first], "to": [where.last], "counted_as": [column], **kept}
