"""What people said about being tracked: all of it, each thing once, for its account and address only."""

from dataclasses import replace

import pytest

from chalicelib.core import consent
from chalicelib.core.token import Mode
from chalicelib.storage.consents import Consents
from tests.core.happenings import ANNA, NOON, at
from tests.moto_stack import REGION

GIVEN = consent.given(at(-100), "form 3", "ina", NOON, Mode.LAST_OPEN_DATE)
WITHDRAWN = consent.withdrawn(at(5), "", "anna")


@pytest.fixture
def consents(stack) -> Consents:
    return Consents("account", REGION)


def test_all_that_was_said_is_kept_as_it_was_said(consents):
    for entry in (WITHDRAWN, GIVEN):
        consents.add("acme", ANNA, entry)
    assert consents.of("acme", ANNA) == [GIVEN, WITHDRAWN]


def test_the_same_entry_twice_is_one(consents):
    for _ in range(2):
        consents.add("acme", ANNA, GIVEN)
    assert consents.of("acme", ANNA) == [GIVEN]


def test_two_things_said_at_one_time_are_both_kept(consents):
    """As when a form's date is all that is known, and it is noted again for a narrower mode."""
    other = replace(GIVEN, mode=Mode.OFF, how="form 4")
    for entry in (GIVEN, other):
        consents.add("acme", ANNA, entry)
    assert set(consents.of("acme", ANNA)) == {GIVEN, other}


@pytest.mark.parametrize(
    ("account", "address"),
    [("acm", ANNA), ("acme2", ANNA), ("acme", "anna@example.co"), ("acme", "anna@example.com.br")],
)
def test_nobody_has_what_another_person_or_another_account_has(consents, account, address):
    consents.add("acme", ANNA, GIVEN)
    assert consents.of(account, address) == []


def test_an_address_with_a_hash_sign_is_one_address(consents):
    consents.add("acme", "a#b@example.com", GIVEN)
    assert consents.of("acme", "a#b@example.com") == [GIVEN]
