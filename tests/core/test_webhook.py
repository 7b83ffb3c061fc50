"""Webhooks: which types they take, which secrets sign when, and when one is switched off."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier

from chalicelib.core import webhook as hooks
from chalicelib.core import webhook_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.token import Keys
from chalicelib.core.webhook import FAILS_FOR, TEST, TYPES, Ended, SecretName, Webhook
from chalicelib.core.webhook_target import Targets, targets_of
from chalicelib.gateways.webhook import headers_of

NOW = datetime.now(UTC)  # the library holds signatures against the clock
KEYS = Keys({1: b"a" * 32, 2: b"b" * 32})
HOOK = Webhook("0" * 32, "https://crm.example.com/hooks", ("email.opened",), NOW, SecretName(2, 1))
NOWHERE = Targets()


def is_verified(secret: str, headers: dict[str, str], body: bytes = b'{"a":1}') -> bool:
    try:
        Verifier(secret).verify(body, headers)
    except Exception:
        return False
    return True


def test_a_webhook_wants_its_types_and_the_test_while_it_is_on():
    assert [kind for kind in (*TYPES, TEST) if HOOK.wants(kind)] == ["email.opened", TEST]
    every = Webhook(**{**HOOK.__dict__, "events": ("*",)})
    assert all(every.wants(kind) for kind in TYPES)
    assert not any(hooks.disabled(every, NOW).wants(kind) for kind in (*TYPES, TEST))
    assert hooks.types_wanted([HOOK, hooks.disabled(every, NOW)]) == {"email.opened"}


def test_a_secret_is_one_of_its_webhook_its_master_key_and_its_number():
    other = Webhook(**{**HOOK.__dict__, "webhook_id": "1" * 32})
    secrets = {
        hooks.secret_of(one, name, KEYS)
        for one in (HOOK, other)
        for name in (SecretName(1, 1), SecretName(2, 1), SecretName(2, 2))
    }
    assert len(secrets) == 6
    assert all(secret.startswith("whsec_") for secret in secrets)
    assert hooks.secret_of(HOOK, HOOK.secret, KEYS) == hooks.secret_of(HOOK, HOOK.secret, KEYS)


def test_without_its_master_key_a_secret_is_another_one_and_nothing_breaks():
    assert hooks.secret_of(HOOK, HOOK.secret, Keys({1: b"a" * 32})) != hooks.secret_of(HOOK, HOOK.secret, KEYS)


def test_for_a_day_after_a_rotation_both_secrets_verify_and_then_only_the_new_one():
    old = hooks.secret_of(HOOK, HOOK.secret, KEYS)
    rotated = hooks.rotated(HOOK, KEYS, NOW)
    new = hooks.secret_of(rotated, rotated.secret, KEYS)
    during = headers_of("n", b'{"a":1}', hooks.signing(rotated, KEYS, NOW + timedelta(hours=23)), NOW)
    assert is_verified(old, during) and is_verified(new, during)
    assert len(during["webhook-signature"].split(" ")) == 2
    after = headers_of("n", b'{"a":1}', hooks.signing(rotated, KEYS, NOW + timedelta(hours=24)), NOW)
    assert is_verified(new, after) and not is_verified(old, after)


def test_after_two_rotations_in_a_day_the_first_secret_signs_no_more():
    twice = hooks.rotated(hooks.rotated(HOOK, KEYS, NOW), KEYS, NOW)
    assert hooks.secret_of(HOOK, HOOK.secret, KEYS) not in hooks.signing(twice, KEYS, NOW)


def test_a_rotation_takes_the_newest_master_key():
    grown = Keys({**KEYS.secrets, 9: b"c" * 32})
    assert hooks.rotated(HOOK, grown, NOW).secret == SecretName(9, 2)


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_signature_is_for_this_body_only(body, other):
    secret = hooks.secret_of(HOOK, HOOK.secret, KEYS)
    headers = headers_of("n", body.encode(), [secret], NOW)
    Verifier(secret).verify(body.encode(), headers, json_parse=False)
    assert body == other or not is_verified(secret, headers, other.encode())


def test_what_fails_for_three_days_is_switched_off_and_a_success_in_between_begins_anew():
    failing = hooks.after_failure(HOOK, NOW)
    assert failing.enabled and failing.failing_since == NOW
    later = hooks.after_failure(failing, NOW + FAILS_FOR - timedelta(seconds=1))
    assert later.enabled and later.failing_since == NOW
    assert hooks.after_success(later) == HOOK
    off = hooks.after_failure(later, NOW + FAILS_FOR)
    assert (off.enabled, off.disabled_reason, off.disabled_at) == (False, Ended.FAILING, NOW + FAILS_FOR)
    assert hooks.enabled(off) == HOOK


def test_what_is_off_keeps_why_it_was_switched_off():
    gone = hooks.disabled(HOOK, NOW, Ended.GONE)
    assert hooks.disabled(gone, NOW + FAILS_FOR) == gone
    assert hooks.show(gone)["disabled_reason"] == "gone"


# -------------------------------------------------------------------------------------------------- what is asked for


def asked(**changes):
    body = {"url": "https://crm.example.com/hooks", "events": ["email.opened"]} | changes
    return webhook_body.added(body, "0" * 32, KEYS, NOWHERE, NOW)


def refused(call, *arguments) -> list[str]:
    with pytest.raises(BadInput) as caught:
        call(*arguments)
    return [error["pointer"] for error in caught.value.errors]


def test_events_stand_once_each_and_everything_stands_alone():
    assert asked(events=["email.sent", "email.opened", "email.sent"]).events == ("email.sent", "email.opened")
    assert asked(events=["email.sent", "*"]).events == ("*",)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"url": "http://crm.example.com/"}, "/url"),
        ({"url": "https://crm.example.com:25/"}, "/url"),
        ({"url": "https://127.0.0.1/"}, "/url"),
        ({"url": "https://[::1]/"}, "/url"),
        ({"url": "https://u:p@crm.example.com/"}, "/url"),
        ({"url": "ftp://crm.example.com/"}, "/url"),
        ({"url": "https://crm.example.com/#part"}, "/url"),
        ({"url": "https://crm.example.com/a b"}, "/url"),
        ({"url": "https://crm.example.com:99999/"}, "/url"),
        ({"url": "https://crm.example.com/" + "x" * 2000}, "/url"),
        ({"url": ""}, "/url"),
        ({"events": []}, "/events"),
        ({"events": ["email.read"]}, "/events/0"),
        ({"events": "*"}, "/events"),
        ({"description": "a\nb"}, "/description"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_what_cannot_be_taken_is_named(changes, pointer):
    assert refused(lambda: asked(**changes)) == [pointer]


def test_a_host_of_other_letters_is_stored_as_it_is_looked_up():
    assert asked(url="https://müller.example/hören").url == "https://xn--mller-kva.example/h%C3%B6ren"


def test_a_change_leaves_what_it_does_not_name():
    changed = webhook_body.changed(HOOK, {"description": "new"}, NOWHERE, NOW)
    assert changed == Webhook(**{**HOOK.__dict__, "description": "new"})
    off = webhook_body.changed(HOOK, {"enabled": False}, NOWHERE, NOW)
    assert (off.enabled, off.disabled_reason) == (False, None)
    assert webhook_body.changed(hooks.disabled(HOOK, NOW, Ended.GONE), {"enabled": True}, NOWHERE, NOW) == HOOK


@pytest.mark.parametrize(
    ("start", "end", "pointers"),
    [(-31, 0, ["/from"]), (-1, -1, ["/to"]), (-1, -2, ["/to"]), (-40, -41, ["/from", "/to"])],
)
def test_a_range_is_kept_still_and_goes_forward(start, end, pointers):
    body = {name: (NOW + timedelta(days=days)).isoformat() for name, days in (("from", start), ("to", end))}
    assert refused(webhook_body.range_of, body, NOW) == pointers


def test_a_range_ends_now_at_the_latest():
    body = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-24T00:00:00Z"}
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert webhook_body.range_of(body, at) == (datetime(2026, 11, 1, tzinfo=UTC), at)


def test_what_the_operator_names_may_be_private_plain_and_on_any_port():
    targets = targets_of("10.1.0.0/16, crm.internal:80")
    for url in ("http://crm.internal/x", "http://10.1.2.3:25/x"):
        assert webhook_body.added({"url": url, "events": ["*"]}, "0" * 32, KEYS, targets, NOW).url == url
    for url in ("http://crm.internal:8080/x", "http://10.2.2.3/x"):
        assert refused(webhook_body.added, {"url": url, "events": ["*"]}, "0" * 32, KEYS, targets, NOW) == ["/url"]
