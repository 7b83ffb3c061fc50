"""What an account named itself, users and templates, in the table `account`: `user#<id>` and `template#<id>`.

Access: one by its name; all in the order of their names, or a page of them. Where an item is changed by what it was,
the condition is that its data is as it was read: one that was deleted and made anew meanwhile is another one.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pynamodb.expressions.condition import Condition

from chalicelib.storage import keys
from chalicelib.storage.account import AccountRow


class RowPage(NamedTuple):
    """A page of rows in the order of their names, and whether there are more in the direction that was asked for."""

    rows: list[AccountRow]
    has_more: bool


def find(rows: type[AccountRow], account: str, item: str) -> AccountRow | None:
    """The item as it is now."""
    try:
        return rows.get(account, item, consistent_read=True)
    except rows.DoesNotExist:
        return None


def every(rows: type[AccountRow], account: str, beginning: str) -> Iterator[AccountRow]:
    """All items whose keys begin so, in their order."""
    return iter(rows.query(account, rows.item.startswith(beginning), consistent_read=True))


def page(
    rows: type[AccountRow],
    account: str,
    beginning: str,
    limit: int,
    after: str | None,
    before: str | None,
    is_wanted: Callable[[AccountRow], bool] | None = None,
) -> RowPage:
    """Those behind the name `after`, or the nearest ones before the name `before`; only those that are wanted, for
    which others are read and passed over."""
    between = rows.item.between(*keys.named_between(beginning, after, before))
    place = after if before is None else before
    edge = None if place is None else beginning + place
    most = None if is_wanted else limit + 2
    is_forward = before is None
    found: list[AccountRow] = []
    for row in rows.query(account, between, scan_index_forward=is_forward, limit=most, consistent_read=True):
        if row.item != edge and (is_wanted is None or is_wanted(row)):
            found.append(row)
        if len(found) > limit:
            break
    shown = found[:limit]
    return RowPage(shown if is_forward else shown[::-1], len(found) > limit)


def is_as_read(rows: type[AccountRow], row: AccountRow | None) -> Condition:
    """The condition that the item says what `row` says; or is not there, for None."""
    condition = rows.item.does_not_exist() if row is None else rows.data == row.data
    assert isinstance(condition, Condition)
    return condition
