"""Whether a mail is tracked: the guards in their order, and what no setting can ever do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import consent, mode
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.message import Content, Envelope
from chalicelib.core.token import Mode
from chalicelib.core.tracking import CAME_IN, GUARDS, SENT_ELSEWHERE, SENTENCES, Case, Decision, Wish, decide
from tests.core.happenings import ANNA, NOON, at

ON = AccountPolicy()
HTML, TEXT = Content("<p>Hi</p>", "Hi"), Content(None, "Hi")
ONE, TWO = Envelope("me@example.com", (ANNA,)), Envelope("me@example.com", (ANNA,), bcc=("raj@example.com",))
GIVEN = (consent.given(at(-9), "form", "ina", at(-9)),)
WITHDRAWN = (*GIVEN, consent.withdrawn(at(-1), "", "anna"))
CASE = Case(ON, ONE, HTML, ((),), Wish(), NOON)


def with_policy(**settings: object) -> Case:
    return CASE._replace(policy=replace(ON, **settings))


def test_a_mail_is_tracked_unless_something_stops_it():
    assert decide(CASE) == Decision(True, True, Mode.FULL)


REASONS = {
    "plan_off": with_policy(plan_may_track=False),
    "account_off": with_policy(tracking=False),
    "no_consent": with_policy(consent_required=True),
    "plain_text": CASE._replace(content=TEXT),
    "multiple_recipients": CASE._replace(envelope=TWO, consents=((), ())),
    "mail_off": CASE._replace(wish=Wish(False, False)),
    "mode_off": with_policy(mode=Mode.OFF),
}


@pytest.mark.parametrize(("reason", "case"), REASONS.items(), ids=REASONS.keys())
def test_each_guard_stops_tracking_with_its_own_reason(reason, case):
    assert decide(case) == Decision(False, False, Mode.OFF, reason)
    assert SENTENCES[reason].endswith(".")


def test_guards_are_asked_in_the_order_plan_account_consent_format_recipients_mail():
    assert [*GUARDS, SENT_ELSEWHERE, CAME_IN] == [*REASONS, SENT_ELSEWHERE, CAME_IN] == list(SENTENCES)
    case = Case(
        AccountPolicy(tracking=False, plan_may_track=False, consent_required=True, mode=Mode.OFF),
        TWO,
        TEXT,
        ((), ()),
        Wish(False, False),
        NOON,
    )
    mended = (
        lambda case: case._replace(policy=replace(case.policy, plan_may_track=True)),
        lambda case: case._replace(policy=replace(case.policy, tracking=True)),
        lambda case: case._replace(consents=(GIVEN, GIVEN)),
        lambda case: case._replace(content=HTML),
        lambda case: case._replace(envelope=ONE, consents=(GIVEN,)),
        lambda case: case._replace(wish=Wish()),
        lambda case: case._replace(policy=replace(case.policy, mode=Mode.FULL)),
    )
    for reason, mend in zip(REASONS, mended, strict=True):
        assert decide(case).reason == reason
        case = mend(case)
    assert decide(case) == Decision(True, True, Mode.FULL)


@pytest.mark.parametrize(
    ("required", "said", "reason"),
    [
        (True, GIVEN, None),
        (True, WITHDRAWN, "no_consent"),
        (False, (), None),
        (False, WITHDRAWN, "no_consent"),
    ],
)
def test_who_withdrew_is_not_tracked_also_where_no_consent_is_required(required, said, reason):
    assert decide(with_policy(consent_required=required)._replace(consents=(said,))).reason == reason


def test_one_recipient_without_consent_is_enough():
    case = with_policy(consent_required=True)._replace(envelope=TWO)
    assert decide(case._replace(consents=(GIVEN, ()))).reason == "no_consent"
    assert decide(case._replace(consents=(GIVEN, GIVEN))).reason == "multiple_recipients"


def test_a_recipient_left_out_does_not_pass_for_one_who_consented():
    with pytest.raises(ValueError, match="consents"):
        decide(with_policy(consent_required=True)._replace(consents=()))


@pytest.mark.parametrize(
    ("account", "wish", "decision"),
    [
        (Mode.FULL, Wish(opens=False), Decision(False, True, Mode.FULL)),
        (Mode.FULL, Wish(clicks=False), Decision(True, False, Mode.FULL)),
        (Mode.FULL, Wish(mode=Mode.AGGREGATE), Decision(True, True, Mode.AGGREGATE)),
        (Mode.FULL, Wish(mode=Mode.OFF), Decision(False, False, Mode.OFF, "mail_off")),
        (Mode.LAST_OPEN_DATE, Wish(), Decision(True, False, Mode.LAST_OPEN_DATE)),
        (Mode.LAST_OPEN_DATE, Wish(opens=False), Decision(False, False, Mode.OFF, "mode_off")),
        (Mode.AGGREGATE, Wish(mode=Mode.LAST_OPEN_DATE), Decision(False, False, Mode.OFF, "mode_off")),
    ],
)
def test_opens_and_clicks_are_tracked_apart_as_far_as_the_mode_keeps_them(account, wish, decision):
    assert decide(with_policy(mode=account)._replace(wish=wish)) == decision


def test_a_recipient_who_agreed_to_less_gets_less():
    said = (consent.given(at(-9), "form", "ina", at(-9), Mode.LAST_OPEN_DATE),)
    assert decide(CASE._replace(consents=(said,))) == Decision(True, False, Mode.LAST_OPEN_DATE)


WISHES = st.builds(Wish, st.booleans(), st.booleans(), st.none() | st.sampled_from(Mode))
SAID = st.sampled_from([(), GIVEN, WITHDRAWN, (consent.given(at(-5), "form", "ina", NOON, Mode.AGGREGATE),)])
CASES = st.builds(
    lambda policy, envelope, content, said, wish: Case(
        policy, envelope, content, (said,) * len(envelope.recipients), wish, NOON
    ),
    st.builds(AccountPolicy, st.booleans(), st.booleans(), st.booleans(), st.sampled_from(Mode)),
    st.sampled_from([ONE, TWO]),
    st.sampled_from([HTML, TEXT]),
    SAID,
    WISHES,
)


@given(CASES)
def test_the_first_guard_that_stops_gives_the_reason(case):
    stopping = [reason for reason, stops in GUARDS.items() if stops(case)]
    assert decide(case).reason == next(iter(stopping), None)
    assert decide(case).is_on is not bool(stopping)
    assert (decide(case).mode is Mode.OFF) is bool(stopping)


@given(CASES)
def test_a_mail_never_gets_more_than_it_asked_for_or_the_account_allows(case):
    decision = decide(case)
    assert decision.opens <= case.wish.opens
    assert decision.clicks <= case.wish.clicks
    assert mode.is_within(decision.mode, case.policy.mode)
    assert case.wish.mode is None or mode.is_within(decision.mode, case.wish.mode)


@given(CASES)
def test_deciding_again_about_what_was_decided_changes_nothing(case):
    decision = decide(case)
    again = decide(case._replace(wish=Wish(decision.opens, decision.clicks, decision.mode)))
    assert again[:3] == decision[:3]


@given(CASES, WISHES, st.booleans(), st.booleans(), st.sampled_from(Mode))
def test_switching_off_and_withdrawing_never_track_more(case, wish, may_track, is_on, account_mode):
    before = decide(case)
    asked = case.wish.mode
    narrower = case._replace(
        policy=replace(
            case.policy,
            plan_may_track=case.policy.plan_may_track and may_track,
            tracking=case.policy.tracking and is_on,
            mode=mode.meet(case.policy.mode, account_mode),
        ),
        consents=tuple((*said, consent.withdrawn(NOON, "", "x")) if wish.opens else said for said in case.consents),
        wish=Wish(
            case.wish.opens and wish.opens,
            case.wish.clicks and wish.clicks,
            asked if wish.mode is None else mode.meet(*([] if asked is None else [asked]), wish.mode),
        ),
    )
    after = decide(narrower)
    assert after.opens <= before.opens
    assert after.clicks <= before.clicks
    assert mode.is_within(after.mode, before.mode)
