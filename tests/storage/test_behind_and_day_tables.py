"""Marks of what report tables are behind with, the tables themselves, and leases."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import day_table
from chalicelib.core.behind import KEPT, KEPT_OF_NOW, WRITTEN
from chalicelib.core.cell import Place
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.day_tables import DayTables
from chalicelib.storage.leases import Leases
from tests.moto_stack import REGION

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = "2026-11-22"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def behind(stack, clock) -> Behind:
    return Behind("reports", REGION, clock)


@pytest.fixture
def cells(stack) -> CellTable:
    return CellTable("reports", REGION)


@pytest.fixture
def tables(cells) -> DayTables:
    return DayTables("reports", REGION, cells.of_day)


@pytest.fixture
def small(cells) -> DayTables:
    """Tables whose parts hold as little as no day has."""
    return DayTables("reports", REGION, cells.of_day, largest_part=100)


def one_cell(number: int = 1, day: str = DAY, **dimensions: str):
    return {Place("acme", day, **{"user": "ina", "source": "individual", **dimensions}): {"sent": number}}


def put(tables: DayTables, cells, at: datetime, day: str = DAY) -> None:
    tables.put("acme", day, day_table.table_of(cells), at)


def sent(tables: DayTables, *days: str, **wanted: str) -> int:
    narrowed = {name: frozenset({value}) for name, value in wanted.items()}
    return sum(figures.get("sent", 0) for _, _, figures in tables.cells("acme", days or (DAY,), narrowed, None))


def test_a_mark_keeps_when_it_was_first_and_last_set(behind, clock):
    behind.mark([("acme", DAY)])
    clock.now += KEPT_OF_NOW
    behind.mark([("acme", DAY), ("acme", DAY)])
    (mark,) = behind.all()
    assert (mark.account, mark.day, mark.since, mark.changed_at) == ("acme", DAY, NOON, NOON + KEPT_OF_NOW)


def test_a_mark_is_not_written_again_too_soon(behind, clock):
    behind.mark([("acme", DAY)])
    clock.now += KEPT_OF_NOW - SECOND
    behind.mark([("acme", DAY)])
    assert behind.all()[0].changed_at == NOON


def test_the_mark_of_an_older_day_is_remembered_for_longer(behind, clock):
    behind.mark([("acme", "2026-11-01")])
    clock.now += KEPT - SECOND
    behind.mark([("acme", "2026-11-01")])
    assert behind.all()[0].changed_at == NOON
    clock.now += SECOND
    behind.mark([("acme", "2026-11-01")])
    assert behind.all()[0].changed_at == NOON + KEPT


def test_a_clock_that_is_slow_takes_no_mark_back(behind, clock):
    behind.mark([("acme", DAY)])
    clock.now -= timedelta(hours=1)
    behind.mark([("acme", DAY)])
    assert behind.all()[0].changed_at == NOON


def test_a_write_that_took_longer_than_the_mark_is_remembered_leaves_a_mark(behind, clock, cells):
    cells._behind = behind
    with cells.changing(one_cell()):
        clock.now += timedelta(hours=1)
        (mark,) = behind.all()
        assert behind.settle(mark)
    assert [mark.changed_at for mark in behind.all()] == [clock.now]


def test_a_build_that_does_not_end_is_seen(behind):
    behind.mark([("acme", DAY)])
    (mark,) = behind.all()
    behind.begun(mark, NOON + SECOND)
    assert behind.all()[0].begun_at == NOON + SECOND
    behind.built(mark, NOON + SECOND, 1)
    assert behind.all()[0].begun_at is None


def test_reports_of_an_account_say_until_when_they_are_complete(behind, clock):
    assert behind.since("acme", "2026-01-01", DAY) is None
    behind.mark([("acme", DAY), ("acme2", "2026-11-01"), ("acme", "2026-12-01")])
    assert behind.since("acme", "2026-01-01", DAY) == NOON
    assert behind.since("acme", "2026-01-01", "2026-11-21") is None
    behind.built(behind.all()[0], NOON + SECOND, 3)
    assert behind.since("acme", DAY, DAY) in (NOON, NOON + SECOND)


def test_a_day_that_was_built_after_all_was_written_keeps_no_report_back(behind):
    behind.mark([("acme", DAY)])
    (mark,) = behind.all()
    behind.built(mark, NOON + KEPT_OF_NOW, 1)
    assert behind.since("acme", DAY, DAY) == NOON + KEPT_OF_NOW
    behind.built(mark, NOON + KEPT_OF_NOW + WRITTEN, 1)
    assert behind.since("acme", DAY, DAY) is None


def test_what_is_built_is_noted_with_its_size(behind):
    behind.mark([("acme", DAY)])
    behind.built(behind.all()[0], NOON + SECOND, 7)
    (mark,) = behind.all()
    assert (mark.built_at, mark.since, mark.cells) == (NOON + SECOND, NOON + SECOND, 7)


def test_a_mark_that_was_set_anew_is_not_taken_away(behind, clock):
    behind.mark([("acme", DAY)])
    (seen,) = behind.all()
    clock.now += KEPT_OF_NOW
    behind.mark([("acme", DAY)])
    assert not behind.settle(seen)
    (again,) = behind.all()
    assert behind.settle(again)
    assert behind.all() == []


def test_a_build_of_a_mark_that_is_gone_leaves_nothing(behind):
    behind.mark([("acme", DAY)])
    (mark,) = behind.all()
    behind.settle(mark)
    behind.built(mark, NOON, 1)
    assert behind.all() == []


def test_a_change_of_time_zone_is_remembered_until_all_mails_are_walked(behind, clock):
    behind.rezone("acme")
    assert behind.all() == []
    (found,) = behind.rezonings()
    assert behind.is_rezoning("acme")
    assert not behind.is_rezoning("acm")
    assert (found.account, found.asked_at, found.place) == ("acme", NOON, None)
    assert behind.since("acme", DAY, DAY) == NOON
    assert behind.rezoned(found, "2026-11-01T00:00:00.000Z#x")
    assert behind.rezonings()[0].place == "2026-11-01T00:00:00.000Z#x"
    clock.now += SECOND
    behind.rezone("acme")
    assert not behind.rezoned(found, None), "it changed again, and begins anew"
    (again,) = behind.rezonings()
    assert again.place is None
    assert behind.rezoned(again, None)
    assert behind.rezonings() == []
    behind.mark([("acme", DAY)])
    assert not behind.is_rezoning("acme")


def test_adding_to_cells_marks_their_days_before(cells, behind):
    cells.add(one_cell())
    assert [(mark.account, mark.day) for mark in behind.all()] == [("acme", DAY)]


def test_the_sums_of_a_period_are_read_by_day(tables):
    put(tables, one_cell(2), NOON)
    put(tables, one_cell(3, "2026-11-20"), NOON, "2026-11-20")
    put(tables, one_cell(5, "2026-10-01"), NOON, "2026-10-01")
    found = tables.sums("acme", "2026-11-01", DAY)
    assert {day: sums.all["sent"] for day, sums in found.items()} == {"2026-11-20": 3, DAY: 2}
    assert found[DAY].by["user"] == {"ina": {"sent": 2}}
    assert tables.sums("other", "2026-11-01", DAY) == {}


def test_an_earlier_build_never_replaces_a_later_one(tables):
    put(tables, one_cell(2), NOON)
    assert not tables.put("acme", DAY, day_table.table_of(one_cell(1)), NOON - SECOND)
    assert (tables.sums("acme", DAY, DAY)[DAY].all["sent"], sent(tables)) == (2, 2)
    put(tables, one_cell(3), NOON + SECOND)
    assert (tables.sums("acme", DAY, DAY)[DAY].all["sent"], sent(tables)) == (3, 3)


def test_cells_of_many_days_are_read_together_and_narrowed(tables):
    days = [f"2026-{month:02d}-{day:02d}" for month in range(1, 7) for day in range(1, 29)]
    for day in days:
        put(tables, one_cell(1, day) | one_cell(10, day, user="bob"), NOON, day)
    assert sent(tables, *days) == 11 * len(days)
    assert sent(tables, *days, user="ina") == len(days)
    assert sent(tables, *days, user="ina", source="webform") == 0


def test_a_day_of_more_than_an_item_holds_is_kept_in_parts(small):
    large = {key: figures for number in range(200) for key, figures in one_cell(1, user=f"user {number}").items()}
    put(small, large, NOON)
    assert (sent(small), small.sums("acme", DAY, DAY)[DAY].all["sent"]) == (200, 200)
    assert len(small.sums("acme", DAY, DAY)[DAY].by["user"]) == 200
    put(small, one_cell(1), NOON + SECOND)
    assert (sent(small), small.sums("acme", DAY, DAY)[DAY].all["sent"]) == (1, 1)


def test_a_day_whose_parts_are_of_two_builds_is_read_from_its_cells(small, cells):
    large = {key: figures for number in range(200) for key, figures in one_cell(1, user=f"user {number}").items()}
    put(small, large, NOON)
    for place in (("acme#2026-11-22#packed", "part#001"), ("acme#sums", "2026-11-22#001")):
        torn = small._rows.get(*place)
        torn.update(actions=[small._rows.built_at.set("2026-11-22T12:00:01.000Z")])
    cells.add(one_cell(7))
    assert (sent(small), small.sums("acme", DAY, DAY)[DAY].all["sent"]) == (7, 7)


def test_a_lease_is_one_worker_s_until_it_is_given_back_or_over(stack):
    leases = Leases("reports", REGION)
    minute = timedelta(minutes=1)
    assert leases.take("report", "a", NOON, NOON + minute)
    assert leases.take("report", "a", NOON, NOON + minute), "an answer that was lost"
    assert not leases.take("report", "b", NOON + SECOND, NOON + minute)
    assert leases.take("report", "b", NOON + minute, NOON + 2 * minute)
    leases.give_back("report", "a")
    assert not leases.take("report", "c", NOON + minute, NOON + 2 * minute)
    leases.give_back("report", "b")
    assert leases.take("report", "c", NOON + minute, NOON + 2 * minute)
