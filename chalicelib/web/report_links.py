"""From a figure of a report to the mails behind it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.core.cell import HOURS
from chalicelib.core.column import COUNTED_AS
from chalicelib.web.report_filters import plain
from chalicelib.web.urls import Site

_OF_MAILS = frozenset({*COUNTED_AS, *HOURS})
_NARROWING = ("user", "group", "template", "module", "source")


class Where(NamedTuple):
    """Which mails a row of figures counts: those of these days, narrowed as the page is and by the row itself."""

    first: str
    last: str
    given: Mapping[str, Sequence[str]]
    row: Mapping[str, str]


def mails(site: Site, where: Where, column: str) -> str | None:
    """The list of the mails that are counted in a column there; None for what is no number of mails."""
    if column not in _OF_MAILS:
        return None
    narrowed = {name: values for name, values in plain(where.given).items() if name in _NARROWING}
    query = {"from": [where.first], "to": [where.last], "counted_as": [column], **narrowed}
    return site.place("/mails", {**query, **{name: [value] for name, value in where.row.items()}})
