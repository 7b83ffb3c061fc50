"""All orders in which the events of a mail can come, with repetitions: one state, the same cells, each notice once."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.replay_store import Store
from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import Type
from chalicelib.flow.fold import Parts, fold_all

NOON = datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC)  # a second before midnight, and before the clock changes
NOW = NOON + timedelta(hours=5)
ANNA = "anna@example.com"
MESSAGE_ID = "0123456789abcdef0123456789abcdef"
POLICY = AccountPolicy(time_zone="Europe/Berlin", listening={one.value: NOON for one in Type})


def happened(minutes: float, kind: Kind, **data: object) -> Event:
    return events.make(MESSAGE_ID, str(kind), kind, NOON + timedelta(minutes=minutes), **data)


HAPPENED = (
    happened(0, Kind.SENT, ses_message_id="ses-1"),
    happened(0.1, Kind.DELIVERED, recipient=ANNA),
    happened(30, Kind.OPENED, method="GET"),
    happened(40, Kind.CLICKED, method="GET", position=1),
    happened(50, Kind.BOUNCED, recipient=ANNA, type="hard", reason="550"),
    happened(60, Kind.COMPLAINED, recipient=ANNA, reason="abuse"),
)


def folded(batches: list[list[Event]]) -> object:
    """What is stored when the stream brings these batches; an event is stored when it first comes."""
    store = Store({"acme": POLICY})
    tracking = Tracking(True, True, until=NOON + timedelta(days=100))
    store.add(Message(MESSAGE_ID, "acme", NOON, Envelope("me@example.com", (ANNA,)), tracking))
    parts = Parts(store, store, lambda _: POLICY, lambda *_: (), lambda *_: frozenset(), store)
    for batch in batches:
        for event in batch:
            store.put(event)
        assert not fold_all({MESSAGE_ID: [event.key for event in batch]}, parts, now=NOW)
    assert not store.outbox.wrong
    told, hits = store.outbox.told[MESSAGE_ID], store.outbox.hits_told[MESSAGE_ID]
    cells = {
        place: {name: number for name, number in columns.items() if number} for place, columns in store.cells.items()
    }
    cells = {place: columns for place, columns in cells.items() if columns}
    suppressed = {cause.reason: cause.at for cause in store.suppressions["acme", ANNA][0].causes}
    return store.messages[MESSAGE_ID][1]._replace(told=frozenset()), cells, dict(told), hits, suppressed


EXPECTED = folded([list(HAPPENED)])


def test_every_order_comes_to_one_state_one_set_of_cells_and_each_notice_once():
    tried = 0
    for order in permutations(HAPPENED):
        assert folded([[event] for event in order]) == EXPECTED
        tried += 1
    assert tried == 720
    _, cells, told, hits, suppressed = EXPECTED
    assert {place.day for place in cells} == {"2026-03-28"}
    assert set(told.values()) == {1} and len(told) == 4 and len(hits) == 2 and len(suppressed) == 2


@settings(max_examples=150)
@given(st.lists(st.lists(st.sampled_from(HAPPENED), max_size=4), max_size=12), st.permutations(HAPPENED))
def test_repetitions_change_nothing(batches, rest):
    assert folded([*batches, *([event] for event in rest)]) == EXPECTED
