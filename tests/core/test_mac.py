"""Our HMAC is the standard library's."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.mac import Mac


@given(key=st.binary(max_size=200), messages=st.lists(st.binary(max_size=3_000), max_size=4))
def test_every_message_is_signed_as_hmac_signs_it(key: bytes, messages: list[bytes]) -> None:
    mac = Mac(key)
    assert [mac.digest(one) for one in messages] == [hmac.digest(key, one, "sha256") for one in messages]


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 128, 1_000])
def test_keys_of_every_length_are_taken_in_as_hmac_takes_them(length: int) -> None:
    key = bytes(range(250)) * 4
    assert Mac(key[:length]).digest(b"message") == hmac.digest(key[:length], b"message", "sha256")


def test_a_published_example() -> None:
    """RFC 4231 section 4.3."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert Mac(b"Jefe").digest(b"what do ya want for nothing?").hex() == expected
