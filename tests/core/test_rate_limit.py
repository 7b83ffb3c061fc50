"""The limit of a key holds over all processes together, however their calls fall."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.rate_limit import LEASES, Allowance, Decision, spend, window_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Counters:
    """The shared counter of each minute; `asked` is how often it was written."""

    def __init__(self) -> None:
        self.leased: Counter[int] = Counter()
        self.asked = 0

    def lease(self, window: int, number: int) -> int:
        self.asked += 1
        self.leased[window] += number
        return self.leased[window]


class Process:
    """A process that serves the key."""

    def __init__(self, counters: Counters, limit: int) -> None:
        self.counters, self.limit = counters, limit
        self.known: Allowance | None = None

    def call(self, now: datetime) -> Decision:
        self.known, decision = spend(self.known, self.limit, now, self.counters.lease)
        return decision


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4_000)), max_size=300),
)
def test_never_more_than_the_limit_in_a_minute_over_all_processes(limit, turns):
    """In any order of processes, with clocks that stand and leap, forth and back."""
    counters, passed = Counters(), Counter()
    processes = [Process(counters, limit) for _ in range(5)]
    for number, tenths in turns:
        process = processes[number]
        if process.call(NOON + timedelta(milliseconds=100 * tenths)).is_allowed:
            passed[process.known.window] += 1
    assert all(count <= limit for count in passed.values())


@given(st.integers(1, 1_000))
def test_one_process_gets_all_of_the_limit_for_a_few_writes(limit):
    counters = Counters()
    process = Process(counters, limit)
    assert sum(process.call(NOON).is_allowed for _ in range(limit + 50)) == limit
    assert counters.asked <= LEASES
    assert process.call(NOON + timedelta(seconds=60)).is_allowed


def test_who_is_over_the_limit_hears_when_the_next_minute_begins_and_asks_nobody_any_more():
    counters = Counters()
    process = Process(counters, 1)
    at = NOON + timedelta(seconds=12, milliseconds=300)
    assert process.call(at) == Decision(True, 1, 0, 48)
    assert process.call(at) == Decision(False, 1, 0, 48)
    assert process.call(NOON + timedelta(seconds=59, milliseconds=999)) == Decision(False, 1, 0, 1)
    assert counters.asked == 1
    assert process.call(NOON + timedelta(minutes=1)).is_allowed


def test_what_is_left_counts_the_lease_and_what_nobody_has_leased():
    process = Process(Counters(), 600)
    assert process.call(NOON) == Decision(True, 600, 599, 60)
    assert process.call(NOON).remaining == 598


def test_a_clock_that_is_set_back_does_not_begin_the_old_minute_again():
    process = Process(Counters(), 1)
    assert process.call(NOON).is_allowed
    assert not process.call(NOON - timedelta(minutes=5)).is_allowed
    assert process.known.window == window_of(NOON)
