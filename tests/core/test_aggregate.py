"""What a day's mails have in common: one id, one window, and verdicts on each hit by itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import aggregate, cell, event
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.aggregate import Days, Kept, aggregate_id, aggregate_of, days_of, id_of, short_hash_of, show
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import Event, Kind
from chalicelib.core.mail_context import context_of
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.rules import NOT_ON_SUMS, RULES
from chalicelib.core.summary import Delivery, Engagement, Hits, State, summarise
from chalicelib.core.token import Mode
from chalicelib.core.tracking import until_of
from chalicelib.core.verdict import judge

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 1)
WINDOW = timedelta(days=100)
MAIL = Message(
    "0123456789abcdef" * 2,
    "acme",
    NOON,
    Envelope("me@example.com", ("anna@example.com",)),
    Tracking(True, True, until=datetime(2026, 6, 10, tzinfo=UTC), mode=Mode.AGGREGATE),
)
AGGREGATE = aggregate_of(MAIL)


def mail_at(due_at: datetime) -> Message:
    return replace(MAIL, accepted_at=due_at)


# One for a day


@given(st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 1, 23, 59, 59, 999999)), st.integers(-12, 14))
def test_all_mails_of_a_day_have_one_aggregate_and_one_window_whenever_they_are_sent(at: datetime, zone: int) -> None:
    due_at = at.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=zone)))
    assert aggregate_id(mail_at(due_at)) == AGGREGATE.message_id
    for now in (due_at, due_at + timedelta(hours=23)):
        until = until_of(Mode.AGGREGATE, WINDOW, now=now, due_at=due_at)
        assert until == datetime(2026, 3, 2, tzinfo=UTC) + WINDOW
        assert until >= now


def test_a_window_of_a_mail_of_its_own_begins_when_it_is_sent() -> None:
    for mode in (Mode.FULL, Mode.LAST_OPEN_DATE):
        now = NOON.replace(microsecond=7)
        assert until_of(mode, WINDOW, now=now, due_at=NOON - timedelta(hours=3)) == NOON + WINDOW


def test_account_day_and_dispatch_each_make_another_aggregate() -> None:
    ids = [
        id_of("acme", DAY),
        id_of("acme", DAY + timedelta(days=1)),
        id_of("acme2", DAY),
        id_of("acme", DAY, "spring"),
        id_of("acme", DAY, "sprin"),
    ]
    assert len(set(ids)) == len(ids)
    assert all(event.is_message_id(one) for one in ids)


def test_an_aggregate_names_nobody_and_counts_in_no_report() -> None:
    assert AGGREGATE.envelope.recipients == () and AGGREGATE.envelope.sender == ""
    assert AGGREGATE.due_at == datetime(2026, 3, 1, tzinfo=UTC)
    opened = replace(AGGREGATE, state=summarise([opens(1)]))
    assert opened.state.engagement.opens.count == 1
    assert cell.counted_of(opened, opened.state, UTC) == cell.NOTHING


def test_a_mail_that_is_only_added_up_is_sent_and_not_among_the_tracked() -> None:
    state = State(Delivery(sent=(NOON, "ses")), Engagement())
    assert cell.counted_of(MAIL, state, UTC).columns == {"sent"}
    in_full = replace(MAIL, tracking=replace(MAIL.tracking, mode=Mode.FULL))
    assert cell.counted_of(in_full, state, UTC).columns == {"sent", "tracked"}


@given(st.sampled_from(Mode), st.booleans(), st.booleans())
def test_a_mail_is_tracked_by_itself_or_added_up_or_neither(mode: Mode, opens: bool, clicks: bool) -> None:
    tracking = Tracking(opens, clicks, mode=mode)
    assert tracking.is_individual + tracking.is_added_up == tracking.is_on


# Verdicts


def opens(number: int, **data: object) -> Event:
    return event.make(AGGREGATE.message_id, f"o{number}", Kind.OPENED, AGGREGATE.due_at, **{"method": "GET", **data})


HITS = st.lists(
    st.builds(
        lambda kind, method, client, network, position, is_prefetch: (
            kind,
            {"method": method, "position": position}
            | ({"client": client} if client else {})
            | ({"network": network} if network else {})
            | ({"prefetch": True} if is_prefetch else {}),
        ),
        st.sampled_from([Kind.OPENED, Kind.CLICKED]),
        st.sampled_from(["GET", "GET", "HEAD"]),
        st.sampled_from([None, None, "image_proxy", "privacy_proxy", "prefetcher", "scanner", "tool", "none"]),
        st.sampled_from([None, None, "filter", "probable", "cloud"]),
        st.integers(0, 9),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@given(HITS)
def test_a_hit_that_is_added_up_is_judged_as_if_there_were_no_other(found) -> None:
    hits = [event.make("a" * 32, f"h{number}", kind, NOON, **data) for number, (kind, data) in enumerate(found)]
    context = context_of(AGGREGATE, AccountPolicy())
    together = judge(hits, context)
    for hit in hits:
        assert together[hit.key] == judge([hit], context)[hit.key]
        assert not NOT_ON_SUMS & set(together[hit.key].reasons)


def test_the_rules_that_judge_by_the_hit_alone_are_these() -> None:
    """A new rule must say which it is; one that looks at time, origin or other hits must not judge sums."""
    assert [rule.name for rule in RULES if rule.on_sums] == [
        *("head", "prefetch", "prefetcher", "scanner", "unfurler", "tool", "crawler", "filter_network"),
        *("probable_network", "no_user_agent", "privacy_proxy"),
    ]


def test_what_an_account_has_switched_off_stays_off() -> None:
    context = context_of(AGGREGATE, AccountPolicy(verdict_rules_off=frozenset({"head"})))
    assert judge([opens(1, method="HEAD")], context)[opens(1).key].reasons == ()


# What is shown


def test_an_aggregate_shows_its_sums_by_position() -> None:
    engagement = Engagement(Hits(3, 1, NOON, NOON, 2), (), Hits(2, 4), {0: (2, 1), 3: (0, 3)})
    kept = Kept(replace(AGGREGATE, state=State(Delivery(), engagement)), is_large=True)
    assert show(kept) == {
        "object": "aggregate",
        "day": "2026-03-01",
        "withheld": None,
        "opens": {"count": 3, "proxy": 2, "machine": 1},
        "clicks": {
            "count": 2,
            "machine": 4,
            "links": [{"position": 0, "count": 2, "machine": 1}, {"position": 3, "count": 0, "machine": 3}],
        },
    }


def test_of_too_few_people_nothing_is_shown_but_that() -> None:
    kept = Kept(replace(AGGREGATE, state=summarise([opens(1)])), is_large=False)
    said = {"object": "aggregate", "day": "2026-03-01", "withheld": "too_few_recipients"}
    assert show(kept) == said | {"opens": None, "clicks": None}


def test_the_hash_of_somebody_who_got_a_mail_fits_thousands() -> None:
    hashes = {short_hash_of(AGGREGATE.message_id, f"{number}@example.com") for number in range(5_000)}
    assert {len(one) for one in hashes} == {4}
    assert len(hashes) < 5_000, "some of them share one"
    assert short_hash_of("a" * 32, "anna@example.com") != short_hash_of("b" * 32, "anna@example.com")


# Which days


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({}, Days()),
        ({"from": "2026-03-01"}, Days(DAY, None)),
        ({"to": "2026-03-01", "limit": "3"}, Days(None, DAY)),
        ({"from": "2026-03-01", "to": "2026-03-01"}, Days(DAY, DAY)),
    ],
)
def test_days_are_asked_for_by_their_ends(query, days) -> None:
    assert days_of(query) == days


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({"from": "yesterday"}, ["/from"]),
        ({"to": "2026-02-30"}, ["/to"]),
        ({"from": "20260301", "to": "2026-W09-7"}, ["/from", "/to"]),
        ({"from": "2026-03-01T00:00:00Z"}, ["/from"]),
        ({"from": "٢٠٢٦-03-01"}, ["/from"]),
        ({"from": "2026-03-02", "to": "2026-03-01"}, ["/to"]),
    ],
)
def test_what_is_no_day_is_refused_by_name(query, pointers) -> None:
    with pytest.raises(BadInput) as refused:
        days_of(query)
    assert [error["pointer"] for error in refused.value.errors] == pointers


def test_the_least_number_of_people_is_what_the_docs_say() -> None:
    assert aggregate.LEAST_PEOPLE == 10
