"""Which items of the index `by_account` are of mails that a filter may want. What mails count for is not in it: that is
looked up in those that are left."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition

from chalicelib.core import instant
from chalicelib.core.cell import SENT_WITHIN
from chalicelib.core.column import LATE, PROMPT, RARE, STATUSES
from chalicelib.core.mail_filter import Only
from chalicelib.core.recount import FARTHEST_ZONES
from chalicelib.storage.message_row import MessageRow

MOST_NAMES = 100
"""So many values does DynamoDB compare with in one IN."""

Item = Mapping[str, Mapping[str, Any]]


class Days(NamedTuple):
    """When mails were due that may count for some days: from `start` on and before `end`, late ones from `earliest`.
    All are places in the index."""

    earliest: str
    start: str
    end: str


def days_of(only: Only) -> Days | None:
    """Of which time mails are wanted, None for any."""
    if only.first is None and only.last is None:
        return None
    spread = timedelta(0) if only.zone else FARTHEST_ZONES
    start = _midnight(only.first, only.zone) - spread if only.first else None
    end = _midnight(only.last, only.zone, days=1) + spread if only.last else None
    return Days(
        instant.show(start - SENT_WITHIN) if start else "0",
        instant.show(start - PROMPT) if start else "0",
        instant.show(end) if end else "~",
    )


def _midnight(day: str, zone: tzinfo | None, days: int = 0) -> datetime:
    """Where this day begins, or one that many days later."""
    found = date.fromisoformat(day) + timedelta(days=days)
    return datetime(found.year, found.month, found.day, tzinfo=zone or UTC).astimezone(UTC)


def is_for_none(only: Only) -> bool:
    """Whether no mail can be wanted, whatever mails there are."""
    statuses = STATUSES.get(only.column or "")
    return only.users == frozenset() or bool(only.status and statuses is not None and only.status not in statuses)


def condition_of(rows: type[MessageRow], only: Only) -> Condition | None:
    """What DynamoDB sorts out by itself."""
    found: list[Condition] = []
    if only.status is not None:
        found.append(rows.status == only.status)
    elif only.column and only.column in STATUSES:
        found.append(rows.status.is_in(*sorted(STATUSES[only.column])))
    equal = [(rows.source, only.source), (rows.reason, only.reason)]
    found += [attribute == value for attribute, value in equal if value is not None]
    named = [(rows.template, only.template), (rows.module, only.module)]
    found += [_named(attribute, frozenset({value})) for attribute, value in named if value is not None]
    if only.users is not None:
        found.append(_named(rows.user, only.users))
    if only.column in RARE:
        found.append(rows.notable.contains(only.column))
    return reduce(and_, found) if found else None


def _named(attribute: Any, names: frozenset[str]) -> Condition:
    """Whether it is one of these; "" is nothing. Of very many names it only says that there is one."""
    given = sorted(names - {""})
    is_few = len(given) <= MOST_NAMES
    conditions: list[Condition] = [attribute.is_in(*given) if is_few else attribute.exists()] if given else []
    conditions += [attribute.does_not_exist()] if "" in names else []
    return reduce(or_, conditions)


def is_wanted(only: Only) -> Callable[[Item], bool] | None:
    """What is left to sort out of these items, None for nothing."""
    days, users = days_of(only), only.users if only.users and len(only.users) > MOST_NAMES else None
    if days is None and users is None:
        return None

    def wanted(item: Item) -> bool:
        if days and item["accepted_key"]["S"] < days.start and LATE not in item.get("notable", {}).get("SS", ()):
            return False
        return users is None or item.get("user", {}).get("S", "") in users

    return wanted
