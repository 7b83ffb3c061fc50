"""What became of a mail ends further mails: at once, or after a row of soft bounces; told in any order and often."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import suppression
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.soft_bounces import Outcome
from chalicelib.core.summary import State, summarise
from chalicelib.core.suppression import Cause, Reason, Suppression
from chalicelib.flow.suppress import suppress
from chalicelib.storage.suppressions import Suppressions
from tests.core.happenings import ANNA, HAPPENINGS, NOON, at, happened
from tests.moto_stack import REGION

RAJ = "raj@example.com"
TO_ANNA = Envelope("me@example.com", ("Anna Berg <Anna@example.com>",))
TO_BOTH = Envelope("me@example.com", (ANNA, RAJ))
HARD = happened(Kind.BOUNCED, 3, recipient=ANNA, type="hard", reason="550")
SOFT = happened(Kind.BOUNCED, 3, recipient=ANNA, type="soft", reason="full")
DELIVERED = happened(Kind.DELIVERED, 2, recipient=ANNA)
COMPLAINED = happened(Kind.COMPLAINED, 50, recipient=ANNA)
AWAY = happened(Kind.AUTO_REPLIED, 4, recipient=ANNA)
UNSUBSCRIBED = happened(Kind.UNSUBSCRIBED, 60, method="POST")


class InMemory:
    """Suppressions and rows in memory; counts what reaches them."""

    def __init__(self) -> None:
        self.known: dict = {}
        self.rows: dict = {}
        self.reads = self.writes = 0

    def get(self, account, key):
        return self.known.get((account, key))

    def row(self, account, key):
        self.reads += 1
        return self.rows.get((account, key), ())

    def change(self, account, key, change):
        return self.change_both(account, key, lambda known, row: (change(known), row))[0]

    def change_both(self, account, key, change):
        before = self.known.get((account, key), Suppression(key)), self.rows.get((account, key), ())
        after = change(*before)
        self.writes += after != before
        self.known[account, key], self.rows[account, key] = after
        return after


@pytest.fixture(params=["in memory", "in a table"])
def suppressions(request):
    """What is promised holds for the fake and for the table."""
    if request.param == "in memory":
        return InMemory()
    request.getfixturevalue("stack")
    return Suppressions("account", REGION)


def mail(number: int = 0, envelope: Envelope = TO_ANNA) -> Message:
    return Message(f"{number:032x}", "acme", NOON + timedelta(days=number), envelope, Tracking(True, True))


def later(event: Event, days: int) -> Event:
    return event._replace(occurred_at=event.occurred_at + timedelta(days=days))


def told(suppressions, message: Message, *happenings: Event, policy: AccountPolicy = AccountPolicy()) -> Message:  # noqa: B008
    """The message after these events, as folding goes: suppressed first, then stored."""
    state = summarise(happenings)
    suppress(message, state.delivery, suppressions=suppressions, policy=policy)
    return replace(message, state=state)


def causes(suppressions, address: str = ANNA) -> list[Cause]:
    known = suppressions.get("acme", address)
    return list(known.causes) if known else []


def bounce_softly(suppressions, numbers, **how) -> None:
    for number in numbers:
        told(suppressions, mail(number), later(SOFT, number), **how)


@pytest.mark.parametrize(
    ("happening", "cause"),
    [
        (HARD, Cause(Reason.HARD_BOUNCE, at(3), detail="550")),
        (COMPLAINED, Cause(Reason.COMPLAINT, at(50))),
        (UNSUBSCRIBED, Cause(Reason.UNSUBSCRIBED, at(60))),
        (SOFT, None),
        (DELIVERED, None),
        (AWAY, None),
    ],
)
def test_complaints_hard_bounces_and_unsubscribing_suppress_at_once(suppressions, happening, cause):
    told(suppressions, mail(), happening)
    assert causes(suppressions) == ([cause] if cause else [])


def test_only_the_recipient_it_is_about_is_suppressed_and_of_several_nobody_unsubscribed(suppressions):
    told(suppressions, mail(envelope=TO_BOTH), HARD, UNSUBSCRIBED)
    assert [cause.reason for cause in causes(suppressions)] == [Reason.HARD_BOUNCE]
    assert causes(suppressions, RAJ) == []


def test_an_arrival_at_an_address_that_never_bounced_costs_one_read_and_no_write():
    suppressions = InMemory()
    arrived = told(suppressions, mail(), DELIVERED)
    assert (suppressions.reads, suppressions.writes) == (1, 0)
    told(suppressions, arrived, DELIVERED, UNSUBSCRIBED)
    assert suppressions.reads == 1, "what was known already is not looked up again"
    told(suppressions, mail(1), happened(Kind.SENT, 1, ses_message_id="x"), happened(Kind.DELAYED, 2, recipient=ANNA))
    assert suppressions.reads == 1, "nobody knows yet what becomes of it"


def test_soft_bounces_in_a_row_mean_a_rest_and_an_arrival_breaks_the_row(suppressions):
    bounce_softly(suppressions, range(4))
    assert causes(suppressions) == []
    told(suppressions, mail(4), later(DELIVERED, 4))
    bounce_softly(suppressions, range(5, 9))
    assert causes(suppressions) == []
    bounce_softly(suppressions, [9])
    latest = later(SOFT, 9).occurred_at
    assert causes(suppressions) == [
        Cause(Reason.SOFT_BOUNCES, latest, latest + timedelta(days=14), "5 in a row; the latest: full")
    ]
    told(suppressions, mail(10), later(DELIVERED, 10))
    assert causes(suppressions) == []


def test_how_many_in_a_row_is_the_accounts_affair(suppressions):
    bounce_softly(suppressions, range(2), policy=AccountPolicy(soft_bounce_limit=2, soft_bounce_days=3))
    assert [cause.reason for cause in causes(suppressions)] == [Reason.SOFT_BOUNCES]


def test_an_automatic_answer_is_an_arrival_and_a_hard_bounce_is_no_soft_one(suppressions):
    bounce_softly(suppressions, range(2))
    told(suppressions, mail(2), later(AWAY, 2))
    told(suppressions, mail(3), later(HARD, 3))
    row = suppressions.row("acme", ANNA)
    assert [fate.outcome for fate in row] == [Outcome.HARD, Outcome.ARRIVED, Outcome.SOFT, Outcome.SOFT]


def test_what_was_lifted_does_not_come_back_when_its_mails_are_told_again(suppressions):
    told(suppressions, mail(), HARD)
    bounce_softly(suppressions, range(1, 6))
    suppressions.change("acme", ANNA, lambda known: suppression.lift(known, NOON + timedelta(days=6), "ina"))
    told(suppressions, mail(), HARD)
    bounce_softly(suppressions, range(1, 6))
    assert causes(suppressions) == []
    bounce_softly(suppressions, range(7, 12))
    assert [cause.reason for cause in causes(suppressions)] == [Reason.SOFT_BOUNCES]


def test_a_crash_before_the_state_is_stored_repeats_what_was_done_and_changes_nothing(suppressions):
    message = mail()
    told(suppressions, message, HARD, COMPLAINED)
    before = suppressions.get("acme", ANNA), suppressions.row("acme", ANNA)
    told(suppressions, message, HARD, COMPLAINED)
    assert (suppressions.get("acme", ANNA), suppressions.row("acme", ANNA)) == before


MAILS = st.lists(st.lists(st.one_of(HAPPENINGS, st.just(UNSUBSCRIBED)), max_size=6), max_size=6)


@given(MAILS, st.randoms(use_true_random=False))
def test_any_order_of_events_and_any_crash_suppress_the_same_addresses_at_once(mails, random):
    once, again = InMemory(), InMemory()
    for number, happenings in enumerate(mails):
        told(once, mail(number), *happenings)
    steps = [(number, one) for number, happenings in enumerate(mails) for one in happenings]
    random.shuffle(steps)
    stored: dict[int, Message] = {}
    heard: dict[int, list[Event]] = {}
    for number, one in steps:
        heard.setdefault(number, []).append(one)
        folded = told(again, stored.get(number, mail(number)), *heard[number])
        if random.random() < 0.5:  # else it crashes before storing; the stream brings the event again with the next
            stored[number] = folded
    for number in heard:
        told(again, stored.get(number, mail(number)), *heard[number])

    def at_once(known: Suppression | None) -> list[Cause]:
        return [cause for cause in known.causes if cause.reason is not Reason.SOFT_BOUNCES] if known else []

    for address in (ANNA, RAJ):
        assert at_once(again.get("acme", address)) == at_once(once.get("acme", address))


@given(st.lists(st.sampled_from([SOFT, DELIVERED, HARD]), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_after_its_first_bounce_an_address_has_the_same_row_whatever_order_its_mails_are_told_in(outcomes, random):
    rows = []
    for shuffled in (False, True):
        suppressions = InMemory()
        mails = [(number, later(one, number)) for number, one in enumerate(outcomes, start=1)]
        if shuffled:
            random.shuffle(mails)
        told(suppressions, mail(0), SOFT)
        for number, one in mails * 2:
            told(suppressions, mail(number), one)
        rows.append((suppressions.row("acme", ANNA), suppressions.get("acme", ANNA)))
    assert rows[0] == rows[1]


def test_a_state_without_deliveries_reaches_no_store():
    suppressions = InMemory()
    suppress(mail(), State().delivery, suppressions=suppressions, policy=AccountPolicy())
    assert (suppressions.reads, suppressions.known) == (0, {})
