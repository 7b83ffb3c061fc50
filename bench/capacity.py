"""DynamoDB's capacity units, reckoned from items: pure rules, for what emulators answer as ConsumedCapacity is wrong.

Sources, all of the Amazon DynamoDB Developer Guide: "DynamoDB Item sizes and formats" (CapacityUnitCalculations) for
sizes and overheads; "DynamoDB read and write operations" (read-write-operations) for units; "Using Global Secondary
Indexes in DynamoDB" (GSI), "Provisioned throughput considerations" and "Storage considerations", for indexes;
"Managing complex workflows with DynamoDB transactions" (transactions) for "two underlying reads or writes of every
item". That the doubling is the table's alone and not its indexes' is not on these pages; it was measured on the real
service (github.com/nubo-db/dynoxide/pull/188).
"""

import math
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Value = Mapping[str, Any]
"""A value in DynamoDB's JSON: {"S": "text"}."""
Item = Mapping[str, Value]

WRITE_UNIT = 1024
READ_UNIT = 4096
STORED_OVERHEAD = 100  # bytes an item, in a table and in each index; it is stored, but no part of a unit

EVENTUAL, STRONG, TRANSACTIONAL = 0.5, 1.0, 2.0
"""Read units for each 4 KB, by consistency."""


class Index(NamedTuple):
    """A global secondary index. `kept` are its own keys and the table's, and what it projects beside them."""

    name: str
    keys: frozenset[str]
    kept: frozenset[str]


def item_size(item: Item | None) -> int:
    """Bytes of an item; 0 for none."""
    return sum(len(name.encode()) + value_size(value) for name, value in (item or {}).items())


def value_size(value: Value) -> int:
    """Bytes of a value without its attribute's name."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "B":
            return len(content if isinstance(content, bytes) else b64decode(content))
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(value_size({kind[0]: element}) for element in content)
        case "L":
            return 3 + sum(1 + value_size(element) for element in content)
        case "M":
            return 3 + len(content) + item_size(content)
    raise ValueError(f"there is no type {kind} in DynamoDB")


def write_units(before: Item | None, after: Item | None, *, in_transaction: bool = False) -> int:
    """Units of one write on the table: of the larger of both. A write whose condition fails costs the same."""
    units = max(1, math.ceil(max(item_size(before), item_size(after)) / WRITE_UNIT))
    return 2 * units if in_transaction else units


def index_units(before: Item | None, after: Item | None, index: Index) -> int:
    """Units that a write of the table costs on an index: for what changes of the entry that the index keeps."""
    old, new = index_entry(before, index), index_entry(after, index)
    if old == new:
        return 0
    is_moved = old and new and any(old[name] != new[name] for name in index.keys)
    return write_units(old, None) + write_units(None, new) if is_moved else write_units(old, new)


def index_entry(item: Item | None, index: Index) -> Item | None:
    """What an index keeps of an item; None if it lacks a key of the index."""
    if item is None or not index.keys <= item.keys():
        return None
    return {name: value for name, value in item.items() if name in index.kept}


def read_units(sizes: Iterable[int], consistency: float) -> float:
    """Units of reading items one by one (GetItem, BatchGetItem), each rounded up; one that is not there is 0 long."""
    return sum(max(1, math.ceil(size / READ_UNIT)) * consistency for size in sizes)


def query_units(sizes: Iterable[int], consistency: float) -> float:
    """Units of a Query's page: its items are summed, then rounded up. What a filter drops has been read, too."""
    return max(1, math.ceil(sum(sizes) / READ_UNIT)) * consistency


def _number_size(text: str) -> int:
    """One byte for each two significant digits, and one more."""
    digits = text.lower().partition("e")[0].lstrip("+-").replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1
