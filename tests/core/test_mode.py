"""How much of a hit is kept: a mode is narrowed by account, mail and recipient, and never widened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import mode
from chalicelib.core.mode import WiderThanAllowed
from chalicelib.core.token import Mode

FULL, LAST, AGGREGATE, OFF = Mode.FULL, Mode.LAST_OPEN_DATE, Mode.AGGREGATE, Mode.OFF
WITHIN = {
    (FULL, FULL),
    *((LAST, limit) for limit in (FULL, LAST)),
    *((AGGREGATE, limit) for limit in (FULL, AGGREGATE)),
    *((OFF, limit) for limit in Mode),
}
MODES = st.sampled_from(Mode)


def test_which_mode_is_within_which():
    assert {(one, limit) for one in Mode for limit in Mode if mode.is_within(one, limit)} == WITHIN


@pytest.mark.parametrize(
    ("account", "mail", "recipient", "narrowed"),
    [
        (FULL, None, FULL, FULL),
        (FULL, LAST, FULL, LAST),
        (FULL, AGGREGATE, FULL, AGGREGATE),
        (FULL, OFF, FULL, OFF),
        (FULL, None, LAST, LAST),
        (FULL, FULL, LAST, LAST),  # the sender cannot know what the recipient allows
        (FULL, AGGREGATE, LAST, OFF),
        (LAST, None, FULL, LAST),
        (LAST, LAST, AGGREGATE, OFF),
        (AGGREGATE, None, LAST, OFF),
        (AGGREGATE, None, OFF, OFF),
        (OFF, None, FULL, OFF),
    ],
)
def test_mail_and_recipient_narrow_the_mode_of_the_account(account, mail, recipient, narrowed):
    assert mode.narrow(account, mail, recipient) is narrowed


@pytest.mark.parametrize(
    ("account", "mail"),
    [(LAST, FULL), (LAST, AGGREGATE), (AGGREGATE, FULL), (AGGREGATE, LAST), (OFF, FULL), (OFF, LAST), (OFF, AGGREGATE)],
)
def test_a_mail_that_asks_for_more_than_the_account_allows_is_refused_with_the_field_named(account, mail):
    with pytest.raises(WiderThanAllowed) as refused:
        mode.narrow(account, mail)
    [error] = refused.value.errors
    assert error["pointer"] == "/tracking/mode"
    assert f"the account's mode is {mode.show(account)}" in error["message"]


@given(st.lists(MODES), st.randoms(use_true_random=False))
def test_what_several_allow_together_depends_on_no_order_and_no_repetition(modes, random):
    shuffled = modes * 2
    random.shuffle(shuffled)
    assert mode.meet(*shuffled) is mode.meet(*modes)


@given(MODES, MODES, MODES)
def test_what_several_allow_together_is_the_widest_mode_within_all_of_them(one, other, third):
    both = mode.meet(one, other)
    assert mode.is_within(both, one)
    assert mode.is_within(both, other)
    assert mode.is_within(third, both) == (mode.is_within(third, one) and mode.is_within(third, other))
    assert mode.meet(both, third) is mode.meet(one, mode.meet(other, third))


@given(MODES, st.none() | MODES, MODES, MODES, MODES)
def test_whoever_narrows_never_widens_the_outcome(account, mail, recipient, narrower_account, narrower_recipient):
    try:
        before = mode.narrow(account, mail, recipient)
    except WiderThanAllowed:
        assert mail is not None
        assert not mode.is_within(mail, account)
        return
    assert mode.is_within(before, account)
    assert mode.narrow(account, before, recipient) is before, "narrowing again changes nothing"
    assert mode.is_within(mode.narrow(account, mail, mode.meet(recipient, narrower_recipient)), before)
    assert mode.is_within(mode.narrow(mode.meet(account, narrower_account), None, recipient), account)


def test_names_are_those_of_the_api():
    assert set(mode.NAMES) == {"full", "last_open_date", "aggregate", "off"}
    assert {mode.parse(mode.show(one)) for one in Mode} == set(Mode)


def test_only_modes_that_keep_clicks_sign_links():
    assert {one for one in Mode if mode.keeps_clicks(one)} == {FULL, AGGREGATE}
    assert {one for one in Mode if mode.keeps_opens(one)} == {FULL, LAST, AGGREGATE}
