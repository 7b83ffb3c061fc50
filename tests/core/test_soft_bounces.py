"""Soft bounces in a row: counted by mail, broken by a delivery, resting for a while."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.account_policy import MOST_SOFT_BOUNCES, AccountPolicy
from chalicelib.core.event import Kind
from chalicelib.core.soft_bounces import KEPT, Fate, Outcome, Row, added, cause_of, fate_of, streak
from chalicelib.core.summary import RecipientState, summarise
from chalicelib.core.suppression import Cause, Reason, Suppression, rest, suppress
from tests.core.happenings import ANNA, NOON, happened

POLICY = AccountPolicy()
ARRIVED, SOFT, HARD = Outcome.ARRIVED, Outcome.SOFT, Outcome.HARD
HOUR = timedelta(hours=1)


def day(number: float) -> datetime:
    return NOON + timedelta(days=number)


def fate(number: float, outcome: Outcome, told_after: timedelta = HOUR, name: str = "mail") -> Fate:
    return Fate(f"{name} {number}", day(number), outcome, day(number) + told_after)


def row_of(*fates: Fate) -> Row:
    row: Row = ()
    for one in fates:
        row = added(row, one)
    return row


def row(*outcomes: Outcome) -> Row:
    return row_of(*(fate(number, outcome) for number, outcome in enumerate(outcomes)))


@pytest.mark.parametrize(
    ("outcomes", "length"),
    [
        ((), 0),
        ((SOFT,) * 4, 4),
        ((SOFT,) * 7, 7),
        ((SOFT, SOFT, ARRIVED, SOFT), 1),
        ((SOFT, SOFT, ARRIVED), 0),
        ((SOFT, SOFT, HARD, SOFT, SOFT), 2),
    ],
)
def test_only_soft_bounces_after_the_latest_arrival_are_in_a_row(outcomes, length):
    assert len(streak(row(*outcomes))) == length


def test_the_fifth_in_a_row_means_a_rest_of_two_weeks_from_the_latest_bounce():
    assert cause_of(row(*[SOFT] * 4), POLICY) is None
    at = day(4) + HOUR
    assert cause_of(row(*[SOFT] * 5), POLICY) == Cause(Reason.SOFT_BOUNCES, at, at + timedelta(days=14), "5 in a row")


def test_limit_and_rest_are_the_accounts():
    cause = cause_of(row(SOFT, SOFT), AccountPolicy(soft_bounce_limit=2, soft_bounce_days=3))
    assert cause is not None
    assert cause.expires_at == day(4) + HOUR


def test_a_row_as_long_as_an_account_may_ask_for_is_kept():
    policy = AccountPolicy(soft_bounce_limit=MOST_SOFT_BOUNCES)
    assert cause_of(row(*[SOFT] * (MOST_SOFT_BOUNCES - 1)), policy) is None
    longer = row(ARRIVED, *[SOFT] * (MOST_SOFT_BOUNCES + 3))
    assert cause_of(longer, policy)
    assert len(longer) == MOST_SOFT_BOUNCES, "and no longer one"


def test_one_mail_that_bounces_five_times_is_one():
    told = [fate(1, SOFT, HOUR * hours) for hours in range(1, 6)]
    assert row_of(*told) == (told[0],)


def test_a_mail_that_was_taken_and_came_back_later_has_bounced():
    row = row_of(fate(1, SOFT), fate(2, ARRIVED), fate(3, SOFT))
    assert len(streak(row)) == 1
    assert len(streak(added(row, fate(2, SOFT, HOUR * 9)))) == 3


def test_after_the_rest_one_more_soft_bounce_means_another_and_a_delivery_ends_it():
    five = row(*[SOFT] * 5)
    resting = rest(Suppression(ANNA), cause_of(five, POLICY))
    assert resting.is_in_force(day(18))
    assert not resting.is_in_force(day(20))
    again = rest(resting, cause_of(added(five, fate(20, SOFT)), POLICY))
    assert again.is_in_force(day(33))
    assert not rest(again, cause_of(added(five, fate(20, ARRIVED)), POLICY)).is_in_force(day(21))


def test_what_is_much_older_belongs_to_the_row_no_more():
    old = [fate(number, SOFT) for number in range(4)]
    assert len(row_of(*old, fate(KEPT.days + 2, SOFT))) == 2


def test_after_a_lift_the_row_begins_anew():
    five = row(*[SOFT] * 5)
    lifted_at = day(5)
    assert cause_of(five, POLICY, since=lifted_at) is None
    late = Fate("mail 0.5", day(0.5), SOFT, day(6))  # sent before, told after
    assert len(streak(added(five, late), since=lifted_at)) == 1
    next_five = row_of(*five, *(fate(number, SOFT) for number in range(6, 11)))
    assert cause_of(next_five, POLICY, since=lifted_at)


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        ([], None),
        ([(Kind.DELAYED, "")], None),
        ([(Kind.DELIVERED, "")], ARRIVED),
        ([(Kind.AUTO_REPLIED, "auto_reply")], ARRIVED),
        ([(Kind.COMPLAINED, "")], ARRIVED),
        ([(Kind.DELIVERED, ""), (Kind.BOUNCED, "soft")], SOFT),
        ([(Kind.BOUNCED, "soft"), (Kind.AUTO_REPLIED, "auto_reply")], SOFT),
        ([(Kind.BOUNCED, "hard"), (Kind.BOUNCED, "soft")], HARD),
    ],
)
def test_what_became_of_a_mail_is_read_from_its_state(kinds, outcome):
    events = [happened(kind, place, recipient=ANNA, type=type_) for place, (kind, type_) in enumerate(kinds)]
    known = summarise(events).delivery.recipients.get(ANNA, RecipientState())
    found = fate_of("mail 1", NOON, known)
    assert (found and found.outcome) == outcome


FATES = st.builds(
    lambda number, outcome, hours, name: fate(number, outcome, HOUR * hours, name),
    st.integers(0, 130),
    st.sampled_from(Outcome),
    st.integers(1, 5),
    st.sampled_from(["mail", "other mail"]),
)


@given(st.lists(FATES, max_size=60), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_make_the_same_row_and_the_same_rest(fates, random):
    shuffled = fates * 2
    random.shuffle(shuffled)
    assert row_of(*shuffled) == row_of(*fates)
    known = suppress(Suppression(ANNA), Cause(Reason.MANUAL, NOON))
    row, step_by_step = (), known
    for one in shuffled:
        row = added(row, one)
        step_by_step = rest(step_by_step, cause_of(row, POLICY))
    assert step_by_step == rest(known, cause_of(row_of(*fates), POLICY))


@given(st.lists(FATES, max_size=60))
def test_a_row_is_short_newest_first_and_has_each_mail_once(fates):
    row = row_of(*fates)
    assert len(row) <= MOST_SOFT_BOUNCES
    assert [one.sent_at for one in row] == sorted((one.sent_at for one in row), reverse=True)
    assert len({one.message_id for one in row}) == len(row)


@given(st.lists(FATES.filter(lambda one: one.outcome is SOFT), max_size=30), st.integers(0, 130))
def test_an_arrival_between_breaks_the_row(softs, number):
    arrived = Fate("arrived", day(number) + HOUR, ARRIVED, day(number) + 2 * HOUR)
    row = row_of(*softs, arrived)
    newer = {one.message_id for one in softs if one.sent_at > arrived.sent_at}
    assert {one.message_id for one in streak(row)} <= newer
