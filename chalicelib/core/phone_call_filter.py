"""Which calls of an account somebody wants to see (`GET /v1/calls`); so that each figure of calls can be opened."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from chalicelib.core import aggregate, mail_filter, report_period
from chalicelib.core.bad_input import BadInput, one_of, wrong
from chalicelib.core.mail_filter import DAYS, REPEATABLE, Here
from chalicelib.core.phone_call import COUNTED_AS, DIRECTIONS, OUTCOMES, Counting, Only
from chalicelib.core.report_query import LONGEST_VALUE

T = TypeVar("T")

LONGEST_USER = 200

KNOWN: Mapping[str, tuple[str, ...]] = {
    "direction": DIRECTIONS,
    "outcome": OUTCOMES,
    "counted_as": tuple(COUNTED_AS),
}
"""What those parts of a filter may be of which there are a few."""

ONCE = frozenset({*KNOWN, *DAYS, "group", "module"})
"""The parameters of a query that narrow a list, but for `user`, which may be repeated."""


def parse(query: Mapping[str, Sequence[str]], here: Here) -> Only:
    """The filter that a query asks for. Raises BadInput, which names each part that no call can have, and a figure that
    never counts calls of the direction or the outcome that is asked for, too."""
    given = {name: values[0] for name, values in query.items() if values and name not in REPEATABLE}
    errors = [
        wrong(f"/{name}", one_of(known)) for name, known in KNOWN.items() if name in given and given[name] not in known
    ]
    errors += _wrong_names(query)
    first, last = _collected(errors, lambda: _days(given, here)) or (None, None)
    users = _collected(errors, lambda: mail_filter.users_of(query, here))
    errors += _never_counted(given)
    if errors:
        raise BadInput(sorted(errors, key=lambda error: error["pointer"]))
    return Only(
        first,
        last,
        users,
        module=given.get("module"),
        direction=given.get("direction"),
        outcome=given.get("outcome"),
        column=given.get("counted_as"),
    )


def _collected(errors: list[dict[str, str]], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except BadInput as error:
        errors += error.errors
        return None


def _wrong_names(query: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    errors = []
    if not all(1 <= len(user) <= LONGEST_USER for user in query.get("user", ())):
        errors.append(wrong("/user", f"must have 1 to {LONGEST_USER} characters; every call has a user"))
    if any(len(module) > LONGEST_VALUE for module in query.get("module", ())):
        errors.append(wrong("/module", f"holds at most {LONGEST_VALUE} characters"))
    return errors


def _days(given: Mapping[str, str], here: Here) -> tuple[str | None, str | None]:
    """The first and the last day; unlike those of a report, they may be of any time, and one may be left out."""
    if "period" in given:
        today = here.now.astimezone(here.zone()).date()
        period = report_period.parse(*(given.get(name) for name in DAYS), today=today)
        return period.first.isoformat(), period.last.isoformat()
    first, last = aggregate.days_of(given)
    return first.isoformat() if first else None, last.isoformat() if last else None


def _never_counted(given: Mapping[str, str]) -> list[dict[str, str]]:
    column = given.get("counted_as", "")
    counting = COUNTED_AS.get(column, Counting())
    possible = {"direction": counting.directions, "outcome": counting.outcomes}
    return [
        wrong("/counted_as", f"a call with the {name} {given[name]} never counts as {column}")
        for name, counted in possible.items()
        if given.get(name) in set(KNOWN[name]) - set(counted)
    ]
