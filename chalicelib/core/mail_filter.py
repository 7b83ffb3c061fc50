"""Which mails of an account somebody wants to see."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.core import source
from chalicelib.core.bad_input import BadInput, one_of, wrong
from chalicelib.core.status import Status
from chalicelib.core.tracking import REASONS


class Only(NamedTuple):
    """A status, a source, and a reason for not being tracked; None is any of them."""

    status: str | None = None
    source: str | None = None
    reason: str | None = None

    @property
    def is_all(self) -> bool:
        return self == ALL


ALL = Only()

KNOWN: Mapping[str, tuple[str, ...]] = {
    "status": tuple(status.value for status in Status),
    "source": tuple(name for name, kind in source.SOURCES.items() if kind.is_shown),
    "reason": REASONS,
}
"""What each part of a filter may be."""


def parse(query: Mapping[str, str]) -> Only:
    """The filter that a query asks for. Raises BadInput, which names what is no status, source or reason, and a status
    that a mail of this source can never have."""
    given = {name: query[name] for name in KNOWN if name in query}
    errors = [wrong(f"/{name}", one_of(KNOWN[name])) for name, value in given.items() if value not in KNOWN[name]]
    if errors:
        raise BadInput(errors)
    if "status" in given and "source" in given:
        source.check_status(given["source"], given["status"])
    return Only(**given)
