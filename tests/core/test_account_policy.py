"""An account's settings: what they are at first, how they are shown, and which changes are refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import account_policy, mode, submission
from chalicelib.core.account_change import changed
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput
from chalicelib.core.rules import RULES
from chalicelib.core.token import Mode

NEW = AccountPolicy()
ONE_RULE, *OTHER_RULES = sorted(rule.name for rule in RULES)
OFFICE = "198.51.100.0/24"


def test_a_mode_of_a_later_version_keeps_nothing() -> None:
    assert account_policy.load({"mode": "daily"}).mode is Mode.OFF


def test_a_new_account_tracks_everything_for_a_hundred_days():
    assert (NEW.tracking, NEW.plan_may_track, NEW.consent_required, NEW.mode) == (True, True, False, Mode.FULL)
    assert NEW.capture_window == timedelta(days=100)
    assert (NEW.soft_bounce_limit, NEW.soft_bounce_rest) == (5, timedelta(days=14))


def test_by_default_only_what_no_mail_can_carry_becomes_a_link():
    assert NEW.attachment_threshold_bytes == submission.LARGEST_ATTACHMENTS


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ({"tracking": False}, "tracking", False),
        ({"plan_may_track": False}, "plan_may_track", False),
        ({"consent_required": True}, "consent_required", True),
        ({"mode": "off"}, "mode", Mode.OFF),
        ({"capture_window_days": 1}, "capture_window_days", 1),
        ({"capture_window_days": 400}, "capture_window_days", 400),
        ({"verdict_rules_off": [ONE_RULE, ONE_RULE]}, "verdict_rules_off", frozenset({ONE_RULE})),
        ({"verdict_rules_off": []}, "verdict_rules_off", frozenset()),
        ({"own_networks": ["2001:db8::/48", OFFICE]}, "own_networks", frozenset({"2001:db8::/48", OFFICE})),
        ({"attachment_threshold_bytes": 0}, "attachment_threshold_bytes", 0),
        ({"soft_bounce_limit": 3}, "soft_bounce_limit", 3),
        ({"soft_bounce_days": 30}, "soft_bounce_days", 30),
    ],
)
def test_a_change_changes_what_it_names_and_leaves_the_rest(body, field, value):
    off, own = frozenset(OTHER_RULES), frozenset({"192.0.2.0/24"})
    before = AccountPolicy(False, False, True, Mode.LAST_OPEN_DATE, 30, off, own, 5, 7, 9)
    assert changed(before, body, account="acme") == replace(before, **{field: value})


def test_what_is_shown_can_be_sent_back_and_changes_nothing():
    off, own = frozenset(OTHER_RULES), frozenset({OFFICE})
    before = AccountPolicy(False, False, True, Mode.LAST_OPEN_DATE, 7, off, own, 1_000, 2, 3)
    shown = account_policy.show(before)
    assert shown["mode"] in mode.NAMES
    assert (
        changed(NEW, shown | {"object": "account", "id": "acme"}, account="acme")
        == account_policy.load(shown)
        == before
    )


def test_settings_of_another_version_are_read_as_far_as_they_are_known():
    assert account_policy.load({}) == NEW
    assert account_policy.load({"mode": "off", "of_a_later_version": 7}) == AccountPolicy(mode=Mode.OFF)


BAD = {
    "a window of no day": ({"capture_window_days": 0}, "/capture_window_days", "at least 1"),
    "a window of 401 days": ({"capture_window_days": 401}, "/capture_window_days", "at most 400"),
    "a window as text": ({"capture_window_days": "100"}, "/capture_window_days", "whole number"),
    "a window as truth": ({"capture_window_days": True}, "/capture_window_days", "whole number"),
    "half a day": ({"capture_window_days": 1.5}, "/capture_window_days", "whole number"),
    "null": ({"capture_window_days": None}, "/capture_window_days", "null"),
    "another object": ({"object": "email"}, "/object", "must be one of: account"),
    "another account": ({"id": "berg"}, "/id", "not the account of your key"),
    "no account": ({"id": None}, "/id", "null"),
    "21 networks": ({"own_networks": [OFFICE] * 21}, "/own_networks", "must have at most 20 entries"),
    "less than a /24": ({"own_networks": ["198.51.100.128/25"]}, "/own_networks/0", "name the whole /24 or /48"),
    "one address": ({"own_networks": [OFFICE, "198.51.100.7/32"]}, "/own_networks/1", "name the whole /24 or /48"),
    "less than a /48": ({"own_networks": ["2001:db8:0:1::/64"]}, "/own_networks/0", "name the whole /24 or /48"),
    "the whole net": ({"own_networks": ["0.0.0.0/0"]}, "/own_networks/0", "too wide"),
    "the whole net of IPv6": ({"own_networks": ["::/0"]}, "/own_networks/0", "too wide"),
    "a length of many digits": ({"own_networks": ["10.0.0.0/" + "9" * 5_000]}, "/own_networks/0", "is no range"),
    "a switch as text": ({"tracking": "off"}, "/tracking", "true or false"),
    "a switch as number": ({"plan_may_track": 0}, "/plan_may_track", "true or false"),
    "a switch of nothing": ({"consent_required": None}, "/consent_required", "null"),
    "an unknown mode": ({"mode": "partial"}, "/mode", "must be one of: full, last_open_date, aggregate, off"),
    "a mode in capitals": ({"mode": "FULL"}, "/mode", "must be one of: full, last_open_date, aggregate, off"),
    "an unknown field": ({"colour": "red"}, "/colour", "not known here"),
    "a time zone that is none": ({"time_zone": "Berlin"}, "/time_zone", "is no time zone"),
    "a time zone of whatever machine": ({"time_zone": "localtime"}, "/time_zone", "is no time zone"),
    "an unknown rule": ({"verdict_rules_off": [ONE_RULE, "x"]}, "/verdict_rules_off/1", "no rule"),
    "a rule that is no text": ({"verdict_rules_off": [1]}, "/verdict_rules_off/0", "must be a text"),
    "a network that is none": ({"own_networks": [OFFICE, "office"]}, "/own_networks/1", "is no range"),
    "half of the net": ({"own_networks": ["128.0.0.0/1"]}, "/own_networks/0", "too wide"),
    "rules that are no list": ({"verdict_rules_off": "x"}, "/verdict_rules_off", "must be a list"),
    "more than a mail can carry": ({"attachment_threshold_bytes": 10_000_001}, "/attachment_threshold_bytes", "most"),
    "less than nothing": ({"attachment_threshold_bytes": -1}, "/attachment_threshold_bytes", "at least 0"),
    "no soft bounce at all": ({"soft_bounce_limit": 0}, "/soft_bounce_limit", "at least 1"),
    "more than are kept": ({"soft_bounce_limit": 21}, "/soft_bounce_limit", "at most 20"),
    "over a year of rest": ({"soft_bounce_days": 366}, "/soft_bounce_days", "at most 365"),
}


@pytest.mark.parametrize(("body", "pointer", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_change_is_refused_with_the_field_named(body, pointer, words):
    with pytest.raises(BadInput) as refused:
        changed(NEW, {"tracking": False, **body}, account="acme")
    [error] = refused.value.errors
    assert error["pointer"] == pointer
    assert words in error["message"]


def test_a_change_leaves_what_webhooks_listen_to():
    listening = {"email.opened": datetime(2026, 3, 1, tzinfo=UTC)}
    after = changed(replace(NEW, listening=listening), {"tracking": False}, account="acme")
    assert (after.listening, after.tracking) == (listening, False)
