"""The tables of infra/data.yaml, and what requests to them read and write, in DynamoDB's units.

An operation that is not known here is an error: nothing goes uncounted.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import capacity
from bench.capacity import EVENTUAL, STRONG, Index, Item
from infra import template

REGION = "us-east-1"
_DATA_STACK = Path(__file__).parents[1] / "infra" / "data.yaml"
_CREATED_WITH = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")

Ask = Callable[[str, Mapping[str, Any]], Any]
"""Asks the store: operation, request; the answer."""


class Table(NamedTuple):
    """A table. `definition` is what CreateTable needs beside the name."""

    name: str
    keys: tuple[str, ...]
    indexes: tuple[Index, ...]
    definition: Mapping[str, Any]


class Write(NamedTuple):
    """One item that a request writes. `put` is the item that it offers, where it offers a whole one."""

    table: Table
    key: Item
    put: Item | None = None
    in_transaction: bool = False


def tables_of_the_data_stack() -> dict[str, Table]:
    """By the names that they have here: that of the resource in lower case, without `Table`."""
    resources = template.load(_DATA_STACK)["Resources"]
    found = (
        table_of(name.removesuffix("Table").lower(), resource["Properties"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    )
    return {table.name: table for table in found}


def table_of(name: str, properties: Mapping[str, Any]) -> Table:
    """The table of a resource. Raises ValueError for an index with whole items, whose costs nobody reckons here."""
    keys = tuple(key["AttributeName"] for key in properties["KeySchema"])
    indexes = []
    for index in properties.get("GlobalSecondaryIndexes", ()):
        if index["Projection"]["ProjectionType"] == "ALL":
            raise ValueError(f"{index['IndexName']} keeps whole items: teach bench/capacity.py what it costs")
        own = frozenset(key["AttributeName"] for key in index["KeySchema"])
        kept = own | set(keys) | set(index["Projection"].get("NonKeyAttributes", ()))
        indexes.append(Index(f"{name}/{index['IndexName']}", own, kept))
    return Table(name, keys, tuple(indexes), {key: properties[key] for key in _CREATED_WITH if key in properties})


def writes_of(operation: str, asked: Mapping[str, Any], tables: Mapping[str, Table]) -> list[Write]:
    """The items that a request writes or, in a transaction, checks."""
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return [_write(asked, tables)]
        case "TransactWriteItems":
            actions = (action for entry in asked["TransactItems"] for action in entry.values())
            return [_write(action, tables)._replace(in_transaction=True) for action in actions]
        case "BatchWriteItem":
            return [
                _write({"TableName": name, **action}, tables)
                for name, entries in asked["RequestItems"].items()
                for entry in entries
                for action in entry.values()
            ]
        case "GetItem" | "BatchGetItem" | "Query" | "CreateTable" | "DescribeTable":
            return []
    raise ValueError(f"nobody knows here what a {operation} costs")


def _write(asked: Mapping[str, Any], tables: Mapping[str, Table]) -> Write:
    table, put = tables[asked["TableName"]], asked.get("Item")
    return Write(table, {name: put[name] for name in table.keys} if put else asked["Key"], put)


def units_of(write: Write, before: Item | None, after: Item | None) -> dict[str, float]:
    """Write units, by the names of the table and of its indexes."""
    larger = write.put if write.put and before == after else after  # refused: what was offered counts all the same
    units = {write.table.name: float(capacity.write_units(before, larger, in_transaction=write.in_transaction))}
    units |= {index.name: float(capacity.index_units(before, after, index)) for index in write.table.indexes}
    return {name: cost for name, cost in units.items() if cost}


def reads_of(operation: str, asked: Mapping[str, Any], tables: Mapping[str, Table], ask: Ask) -> dict[str, float]:
    """Read units, by the names of the table or the index that is read."""
    match operation:
        case "GetItem":
            found = ask("GetItem", {"TableName": asked["TableName"], "Key": asked["Key"]}).get("Item")
            sizes = [capacity.item_size(found)]
            return {asked["TableName"]: capacity.read_units(sizes, _consistency(asked))}
        case "BatchGetItem":
            return {name: _batch(name, entry, ask) for name, entry in asked["RequestItems"].items()}
        case "Query":
            return _query(asked, tables, ask)
    return {}


def _consistency(asked: Mapping[str, Any]) -> float:
    return STRONG if asked.get("ConsistentRead") else EVENTUAL


def _batch(table: str, asked: Mapping[str, Any], ask: Ask) -> float:
    """Asked one by one, a hundred items take so long that who waits for the answer tries again."""
    found = ask("BatchGetItem", {"RequestItems": {table: {"Keys": asked["Keys"]}}})["Responses"].get(table, [])
    sizes = [*map(capacity.item_size, found), *[0] * (len(asked["Keys"]) - len(found))]
    return capacity.read_units(sizes, _consistency(asked))


def _query(asked: Mapping[str, Any], tables: Mapping[str, Table], ask: Ask) -> dict[str, float]:
    """The page is asked for without its filter, for what a filter drops has been read."""
    plain = {key: value for key, value in asked.items() if key not in ("FilterExpression", "ProjectionExpression")}
    used = set(re.findall(r"[#:]\w+", asked["KeyConditionExpression"]))
    for field in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if field in plain:
            plain[field] = {name: value for name, value in plain[field].items() if name in used}
    table = tables[asked["TableName"]]
    index = next((one for one in table.indexes if one.name == f"{table.name}/{asked.get('IndexName')}"), None)
    items = ask("Query", plain)["Items"]
    sizes = [capacity.item_size(capacity.index_entry(item, index) if index else item) for item in items]
    units = capacity.query_units(sizes, _consistency(asked))
    return {index.name if index else table.name: units}


def stored_sizes(table: Table, items: Sequence[Item]) -> dict[str, list[int]]:
    """What is stored for these items, overhead included, by the names of the table and of its indexes."""
    return {name: [size + capacity.STORED_OVERHEAD for size in sizes] for name, sizes in _sizes(table, items)}


def _sizes(table: Table, items: Sequence[Item]) -> Iterator[tuple[str, list[int]]]:
    yield table.name, [capacity.item_size(item) for item in items]
    for index in table.indexes:
        entries = (capacity.index_entry(item, index) for item in items)
        yield index.name, [capacity.item_size(entry) for entry in entries if entry]
