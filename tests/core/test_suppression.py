"""Suppression: who gets no mail any more, why, until when; in any order, however often it is told."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import suppression, suppression_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope
from chalicelib.core.summary import summarise
from chalicelib.core.suppression import Cause, Reason, Suppressed, Suppression, causes_in, forget, lift, rest, suppress
from tests.core.happenings import ANNA, HAPPENINGS, NOON, at, happened

HARD = happened(Kind.BOUNCED, 3, recipient=ANNA, type="hard", reason="550 no such user")
SOFT = happened(Kind.BOUNCED, 2, recipient=ANNA, type="soft", reason="mailbox full")
COMPLAINED = happened(Kind.COMPLAINED, 50, recipient="Anna@example.com", reason="abuse")
AWAY = happened(Kind.AUTO_REPLIED, 5, recipient=ANNA, type="auto_reply")
DELIVERED = happened(Kind.DELIVERED, 1, recipient=ANNA)

NOBODY = Suppression(ANNA)
BY_COMPLAINT = Cause(Reason.COMPLAINT, at(50))
BY_BOUNCE = Cause(Reason.HARD_BOUNCE, at(3), detail="550 no such user")
BY_ROW = Cause(Reason.SOFT_BOUNCES, at(5), at(100))
BY_HAND = Cause(Reason.MANUAL, at(7), by="ina")


@pytest.mark.parametrize(
    ("happenings", "found"),
    [
        ([], []),
        ([DELIVERED, AWAY], []),
        ([DELIVERED, SOFT], []),
        ([DELIVERED, HARD], [(ANNA, BY_BOUNCE)]),
        ([SOFT, HARD, AWAY], [(ANNA, BY_BOUNCE)]),
        ([DELIVERED, COMPLAINED], [(ANNA, BY_COMPLAINT)]),
        ([COMPLAINED, HARD], [(ANNA, BY_COMPLAINT), (ANNA, BY_BOUNCE)]),
    ],
)
def test_complaints_and_hard_bounces_suppress_at_once_and_nothing_else_does(happenings, found):
    assert list(causes_in(summarise(happenings).delivery)) == found


def test_each_recipient_is_suppressed_alone():
    raj = happened(Kind.BOUNCED, 4, recipient="raj@example.com", type="soft")
    assert [address for address, _ in causes_in(summarise([HARD, raj]).delivery)] == [ANNA]


def test_an_address_is_suppressed_until_its_cause_ends():
    suppressed = suppress(NOBODY, BY_ROW)
    assert suppressed.is_in_force(at(99.999))
    assert not suppressed.is_in_force(at(100))
    assert suppress(NOBODY, BY_BOUNCE).is_in_force(NOON + timedelta(days=9_000))
    assert not NOBODY.is_in_force(NOON)


def test_the_gravest_cause_in_force_is_shown():
    suppressed = suppress(suppress(suppress(NOBODY, BY_ROW), BY_HAND), BY_COMPLAINT)
    assert suppressed.cause(at(60)) == BY_COMPLAINT
    shown = suppression.show(suppressed, at(60))
    assert (shown["address"], shown["in_force"], shown["reason"]) == (ANNA, True, "complaint")
    assert [cause["reason"] for cause in shown["causes"]] == ["complaint", "manual", "soft_bounces"]
    assert shown["causes"][2]["expires_at"] == "2026-03-01T12:01:40.000Z"
    assert suppression.show(suppress(NOBODY, BY_ROW), at(100))["reason"] is None


def test_of_one_reason_what_lasts_longer_stays_and_then_what_came_first():
    for_a_while = Cause(Reason.MANUAL, at(1), at(500))
    first, second = Cause(Reason.MANUAL, at(2)), Cause(Reason.MANUAL, at(3))
    for order in ([for_a_while, first, second], [second, first, for_a_while]):
        suppressed = NOBODY
        for cause in order:
            suppressed = suppress(suppressed, cause)
        assert suppressed.causes == (first,)


def test_a_lifted_suppression_does_not_come_back_when_old_news_is_told_again():
    lifted = lift(suppress(NOBODY, BY_BOUNCE), at(60), "ina")
    assert not lifted.is_in_force(at(60))
    assert suppress(lifted, BY_BOUNCE) == rest(lifted, BY_ROW) == lifted
    complained = lift(suppress(NOBODY, BY_COMPLAINT), at(60), "ina")
    assert suppress(complained, BY_COMPLAINT) == complained
    assert suppression.show(lifted, at(61))["lifted_by"] == "ina"
    news = Cause(Reason.HARD_BOUNCE, at(61))
    assert suppress(lifted, news).cause(at(61)) == news


def test_what_somebody_adds_counts_also_after_a_lift_that_was_dated_into_the_future():
    lifted = lift(suppress(NOBODY, BY_COMPLAINT), at(10), "ina")
    assert lifted.lifted_at == at(50), "as late as what it lifts"
    added = suppression.add(lifted, Cause(Reason.MANUAL, at(11)))
    assert added.is_in_force(at(11))
    assert suppression.add(added, Cause(Reason.MANUAL, at(12))) == added
    assert suppression.add(NOBODY, BY_HAND) == suppress(NOBODY, BY_HAND)


@pytest.mark.parametrize("reason", [Reason.COMPLAINT, Reason.UNSUBSCRIBED])
def test_what_a_person_did_before_a_lift_and_is_told_only_after_it_still_counts(reason):
    lifted = lift(suppress(NOBODY, BY_BOUNCE), at(60), "ina")
    late = suppress(lifted, Cause(reason, at(50)))
    assert late.cause(at(70)) == Cause(reason, at(50))
    again = lift(late, at(80), "ina")
    assert suppress(again, Cause(reason, at(50))) == again, "now it is known"
    assert suppress(again, Cause(reason, at(90))).is_in_force(at(95))


def test_lifting_ends_also_what_a_server_dated_into_the_future():
    lifted = lift(suppress(NOBODY, BY_COMPLAINT), at(10), "ina")
    assert not suppress(lifted, BY_COMPLAINT).is_in_force(at(60))


def test_a_rest_is_what_the_row_says_now():
    resting = rest(suppress(NOBODY, BY_HAND), BY_ROW)
    assert resting.causes == (BY_HAND, BY_ROW)
    assert rest(resting, None).causes == (BY_HAND,)
    longer = Cause(Reason.SOFT_BOUNCES, at(50), at(60))
    assert rest(resting, longer).causes == (BY_HAND, longer)


def test_of_an_erased_person_only_the_reason_is_kept():
    kept = forget(suppress(NOBODY, BY_BOUNCE))
    assert kept == Suppression(None, (Cause(Reason.HARD_BOUNCE, at(3)),))
    assert kept.is_in_force(at(60))


@given(st.lists(st.lists(HAPPENINGS, max_size=6), max_size=6), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_of_mails_make_the_same_suppression(mails, random):
    """Each mail is folded as it goes on, so that also its earlier states are told."""
    told = []
    for happenings in mails:
        for end in range(len(happenings) + 1):
            told += [cause for address, cause in causes_in(summarise(happenings[:end]).delivery) if address == ANNA]
    for lifted in (NOBODY, lift(NOBODY, at(250), "ina")):
        shuffled = [*told, *told]
        random.shuffle(shuffled)
        once, again = lifted, lifted
        for cause in told:
            once = suppress(once, cause)
        for cause in shuffled:
            again = suppress(again, cause)
        assert once == again
        of_servers = [cause for cause in again.causes if cause.reason not in suppression.OF_THE_PERSON]
        assert all(cause.at > at(250) for cause in of_servers) or again.lifted_at is None


TO_THREE = Envelope("me@example.com", ("Anna <anna@example.com>", "raj@example.com"), bcc=("li@example.com",))


def test_suppressed_recipients_are_refused_with_the_field_and_the_reason():
    complained = suppress(NOBODY, BY_COMPLAINT)
    resting = suppress(Suppression("li@example.com"), BY_ROW)
    with pytest.raises(Suppressed) as refused:
        suppression.check(TO_THREE, [complained, None, resting], at(60))
    by_place = {error["pointer"]: error["message"] for error in refused.value.errors}
    assert by_place.keys() == {"/to/0", "/bcc/0"}
    assert by_place["/to/0"] == (
        "the recipient marked a mail as spam; suppressed since 2026-03-01T12:00:50.000Z (complaint)"
    )
    assert "until 2026-03-01T12:01:40.000Z (soft_bounces)" in by_place["/bcc/0"]


def test_a_mail_to_people_who_are_not_suppressed_any_more_passes():
    lifted = lift(suppress(NOBODY, BY_BOUNCE), at(60), "ina")
    suppression.check(TO_THREE, [lifted, None, suppress(NOBODY, BY_ROW)], at(100))


def test_every_reason_has_words():
    assert set(suppression.SENTENCES) == set(Reason)


def test_an_address_is_added_with_reason_end_and_by_whom():
    added = suppression_body.added({"address": "Anna <Anna@Example.com>"}, by="key crm", now=NOON)
    assert added == (ANNA, Cause(Reason.MANUAL, NOON, by="key crm"))
    body = {"address": ANNA, "reason": "complaint", "detail": "by telephone", "by": "ina"}
    added = suppression_body.added({**body, "expires_at": "2026-03-01T12:01:00Z"}, by="key crm", now=NOON)
    assert added.cause == Cause(Reason.COMPLAINT, NOON, at(60), "by telephone", "ina")


BAD = {
    "without address": ({"address": ...}, "/address"),
    "a malformed address": ({"address": "anna@@example.com"}, "/address"),
    "only a domain": ({"address": "example.com"}, "/address"),
    "a line break in the address": ({"address": "a@b.test\n"}, "/address"),
    "an unknown reason": ({"reason": "dislike"}, "/reason"),
    "a row that is counted here": ({"reason": "soft_bounces"}, "/reason"),
    "an end that is over": ({"expires_at": "2026-03-01T12:00:00Z"}, "/expires_at"),
    "an end that is no time": ({"expires_at": "tomorrow"}, "/expires_at"),
    "two lines": ({"detail": "a\nb"}, "/detail"),
    "an unknown field": ({"at": "2026-03-01T12:00:00Z"}, "/at"),
}


@pytest.mark.parametrize(("changes", "pointer"), BAD.values(), ids=BAD.keys())
def test_a_bad_suppression_is_refused_with_the_field_named(changes, pointer):
    body = {key: value for key, value in ({"address": ANNA} | changes).items() if value is not ...}
    with pytest.raises(BadInput) as refused:
        suppression_body.added(body, by="x", now=NOON)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]
    assert refused.value.errors[0]["message"]
