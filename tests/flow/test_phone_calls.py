"""Telling of calls: figures are those of the calls that there are, wherever who tells, moves or takes back dies."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import phone_call
from chalicelib.core.cell import total
from chalicelib.core.phone_call import PhoneCall, cells_of, day_of, fingerprint, taken_back
from chalicelib.flow.phone_calls import Reused, UnderWay, rezone, take_back, tell

LATE = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def call(number: int = 1, **changes) -> PhoneCall:
    made = PhoneCall(f"{number:032x}", "acme", "ina", "outbound", LATE, 90, "answered", "2026-03-01", ("leads", "7"))
    return made._replace(**changes)


class Died(Exception):
    """Who told of it died."""


class Store:
    """Calls and cells in memory, written together. `deaths` are of its writes in turn."""

    def __init__(self, deaths=()) -> None:
        self.calls: dict[str, PhoneCall] = {}
        self.cells: dict = {}
        self.deaths = iter(deaths)

    def _written(self, cells, is_so, write) -> bool:
        death = next(self.deaths, "")
        if death == "before":
            raise Died
        if is_so:
            write()
            self.cells = total([self.cells, cells])
        if death == "after":
            raise Died
        return is_so

    def add(self, one):
        is_free = one.call_id not in self.calls
        return self._written(cells_of(one), is_free, lambda: self.calls.update({one.call_id: one}))

    def get(self, account, call_id):
        return self.calls.get(call_id)

    def told(self, account, call_id):
        return fingerprint(self.calls[call_id]) if call_id in self.calls else None

    def remove(self, one):
        is_so = self.calls.get(one.call_id) == one
        return self._written(taken_back(one), is_so, lambda: self.calls.pop(one.call_id))

    def move(self, one, day):
        moved = one._replace(day=day)
        cells = total([taken_back(one), cells_of(moved)])
        is_so = self.calls.get(one.call_id) == one
        return self._written(cells, is_so, lambda: self.calls.update({one.call_id: moved}))

    def all(self, account):
        return iter(sorted(self.calls.values()))


def always():
    return True


def utc(account):
    return UTC


def test_a_call_is_told_once_however_often_it_is_told():
    store = Store()
    assert tell(call(), store, utc).is_new
    assert not tell(call(), store, utc).is_new
    assert store.cells == cells_of(call())


def test_the_same_id_for_something_else_is_refused_and_says_what_to_do():
    store = Store()
    tell(call(given_id="7"), store, utc)
    with pytest.raises(Reused, match="call_id was used for another call"):
        tell(call(given_id="7", seconds=1), store, utc)
    with pytest.raises(Reused, match="Idempotency-Key"):
        tell(call(seconds=1), store, utc)


def test_the_same_call_told_in_another_time_zone_is_the_same_one_and_counts_there():
    store = Store()
    tell(call(), store, utc)
    assert not tell(call(day="2026-03-02"), store, lambda account: BERLIN).is_new
    assert tell(call(day="2026-03-02"), store, lambda account: BERLIN).call.day == "2026-03-02"


def test_a_call_that_somebody_is_writing_or_taking_back_right_now_is_to_be_told_again():
    store = Store()
    store.add = lambda one: False
    with pytest.raises(UnderWay):
        tell(call(), store, utc)
    store.calls[call().call_id] = call()
    store.remove = lambda one: False
    with pytest.raises(UnderWay):
        take_back("acme", call().call_id, store)


def test_one_that_was_written_while_the_time_zone_changed_is_moved_to_its_day():
    store = Store()
    told = tell(call(), store, lambda account: BERLIN)
    assert told.call.day == "2026-03-02"
    assert store.cells == cells_of(call(day="2026-03-02"))


def test_a_change_of_the_time_zone_moves_what_does_not_stand_right_and_can_go_on_later():
    store = Store()
    for number in range(4):
        store.add(call(number, started_at=LATE - timedelta(hours=number)))
    asked = iter([True, True])
    assert not rezone("acme", BERLIN, lambda: next(asked, False), calls=store)
    assert rezone("acme", BERLIN, always, calls=store)
    assert Counter(one.day for one in store.calls.values()) == {"2026-03-02": 1, "2026-03-01": 3}
    assert store.cells == total(cells_of(one) for one in store.calls.values())
    assert rezone("acme", UTC, always, calls=store)
    assert {one.day for one in store.calls.values()} == {"2026-03-01"}


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["tell", "take back", "rezone"]), st.integers(0, 3), st.sampled_from([UTC, BERLIN, NEW_YORK])
    ),
    max_size=20,
)


@given(ACTS, st.lists(st.sampled_from(["", "", "before", "after"]), max_size=30))
def test_figures_are_those_of_the_calls_that_there_are_whoever_dies(acts, deaths):
    store, zone = Store(deaths), UTC
    for name, number, other in acts:
        outcome = ("answered", "missed")[number % 2]
        one = call(number, direction=phone_call.DIRECTIONS[number % 2], outcome=outcome, seconds=number)
        try:
            if name == "tell":
                tell(one._replace(day=day_of(one.started_at, zone)), store, lambda account, now=zone: now)
            elif name == "take back":
                take_back("acme", one.call_id, store)
            else:
                zone = other
                rezone("acme", zone, always, calls=store)
        except Died:
            continue
        finally:
            assert store.cells == total(cells_of(one) for one in store.calls.values())
    store.deaths = iter(())
    assert rezone("acme", zone, always, calls=store)
    assert {one.day for one in store.calls.values()} <= {day_of(LATE, zone)}
    assert store.cells == total(cells_of(one) for one in store.calls.values())
