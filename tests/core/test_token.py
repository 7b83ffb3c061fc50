"""A token is accepted in exactly the form in which it was minted, for its purpose, by its installation."""

import base64
import random
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.token import (
    LONGEST_DESTINATION,
    LONGEST_TOKEN,
    BadToken,
    Keys,
    Mode,
    Purpose,
    Token,
    mint,
    verify,
)

KEYS = Keys({1: b"first secret, 32 characters long"})
FOREIGN = Keys({1: b"other secret, 32 characters long"})
TOKEN = Token(
    Purpose.CLICK,
    Mode.FULL,
    "0123456789abcdef" * 2,
    datetime(2027, 3, 1, tzinfo=UTC),
    position=3,
    destination="https://crm.example/offers?id=4711#top",
)
TEXT = mint(TOKEN, KEYS)
ALPHABET = string.ascii_letters + string.digits + "-_"

tokens = st.builds(
    Token,
    purpose=st.sampled_from(Purpose),
    mode=st.sampled_from(Mode),
    message_id=st.binary(min_size=16, max_size=16).map(bytes.hex),
    until=st.integers(0, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    position=st.integers(0, 2**16 - 1),
    destination=st.text(st.characters(max_codepoint=0x7F), max_size=LONGEST_DESTINATION),
    is_stored=st.booleans(),
)


def is_accepted(text: str, purpose: Purpose = Purpose.CLICK, keys: Keys = KEYS) -> bool:
    try:
        verify(text, purpose, keys)
    except BadToken:
        return False
    return True


@given(tokens)
def test_what_was_minted_is_read_back(token: Token) -> None:
    text = mint(token, KEYS)
    assert verify(text, token.purpose, KEYS) == token
    assert set(text) <= set(ALPHABET)
    assert len(text) <= LONGEST_TOKEN


def test_the_form_is_a_promise_to_mails_that_are_out_already() -> None:
    """If this fails, every link in every mail ever sent has stopped working: give the new form a new version."""
    assert TEXT == (
        "AQFjAQEjRWeJq83vASNFZ4mrze9rhLUAAAMAaHR0cHM6Ly9jcm0uZXhhbXBsZS9vZmZlcnM_aWQ9NDcxMSN0b3D1_SVSI5otEmRIDszJqCTK"
    )


@given(tokens)
def test_a_token_serves_one_purpose(token: Token) -> None:
    text = mint(token, KEYS)
    assert [purpose for purpose in Purpose if is_accepted(text, purpose)] == [token.purpose]


@given(tokens)
def test_another_installations_token_is_refused(token: Token) -> None:
    assert not is_accepted(mint(token, FOREIGN), token.purpose)
    assert not is_accepted(mint(token, Keys({2: KEYS.secrets[1]})), token.purpose)


def test_an_old_key_verifies_until_it_is_taken_away() -> None:
    rotated = Keys({**KEYS.secrets, 2: b"second secret, 32 characters too"})
    renewed = mint(TOKEN, rotated)
    assert verify(TEXT, Purpose.CLICK, rotated) == verify(renewed, Purpose.CLICK, rotated) == TOKEN
    assert not is_accepted(renewed, keys=KEYS), "the newest key signs"
    revoked = Keys({2: rotated.secrets[2]})
    assert is_accepted(renewed, keys=revoked)
    assert not is_accepted(TEXT, keys=revoked)


def test_every_key_id_of_a_byte_works() -> None:
    for key_id in (0, 1, 127, 128, 255):
        keys = Keys({key_id: b"k" * 32})
        assert verify(mint(TOKEN, keys), Purpose.CLICK, keys) == TOKEN


def mutations(text: str, number: int, rng: random.Random) -> list[str]:
    """`number` texts that differ from `text`: single characters, cuts, insertions, swaps, and other characters."""
    made: list[str] = []
    while len(made) < number:
        at = rng.randrange(len(text))
        other = rng.choice(ALPHABET + "=+/ .%\n\x00é")
        there = rng.randrange(len(text))
        low, high = sorted((at, there))
        made += [
            candidate
            for candidate in (
                text[:at] + other + text[at + 1 :],
                text[:at] + other + text[at:],
                text[:at] + text[at + 1 :],
                text[:at],
                text[at:],
                text[:low] + text[high:],
                text[:low] + text[low:high][::-1] + text[high:],
                text[:at] + text[at].swapcase() + text[at + 1 :],
                text + other,
            )
            if candidate != text
        ]
    return made[:number]


def test_no_mutation_of_a_token_of_any_purpose_is_accepted_for_any_purpose() -> None:
    """100,000 of them, each asked for as the purpose that it was minted for; a sample of them for the others, too."""
    rng, tried = random.Random(4711), 0
    for purpose in Purpose:
        text = mint(TOKEN._replace(purpose=purpose), KEYS)
        made = mutations(text, 25_000, rng)
        tried += len(made)
        assert [one for one in made if is_accepted(one, purpose)] == []
        assert [one for one in made[::50] for other in Purpose if is_accepted(one, other)] == []
    assert tried == 100_000


def test_no_mutation_of_the_shortest_token_is_accepted() -> None:
    """43 bytes are 58 characters, whose last one has four bits that no byte uses."""
    shortest = mint(TOKEN._replace(destination=""), KEYS)
    every = [shortest[:at] + other + shortest[at + 1 :] for at in range(len(shortest)) for other in ALPHABET]
    assert [text for text in every if text != shortest and is_accepted(text)] == []


@given(st.binary(max_size=120))
def test_no_bytes_are_a_token_by_chance(raw: bytes) -> None:
    assert not is_accepted(base64.urlsafe_b64encode(raw).decode().rstrip("="))


@given(st.text(max_size=200))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert not is_accepted(text)


@pytest.mark.parametrize(
    "text", ["", "A", "=" * 80, "A" * LONGEST_TOKEN, "A" * (LONGEST_TOKEN + 1), "A" * 10_000_000, "ü" * 80, "\ud800"]
)
def test_what_is_far_from_a_token_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        verify(text, Purpose.CLICK, KEYS)


def test_the_same_bytes_in_standard_base64_are_refused() -> None:
    """A token whose text has both of the characters in which the two alphabets differ."""
    texts = [mint(TOKEN._replace(position=position), KEYS) for position in range(200)]
    text = next(text for text in texts if "-" in text and "_" in text)
    assert is_accepted(text)
    for other in (text.replace("-", "+"), text.replace("_", "/"), text.replace("-", "!"), text.replace("_", "=")):
        assert not is_accepted(other)


@pytest.mark.parametrize("dressed", ["{}=", "{}==", " {}", "{} ", "{}\n", "{0}{0}", "{}.", "{})"])
def test_a_token_in_another_dress_is_refused(dressed: str) -> None:
    assert not is_accepted(dressed.format(TEXT))


def test_standard_base64_is_not_the_same_token() -> None:
    """One text for one token: the same bytes in the other alphabet are refused."""
    keys = Keys({255: b"k" * 32})
    texts = [mint(TOKEN._replace(position=position), keys) for position in range(50)]
    dressed = [text.replace("-", "+").replace("_", "/") for text in texts]
    changed = [other for text, other in zip(texts, dressed, strict=True) if other != text]
    assert len(changed) > 10
    assert not any(is_accepted(text, keys=keys) for text in changed)


def test_a_destination_that_is_too_long_or_not_ascii_is_not_minted() -> None:
    mint(TOKEN._replace(destination="a" * LONGEST_DESTINATION), KEYS)
    with pytest.raises(ValueError, match="651 characters"):
        mint(TOKEN._replace(destination="a" * (LONGEST_DESTINATION + 1)), KEYS)
    with pytest.raises(ValueError, match="ascii"):
        mint(TOKEN._replace(destination="https://müller.example/"), KEYS)


def test_keys_of_different_uses_differ() -> None:
    uses = ["token/o", "token/c", "token/a", "token/u", "cursor"]
    assert len({KEYS.derive(1, use) for use in uses}) == len(uses)
    assert all(len(KEYS.derive(1, use)) == 32 for use in uses)


def test_a_mode_of_a_later_version_still_redirects_and_records_nothing():
    assert verify(mint(TOKEN._replace(mode=9), KEYS), Purpose.CLICK, KEYS) == TOKEN._replace(mode=Mode.OFF)
