"""The table of a day: packed and unpacked it is the same, and its sums are those of its cells."""

import json
import zlib

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import day_table
from chalicelib.core.cell import CALLS, COLUMNS, HOURS, Place
from chalicelib.core.day_table import DIMENSIONS
from chalicelib.core.figures import added

names = st.sampled_from(["", "a", "b", 'Ina "#" Ødegård', "🦉"])
places = st.builds(Place, st.just("acme"), st.just("2026-11-22"), names, names, names, names)
figures = st.dictionaries(st.sampled_from([*COLUMNS, *CALLS, *HOURS[:3]]), st.integers(-3, 2_000_000), max_size=6)
days = st.dictionaries(places, figures, max_size=30)


def without_nothing(row):
    return {column: number for column, number in row.items() if number}


@given(days)
def test_what_was_packed_is_unpacked(cells):
    table = day_table.table_of(cells)
    sums = day_table.unpack_sums(day_table.pack_sums(table.sums))
    assert sums.all == table.sums.all
    assert all(
        {value: without_nothing(row) for value, row in table.sums.by[name].items()} == dict(sums.by[name])
        for name in DIMENSIONS
    )


@given(days)
def test_the_sums_by_each_dimension_add_up_to_all(cells):
    sums = day_table.table_of(cells).sums
    for name in DIMENSIONS:
        assert without_nothing(added(sums.by[name].values())) == without_nothing(day_table.without_hours(sums.all))


@given(days, st.dictionaries(st.sampled_from(DIMENSIONS), st.frozensets(names), max_size=3))
def test_packed_cells_add_up_by_each_dimension_and_only_those_that_are_wanted(cells, wanted):
    table = day_table.table_of(cells)
    packed = day_table.pack_cells(table.cells)
    kept = {
        key: row
        for key, row in table.cells.items()
        if all(value in wanted.get(name, {value}) for name, value in zip(DIMENSIONS, key, strict=True))
    }
    for number, name in enumerate(DIMENSIONS):
        values = {key[number] for key in kept}
        assert {value: without_nothing(row) for value, row in day_table.sums_of(packed, wanted, name).items()} == {
            value: without_nothing(added(row for key, row in kept.items() if key[number] == value)) for value in values
        }
    whole = day_table.sums_of(packed, wanted, None)
    assert without_nothing(whole.get("", {})) == without_nothing(added(kept.values()))


def test_names_are_packed_once_however_many_cells_have_them():
    cells = {
        Place("acme", "2026-11-22", str(one % 7), "leads", "u" * 200, "individual"): {"sent": one + 1}
        for one in range(7)
    }
    raw = json.loads(zlib.decompress(day_table.pack_cells(day_table.table_of(cells).cells)))
    assert json.dumps(raw).count("u" * 200) == 1
