"""Keys and cursors: what we made is known again, and nothing else."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import apikey, cursor
from chalicelib.core.token import Keys

KEYS = Keys({1: b"1" * 32, 2: b"2" * 32})


def test_a_key_has_256_bits_and_only_its_hash_is_stored():
    key_id, text, secret_hash = apikey.make(secrets.token_bytes)
    parsed_id, secret = apikey.parse(text)
    assert (parsed_id, len(bytes.fromhex(secret))) == (key_id, 32)
    assert apikey.hash_of(secret) == secret_hash
    assert secret not in secret_hash


@given(st.text())
def test_no_other_text_is_a_key(text):
    assert apikey.parse(text) is None


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_a_cursor_opens_for_its_account_only(account, place):
    sealed = cursor.seal(KEYS, account, place)
    assert cursor.open_(KEYS, account, sealed) == place
    with pytest.raises(cursor.BadCursor):
        cursor.open_(KEYS, account + "x", sealed)


@given(st.text() | st.binary().map(lambda raw: raw.hex()))
def test_no_other_text_is_a_cursor(text):
    with pytest.raises(cursor.BadCursor):
        cursor.open_(KEYS, "acme", text)


def test_cursors_outlive_a_change_of_keys():
    sealed = cursor.seal(Keys({1: b"1" * 32}), "acme", "place")
    assert cursor.open_(KEYS, "acme", sealed) == "place"
