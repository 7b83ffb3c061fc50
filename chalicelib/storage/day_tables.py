"""The tables that reports read, in the table `reports`: a day's cells packed into few items (core/day_table.py).

`account#sums`, day and part: the sums of a day. Access: those of a period, a hundred days and more in one request.
`account#day#packed`, part: the cells of a day, mostly one part. Access: those of many days by their keys at once.

Each item carries when its build began; a build that began earlier than what is stored is not stored. A day whose
parts are of two builds, because one is being stored now or died over it, is read again, and then from the cells.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.core import day_table, instant
from chalicelib.core.cell import Cells
from chalicelib.core.day_table import DayTable, Sums
from chalicelib.core.figures import Figures
from chalicelib.storage import keys
from chalicelib.storage.tables import bind, is_done

LARGEST_PART = 350_000  # bytes; an item holds 400 KB
TRIES = 3

Place = tuple[str, str]
"""Hash and range key of a part."""


class DayTableRow(Model):
    """`parts` is how many of them the cells of the day have."""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    built_at = UnicodeAttribute()
    packed = BinaryAttribute(legacy_encoding=False)
    parts = NumberAttribute()


class DayTables:
    """Stores and reads the tables of days. `cells_of` reads the cells of an account's day, as CellTable.of_day."""

    def __init__(
        self, table_name: str, region: str, cells_of: Callable[[str, str], Cells], largest_part: int = LARGEST_PART
    ) -> None:
        self._rows = bind(DayTableRow, table_name, region)
        self._cells_of = cells_of
        self._largest_part = largest_part

    def put(self, account: str, day: str, table: DayTable, built_at: datetime) -> bool:
        """Stores a day's table; False if one is there whose build began later, and then that one stays."""
        cells = self._put(
            lambda number: keys.cells_part(account, day, number), day_table.pack_cells(table.cells), built_at
        )
        return (
            self._put(lambda number: keys.sums_part(account, day, number), day_table.pack_sums(table.sums), built_at)
            and cells
        )

    def _put(self, place_of: Callable[[int], Place], packed: bytes, built_at: datetime) -> bool:
        """Stores what is packed, in as many parts as it takes, the first one first."""
        rows, text = self._rows, instant.show(built_at)
        size = self._largest_part
        cut = [packed[first : first + size] for first in range(0, len(packed), size)]
        is_free = rows.item.does_not_exist() | (rows.built_at <= text)
        made = (rows(*place_of(number), built_at=text, packed=part, parts=len(cut)) for number, part in enumerate(cut))
        return all([is_done(partial(row.save, condition=is_free)) for row in made])

    def sums(self, account: str, first: str, last: str) -> dict[str, Sums]:
        """The sums of the days that have any."""
        begin, end = keys.sums_between(first, last)
        query = self._rows.query(keys.day_sums(account), self._rows.item.between(begin, end), consistent_read=True)
        by_day: dict[str, list[DayTableRow]] = {}
        for row in query:
            by_day.setdefault(keys.sums_day(row.item), []).append(row)
        packed = {day: _joined(rows[0], rows) for day, rows in by_day.items()}
        return {
            day: day_table.table_of(self._cells_of(account, day)).sums
            if whole is None
            else day_table.unpack_sums(whole)
            for day, whole in packed.items()
        }

    def cells(
        self, account: str, days: Sequence[str], wanted: Mapping[str, frozenset[str]], dimension: str | None
    ) -> Iterator[tuple[str, str, Figures]]:
        """Of those of these days that have a table, the sums of the cells with the wanted values, by each value of a
        dimension, or of them all: day, value and figures."""
        left = list(days)
        for _ in range(TRIES):
            whole, left = self._packed(account, left)
            for day, packed in whole.items():
                yield from ((day, *one) for one in day_table.sums_of(packed, wanted, dimension).items())
        for day in left:
            packed = day_table.pack_cells(day_table.table_of(self._cells_of(account, day)).cells)
            yield from ((day, *one) for one in day_table.sums_of(packed, wanted, dimension).items())

    def _packed(self, account: str, days: Sequence[str]) -> tuple[dict[str, bytes], list[str]]:
        """The packed cells of those of the days that are all of one build, and the days that are of two. A day without
        its first part, which is stored first, has no table."""
        heads = self._parts(account, [(day, 0) for day in days])
        more = self._parts(
            account, [(day, number) for (day, _), row in heads.items() for number in range(1, int(row.parts))]
        )
        whole: dict[str, bytes] = {}
        for (day, _), head in heads.items():
            rows = (head, *(more.get((day, number)) for number in range(1, int(head.parts))))
            packed = _joined(head, [row for row in rows if row is not None])
            if packed is not None:
                whole[day] = packed
        return whole, [day for day, _ in heads if day not in whole]

    def _parts(self, account: str, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], DayTableRow]:
        places = {keys.cells_part(account, day, number): (day, number) for day, number in wanted}
        found = self._rows.batch_get(list(places), consistent_read=True) if places else ()
        return {places[row.owner, row.item]: row for row in found}


def _joined(head: DayTableRow, rows: Sequence[DayTableRow]) -> bytes | None:
    """What the first part and all others hold; None if they are of two builds, or one is missing. Parts that a larger
    table left behind are not looked at."""
    parts = rows[: int(head.parts)]
    is_whole = len(parts) == int(head.parts) and all(row.built_at == head.built_at for row in parts)
    return b"".join(row.packed for row in parts) if is_whole else None
