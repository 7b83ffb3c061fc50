"""The closed line: each event is taken in exactly once, whatever comes late, twice, or in pieces."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core.event import GRACE, Event, Kind
from chalicelib.core.refold import LIMITS, Fold, Limits, Row, refold
from chalicelib.core.summary import summarise
from tests.core.happenings import HAPPENINGS
from tests.core.happenings import NOON as happenings_noon

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(days=100)
MESSAGE_ID = "0123456789abcdef" * 2


def opened(minutes: float) -> Event:
    return events.make(MESSAGE_ID, f"o{minutes}", Kind.OPENED, NOON + timedelta(minutes=minutes), method="GET")


BOUNCED = events.make(MESSAGE_ID, "b", Kind.BOUNCED, NOON, recipient="anna@example.com", type="hard", reason="gone")


class Table:
    """Events and marks as the table holds them, and the fold beside them."""

    def __init__(self, limits: Limits = LIMITS, until: datetime = UNTIL) -> None:
        self.limits, self.until = limits, until
        self.events: dict[str, Event] = {}
        self.marks: set[str] = set()
        self.fold = Fold()

    def take(self, arrived: list[Event], now: datetime, most_steps: int = 100) -> int:
        """Stores and folds; returns how many rows were read in the last step."""
        self.events.update({event.key: event for event in arrived})
        for _ in range(most_steps):
            line = self.fold.closed_until
            keys = {event.key for event in arrived}
            rows = [Row(e, k in self.marks) for k, e in self.events.items() if k > line or k in keys]
            step = refold(self.fold, rows, until=self.until, now=now, limits=self.limits)
            assert not self.marks & set(step.marks), "an event is marked once"
            self.marks |= set(step.marks)
            self.fold = step.fold
            if not step.has_more:
                return len(rows)
        raise AssertionError("folding comes to an end")


def test_few_events_are_never_closed():
    table = Table()
    table.take([opened(minute) for minute in range(LIMITS.short_tail)], NOON + timedelta(days=50))
    assert (table.fold.closed_until, table.marks) == ("", set())
    assert table.fold.state.engagement.opens.count == LIMITS.short_tail


def test_a_long_tail_is_closed_and_the_state_stays_exact():
    table = Table()
    table.take([opened(minute / 10) for minute in range(1_000)], NOON + timedelta(days=1))
    assert table.fold.state.engagement.opens.count == 1_000
    assert 1_000 - LIMITS.short_tail <= table.fold.closed.opens.count == len(table.marks)


def test_a_rush_within_minutes_is_closed_too_so_that_a_hit_costs_bounded_reads():
    table, now = Table(), NOON + timedelta(minutes=30)
    reads = [table.take([opened(batch / 10 + one / 1_000) for one in range(50)], now) for batch in range(30)]
    assert table.fold.state.engagement.opens.count == len(table.events)
    assert max(reads) <= LIMITS.long_tail + 100


def test_a_late_event_is_taken_in_once_even_if_the_stream_tells_it_again():
    table, now = Table(), NOON + timedelta(days=1)
    table.take([opened(minute) for minute in range(10, 410)], now)
    assert table.fold.closed_until > opened(5).key
    for _ in range(3):
        table.take([opened(5)], now)
    assert table.fold.state.engagement.opens.count == 401
    assert table.fold.state.engagement.opens.first_at == opened(5).occurred_at


def test_more_late_events_than_a_transaction_takes_need_several_steps():
    table, now = Table(), NOON + timedelta(days=1)
    table.take([opened(minute) for minute in range(1_000, 1_400)], now)
    table.take([opened(minute) for minute in range(3 * LIMITS.marks)], now)
    assert table.fold.state.engagement.opens.count == 400 + 3 * LIMITS.marks


def test_after_the_grace_engagement_stays_and_a_late_bounce_still_counts():
    table = Table()
    table.take([opened(1), opened(2)], NOON + timedelta(days=1))
    table.events.clear()  # their time to live has ended
    table.take([BOUNCED, opened(3)], UNTIL + GRACE)
    assert table.fold.state.engagement.opens.count == 2
    assert table.fold.state.delivery.recipients["anna@example.com"].bounce is not None


@settings(max_examples=100)
@given(st.lists(HAPPENINGS, min_size=1, max_size=60), st.integers(0, 500), st.randoms(use_true_random=False))
def test_any_order_repetition_and_batching_give_the_state_of_all_events(happenings, end, random):
    """With small limits, so that events are closed early and many come late; some after the capture window."""
    until = happenings_noon + timedelta(seconds=end)
    table, waiting, now = Table(Limits(5, 10, 4), until), happenings * 2, until
    random.shuffle(waiting)
    while waiting:
        count = random.randint(1, 10)
        now += timedelta(minutes=random.randint(0, 300))
        table.take(waiting[:count], min(now, until + GRACE / 2))
        waiting = waiting[count:]
    assert table.fold.state == summarise(happenings, until=until)
