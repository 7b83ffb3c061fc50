"""The table `reports`: cells, each a row of a report cube.

Hash `owner`: account#day#shard; range `item`: `cell#` and the dimensions as a JSON list. Access: all cells
of a day. A cell is the sum over its shards; in one of them it may be less than nothing. Nothing here is ever set, only
added to, in the transaction that changes what the mails count for.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core.cell import CALLS, COLUMNS, HOURS, Cells, Place, total
from chalicelib.storage import keys
from chalicelib.storage.behind import Behind
from chalicelib.storage.tables import bind


class CellRow(Model):
    """One shard of a cell; a column that is not there is zero."""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    vars().update({column: NumberAttribute(null=True) for column in (*COLUMNS, *CALLS, *HOURS)})


class CellTable:
    """Reads cells and adds to them."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(CellRow, table_name, region)
        self._behind = Behind(table_name, region)

    @contextmanager
    def changing(self, cells: Cells) -> Iterator[None]:
        """For a transaction with `add_in`: marks the days of these cells before it. And after it, for it may have taken
        longer than anybody thinks; mostly that is nothing to do."""
        days = [(place.account, place.day) for place in cells]
        self._behind.mark(days)
        try:
            yield
        finally:
            self._behind.mark(days)

    def renew(self, account: str, day: str) -> None:
        """Has the table of a day built anew, whether its cells changed or not."""
        self._behind.mark([(account, day)])

    def add_in(self, transaction: TransactWrite, cells: Cells, shard: int) -> None:
        """Adds all of this to one shard of each cell, in a transaction."""
        for place, columns in cells.items():
            added = [getattr(self._rows, column).add(number) for column, number in sorted(columns.items())]
            transaction.update(
                self._rows(keys.cells(place.account, place.day, shard % keys.CELL_SHARDS), _item(place)),
                actions=cast("list[Action]", added),
            )

    def add(self, cells: Cells) -> None:
        """Adds all of this, to put right what was found wrong; a transaction for every hundred cells."""
        places = sorted(cells)
        for first in range(0, len(places), 100):
            some = {place: cells[place] for place in places[first : first + 100]}
            connection = self._rows._get_connection().connection
            with self.changing(some), TransactWrite(connection=connection) as transaction:
                self.add_in(transaction, some, shard=0)

    def of_day(self, account: str, day: str) -> Cells:
        """All cells of a day, as they are now."""
        rows = (row for owner in keys.all_cells(account, day) for row in self._rows.query(owner, consistent_read=True))
        return total({_place(account, day, row.item): _columns(row)} for row in rows)


def _item(place: Place) -> str:
    dimensions = [place.template, place.module, place.user, place.source]
    text = json.dumps(dimensions, separators=(",", ":"), ensure_ascii=False)
    return keys.cell(text)


def _place(account: str, day: str, item: str) -> Place:
    template, module, user, source = json.loads(item.partition("#")[2])
    return Place(account, day, template, module, user, source)


def _columns(row: CellRow) -> dict[str, int]:
    return {name: int(number) for name, number in row.attribute_values.items() if name not in ("owner", "item")}
