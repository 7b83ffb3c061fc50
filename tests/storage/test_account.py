"""Accounts, keys and used Idempotency-Keys."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.apikey import ApiKey
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.storage.account import Account, Claim
from chalicelib.storage.messages import Messages
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def accounts(stack) -> Account:
    return Account("account", REGION)


def message(message_id: str) -> Message:
    return Message(message_id, "acme", NOON, Envelope("me@example.com", ("a@b.test",)), Tracking(False, False))


def claim(message_id: str, body_hash: str = "h", expires_at: datetime = NOON + timedelta(hours=24)) -> Claim:
    return Claim("idempotency#emails#k", body_hash, message_id, expires_at)


def test_a_key_is_found_by_its_id_and_holds_no_secret(accounts):
    key = ApiKey("0123456789abcdef", "acme", "crm", frozenset({"send"}), "hash", NOON, NOON + timedelta(days=1))
    accounts.add_key(key)
    assert accounts.key(key.key_id) == key
    assert accounts.key("f" * 16) is None


def test_a_revoked_key_is_not_valid_any_more_and_keeps_the_time_when_it_was_revoked_first(accounts):
    key = ApiKey("0123456789abcdef", "acme", "crm", frozenset({"send"}), "hash", NOON)
    accounts.add_key(key)
    assert accounts.revoke_key(key.key_id, NOON + timedelta(hours=1))
    assert accounts.revoke_key(key.key_id, NOON + timedelta(hours=2))
    assert accounts.key(key.key_id) == replace(key, revoked_at=NOON + timedelta(hours=1))
    assert not accounts.key(key.key_id).is_valid(NOON)


def test_a_key_that_is_not_there_is_not_revoked_into_being(accounts):
    assert not accounts.revoke_key("f" * 16, NOON)
    assert accounts.key("f" * 16) is None


def test_accounts_are_registered_once(accounts):
    for account, name in (("acme", "Acme"), ("berg", "Berg"), ("acme", "Another name")):
        accounts.create(account, name)
    assert sorted(accounts.all()) == ["acme", "berg"]
    assert accounts._rows.get("acme", "settings").data == {"name": "Acme"}


def test_a_key_without_a_secret_is_of_another_kind(accounts):
    key = ApiKey("MSAKAAAAAAAAAAAAAAAA", "acme", "mailer", frozenset({"send"}), "", NOON, kind="ses")
    accounts.add_key(key)
    assert accounts.key(key.key_id) == key
    row = accounts._rows.get(f"key#{key.key_id}", "key")
    del row.data["kind"]
    row.save()
    assert accounts.key(key.key_id).kind == "bearer", "as of a version that knew no other"


def test_whether_an_account_is_registered_is_known(accounts):
    accounts.create("acme", "Acme")
    accounts.accept(claim("a" * 32), message("a" * 32), Messages("messages", REGION), NOON)
    assert accounts.exists("acme")
    assert not accounts.exists("berg")


def test_a_message_and_its_idempotency_key_are_stored_together_or_not_at_all(accounts):
    messages = Messages("messages", REGION)
    first, second = "a" * 32, "b" * 32
    assert accounts.accept(claim(first), message(first), messages, NOON)
    assert not accounts.accept(claim(second), message(second), messages, NOON)
    assert messages.find(second) is None
    assert accounts.claim("acme", claim(first).key, NOON) == claim(first)


def test_a_used_key_is_free_again_after_a_day_although_ttl_has_not_deleted_it(accounts):
    messages, later = Messages("messages", REGION), NOON + timedelta(hours=24)
    first, second = "a" * 32, "b" * 32
    accounts.accept(claim(first), message(first), messages, NOON)
    assert accounts.claim("acme", claim(first).key, later) is None
    assert accounts.accept(claim(second, expires_at=later + timedelta(hours=24)), message(second), messages, later)
    assert accounts.claim("acme", claim(second).key, later).made_id == second


def test_a_key_that_is_noted_before_anything_is_made_is_the_first_one_s_and_open_until_it_is_made(accounts):
    first, second = claim("a" * 32)._replace(is_open=True), claim("b" * 32)._replace(is_open=True)
    assert accounts.claim_first("acme", first, NOON) == first
    assert accounts.claim_first("acme", second, NOON) == first
    accounts.close("acme", first)
    assert accounts.claim("acme", first.key, NOON) == first._replace(is_open=False)


def test_a_key_that_is_forgotten_is_not_closed_into_being(accounts):
    accounts.close("acme", claim("a" * 32))
    assert accounts.claim("acme", claim("a" * 32).key, NOON) is None
