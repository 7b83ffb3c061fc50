"""The table of a day: all cells of one sending day of an account, packed, so that a report reads little.

It has two halves. The sums are the day's figures altogether and by each dimension alone, and are all that most reports
need. The cells are for those that combine dimensions, such as one user's mails by template, or want the hours in which
mails of some were opened: of each value of a dimension these would be the most of what the sums hold.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chalicelib.core.cell import HOURS, Cells, Place, total
from chalicelib.core.figures import Figures, added

DIMENSIONS = ("template", "module", "user", "source")
"""The parts of a place beside account and day, in its order."""


_HOURS = frozenset(HOURS)


class Sums(NamedTuple):
    """The figures of a day altogether, and by dimension and value; these without hours."""

    all: Figures
    by: Mapping[str, Mapping[str, Figures]]


class DayTable(NamedTuple):
    """`cells` are (values in the order of DIMENSIONS, figures)."""

    sums: Sums
    cells: Mapping[tuple[str, ...], Figures]


def table_of(cells: Cells) -> DayTable:
    """The table of a day's cells. All places must be of one account and day."""
    rows = {_values(place): figures for place, figures in sorted(total([cells]).items())}
    without = [(values, without_hours(figures)) for values, figures in rows.items()]
    by = {name: _sums_by(without, number) for number, name in enumerate(DIMENSIONS)}
    return DayTable(Sums(added(rows.values()), by), rows)


def _values(place: Place) -> tuple[str, ...]:
    return tuple(getattr(place, name) for name in DIMENSIONS)


def without_hours(figures: Figures) -> Figures:
    """The same without the hours in which mails were opened."""
    return {column: number for column, number in figures.items() if column not in _HOURS}


def only_hours(figures: Figures) -> Figures:
    """Nothing but these."""
    return {column: number for column, number in figures.items() if column in _HOURS}


def _sums_by(rows: Iterable[tuple[tuple[str, ...], Figures]], number: int) -> dict[str, Figures]:
    grouped: dict[str, list[Figures]] = {}
    for values, figures in rows:
        grouped.setdefault(values[number], []).append(figures)
    return {value: added(each) for value, each in sorted(grouped.items())}


def pack_sums(sums: Sums) -> bytes:
    """As they are stored."""
    return _squeezed({"all": sums.all, "by": {name: _columnar(rows) for name, rows in sums.by.items()}})


def unpack_sums(packed: bytes) -> Sums:
    """What `pack_sums` made."""
    found = json.loads(zlib.decompress(packed))
    return Sums(found["all"], {name: dict(_rows(rows)) for name, rows in found["by"].items()})


def pack_cells(cells: Mapping[tuple[str, ...], Figures]) -> bytes:
    """As they are stored: each value of a dimension once, and of each cell its number."""
    values = [sorted({key[number] for key in cells}) for number in range(len(DIMENSIONS))]
    numbers = [{value: place for place, value in enumerate(each)} for each in values]
    keyed = {tuple(numbers[number][value] for number, value in enumerate(key)): row for key, row in cells.items()}
    places = [list(column) for column in zip(*keyed, strict=True)] if keyed else [[] for _ in DIMENSIONS]
    return _squeezed({"values": values, "places": places, **_columns(list(keyed.values()))})


def sums_of(packed: bytes, wanted: Mapping[str, frozenset[str]], dimension: str | None) -> dict[str, dict[str, int]]:
    """The sums of the cells with these values of these dimensions (any of those that are not named), by each value of
    one dimension; without one all together, under ""."""
    found = json.loads(zlib.decompress(packed))
    places: Sequence[int] = range(len(found["places"][0]))
    for number, name in enumerate(DIMENSIONS):
        if name in wanted:
            numbers = {place for place, value in enumerate(found["values"][number]) if value in wanted[name]}
            own = found["places"][number]
            places = [place for place in places if own[place] in numbers]
    if dimension is None:
        return _summed_by(found, dict.fromkeys(places, ""))
    number = DIMENSIONS.index(dimension)
    values, own = found["values"][number], found["places"][number]
    return _summed_by(found, {place: values[own[place]] for place in places})


def _summed_by(columnar: Mapping[str, Any], value_of: Mapping[int, str]) -> dict[str, dict[str, int]]:
    """The sums of rows by the value of each; column by column, for a report may be of millions of them."""
    sums: dict[str, dict[str, int]] = {value: {} for value in value_of.values()}
    for column, numbers in columnar["dense"].items():
        for place, value in value_of.items():
            if numbers[place]:
                sums[value][column] = sums[value].get(column, 0) + numbers[place]
    for column, found in columnar["sparse"].items():
        for place, number in found:
            if place in value_of:
                value = value_of[place]
                sums[value][column] = sums[value].get(column, 0) + number
    return sums


def _columnar(rows: Mapping[str, Figures]) -> dict[str, Any]:
    return {"names": list(rows), **_columns(list(rows.values()))}


def _rows(columnar: Mapping[str, Any]) -> Iterator[tuple[str, Figures]]:
    figures = _figures(columnar)
    return ((name, figures(place)) for place, name in enumerate(columnar["names"]))


def _columns(rows: list[Figures]) -> dict[str, Any]:
    """Figures column by column, which packs well; of a column that few rows have, only those."""
    dense: dict[str, list[int]] = {}
    sparse: dict[str, list[tuple[int, int]]] = {}
    for column in sorted({column for row in rows for column in row}):
        found = [(place, row[column]) for place, row in enumerate(rows) if row.get(column)]
        if 3 * len(found) < len(rows):
            sparse[column] = found
        else:
            dense[column] = [row.get(column, 0) for row in rows]
    return {"dense": dense, "sparse": sparse}


def _figures(columnar: Mapping[str, Any]) -> Any:
    """Makes the figures of a row of its place."""
    dense: Mapping[str, list[int]] = columnar["dense"]
    sparse: dict[int, dict[str, int]] = {}
    for column, found in columnar["sparse"].items():
        for place, number in found:
            sparse.setdefault(place, {})[column] = number

    def of(place: int) -> dict[str, int]:
        figures = {column: numbers[place] for column, numbers in dense.items() if numbers[place]}
        return {**figures, **sparse.get(place, {})}

    return of


def _squeezed(value: object) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), 6)
