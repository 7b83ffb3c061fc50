"""Building the tables of reports: whatever dies, doubles, or comes late, they become what the cells are."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.behind import SETTLED, Mark
from chalicelib.core.cell import Place
from chalicelib.core.day_table import DayTable, table_of
from chalicelib.flow.report import Built, Parts, build_all

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Cells(NamedTuple):
    of_day: Callable[..., Any]


DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")


class Died(Exception):
    """The worker is gone."""


@dataclass
class World:
    """Stores as they are in the tables, a clock, and a worker who may die before or after any call."""

    now: datetime = NOON
    cells: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    marks: dict[str, Mark] = field(default_factory=dict)
    tables: dict[str, tuple[datetime, DayTable]] = field(default_factory=dict)
    lease: tuple[str, datetime] | None = None
    dies_at: int | None = None
    calls: int = 0
    failed: list[str] = field(default_factory=list)
    breaks: str | None = None

    def parts(self) -> Parts:
        return Parts(self, self, self, self, lambda: self.now, lambda account, day, error: self.failed.append(day))

    def change(self, day: str, number: int = 1) -> None:
        """What a fold does: a mark, then the cells."""
        before = self.marks.get(day)
        since = before.since if before else self.now
        built = (before.built_at, before.cells) if before else (None, 0)
        self.marks[day] = Mark("acme", day, self.now, since, *built)
        self.cells[day] += number

    def step(self) -> None:
        self.calls += 1
        if self.calls == self.dies_at:
            raise Died

    def all(self):
        self.step()
        return list(self.marks.values())

    def of_day(self, account: str, day: str):
        self.step()
        if day == self.breaks:
            raise ValueError("no such luck")
        return {Place(account, day): {"sent": self.cells[day]}}

    def begun(self, mark: Mark, at: datetime) -> None:
        self.step()
        if mark.day in self.marks:
            self.marks[mark.day] = self.marks[mark.day]._replace(begun_at=at)

    def put(self, account: str, day: str, table: DayTable, built_at: datetime) -> bool:
        self.step()
        is_free = day not in self.tables or self.tables[day][0] <= built_at
        if is_free:
            self.tables[day] = built_at, table
        self.step()
        return is_free

    def built(self, mark: Mark, at: datetime, cells: int) -> None:
        if mark.day in self.marks:
            self.marks[mark.day] = self.marks[mark.day]._replace(since=at, built_at=at, cells=cells, begun_at=None)
        self.step()

    def settle(self, mark: Mark) -> bool:
        self.step()
        if self.marks[mark.day].changed_at != mark.changed_at:
            return False
        del self.marks[mark.day]
        self.step()
        return True

    def take(self, name: str, holder: str, now: datetime, ends_at: datetime) -> bool:
        if self.lease and self.lease[1] > now and self.lease[0] != holder:
            return False
        self.lease = holder, ends_at
        return True

    def give_back(self, name: str, holder: str) -> None:
        if self.calls != self.dies_at:  # who is dead gives nothing back
            self.lease = None

    def run(self, holder: str = "a") -> Built:
        return build_all(self.parts(), holder=holder, lasts=5 * MINUTE)

    def settle_all(self) -> None:
        for _ in range(40):
            self.now += MINUTE
            self.run()

    def is_right(self) -> bool:
        built = {day: table.sums.all.get("sent", 0) for day, (_, table) in self.tables.items()}
        return built == self.cells and not self.marks


def test_what_changed_is_built_and_nothing_else():
    world = World()
    world.change(DAYS[0])
    assert world.run() == Built(days=1)
    world.now += MINUTE * 10
    world.run()
    assert world.is_right()
    calls = world.calls
    world.now += MINUTE
    assert world.run() == Built()
    assert world.calls == calls + 1, "nothing changed: the marks are read, and that is all"


def test_a_change_while_its_day_is_built_is_built_by_a_later_run():
    world = World()
    world.change(DAYS[0])
    read = world.of_day

    def read_before_a_change(account: str, day: str):
        found = read(account, day)
        world.change(day)
        return found

    build_all(world.parts()._replace(cells=Cells(read_before_a_change)), holder="a", lasts=MINUTE)
    assert not world.is_right()
    world.settle_all()
    assert world.is_right()


def test_a_run_that_finds_another_at_work_does_nothing_and_one_that_died_is_outlived():
    world = World()
    world.change(DAYS[0])
    world.lease = "b", NOON + MINUTE
    assert world.run("a") == Built(is_leased=True)
    world.now += MINUTE
    assert world.run("a").days == 1


def test_a_day_that_cannot_be_built_keeps_nobody_waiting_and_is_tried_again():
    world = World(breaks=DAYS[1])
    for day in DAYS:
        world.change(day)
    assert (world.run().days, world.failed) == (2, [DAYS[1]])
    world.breaks = None
    world.settle_all()
    assert world.is_right()


def test_what_has_waited_longest_comes_first_and_what_is_left_is_told():
    world = World()
    for day in reversed(DAYS):
        world.change(day)
        world.now += SECOND
    turns = iter([True, True, False])
    built = build_all(world.parts(), holder="a", lasts=MINUTE, may_go_on=lambda: next(turns))
    assert (built.days, built.left, list(world.tables)) == (2, 1, [DAYS[2], DAYS[1]])


def test_the_age_is_that_of_the_oldest_change_in_no_table():
    world = World()
    world.change(DAYS[0])
    world.now += 90 * SECOND
    assert world.run().age_seconds == 90
    world.now += SECOND
    assert world.run().age_seconds == 0


acts = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(DAYS), st.integers(1, 5)),
        st.tuples(st.just("wait"), st.integers(1, 400), st.just(0)),
        st.tuples(st.just("run"), st.sampled_from("ab"), st.integers(1, 12)),
        st.tuples(st.just("lease is lost"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@given(acts)
def test_however_runs_die_overlap_and_come_late_the_tables_become_the_cells(story):
    world = World()
    for act, what, number in story:
        if act == "change":
            world.change(what, number)
        elif act == "wait":
            world.now += timedelta(seconds=what)
        elif act == "run":
            world.dies_at = world.calls + number
            with suppress(Died):
                world.run(what)
            world.dies_at = None
        else:
            world.lease = None
    world.lease = None
    world.settle_all()
    assert world.is_right()


@given(first=st.integers(0, 200), second=st.integers(0, 200), changes=st.lists(st.integers(0, 300), max_size=6))
def test_of_two_builds_at_once_the_one_that_began_later_stays(first, second, changes):
    """Each reads the cells some time after it began, and stores some time after that."""
    world = World()
    world.change(DAYS[0])
    for at in changes:
        world.now = NOON + at * SECOND
        world.change(DAYS[0])
    world.now = NOON + 301 * SECOND
    stale = {Place("acme", DAYS[0]): {"sent": 1}}
    for began in (first, second):
        world.put("acme", DAYS[0], table_of(stale), NOON + began * SECOND)
    world.now = max(world.now, NOON + 300 * SECOND + SETTLED)
    world.settle_all()
    assert world.is_right()


@pytest.mark.parametrize("dies_at", range(1, 12))
def test_whichever_call_it_dies_at_the_next_run_makes_up_for_it(dies_at):
    world = World()
    for day in DAYS:
        world.change(day)
    world.dies_at = dies_at
    with suppress(Died):
        world.run()
    world.dies_at = None
    world.settle_all()
    assert world.is_right()
