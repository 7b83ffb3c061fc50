"""Sessions and form tokens: signed, ended in time, and never taken for one another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import session
from chalicelib.core.session import BadSession, Session
from chalicelib.core.token import Keys

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
KEYS = Keys({1: OLD, 2: NEW})
BEGUN = session.begin("acme", "0123456789abcdef", NOON)
TEXT = session.seal(BEGUN, KEYS)


def test_a_session_comes_back_as_it_was():
    assert session.open_(TEXT, KEYS, NOON) == BEGUN
    assert Session("acme", "0123456789abcdef", NOON + timedelta(hours=12)) == BEGUN


@given(st.text(max_size=60), st.text(max_size=40))
def test_any_account_and_key_survive_and_fit_into_a_cookie(account, key_id):
    begun = session.begin(account, key_id, NOON)
    text = session.seal(begun, KEYS)
    assert session.open_(text, KEYS, NOON) == begun
    assert text.isascii() and not set(text) & set(' ";,\\')


def test_it_ends_after_twelve_hours():
    assert session.open_(TEXT, KEYS, NOON + timedelta(hours=12, seconds=-1))
    with pytest.raises(BadSession):
        session.open_(TEXT, KEYS, NOON + timedelta(hours=12))


def test_the_newest_key_signs_and_an_older_one_still_verifies():
    assert TEXT.startswith("2.")
    old = session.seal(BEGUN, Keys({1: OLD}))
    assert session.open_(old, KEYS, NOON) == BEGUN
    with pytest.raises(BadSession):
        session.open_(old, Keys({2: NEW}), NOON)


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_no_changed_character_passes(position, character):
    changed = TEXT[:position] + character + TEXT[position + 1 :]
    if changed == TEXT:
        return
    with pytest.raises(BadSession):
        session.open_(changed, KEYS, NOON)


@pytest.mark.parametrize(
    "text",
    ["", ".", "2", "2.", "2..", "02" + TEXT[1:], "２" + TEXT[1:], "9" * 5000, TEXT + ".", TEXT + "=", "\udc80.a.b"],
)
def test_what_is_no_session_is_refused(text):
    with pytest.raises(BadSession):
        session.open_(text, KEYS, NOON)


def test_a_form_token_holds_for_its_cookie_only():
    token = session.form_token(TEXT, KEYS)
    other = session.seal(session.begin("acme", "fedcba9876543210", NOON), KEYS)
    assert session.is_form_token(token, TEXT, KEYS)
    assert not session.is_form_token(token, other, KEYS)
    assert not session.is_form_token(token[:-1], TEXT, KEYS)
    assert not session.is_form_token("", TEXT, KEYS)
    assert not session.is_form_token("x.y", TEXT, KEYS)


def test_without_a_cookie_there_is_no_right_token():
    assert not session.is_form_token(session.form_token("", KEYS), "", KEYS)


def test_a_form_token_of_an_older_key_still_holds():
    token = session.form_token(TEXT, Keys({1: OLD}))
    assert session.is_form_token(token, TEXT, KEYS)
    assert not session.is_form_token(token, TEXT, Keys({2: NEW}))


def test_a_session_signature_is_no_form_token():
    body, _, mac = TEXT.rpartition(".")
    assert not session.is_form_token(f"2.{mac}", body, KEYS)
