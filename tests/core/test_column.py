"""What follows for a mail from what it counts as: its status, its source, and the day on which it was due."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import column
from chalicelib.core.cell import COLUMNS, HOURS, NOTHING, counted_of
from chalicelib.core.event import Kind
from chalicelib.core.message import Sending, Tracking
from chalicelib.core.source import SOURCES
from chalicelib.core.status import status_of
from chalicelib.core.summary import EMPTY, summarise
from tests.core.happenings import ANNA, HAPPENINGS, happened, opened
from tests.core.test_cell import MESSAGE

TRACKINGS = st.sampled_from([MESSAGE.tracking, Tracking(False, False, "mail_off")])
MESSAGES = st.builds(
    lambda source, tracking, sending, hours, is_inbound: replace(
        MESSAGE,
        source=source,
        tracking=tracking,
        sending=sending,
        accepted_at=MESSAGE.accepted_at - timedelta(hours=hours),
        is_inbound=is_inbound,
    ),
    st.sampled_from(list(SOURCES)),
    TRACKINGS,
    st.sampled_from(list(Sending)),
    st.integers(0, 30),
    st.booleans(),
)
EVENTS = st.lists(HAPPENINGS, max_size=8)


@given(MESSAGES, EVENTS)
def test_what_counts_in_a_column_has_one_of_the_statuses_that_the_column_names(message, events):
    state = summarise(events)
    counted = counted_of(message, state, UTC)
    status = status_of(replace(message, state=state))
    for name in (*COLUMNS, *HOURS, column.BOUNCED):
        if column.counts_as(counted, name):
            assert status in column.STATUSES.get(name, {status}), name
            assert status is not None


@given(MESSAGES.filter(lambda message: not message.is_inbound), EVENTS)
def test_a_source_that_cannot_count_as_something_never_does(message, events):
    counted = counted_of(message, summarise(events), UTC)
    for name in COLUMNS:
        if column.counts_as(counted, name):
            assert column.can_count_as(SOURCES[message.source], name)


@given(MESSAGES, EVENTS)
def test_what_is_not_late_counts_for_the_day_on_which_it_was_due_or_that_minutes_later(message, events):
    state = summarise(events)
    counted = counted_of(message, state, UTC)
    notable = column.notable_of(message, counted, state)
    if counted != NOTHING and column.LATE not in notable:
        assert counted.day in {at.date().isoformat() for at in (message.due_at, message.due_at + column.PROMPT)}


@pytest.mark.parametrize(
    ("events", "notable"),
    [
        ([], set()),
        ([happened(Kind.SENT, 600, ses_message_id="s")], set()),
        ([happened(Kind.SENT, 601, ses_message_id="s")], {"late"}),
        ([happened(Kind.DELIVERED, 600, recipient=ANNA)], set()),
        ([happened(Kind.DELIVERED, 601, recipient=ANNA)], {"late"}),  # until the Send event tells otherwise
        ([happened(Kind.SENT, 1, ses_message_id="s"), opened(60)], set()),
        (
            [happened(Kind.SENT, 1, ses_message_id="s"), happened(Kind.COMPLAINED, 9, recipient=ANNA)],
            {"complained"},
        ),
        ([happened(Kind.SENT, 1, ses_message_id="s"), happened(Kind.UNSUBSCRIBED, 9)], {"unsubscribed"}),
    ],
)
def test_only_what_is_rare_is_notable(events, notable):
    state = summarise(events)
    assert column.notable_of(MESSAGE, counted_of(MESSAGE, state, UTC), state) == notable


def test_what_was_received_is_never_late():
    received = replace(MESSAGE, is_inbound=True)
    assert column.notable_of(received, counted_of(received, EMPTY, UTC), EMPTY) == frozenset()


def test_hours_and_columns_and_bounces_together_are_what_a_mail_may_count_as():
    assert all(column.is_column(name) for name in (*COLUMNS, *HOURS, "bounced"))
    assert not any(column.is_column(name) for name in ("", "calls_missed", "call_seconds", "sun_24"))
    assert set(column.STATUSES) <= {*column.COUNTED_AS, *HOURS}
    assert set(COLUMNS) >= column.RARE
