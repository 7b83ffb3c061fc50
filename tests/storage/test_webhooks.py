"""Webhooks of an account in one item: all at once, and no change is lost to another."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.core import webhook as hooks
from chalicelib.core.token import Keys
from chalicelib.core.webhook import Ended, SecretName, Webhook
from chalicelib.storage.webhooks import Webhooks
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(stack) -> Webhooks:
    return Webhooks("account", REGION)


def hook(name: str) -> Webhook:
    return Webhook(name * 32, "https://crm.example.com/", ("*",), NOON, SecretName(1, 1), "sales")


def add(one: Webhook):
    return lambda known: {**known, one.webhook_id: one}


def test_an_account_without_any_has_none(store):
    assert store.of("acme") == {}


def test_all_that_is_known_is_kept_and_is_this_account_s(store):
    failing = replace(hooks.rotated(hook("a"), Keys({1: b"x" * 32}), NOON), failing_since=NOON, renewed_at=NOON)
    full = hooks.disabled(failing, NOON, Ended.GONE)
    store.change("acme", add(full))
    store.change("acme", add(hook("b")))
    assert store.of("acme") == {"a" * 32: full, "b" * 32: hook("b")}
    assert store.of("acme", may_be_old=True) == store.of("acme")
    assert store.of("berg") == {}


def test_a_change_that_met_another_is_made_anew(store):
    def slowly(known):
        if "b" * 32 not in known:
            store.change("acme", add(hook("b")))
        return add(hook("a"))(known)

    changed = store.change("acme", slowly)
    assert set(changed.before) == {"b" * 32}
    assert set(store.of("acme")) == {"a" * 32, "b" * 32}


def test_what_changes_nothing_writes_nothing(store):
    store.change("acme", add(hook("a")))
    before = store._row("acme", is_latest=True).version
    store.change("acme", add(hook("a")))
    assert store._row("acme", is_latest=True).version == before
    store.change("acme", add(replace(hook("a"), description="")))
    assert store._row("acme", is_latest=True).version == before + 1


def test_no_secret_is_stored(store):
    store.change("acme", add(hook("a")))
    assert "whsec" not in str(store._row("acme", is_latest=True).data)
