"""Cells: a mail counts once in each column that holds, on the day it was sent where the account is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import cell
from chalicelib.core.cell import COLUMNS, HOURS, NOTHING, Counted, Place, counted_of, difference, total
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Sending, Tracking
from chalicelib.core.summary import summarise
from tests.core.happenings import ANNA, HAPPENINGS, MESSAGE_ID, NOON, clicked, happened, opened

BERLIN = ZoneInfo("Europe/Berlin")
MESSAGE = Message(
    MESSAGE_ID,
    "acme",
    NOON,
    Envelope("me@example.com", (ANNA,)),
    Tracking(True, True, until=NOON + timedelta(days=100)),
    record=("leads", "4711"),
    user="ina",
)
SENT = happened(Kind.SENT, 1, ses_message_id="ses-1")
DELIVERED = happened(Kind.DELIVERED, 2, recipient=ANNA)


def columns(*events, message: Message = MESSAGE) -> set[str]:
    return set(counted_of(message, summarise(events), UTC).columns)


def bounced(kind: str):
    return happened(Kind.BOUNCED, 3, recipient=ANNA, type=kind, reason="gone")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], set()),
        ([SENT], {"sent", "tracked"}),
        ([DELIVERED], {"sent", "tracked", "delivered"}),
        ([SENT, DELIVERED, opened(600)], {"sent", "tracked", "delivered", "opened"}),
        ([SENT, clicked(600)], {"sent", "tracked", "opened", "clicked"}),
        ([SENT, opened(600, "HEAD")], {"sent", "tracked", "opened_by_machine"}),
        ([SENT, clicked(600, 0, "HEAD")], {"sent", "tracked", "clicked_by_machine"}),
        ([SENT, DELIVERED, bounced("hard")], {"sent", "tracked", "bounced_hard", "bounced_tracked"}),
        ([SENT, bounced("soft")], {"sent", "tracked", "bounced_soft", "bounced_tracked"}),
        ([SENT, happened(Kind.COMPLAINED, 9, recipient=ANNA)], {"sent", "tracked", "complained"}),
        ([SENT, happened(Kind.UNSUBSCRIBED, 9, method="POST")], {"sent", "tracked", "unsubscribed"}),
        ([SENT, happened(Kind.REJECTED, 9, reason="virus")], set()),
    ],
)
def test_a_mail_counts_in_each_column_that_holds(events, expected):
    assert columns(*events) == expected


def test_what_is_not_tracked_or_not_sent_from_the_system_counts_for_less():
    untracked = replace(MESSAGE, tracking=Tracking(False, False, "mail_off"))
    assert columns(SENT, bounced("hard"), message=untracked) == {"sent", "bounced_hard"}
    assert columns(SENT, message=replace(MESSAGE, source="imap")) == set()


def test_what_the_sender_noted_changes_nothing_for_it_comes_in_another_order():
    assert counted_of(replace(MESSAGE, sending=Sending.SENT), summarise([]), UTC) == NOTHING


def test_what_came_in_counts_as_received_on_its_day_and_as_responded_once_somebody_answered_it():
    came_in = replace(MESSAGE, is_inbound=True, source="imap", tracking=Tracking(False, False, "received"))
    late = replace(came_in, accepted_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    assert counted_of(late, summarise([]), UTC) == Counted("2026-03-01", frozenset({"received"}))
    assert counted_of(late, summarise([]), BERLIN).day == "2026-03-02"
    answered = happened(Kind.RESPONDED, 9, email="a" * 32)
    assert columns(answered, message=came_in) == {"received", "responded"}
    assert columns(SENT, DELIVERED, opened(600), message=came_in) == {"received"}, "it is never counted as sent"
    assert columns(SENT, happened(Kind.REPLIED, 9, email="a" * 32)) == {"sent", "tracked"}


@pytest.mark.parametrize(
    ("sent_at", "day"),
    [
        (datetime(2026, 3, 1, 22, 59, 59, tzinfo=UTC), "2026-03-01"),
        (datetime(2026, 3, 1, 23, tzinfo=UTC), "2026-03-02"),
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "2026-03-29"),  # clocks went forward this night
        (datetime(2026, 3, 29, 22, 1, tzinfo=UTC), "2026-03-30"),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "2026-10-25"),  # and back this one
        (datetime(2026, 10, 25, 23, 1, tzinfo=UTC), "2026-10-26"),
    ],
)
def test_the_day_is_that_of_the_accounts_time_zone_also_where_clocks_change(sent_at, day):
    event = SENT._replace(occurred_at=sent_at)
    assert counted_of(replace(MESSAGE, accepted_at=sent_at), summarise([event]), BERLIN).day == day


def test_a_mail_that_was_sent_days_after_it_was_to_be_counts_as_of_a_day_after():
    late = SENT._replace(occurred_at=NOON + timedelta(days=5))
    assert counted_of(MESSAGE, summarise([late]), UTC).day == "2026-03-02"
    early = SENT._replace(occurred_at=NOON - timedelta(days=5))
    assert counted_of(MESSAGE, summarise([early]), UTC).day == "2026-03-01"


def test_the_hour_is_that_of_the_week_and_the_place_where_a_person_first_opened_it():
    state = summarise([SENT, opened(600, "HEAD"), opened(7_300), opened(90_000)])
    counted = counted_of(MESSAGE, state, BERLIN)
    assert counted.hour == "sun_15"
    cells = difference(MESSAGE, NOTHING, counted)
    place = Place("acme", "2026-03-01", "", "leads", "ina", "individual")
    assert cells == {place: dict.fromkeys([*counted.columns, "sun_15"], 1)}
    assert "sun_15" in HOURS


ANY = st.lists(HAPPENINGS, max_size=8)


@given(st.lists(ANY, min_size=1, max_size=5), st.sampled_from([UTC, BERLIN]))
def test_differences_add_up_to_what_holds_at_last_whatever_held_between(histories, zone):
    happened_so_far, before, sums = [], NOTHING, {}
    for news in histories:
        happened_so_far += news
        after = counted_of(MESSAGE, summarise(happened_so_far), zone)
        sums = total([sums, difference(MESSAGE, before, after)])
        before = after
    assert sums == difference(MESSAGE, NOTHING, before)
    for columns_of in sums.values():
        assert set(columns_of.values()) <= {1}


@given(ANY)
def test_tracked_is_part_of_sent_and_bounced_among_tracked_of_both(events):
    held = columns(*events)
    assert held <= set(COLUMNS)
    for column in held:
        assert "sent" in held, column
    assert not held & {"opened", "clicked", "bounced_tracked"} or "tracked" in held
    assert "bounced_tracked" not in held or held & {"bounced_hard", "bounced_soft"}
    assert len(held & {"delivered", "bounced_hard", "bounced_soft"}) <= 1


@given(st.sets(st.sampled_from(COLUMNS)), st.sampled_from(["", "sun_14"]))
def test_what_a_mail_counts_for_is_stored_as_it_is(held, hour):
    counted = Counted("2026-03-01", frozenset(held), hour)
    assert cell.load(cell.dump(counted)) == counted
    assert cell.load(cell.dump(NOTHING)) == cell.load(None) == NOTHING


def test_columns_keep_their_numbers_for_they_are_stored():
    assert COLUMNS[:13] == (
        *("sent", "delivered", "bounced_hard", "bounced_soft", "tracked", "bounced_tracked", "opened", "clicked"),
        *("unsubscribed", "complained", "opened_by_proxy", "opened_by_machine", "clicked_by_machine"),
    )
