"""Settings of accounts: what is changed by two at once, and what stays."""

from dataclasses import replace

import pytest

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.token import Mode
from chalicelib.storage.account import Account
from chalicelib.storage.policies import Policies
from chalicelib.storage.versions import MOST_TRIES, Overtaken
from tests.moto_stack import REGION

NARROW = AccountPolicy(
    tracking=False,
    plan_may_track=False,
    consent_required=True,
    mode=Mode.LAST_OPEN_DATE,
    capture_window_days=400,
    verdict_rules_off=frozenset({"burst"}),
    own_networks=frozenset({"198.51.100.0/24"}),
    attachment_threshold_bytes=0,
    soft_bounce_limit=20,
    soft_bounce_days=1,
)


@pytest.fixture
def policies(stack) -> Policies:
    return Policies("account", REGION)


def test_an_account_without_settings_has_those_of_a_new_one(policies):
    assert policies.get("acme") == policies.get("acme", may_be_old=True) == AccountPolicy()
    Account("account", REGION).create("acme", "Acme")
    assert policies.get("acme") == AccountPolicy()


def test_every_setting_is_kept_and_only_of_this_account(policies):
    assert policies.change("acme", lambda _: NARROW) == NARROW
    assert policies.get("acme") == NARROW
    assert policies.get("berg") == AccountPolicy()


def test_settings_that_are_not_stored_yet_are_those_of_a_new_account(policies):
    policies._rows("acme", "settings", data={"policy": {"mode": "off", "of_a_later_version": 7}}).save()
    assert policies.get("acme") == AccountPolicy(mode=Mode.OFF)


@pytest.mark.parametrize("is_created_first", [True, False])
def test_the_name_of_the_account_stays(policies, is_created_first):
    accounts = Account("account", REGION)
    if is_created_first:
        accounts.create("acme", "Acme")
    for days in (1, 2):
        policies.change("acme", lambda policy, days=days: replace(policy, capture_window_days=days))
    accounts.create("acme", "Another name")
    assert policies._rows.get("acme", "settings").data.get("name") == ("Acme" if is_created_first else None)
    assert policies.get("acme").capture_window_days == 2


@pytest.mark.parametrize("has_settings", [True, False])
def test_a_change_that_comes_between_reading_and_writing_is_not_lost(policies, has_settings):
    if has_settings:
        policies.change("acme", lambda policy: replace(policy, soft_bounce_days=3))
    others = iter([lambda policy: replace(policy, tracking=False)])

    def mine(policy: AccountPolicy) -> AccountPolicy:
        for other in others:
            policies.change("acme", other)
        return replace(policy, capture_window_days=7)

    assert policies.change("acme", mine) == policies.get("acme")
    assert (policies.get("acme").tracking, policies.get("acme").capture_window_days) == (False, 7)
    assert policies.get("acme").soft_bounce_days == (3 if has_settings else 14)


def test_who_is_always_overtaken_is_told_so_and_has_changed_nothing(policies):
    def mine(policy: AccountPolicy) -> AccountPolicy:
        policies.change("acme", lambda one: replace(one, capture_window_days=one.capture_window_days + 1))
        return replace(policy, tracking=False)

    with pytest.raises(Overtaken):
        policies.change("acme", mine)
    assert policies.get("acme") == AccountPolicy(capture_window_days=100 + MOST_TRIES)


def test_a_change_that_changes_nothing_writes_nothing(policies):
    policies.change("acme", lambda policy: policy)
    with pytest.raises(policies._rows.DoesNotExist):
        policies._rows.get("acme", "settings")
