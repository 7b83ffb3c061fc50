"""Aggregates in DynamoDB: made once, shown when enough people got a mail of them, and in no list of mails."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.aggregate import LEAST_PEOPLE, Days, Kept, aggregate_id, aggregate_of
from chalicelib.core.change import Change
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import Fold, Step
from chalicelib.core.summary import summarise
from chalicelib.core.token import Mode
from chalicelib.storage.aggregates import Aggregates
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.every_mail import EveryMail
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = datetime(2026, 6, 10, tzinfo=UTC)
ALL = Days()


@pytest.fixture
def aggregates(stack) -> Aggregates:
    return Aggregates("messages", REGION)


@pytest.fixture
def messages(stack) -> Messages:
    return Messages("messages", REGION)


def mail(to: str = "anna@example.com", days: int = 0, account: str = "acme", until: datetime = UNTIL) -> Message:
    tracking = Tracking(True, True, until=until, mode=Mode.AGGREGATE)
    return Message("a" * 32, account, NOON + timedelta(days=days), Envelope("me@example.com", (to,)), tracking)


def shown(aggregates: Aggregates, account: str = "acme") -> list[Kept]:
    return aggregates.page(account, ALL, 20).aggregates


def received_by(aggregates: Aggregates, *people: str) -> bool:
    for person in people:
        aggregates.note_received(mail(person))
    return shown(aggregates)[0].is_large


def test_an_aggregate_is_made_once_and_a_longer_window_of_a_later_mail_holds(aggregates, messages):
    found = aggregate_id(mail())
    aggregates.ensure(aggregate_of(mail()))
    messages.store_fold(aggregate_of(mail()), Fold(summarise([])))
    for days, expected in ((-1, 0), (0, 0), (3, 3), (1, 3)):
        until = UNTIL + timedelta(days=days)
        for store in (aggregates, Aggregates("messages", REGION)):  # another process, too
            store.ensure(aggregate_of(mail(until=until)))
        assert messages.until_of(found) == UNTIL + timedelta(days=expected)
    stored, _ = messages.find(found)
    assert stored.version == 1, "what was folded stays"
    assert replace(stored, version=0) == aggregate_of(mail(until=UNTIL + timedelta(days=3)))


def test_it_is_shown_when_ten_people_got_a_mail_of_it_and_not_before(aggregates):
    aggregates.ensure(aggregate_of(mail()))
    assert not received_by(aggregates)
    people = [f"person{number}@example.com" for number in range(LEAST_PEOPLE)]
    assert not received_by(aggregates, *people[:-1])
    assert not received_by(Aggregates("messages", REGION), *people[:-1], "Person0 <PERSON0@example.com>")
    assert received_by(aggregates, people[-1])
    for store in (aggregates, Aggregates("messages", REGION)):
        assert received_by(store, "one-more@example.com", *people)


def test_nobody_can_be_read_from_what_is_noted(aggregates):
    aggregates.ensure(aggregate_of(mail()))
    aggregates.note_received(mail())
    row = aggregates._rows.get(aggregate_id(mail()))
    assert [len(one) for one in row.reached] == [4]
    assert "anna" not in repr(row.attribute_values)


def test_of_one_that_is_not_there_nothing_is_noted(aggregates):
    aggregates.note_received(mail())
    assert shown(aggregates) == []
    aggregates.ensure(aggregate_of(mail()))
    assert received_by(aggregates, *(f"person{number}@example.com" for number in range(LEAST_PEOPLE)))


def test_no_list_of_mails_and_nobody_who_asks_for_a_mail_finds_one_but_the_sweep_does(aggregates, messages):
    one = aggregate_of(mail())
    aggregates.ensure(one)
    opened = events.make(one.message_id, "o", Kind.OPENED, one.due_at, method="GET")
    table = Events("events", REGION)
    table.put(opened, UNTIL)
    folds = Folds(messages, table, CellTable("reports", REGION), Notices("outbox", REGION))
    assert folds.store([Change(one, Step(Fold(summarise([opened])), (opened.key,), False))])
    assert shown(aggregates)[0].engagement.opens.count == 1
    assert messages.get("acme", one.message_id) is None
    assert messages.page("acme", 9).messages == messages.opened_page("acme", 9).messages == []
    assert EveryMail("messages", REGION).behind("acme", "", 9).mails == []
    assert list(messages.waiting_between("acme", NOON - timedelta(days=1), NOON)) == []
    assert list(messages.accepted_between("acme", NOON - timedelta(days=1), NOON)) == [one.message_id]


def test_the_list_is_paged_by_day_both_ways_and_only_of_the_account(aggregates):
    for day in range(5):
        aggregates.ensure(aggregate_of(mail(days=day)))
    aggregates.ensure(aggregate_of(mail(days=9, account="berg")))

    def days(page) -> list[int]:
        return [kept.aggregate.due_at.day for kept in page.aggregates]

    first = aggregates.page("acme", ALL, 2)
    assert (days(first), first.has_more) == ([5, 4], True)
    second = aggregates.page("acme", ALL, 2, after=first.after)
    assert (days(second), second.has_more) == ([3, 2], True)
    last = aggregates.page("acme", ALL, 2, after=second.after)
    assert (days(last), last.has_more) == ([1], False)
    back = aggregates.page("acme", ALL, 2, before=last.before)
    assert (days(back), back.has_more) == ([3, 2], True)
    assert days(aggregates.page("acme", ALL, 9, before=first.before)) == []
    third = date(2026, 3, 3)
    assert days(aggregates.page("acme", Days(third, third), 9)) == [3]
    assert days(aggregates.page("acme", Days(third), 9, after=first.before)) == [4, 3]
    assert days(aggregates.page("acme", Days(None, third), 9)) == [3, 2, 1]
    assert days(aggregates.page("acme", Days(third), 9, after=last.before)) == [], "places beyond the days"


def test_events_are_read_by_their_keys_as_long_as_they_live(stack):
    table = Events("events", REGION)
    found = [events.make("a" * 32, f"e{number}", Kind.OPENED, NOON, method="GET") for number in range(3)]
    for number, one in enumerate(found):
        table.put(one, NOON + timedelta(days=number))
    keys = [one.key for one in found]
    read = table.at("a" * 32, [*keys, f"{keys[0]}x"], now=NOON + timedelta(hours=1))
    assert sorted(row.event.event_id for row in read) == ["e1", "e2"]
    assert table.at("a" * 32, [], now=NOON) == []
