"""Cells and notices beside the state of a mail: written together or not at all."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.cell import Counted, Place, difference
from chalicelib.core.change import Change
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import KEPT, Notice, id_of
from chalicelib.core.recount import Recounting
from chalicelib.core.refold import Fold, Step
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENVELOPE = Envelope("me@example.com", ("anna@example.com",))
PLACE = Place("acme", "2026-03-01", module="leads", user='Ina "#" Ødegård', source="individual")
COUNTED = Counted("2026-03-01", frozenset({"sent", "opened"}), "sun_14")


@pytest.fixture
def messages(stack) -> Messages:
    return Messages("messages", REGION)


@pytest.fixture
def folds(messages) -> Folds:
    return Folds(messages, Events("events", REGION), CellTable("reports", REGION), Notices("outbox", REGION))


def mail(messages: Messages, number: int) -> Message:
    made = Message(
        f"{number:032x}", "acme", NOON, ENVELOPE, Tracking(True, True), record=("leads", "1"), user=PLACE.user
    )
    messages.add(made)
    return made


def notice(message: Message, number: int = 0, at: datetime = NOON) -> Notice:
    about = {"hit": "x", "position": 3}
    return Notice(
        id_of(message.message_id, message.version + 1, number),
        message.account,
        message.message_id,
        "email.clicked",
        at,
        at,
        about,
    )


def change(message: Message, counted: Counted = COUNTED, *notices: Notice) -> Change:
    fold = Fold(counted=counted, told=frozenset({"x", "y"}))
    return Change(message, Step(fold, (), False), difference(message, Counted(), counted), notices)


def test_cells_of_a_day_are_the_sum_over_its_shards(stack):
    table = CellTable("reports", REGION)
    for _ in range(3):
        table.add({PLACE: {"sent": 2, "opened": 1, "sun_14": 1}})
    table.add({PLACE: {"opened": -3}, PLACE._replace(day="2026-03-02"): {"sent": 1}})
    assert table.of_day("acme", "2026-03-01") == {PLACE: {"sent": 6, "sun_14": 3}}
    assert table.of_day("other", "2026-03-01") == {}


def test_changes_of_several_mails_are_stored_with_the_sum_of_their_cells(messages, folds, stack):
    both = [mail(messages, 1), mail(messages, 2)]
    assert folds.store([change(one) for one in both])
    held = {PLACE: {"sent": 2, "opened": 2, "sun_14": 2}}
    assert CellTable("reports", REGION).of_day("acme", "2026-03-01") == held
    for one in both:
        found, fold = folds.find(one.message_id)
        assert (found.version, fold.counted, fold.told) == (1, COUNTED, {"x", "y"})


def test_where_one_of_them_was_overtaken_nothing_is_stored_of_any(messages, folds, stack):
    both = [mail(messages, 1), mail(messages, 2)]
    assert folds.store([change(both[0], Counted())])
    assert not folds.store([change(both[1], COUNTED, notice(both[1])), change(both[0])])
    assert CellTable("reports", REGION).of_day("acme", "2026-03-01") == {}
    assert not list(Notices("outbox", REGION).between("acme", NOON, NOON + timedelta(days=1), now=NOON))
    assert folds.find(both[1].message_id)[0].version == 0


def recounting(message: Message, before: Counted, after: Counted) -> Recounting:
    return Recounting(message, after, difference(message, before, after))


def test_what_mails_count_for_is_stored_with_the_difference_for_the_cells(messages, folds):
    one, other = mail(messages, 1), mail(messages, 2)
    assert folds.store([change(one), change(other)])
    later = COUNTED._replace(day="2026-03-02")
    found = [folds.find(each.message_id)[0] for each in (one, other)]
    assert folds.recount([recounting(message, COUNTED, later) for message in found])
    cells = CellTable("reports", REGION)
    assert cells.of_day("acme", "2026-03-01") == {}
    assert cells.of_day("acme", "2026-03-02") == {
        PLACE._replace(day="2026-03-02"): {"sent": 2, "opened": 2, "sun_14": 2}
    }
    assert folds.find(one.message_id)[1] == change(one).step.fold._replace(counted=later)


def test_where_a_mail_was_folded_since_it_was_read_nothing_that_mails_count_for_is_changed(messages, folds):
    one, other = mail(messages, 1), mail(messages, 2)
    assert folds.store([change(one), change(other)])
    stale = [folds.find(each.message_id)[0] for each in (one, other)]
    clicked = COUNTED._replace(columns=COUNTED.columns | {"clicked"})
    more = Change(stale[1], Step(Fold(counted=clicked), (), False), difference(other, COUNTED, clicked))
    assert folds.store([more])
    cells = CellTable("reports", REGION)
    before = cells.of_day("acme", "2026-03-01")
    assert not folds.recount([recounting(message, COUNTED, Counted()) for message in stale])
    assert cells.of_day("acme", "2026-03-01") == before == {PLACE: {"sent": 2, "opened": 2, "clicked": 1, "sun_14": 2}}
    assert [folds.find(each.message_id)[1].counted for each in (one, other)] == [COUNTED, clicked]


def test_a_notice_is_found_by_its_key_and_by_its_time_as_long_as_it_is_kept(messages, folds, stack):
    one, other = mail(messages, 1), mail(messages, 2)
    later = NOON + timedelta(hours=1)
    assert folds.store(
        [change(one, COUNTED, notice(one), notice(one, 1, later)), change(other, COUNTED, notice(other))]
    )
    table = Notices("outbox", REGION)
    assert table.get("acme", one.message_id, notice(one).key, now=NOON) == notice(one)
    assert table.get("acme", one.message_id, notice(one).key, now=NOON + KEPT) is None
    assert table.get("other", one.message_id, notice(one).key, now=NOON) is None
    found = list(table.between("acme", NOON, later, now=NOON))
    assert sorted(found) == sorted([notice(one), notice(other)])
    assert len(list(table.between("acme", NOON, later + timedelta(seconds=1), now=NOON))) == 3
    assert not list(table.between("acme", NOON, later, now=NOON + KEPT))


def test_mails_with_what_they_count_for_are_found_by_when_they_were_to_be_sent(messages, folds, stack):
    one, other = mail(messages, 1), mail(messages, 2)
    folds.store([change(one)])
    found = messages.folds_between("acme", NOON, NOON + timedelta(seconds=1))
    assert {message.message_id: fold.counted for message, fold in found} == {
        one.message_id: COUNTED,
        other.message_id: Counted(),
    }
    assert not list(messages.folds_between("acme", NOON + timedelta(seconds=1), NOON + timedelta(days=1)))
