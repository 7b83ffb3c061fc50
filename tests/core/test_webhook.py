"""Webhooks: which types they take, which secrets sign when, and when one is switched off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier

from chalicelib.core import webhook as hooks
from chalicelib.core import webhook_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.delivery import PAUSES, Attempt, Delivery, Status, begun, place_of
from chalicelib.core.notice import Notice
from chalicelib.core.token import Keys
from chalicelib.core.webhook import FAILS_FOR, TEST, TYPES, Ended, SecretName, Webhook
from chalicelib.core.webhook_target import Targets, targets_of
from chalicelib.gateways.webhook import headers_of
from tests.noon import NOON

KEYS = Keys({1: b"a" * 32, 2: b"b" * 32})
HOOK = Webhook("0" * 32, "https://crm.example.com/hooks", ("email.opened",), NOON, SecretName(2, 1))
NOWHERE = Targets()

pytestmark = pytest.mark.usefixtures("from_noon")  # the library holds signatures against the clock


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
    assert not any(hooks.disabled(every, NOON).wants(kind) for kind in (*TYPES, TEST))
    assert hooks.types_wanted([HOOK, hooks.disabled(every, NOON)]) == {"email.opened"}


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
    rotated = hooks.rotated(HOOK, KEYS, NOON)
    new = hooks.secret_of(rotated, rotated.secret, KEYS)
    during = headers_of("n", b'{"a":1}', hooks.signing(rotated, KEYS, NOON + timedelta(hours=23)), NOON)
    assert is_verified(old, during) and is_verified(new, during)
    assert len(during["webhook-signature"].split(" ")) == 2
    after = headers_of("n", b'{"a":1}', hooks.signing(rotated, KEYS, NOON + timedelta(hours=24)), NOON)
    assert is_verified(new, after) and not is_verified(old, after)


def test_after_two_rotations_in_a_day_the_first_secret_signs_no_more():
    twice = hooks.rotated(hooks.rotated(HOOK, KEYS, NOON), KEYS, NOON)
    assert hooks.secret_of(HOOK, HOOK.secret, KEYS) not in hooks.signing(twice, KEYS, NOON)


def test_a_rotation_takes_the_newest_master_key():
    grown = Keys({**KEYS.secrets, 9: b"c" * 32})
    assert hooks.rotated(HOOK, grown, NOON).secret == SecretName(9, 2)


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_signature_is_for_this_body_only(body, other):
    secret = hooks.secret_of(HOOK, HOOK.secret, KEYS)
    headers = headers_of("n", body.encode(), [secret], NOON)
    Verifier(secret).verify(body.encode(), headers, json_parse=False)
    assert body == other or not is_verified(secret, headers, other.encode())


def attempted(after: timedelta, status: Status, code: int = 500) -> Delivery:
    """A delivery whose latest attempt was made so long after NOON."""
    told = Notice("n", "acme", "m", "email.sent", NOON, NOON)
    delivery = begun(told, HOOK.webhook_id, place_of(told.key), NOON)
    return replace(delivery, status=status, tries=1, attempts=(Attempt(NOON + after, code),))


def test_the_last_attempt_of_a_notice_switches_off_what_failed_for_three_days_and_a_success_begins_anew():
    failing = hooks.after(HOOK, attempted(timedelta(), Status.WAITING))
    assert failing.enabled and failing.failing_since == NOON
    assert hooks.after(failing, attempted(2 * FAILS_FOR, Status.WAITING)) == failing, "others come after it"
    assert hooks.after(failing, attempted(FAILS_FOR - timedelta(seconds=1), Status.FAILED)) == failing
    assert hooks.after(failing, attempted(timedelta(days=1), Status.DELIVERED, 204)) == HOOK
    off = hooks.after(failing, attempted(FAILS_FOR, Status.FAILED))
    assert (off.enabled, off.disabled_reason, off.disabled_at) == (False, Ended.FAILING, NOON + FAILS_FOR)
    assert hooks.enabled(off, NOON) == replace(HOOK, renewed_at=NOON)


def test_all_attempts_of_a_notice_take_longer_than_a_webhook_may_fail_even_if_the_first_four_are_not_noted():
    assert sum(PAUSES[4:], timedelta()) > FAILS_FOR


def test_the_last_attempt_of_one_notice_among_others_that_are_taken_says_nothing_of_the_webhook():
    assert hooks.after(HOOK, attempted(FAILS_FOR, Status.FAILED)) == HOOK


@pytest.mark.parametrize(
    "renewed",
    [lambda hook, at: hooks.moved(hook, "https://new.example.com/", at), hooks.enabled],
    ids=["another address", "switched on"],
)
@pytest.mark.parametrize("code", [410, 500, 204])
def test_what_was_tried_before_its_owner_set_it_up_anew_says_nothing_of_it(renewed, code):
    tried = attempted(FAILS_FOR, {204: Status.DELIVERED}.get(code, Status.FAILED), code)
    off = replace(HOOK, enabled=False, failing_since=NOON)
    anew = replace(renewed(off, NOON + FAILS_FOR + timedelta(seconds=1)), enabled=True, failing_since=NOON)
    assert hooks.after(anew, tried) == anew
    assert hooks.after(replace(anew, renewed_at=None), tried) != anew


def test_what_is_off_keeps_why_it_was_switched_off():
    gone = hooks.disabled(HOOK, NOON, Ended.GONE)
    assert hooks.disabled(gone, NOON + FAILS_FOR) == gone
    assert hooks.show(gone)["disabled_reason"] == "gone"


# -------------------------------------------------------------------------------------------------- what is asked for


def asked(**changes):
    body = {"url": "https://crm.example.com/hooks", "events": ["email.opened"]} | changes
    return webhook_body.added(body, "0" * 32, KEYS, NOWHERE, NOON)


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
    changed = webhook_body.changed(HOOK, {"description": "new"}, NOWHERE, NOON)
    assert changed == Webhook(**{**HOOK.__dict__, "description": "new"})
    off = webhook_body.changed(HOOK, {"enabled": False}, NOWHERE, NOON)
    assert (off.enabled, off.disabled_reason) == (False, None)
    assert webhook_body.changed(hooks.disabled(HOOK, NOON, Ended.GONE), {"enabled": True}, NOWHERE, NOON) == replace(
        HOOK, renewed_at=NOON
    )
    assert webhook_body.changed(HOOK, {"enabled": True, "url": HOOK.url}, NOWHERE, NOON) == HOOK


@pytest.mark.parametrize(
    ("start", "end", "pointers"),
    [(-31, 0, ["/from"]), (-1, -1, ["/to"]), (-1, -2, ["/to"]), (-40, -41, ["/to"])],
)
def test_a_range_is_kept_still_and_goes_forward(start, end, pointers):
    body = {name: (NOON + timedelta(days=days)).isoformat() for name, days in (("from", start), ("to", end))}

    def checked(body, now):
        webhook_body.check_is_kept(webhook_body.range_of(body, now), now)

    assert refused(checked, body, NOON) == pointers


def test_a_range_ends_now_at_the_latest():
    body = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-24T00:00:00Z"}
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert webhook_body.range_of(body, at) == (datetime(2026, 11, 1, tzinfo=UTC), at)


def test_what_the_operator_names_may_be_private_plain_and_on_any_port():
    targets = targets_of("10.1.0.0/16, crm.internal:80")
    for url in ("http://crm.internal/x", "http://10.1.2.3:25/x"):
        assert webhook_body.added({"url": url, "events": ["*"]}, "0" * 32, KEYS, targets, NOON).url == url
    for url in ("http://crm.internal:8080/x", "http://10.2.2.3/x"):
        assert refused(webhook_body.added, {"url": url, "events": ["*"]}, "0" * 32, KEYS, targets, NOON) == ["/url"]
