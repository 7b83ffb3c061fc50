"""Deliveries in their table: one worker for each attempt, a log in order, and nothing that is due is forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import delivery as deliveries
from chalicelib.core.delivery import Answer, Status, Task, begun, place_of
from chalicelib.core.notice import Notice
from chalicelib.storage.deliveries import LOOKED_AFTER, QUEUED_ALREADY, Deliveries
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOOK = "a" * 32
BROKEN = Answer(500, None, 7)


@pytest.fixture
def store(stack) -> Deliveries:
    return Deliveries("outbox", REGION)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def delivery(number: int = 0, run: str = "", account: str = "acme"):
    notice = Notice(f"n{number}", account, "0" * 32, "email.opened", NOON, at(number), {"hit": "h", "position": 2})
    return begun(notice, HOOK, place_of(notice.key, run), NOON)


def failed(store: Deliveries, one, answer=BROKEN, when=NOON, *, is_queued=True):
    held = deliveries.held(one, f"mark-{one.tries}")
    assert store.claim(one, held.claim, when)
    after = deliveries.settled(held, answer, when, 0.0)
    assert store.settle(after, is_queued=is_queued)
    return after


def test_what_is_stored_is_read_as_it_was(store):
    after = failed(store, delivery(run="r1"))
    assert store.get("acme", HOOK, after.place) == after
    assert store.get("berg", HOOK, after.place) is None
    assert store.get("acme", "b" * 32, after.place) is None


def test_of_two_workers_one_gets_the_attempt_and_only_that_one_may_note_it(store):
    one = delivery()
    assert store.claim(one, "mine", NOON)
    assert not store.claim(one, "other", NOON)
    assert store.claim(one, "mine", NOON), "whose claim got through and whose answer was lost"
    theirs = deliveries.settled(deliveries.held(one, "other"), Answer(200), NOON, 0.0)
    assert not store.settle(theirs, is_queued=False)
    mine = deliveries.settled(deliveries.held(one, "mine"), Answer(200), NOON, 0.0)
    assert store.settle(mine, is_queued=False)
    assert store.settle(mine, is_queued=False), "again says the same"
    assert not store.claim(one, "late", NOON)
    assert store.get("acme", HOOK, one.place).status is Status.DELIVERED


def test_after_its_lease_another_worker_may_begin_the_next_attempt_and_the_first_may_note_nothing(store):
    one = delivery()
    assert store.claim(one, "slow", NOON)
    held = store.get("acme", HOOK, one.place)
    assert store.claim(held, "next", at(130))
    assert not store.settle(deliveries.settled(deliveries.held(one, "slow"), Answer(200), NOON, 0.0), is_queued=False)


def test_who_ends_a_delivery_again_for_want_of_an_answer_has_ended_it(store):
    given_up = deliveries.given_up(replace(delivery(), tries=1))
    assert store.claim(delivery(), "dead", NOON)
    assert [store.end(given_up, Status.FAILED) for _ in range(2)] == [True, True]
    assert not store.end(replace(given_up, tries=2), Status.FAILED)
    assert not store.end(given_up, Status.CANCELLED)
    assert store.get("acme", HOOK, given_up.place) == replace(given_up, claim="")


def test_what_is_ended_begins_no_attempt(store):
    one = delivery()
    assert store.end(replace(one, next_at=None), Status.CANCELLED)
    assert not store.end(one, Status.WITHDRAWN)
    assert not store.claim(one, "mark", NOON)
    assert store.get("acme", HOOK, one.place).status is Status.CANCELLED


def test_what_waits_is_due_and_what_is_done_is_not(store):
    waiting, near, done = (delivery(number) for number in range(3))
    failed(store, waiting, is_queued=False)
    failed(store, near)
    failed(store, done, Answer(200))
    assert store.claim(delivery(3), "dying", NOON)
    store.add(delivery(4))
    found = {one.task: one.at for one in store.due(at(3600))}
    assert found == {
        Task("acme", HOOK, waiting.place, tries=1): at(5),
        Task("acme", HOOK, near.place, tries=1): at(5) + QUEUED_ALREADY,
        Task("acme", HOOK, delivery(3).place, tries=1): at(120),
        Task("acme", HOOK, delivery(4).place, tries=0): NOON + QUEUED_ALREADY,
    }
    assert [one.task.place for one in store.due(at(6))] == [waiting.place]


def test_what_was_looked_after_comes_again_later_unless_it_went_on_meanwhile(store):
    one = failed(store, delivery(), is_queued=False)
    [due] = store.due(at(60))
    store.looked_after(due, at(60))
    assert list(store.due(at(60) + LOOKED_AFTER)) == []
    [again] = store.due(at(61) + LOOKED_AFTER)
    failed(store, one, Answer(200), at(70))
    store.looked_after(again, at(80))
    assert list(store.due(at(10**6))) == []
    assert store.get("acme", HOOK, one.place).status is Status.DELIVERED


def test_the_log_has_the_latest_notice_first_and_is_paged_both_ways(store):
    for number in range(5):
        failed(store, delivery(number), Answer(200 if number % 2 else 500))
    failed(store, delivery(2, run="r1"))
    store.note_tried("acme", HOOK, "0" * 32, "h", NOON)

    def page(**where):
        found = store.page("acme", HOOK, 2, where.get("after"), where.get("before"), where.get("status"), now=NOON)
        return found, [one.delivery_id for one in found.deliveries], found.has_more

    first, *found = page()
    assert found == [["n4", "n3"], True]
    second, *found = page(after=first.after)
    assert found == [["n2~r1", "n2"], True]
    third, *found = page(after=second.after)
    assert found == [["n1", "n0"], False]
    _, *found = page(before=third.before)
    assert found == [["n2~r1", "n2"], True]
    _, *found = page(status="delivered")
    assert found == [["n3", "n1"], False]
    assert page(status="failed")[1] == []
    assert store.page("berg", HOOK, 2, None, None, now=NOON).deliveries == []
    assert store.page("acme", HOOK, 2, None, None, now=NOON + timedelta(days=30)).deliveries == [], "it is not kept"


def test_hits_that_were_tried_are_those_of_a_webhook_and_a_mail(store):
    store.note_tried("acme", HOOK, "0" * 32, "h", NOON)
    store.note_tried("acme", HOOK, "0" * 32, "h", NOON)
    assert store.was_tried("acme", HOOK, "0" * 32, "h")
    for account, hook, message_id, hit in (
        ("berg", HOOK, "0" * 32, "h"),
        ("acme", "b" * 32, "0" * 32, "h"),
        ("acme", HOOK, "1" * 32, "h"),
        ("acme", HOOK, "0" * 32, "i"),
    ):
        assert not store.was_tried(account, hook, message_id, hit)


def test_all_of_it_expires_after_thirty_days(store):
    failed(store, delivery())
    store.note_tried("acme", HOOK, "0" * 32, "h", NOON)
    ends = {row.expires_at for rows in (store._rows, store._tried) for row in rows.scan()}
    assert ends == {NOON + timedelta(days=30)}
