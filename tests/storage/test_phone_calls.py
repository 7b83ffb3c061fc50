"""Calls in the table of reports: written, moved and taken back with their cells, found by id and by time."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.phone_call import (
    COUNTED_AS,
    DIRECTIONS,
    OUTCOMES,
    Only,
    PhoneCall,
    cells_of,
    counts_as,
    fingerprint,
)
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.phone_calls import PhoneCalls
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def cells(stack) -> CellTable:
    return CellTable("reports", REGION)


@pytest.fixture
def calls(cells) -> PhoneCalls:
    return PhoneCalls("reports", REGION, cells)


def call(number: int = 1, **changes) -> PhoneCall:
    at = NOON + timedelta(seconds=number)
    made = PhoneCall(f"{number:032x}", "acme", "ina", "inbound", at, 0, "missed", "2026-03-01", ("leads", 'ø"#'), "7")
    return made._replace(**changes)


def test_a_call_is_found_as_it_was_told_and_only_in_its_account(calls):
    assert calls.add(call())
    assert calls.get("acme", call().call_id) == call()
    assert calls.told("acme", call().call_id) == fingerprint(call())
    assert calls.get("other", call().call_id) is None
    bare = call(2, record=None, given_id=None)
    calls.add(bare)
    assert list(calls.all("acme")) == [call(), bare]


def test_one_of_the_same_id_is_not_counted_again_whatever_it_says(calls, cells):
    assert calls.add(call())
    assert not calls.add(call())
    assert not calls.add(call(seconds=9, started_at=NOON))
    assert cells.of_day("acme", "2026-03-01") == cells_of(call())
    assert calls.cells_of_day("acme", "2026-03-01") == cells_of(call())


def test_a_call_moves_with_its_cells_and_only_from_where_it_was_read(calls, cells):
    calls.add(call())
    assert calls.move(call(), "2026-03-02")
    assert not calls.move(call(), "2026-02-28")
    assert not calls.remove(call())
    moved = call(day="2026-03-02")
    assert calls.get("acme", call().call_id) == moved
    assert cells.of_day("acme", "2026-03-01") == calls.cells_of_day("acme", "2026-03-01") == {}
    assert cells.of_day("acme", "2026-03-02") == calls.cells_of_day("acme", "2026-03-02") == cells_of(moved)
    assert calls.remove(moved)
    assert cells.of_day("acme", "2026-03-02") == calls.cells_of_day("acme", "2026-03-02") == {}
    assert calls.get("acme", call().call_id) is None


def test_the_days_are_marked_for_whoever_builds_the_tables_of_reports(calls):
    calls.add(call())
    calls.move(call(), "2026-03-02")
    assert {(mark.account, mark.day) for mark in Behind("reports", REGION).all()} == {
        ("acme", "2026-03-01"),
        ("acme", "2026-03-02"),
    }


def test_a_narrowed_list_ends_after_so_many_items_and_says_where_to_go_on(cells):
    calls = PhoneCalls("reports", REGION, cells, page_items=2)
    for number in range(12):
        calls.add(call(number, user="kim" if number == 0 else "ina"))
    kim = Only(users=frozenset({"kim"}))
    page = calls.page("acme", 5, only=kim)
    assert (page.calls, page.has_more) == ([], True)
    page = calls.page("acme", 5, after=page.after, only=kim)
    assert ([one.call_id for one in page.calls], page.has_more) == ([call(0).call_id], False)


def test_pages_lead_through_all_calls_in_both_directions(calls):
    for number in range(7):
        calls.add(call(number))
    seen, page = [], calls.page("acme", 3)
    while True:
        seen += page.calls
        if not page.has_more:
            break
        page = calls.page("acme", 3, after=page.after)
    assert seen == [call(number) for number in reversed(range(7))]
    back = calls.page("acme", 3, before=page.before)
    assert back.calls == [call(3), call(2), call(1)]
    assert calls.page("acme", 3, before=seen[0].place).calls == []


def test_a_list_of_some_days_has_what_counts_for_these(calls):
    for number in range(3):
        calls.add(call(number, started_at=NOON + timedelta(days=number), day=f"2026-03-0{number + 1}"))
    found = calls.page("acme", 9, only=Only("2026-03-02", "2026-03-02")).calls
    assert [one.day for one in found] == ["2026-03-02"]
    assert len(calls.page("acme", 9, only=Only("2026-03-02")).calls) == 2
    assert len(calls.page("acme", 9, only=Only(last="2026-03-02")).calls) == 2


def test_a_list_of_users_is_theirs_however_many_they_are_and_of_nobody_it_is_empty(calls):
    for number, user in enumerate(("ina", "kim", "raj")):
        calls.add(call(number, user=user))

    def listed(*users: str) -> list[str]:
        return [one.user for one in calls.page("acme", 9, only=Only(users=frozenset(users))).calls]

    assert listed("ina", "raj") == ["raj", "ina"]
    assert listed("ina", "raj", *(f"u{number}" for number in range(150))) == ["raj", "ina"]
    assert listed() == []
    assert listed("eve") == []


def test_a_list_of_a_module_is_that_of_its_records_and_nothing_is_without_one(calls):
    calls.add(call(1))
    calls.add(call(2, record=("deals", "1")))
    calls.add(call(3, record=None))
    found = {module: calls.page("acme", 9, only=Only(module=module)).calls for module in ("leads", "deals", "", "x")}
    assert {module: [one.module for one in listed] for module, listed in found.items()} == {
        **{module: [module] for module in ("leads", "deals", "")},
        "x": [],
    }


@pytest.mark.parametrize("column", COUNTED_AS)
def test_a_list_of_a_figure_is_the_calls_that_it_counts(calls, column):
    kinds = [(direction, outcome) for direction in DIRECTIONS for outcome in OUTCOMES]
    told = [call(number, direction=one, outcome=how) for number, (one, how) in enumerate(kinds)]
    for each in told:
        calls.add(each)
    listed = calls.page("acme", 99, only=Only(column=column)).calls
    assert listed == [each for each in reversed(told) if counts_as(each, column)]
    counted = [sum(columns.get(column, 0) for columns in cells_of(each).values()) for each in told]
    assert len(listed) == (len(told) if column == "calls" else sum(counted))
