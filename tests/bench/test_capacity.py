"""DynamoDB's capacity units, by the examples of its Developer Guide; each case says the page it is from."""

import pytest

from bench.capacity import (
    EVENTUAL,
    STRONG,
    TRANSACTIONAL,
    Index,
    index_units,
    item_size,
    query_units,
    read_units,
    value_size,
    write_units,
)

KB = 1024
BY_A = Index("t/by_a", frozenset({"a"}), frozenset({"a", "id"}))
BY_A_WITH_B = Index("t/by_a_with_b", frozenset({"a"}), frozenset({"a", "id", "b"}))


def an_item(size, **more):
    """An item of so many bytes, with further text attributes."""
    item = {"id": {"S": "1"}} | {name: {"S": text} for name, text in more.items()}
    return item | {"x": {"B": b"0" * (size - item_size(item) - 1)}}


# CapacityUnitCalculations, "DynamoDB Item sizes and formats"
SIZES = [
    ({"S": "abc"}, 3),
    ({"S": "Frühling"}, 9),  # UTF-8
    ({"N": "0"}, 1),
    ({"N": "1234"}, 3),  # a byte for two digits, and one more
    ({"N": "-12345"}, 4),
    ({"N": "1200000"}, 2),  # zeroes at either end are trimmed
    ({"N": "0.0012"}, 2),
    ({"B": "AAEC"}, 3),  # base64 on the wire
    ({"BOOL": True}, 1),
    ({"NULL": True}, 1),
    ({"L": []}, 3),
    ({"M": {}}, 3),
    ({"L": [{"S": "abc"}, {"BOOL": False}]}, 3 + 1 + 3 + 1 + 1),
    ({"M": {"key": {"S": "abc"}}}, 3 + 1 + 3 + 3),
    ({"SS": ["a", "bc"]}, 3),
]


@pytest.mark.parametrize(("value", "size"), SIZES)
def test_a_value_is_as_long_as_the_guide_says(value, size):
    assert value_size(value) == size


def test_an_items_size_is_that_of_its_names_and_values():
    assert item_size({"ä": {"S": "abc"}, "count": {"N": "12"}}) == 2 + 3 + 5 + 2
    assert item_size(None) == 0


def test_a_type_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="no type X"):
        value_size({"X": "1"})


# read-write-operations, "Capacity unit consumption for write operations"; transactions for the last two
WRITES = [
    (None, 500, False, 1),  # "writing a 500-byte item consumes the same throughput as writing a 1 KB item"
    (None, KB, False, 1),
    (None, KB + 1, False, 2),
    (500, 3 * KB + 512, False, 4),  # UpdateItem, PutItem: "the larger of the two"
    (3 * KB + 512, 500, False, 4),
    (2 * KB, None, False, 2),  # DeleteItem
    (None, None, False, 1),  # "attempt to delete an item that doesn't exist": one unit
    (300 * KB, 310 * KB, False, 310),  # a condition that fails: "the 310 KB item"
    (None, 500, True, 2),  # "two underlying reads or writes of every item in the transaction"
    (None, KB + 1, True, 4),
]


@pytest.mark.parametrize(("before", "after", "in_transaction", "units"), WRITES)
def test_a_write_costs_the_larger_of_what_was_and_what_is(before, after, in_transaction, units):
    old, new = (size and an_item(size) for size in (before, after))
    assert write_units(old, new, in_transaction=in_transaction) == units


# read-write-operations, "Capacity unit consumption for read operations"
READS = [
    ([3584], STRONG, 1),  # "an item that is 3.5 KB, DynamoDB rounds the item size to 4 KB"
    ([10 * KB], STRONG, 3),  # "If you read an item of 10 KB, DynamoDB rounds the item size to 12 KB"
    ([8 * KB], STRONG, 2),
    ([8 * KB], EVENTUAL, 1),
    ([8 * KB], TRANSACTIONAL, 4),
    ([1536, 6656], STRONG, 3),  # BatchGetItem of 1.5 KB and 6.5 KB: "12 KB (4 KB + 8 KB), not 8 KB"
    ([0], EVENTUAL, 0.5),  # "an item that doesn't exist": read throughput all the same
]


@pytest.mark.parametrize(("sizes", "consistency", "units"), READS)
def test_items_that_are_read_one_by_one_are_rounded_one_by_one(sizes, consistency, units):
    assert read_units(sizes, consistency) == units


# read-write-operations, Query: "a single read operation ... computes the total size of all items and rounds it up"
QUERIES = [
    ([int(4.08 * KB)] * 10, STRONG, 11),  # "10 items whose combined size is 40.8 KB ... 44 KB"
    ([64] * 1500, STRONG, 24),  # "1500 items of 64 bytes each, the cumulative size is 96 KB"
    ([64] * 1500, EVENTUAL, 12),
    ([], STRONG, 1),
    ([], EVENTUAL, 0.5),
]


@pytest.mark.parametrize(("sizes", "consistency", "units"), QUERIES)
def test_a_query_is_rounded_as_a_whole(sizes, consistency, units):
    assert query_units(sizes, consistency) == units


# GSI, "Write capacity units": five bullets, "all of these factors assume that the size of each item in the index is
# less than or equal to the 1 KB item size"
INDEXED = [
    (None, an_item(100, a="1"), 1),  # "writes a new item to the table that defines an indexed attribute"
    (an_item(100), an_item(100, a="1"), 1),  # "updates an existing item to define a previously undefined indexed one"
    (an_item(100, a="1"), an_item(100, a="2"), 2),  # "from A to B, two writes are required"
    (an_item(100, a="1"), an_item(100), 1),  # "deleted by the update: one write to delete the old item projection"
    (an_item(100, a="1"), None, 1),
    (an_item(100), an_item(200), 0),  # "not present in the index before or after": no additional write cost
    (an_item(100, a="1"), an_item(200, a="1"), 0),  # nothing that the index keeps has changed
    (an_item(9_000, a="1"), None, 1),  # of the entry's size, not of the item's
]


@pytest.mark.parametrize(("before", "after", "units"), INDEXED)
def test_an_index_costs_what_changes_of_it(before, after, units):
    assert index_units(before, after, BY_A) == units


# GSI, "Write capacity units": "one write is required to update the values of the projected attributes into the index"
INCLUDED = [
    (an_item(100, a="1", b="1"), an_item(100, a="1", b="2"), 1),
    (an_item(100, a="1"), an_item(100, a="1", b="2"), 1),
    (an_item(100, a="1", b="1"), an_item(100, a="1"), 1),
    (an_item(100, a="1", b="1"), an_item(200, a="1", b="1"), 0),  # what changed is not projected
    (an_item(100, a="1", b="1"), an_item(100, a="2", b="2"), 2),  # with its key, too: deleted and put
    (an_item(100, b="1"), an_item(100, b="2"), 0),  # not in the index before or after
    (an_item(100, a="1", b="1"), an_item(2_000, a="1", b="x" * 1_100), 2),  # of the larger entry
]


@pytest.mark.parametrize(("before", "after", "units"), INCLUDED)
def test_an_index_that_keeps_more_than_keys_costs_what_changes_of_that_too(before, after, units):
    assert index_units(before, after, BY_A_WITH_B) == units
