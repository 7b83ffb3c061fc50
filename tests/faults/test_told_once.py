"""A late hit that was told and not yet closed when the function died is told once, whatever is folded meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.replay_store import Store
from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import LIMITS
from chalicelib.flow.fold import Parts, fold_all
from tests.faults.calls import Killed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef0123456789abcdef"
POLICY = AccountPolicy(listening={"email.opened": NOON, "email.open.reclassified": NOON})


class Dying(Store):
    """Dies before the write of this number, from 0, once."""

    dies_at = -1

    def store(self, changes):
        self.dies_at -= 1
        if self.dies_at == -1:
            raise Killed
        return super().store(changes)


def opened(number: int, minutes: float) -> Event:
    at = NOON + timedelta(minutes=minutes)
    return events.make(MESSAGE_ID, f"open-{number}", Kind.OPENED, at, method="GET")


@pytest.mark.parametrize("dies_at", range(4))
def test_what_was_told_before_the_function_died_is_not_told_again(dies_at):
    store = Dying({"acme": POLICY})
    tracking = Tracking(True, True, until=NOON + timedelta(days=100))
    store.add(Message(MESSAGE_ID, "acme", NOON, Envelope("me@example.com", ("anna@example.com",)), tracking))
    parts = Parts(store, store, lambda _: POLICY, lambda *_: (), lambda *_: frozenset(), store)

    def fold(batch: list[Event], hours: float) -> None:
        for event in batch:
            store.put(event)
        arrived = {MESSAGE_ID: [event.key for event in batch]}
        assert not fold_all(arrived, parts, now=NOON + timedelta(hours=hours))

    on_time = [opened(number, 60 + number) for number in range(300)]
    for first in range(0, 300, 50):
        fold(on_time[first : first + 50], 12)
    line = store.messages[MESSAGE_ID][1].closed_until
    late = [opened(1_000 + number, 1 + number / 10) for number in range(2 * LIMITS.news)]
    assert max(event.key for event in late) < line
    store.dies_at = dies_at
    try:
        fold(late, 13)
    except Killed:
        fold([opened(2_000, 700)], 13)  # another batch comes first
    fold(late, 13)
    fold(late, 14)
    assert not store.outbox.wrong
    hits = [*on_time, *late]
    assert {event.key for event in hits} <= store.outbox.hits_told[MESSAGE_ID]
    assert store.messages[MESSAGE_ID][0].state.engagement.opens.count - len(hits) in (0, 1)
