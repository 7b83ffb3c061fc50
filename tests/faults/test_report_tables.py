"""The tables of reports with a fault at every AWS call of `report`, and with others at work before every one of them:
in the end they hold what the cells hold."""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import time_machine
from aws_lambda_powertools import Logger

from chalicelib import settings
from chalicelib.core import day_table
from chalicelib.core.behind import SETTLED
from chalicelib.core.event import Kind
from chalicelib.entrypoints import fold, report
from chalicelib.flow import report as building
from chalicelib.storage import keys
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from tests.faults.calls import ANSWER_LOST, DEATHS
from tests.faults.test_from_ses_to_cells import CONTEXT, OTHER, TAGGED, happen, record, scheduled, taken_in
from tests.faults.world import MOST_TRIES, Scene, World, struck_everywhere
from tests.moto_stack import REGION

TURN = SETTLED + timedelta(minutes=1)
"""Between two runs: as long as a lease of one that died lasts, and until a mark has settled."""


@cache
def cells() -> CellTable:
    return CellTable("reports", REGION)


@contextmanager
def turn(number: int) -> Iterator[None]:
    """So many runs later, for everybody."""
    with time_machine.travel(datetime.now(UTC) + number * TURN, tick=True):
        yield


def folded(message_id: str, *kinds: Kind) -> None:
    """Events happen, and are folded: cells change, and the marks are set."""
    records = [record(event, number) for number, event in enumerate(happen(message_id, *kinds))]
    assert not fold.fold({"Records": records}, None)["batchItemFailures"]


def tables(world: World) -> Mapping[str, Any]:
    """What the tables of days hold, without when they were built; and the marks that are left."""
    found: dict[str, Any] = {"marks": []}
    for row in world.rows("reports"):
        owner, item = row["owner"]["S"], row["item"]["S"]
        packed = packed_of(row)
        if owner.startswith("behind#"):
            found["marks"].append(item)
        elif owner.endswith("#sums"):
            found[f"sums {keys.sums_day(item)}"] = day_table.unpack_sums(packed)
        elif owner.endswith("#packed"):
            found[f"cells {owner}"] = day_table.sums_of(packed, {}, "user")
    return found


def packed_of(row: Mapping[str, Any]) -> bytes:
    """The packed part of an item, as moto keeps it."""
    return b64decode(row["packed"]["B"]) if "packed" in row else b""


def as_the_cells_are(found: Mapping[str, Any]) -> bool:
    """Whether each day's table is what its cells make now."""
    days = [name.partition(" ")[2] for name in found if name.startswith("sums ")]
    return bool(days) and all(
        found[f"sums {day}"] == day_table.table_of(cells().of_day("acme", day)).sums for day in days
    )


def building_it(world: World) -> Scene:
    """Two mails of one day; the function runs every few minutes until nothing is left to do."""

    def prepare() -> None:
        forget_marks()
        taken_in(TAGGED, OTHER)
        folded(TAGGED, Kind.SENT, Kind.DELIVERED, Kind.OPENED)
        folded(OTHER, Kind.SENT)

    def source() -> Callable[[], bool]:
        turns = 0

        def deliver() -> bool:
            nonlocal turns
            with turn(turns):
                turns += 1
                report.report(scheduled(), CONTEXT)
            return not tables(world)["marks"]

        return deliver

    return Scene(prepare, source, lambda: tables(world))


@pytest.mark.strikes("report")
def test_whatever_breaks_the_next_run_makes_up_for_it(world):
    for what, found, clean in struck_everywhere(world, building_it(world), (*DEATHS, ANSWER_LOST), least=12):
        assert as_the_cells_are(clean)
        assert found == clean, what


def another_builder() -> None:
    """One that should not be at work, for the lease is taken; it builds all that is marked."""
    own = settings.read().require("reports_table")
    parts = report.building_of(own, Logger(service="test"))
    for mark in parts.behind.all():
        building.build(mark, parts)


@pytest.mark.parametrize("others", ["a builder", "a builder and a fold"])
def test_whoever_else_is_at_work_before_any_call_all_come_to_the_same(world, others):
    scene = building_it(world)
    world.empty()
    scene.prepare()
    before = world.store.kept()
    deliver = scene.source()
    world.faults.begin()
    deliver()
    calls = len(world.faults.calls)
    world.faults.end()
    assert calls >= 8

    def happens() -> None:
        if others != "a builder":
            folded(OTHER, Kind.DELIVERED, Kind.BOUNCED)
        another_builder()

    for number in range(calls):
        world.put_back(before)
        forget_marks()
        deliver = scene.source()
        world.faults.meanwhile(number, happens)
        assert any(deliver() for _ in range(MOST_TRIES)), number
        world.faults.end()
        found = tables(world)
        assert as_the_cells_are(found), f"before call {number}"
        assert bool(sum_of(found, "bounced_hard")) is (others != "a builder")


def sum_of(found: Mapping[str, Any], column: str) -> int:
    return sum(sums.all.get(column, 0) for name, sums in found.items() if name.startswith("sums "))


def forget_marks() -> None:
    """Makes the function `fold` that of a new sandbox, which has set no mark yet."""
    fold._parts.cache_clear()


def test_a_day_that_changes_after_it_was_built_is_built_again(world):
    world.empty()
    scene = building_it(world)
    scene.prepare()
    report.report(scheduled(), CONTEXT)
    assert as_the_cells_are(tables(world))
    folded(OTHER, Kind.DELIVERED)
    assert not as_the_cells_are(tables(world))
    with turn(1):
        report.report(scheduled(), CONTEXT)
    assert as_the_cells_are(tables(world))
    assert not Behind("reports", REGION).all()
