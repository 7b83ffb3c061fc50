"""Which mails of an account somebody wants to see; so that each figure of a report can be opened to its mails."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from chalicelib.core import report_period, source
from chalicelib.core.bad_input import BadInput, one_of, wrong
from chalicelib.core.cell import Counted
from chalicelib.core.column import COUNTED_AS, can_count_as, counts_as, is_column
from chalicelib.core.report_query import LONGEST_VALUE, MOST_USERS
from chalicelib.core.status import Status
from chalicelib.core.tracking import REASONS


class Only(NamedTuple):
    """What the mails have; None is anything. `reason` is why one is not tracked. Without a `template`, `module` or user
    it is "".

    `first` and `last` are the days (`2026-11-22`) for which a mail counts in the report cells, and `column` is what it
    counts as. `zone` is the time zone of the days; None where they may have been counted in any.
    """

    status: str | None = None
    source: str | None = None
    reason: str | None = None
    first: str | None = None
    last: str | None = None
    users: frozenset[str] | None = None
    template: str | None = None
    module: str | None = None
    column: str | None = None
    zone: tzinfo | None = None

    @property
    def is_all(self) -> bool:
        return self == ALL

    @property
    def is_of_counted(self) -> bool:
        """Whether it asks for what mails count for, which only they themselves tell."""
        return any(part is not None for part in (self.first, self.last, self.column))

    def holds_for(self, counted: Counted) -> bool:
        """Whether a mail that counts for this is wanted by day and column."""
        is_of_days = bool(counted.day) and (self.first or "") <= counted.day <= (self.last or "~")
        return is_of_days and (self.column is None or counts_as(counted, self.column))


ALL = Only()

KNOWN: Mapping[str, tuple[str, ...]] = {
    "status": tuple(status.value for status in Status),
    "source": tuple(name for name, kind in source.SOURCES.items() if kind.is_shown),
    "reason": REASONS,
}
"""What those parts of a filter may be of which there are a few."""

DAYS = ("period", "from", "to")
NAMES = ("group", "template", "module")
REPEATABLE = frozenset({"user"})
ONCE = frozenset({*KNOWN, *DAYS, *NAMES, "counted_as"})
"""The parameters of a query that narrow a list; those that may be repeated apart."""


class Here(NamedTuple):
    """What a filter is read with: the time, the account's zone, and the users of one of its groups, none where there is
    no such group. Both are asked for only where they are needed."""

    now: datetime
    zone: Callable[[], tzinfo] = lambda: UTC
    users_of: Callable[[str], frozenset[str]] = lambda _group: frozenset()


def parse(query: Mapping[str, Sequence[str]], here: Here) -> Only:
    """The filter that a query asks for. Raises BadInput, which names each part that no mail can have, and what does not
    go together: a status that a mail of this source can never have, or what it can never count as."""
    given = {name: values[0] for name, values in query.items() if values}
    errors = [
        wrong(f"/{name}", one_of(known)) for name, known in KNOWN.items() if name in given and given[name] not in known
    ]
    errors += _too_long(query)
    days = _collected(errors, lambda: _days(given, here))
    users = _collected(errors, lambda: {"users": users_of(query, here)})
    errors += _wrong_column(given)
    if errors:
        raise BadInput(sorted(errors, key=lambda error: error["pointer"]))
    if "status" in given and "source" in given:
        source.check_status(given["source"], given["status"])
    named: dict[str, Any] = {name: given.get(name) for name in (*KNOWN, "template", "module")}
    return Only(**named, column=given.get("counted_as"), **days, **users)


def _collected(errors: list[dict[str, str]], read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return read()
    except BadInput as error:
        errors += error.errors
        return {}


def _too_long(query: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    return [
        wrong(f"/{name}", f"holds at most {LONGEST_VALUE} characters")
        for name in (*NAMES, *REPEATABLE)
        if any(len(value) > LONGEST_VALUE for value in query.get(name, ()))
    ]


def _days(given: Mapping[str, str], here: Here) -> dict[str, Any]:
    if not any(name in given for name in DAYS):
        return {}
    zone = here.zone()
    today = here.now.astimezone(zone).date()
    found = report_period.parse(*(given.get(name) for name in DAYS), today=today)
    return {"first": found.first.isoformat(), "last": found.last.isoformat(), "zone": zone}


def users_of(query: Mapping[str, Sequence[str]], here: Here) -> frozenset[str] | None:
    """These users, those of a group, or who is both; None where neither is asked for. Raises BadInput."""
    chosen = frozenset(query.get("user", ()))
    if len(chosen) > MOST_USERS:
        raise BadInput([wrong("/user", f"at most {MOST_USERS}; give a group")])
    if not query.get("group"):
        return chosen or None
    group = query["group"][0]
    members = here.users_of(group) if 0 < len(group) <= LONGEST_VALUE else frozenset()
    if not members:
        raise BadInput([wrong("/group", "no user is in such a group; GET /v1/users tells who is in which")])
    return members & chosen if chosen else members


def _wrong_column(given: Mapping[str, str]) -> list[dict[str, str]]:
    name, of = given.get("counted_as"), given.get("source", "")
    if name is None:
        return []
    if not is_column(name):
        return [wrong("/counted_as", one_of((*COUNTED_AS, "an hour of the week like mon_09")))]
    if of in source.SOURCES and not can_count_as(source.SOURCES[of], name):
        return [wrong("/counted_as", f"a mail of the source {of} never counts as {name}")]
    return []
