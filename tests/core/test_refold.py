"""The closed line: each event is taken in exactly once, whatever comes late, twice, or in pieces."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core import rules
from chalicelib.core.event import GRACE, Event, Kind
from chalicelib.core.refold import LIMITS, MOST_NEAR, Fold, Limits, Row, around, refold, rejudge
from chalicelib.core.summary import summarise
from tests.core.happenings import BY_THEMSELVES, HAPPENINGS, clicked
from tests.core.happenings import NOON as happenings_noon

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(days=100)
MESSAGE_ID = "0123456789abcdef" * 2


def opened(minutes: float) -> Event:
    return events.make(MESSAGE_ID, f"o{minutes}", Kind.OPENED, NOON + timedelta(minutes=minutes), method="GET")


BOUNCED = events.make(MESSAGE_ID, "b", Kind.BOUNCED, NOON, recipient="anna@example.com", type="hard", reason="gone")


class Table:
    """Events and marks as the table holds them, and the fold beside them."""

    def __init__(
        self, limits: Limits = LIMITS, until: datetime = UNTIL, context: rules.Context = rules.NOTHING_KNOWN
    ) -> None:
        self.limits, self.until, self.context = limits, until, context
        self.events: dict[str, Event] = {}
        self.marks: set[str] = set()
        self.fold = Fold()

    def take(self, arrived: list[Event], now: datetime, most_steps: int = 100) -> int:
        """Stores and folds; returns how many rows were read in the last step."""
        self.events.update({event.key: event for event in arrived})
        for _ in range(most_steps):
            rows = self.rows(arrived)
            step = refold(self.fold, rows, context=self.context, until=self.until, now=now, limits=self.limits)
            assert not self.marks & set(step.marks), "an event is marked once"
            self.marks |= set(step.marks)
            self.fold = step.fold
            if not step.has_more:
                return len(rows)
        raise AssertionError("folding comes to an end")

    def rows(self, arrived: list[Event]) -> list[Row]:
        """The tail, what arrived before the line, and what is within reach of these."""
        line = self.fold.closed_until
        late = [event.key for event in arrived if event.key <= line]
        keys = {key for key in self.events if key > line}.union(*(self.near(key) for key in [line, *late] if key))
        return [Row(self.events[key], key in self.marks) for key in keys]

    def near(self, place: str) -> list[str]:
        first, last = around(place)
        before = sorted(key for key in self.events if first <= key <= place)[-MOST_NEAR:]
        return before + sorted(key for key in self.events if place <= key <= last)[:MOST_NEAR]


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
    assert max(reads) <= LIMITS.long_tail + 100 + MOST_NEAR


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
    table, waiting, now = Table(Limits(5, 10, 4), until, BY_THEMSELVES), happenings * 2, until
    random.shuffle(waiting)
    while waiting:
        count = random.randint(1, 10)
        now += timedelta(minutes=random.randint(0, 300))
        table.take(waiting[:count], min(now, until + GRACE / 2))
        waiting = waiting[count:]
    assert table.fold.state == summarise(happenings, context=BY_THEMSELVES, until=until)


@settings(max_examples=100)
@given(st.lists(HAPPENINGS, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_any_order_and_batching_give_the_verdicts_of_all_events_as_long_as_none_is_closed(happenings, random):
    table, waiting = Table(), happenings * 2
    random.shuffle(waiting)
    while waiting:
        count = random.randint(1, 10)
        table.take(waiting[:count], UNTIL)
        waiting = waiting[count:]
    assert table.fold.state == summarise(happenings)


def test_a_hit_behind_the_line_is_judged_with_the_closed_ones_before_it():
    table = Table(Limits(short_tail=2, long_tail=2, marks=90))
    table.take([clicked(60, 0), clicked(61, 1), opened(100), opened(200)], NOON + timedelta(minutes=5))
    assert table.fold.closed.clicks.count == 2, "closed as a person's"
    table.take([clicked(62, 2)], NOON + timedelta(minutes=5))
    assert (table.fold.state.engagement.clicks.count, table.fold.state.engagement.clicks.machine) == (2, 1)


def test_judging_anew_takes_back_also_what_was_closed_and_is_repeatable():
    table = Table(Limits(short_tail=2, long_tail=2, marks=90))
    happenings = [clicked(60, 0), clicked(61, 1), opened(100), opened(200), clicked(62, 2)]
    for one in happenings:
        table.take([one], NOON + timedelta(minutes=5))
    rows = [Row(event, key in table.marks) for key, event in table.events.items()]
    context = rules.NOTHING_KNOWN
    anew = rejudge(table.fold, rows, context=context, until=UNTIL, now=NOON + timedelta(days=9)).fold
    assert anew.state == summarise(happenings)
    assert anew.closed_until == table.fold.closed_until
    assert rejudge(anew, rows, context=context, until=UNTIL, now=NOON + timedelta(days=9)).fold == anew
    assert rejudge(anew, [], context=context, until=UNTIL, now=UNTIL + GRACE).fold == anew, "when the events are gone"


def test_judging_anew_leaves_what_no_fold_has_seen_to_the_fold():
    table = Table(Limits(short_tail=2, long_tail=2, marks=90))
    table.take([opened(minutes) for minutes in range(10, 20)], NOON + timedelta(days=1))
    for unseen in (opened(1), BOUNCED):
        table.events[unseen.key] = unseen
    rows = [Row(event, key in table.marks) for key, event in table.events.items()]
    anew = rejudge(table.fold, rows, context=rules.NOTHING_KNOWN, until=UNTIL, now=NOON + timedelta(days=1)).fold
    assert anew == table.fold
