"""Items that several may change at once: read, change, write on condition that nobody was faster; else again."""

from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition

from chalicelib.core.problem import MailsightError

MOST_TRIES = 20

T = TypeVar("T")


class Overtaken(MailsightError):
    """Others changed the same item each time before it could be written; try again in a moment."""


def until_done(attempt: Callable[[], T | None]) -> T:
    """What the attempt comes to; it answers None when another one was faster. Raises Overtaken."""
    for _ in range(MOST_TRIES):
        done = attempt()
        if done is not None:
            return done
    raise Overtaken(f"others were faster {MOST_TRIES} times")


def is_as_read(rows: Any, row: Any) -> Condition:
    """The condition that the item is still as `row`, a model with `item` and `version`; or is not there, for None."""
    condition = rows.item.does_not_exist() if row is None else _has_version(rows, row)
    assert isinstance(condition, Condition)
    return condition


def next_version(row: Any) -> int:
    """The version of what is written in place of `row`."""
    return 1 if row is None or row.version is None else int(row.version) + 1


def _has_version(rows: Any, row: Any) -> Any:
    if row.version is None:  # an item from before it had any
        return rows.item.exists() & rows.version.does_not_exist()
    return rows.version == row.version
