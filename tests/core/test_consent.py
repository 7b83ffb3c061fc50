"""Consent: what holds at a moment of all that a person ever said, and which telling of it is refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import consent, consent_body
from chalicelib.core.bad_input import BadInput
from chalicelib.core.consent import Act, Entry, is_tracking_allowed
from chalicelib.core.mode import WiderThanAllowed
from chalicelib.core.token import Mode
from tests.core.happenings import ANNA, NOON, at

GIVEN = consent.given(at(10), "form 3", "ina", at(10))
WITHDRAWN = consent.withdrawn(at(20), "link in the mail", "anna")
AGAIN = consent.given(at(30), "by telephone", "ina", at(30), Mode.LAST_OPEN_DATE)


@pytest.mark.parametrize(
    ("entries", "second", "is_allowed", "is_allowed_unasked"),
    [
        ([], 50, False, True),
        ([GIVEN], 9.999, False, True),
        ([GIVEN], 10, True, True),
        ([GIVEN, WITHDRAWN], 19.999, True, True),
        ([GIVEN, WITHDRAWN], 20, False, False),
        ([GIVEN, WITHDRAWN], 1e9, False, False),
        ([WITHDRAWN], 20, False, False),
        ([WITHDRAWN], 19, False, True),
        ([GIVEN, WITHDRAWN, AGAIN], 29, False, False),
        ([GIVEN, WITHDRAWN, AGAIN], 30, True, True),
    ],
)
def test_who_may_be_tracked_when(entries, second, is_allowed, is_allowed_unasked):
    assert is_tracking_allowed(entries, required=True, at=at(second)) is is_allowed
    assert is_tracking_allowed(entries, required=False, at=at(second)) is is_allowed_unasked


def test_a_consent_found_later_does_not_undo_the_withdrawal_that_followed_it():
    found = consent.given(at(15), "paper", "ina", noted_at=at(99))
    assert not is_tracking_allowed([WITHDRAWN, found], required=True, at=at(100))


def test_of_two_things_said_at_once_the_withdrawal_holds():
    same_time = consent.given(at(20), "form 3", "ina", noted_at=at(21))
    assert consent.current([WITHDRAWN, same_time], at(20)) == WITHDRAWN


def test_how_much_a_person_lets_be_kept():
    said = [GIVEN, WITHDRAWN, AGAIN]
    assert [consent.mode_of(said, at(second)) for second in (5, 15, 25, 35)] == [
        Mode.FULL,  # said nothing, so the account decides
        Mode.FULL,
        Mode.OFF,
        Mode.LAST_OPEN_DATE,
    ]


def test_the_same_said_again_in_the_same_way_is_no_news():
    later = at(15)
    assert not consent.is_news([GIVEN], consent.given(later, "form 3", "ina", later))
    assert consent.is_news([GIVEN], consent.given(later, "form 4", "ina", later))
    assert consent.is_news([GIVEN], consent.given(later, "form 3", "ina", later, Mode.AGGREGATE))
    assert consent.is_news([GIVEN], WITHDRAWN)
    assert not consent.is_news([GIVEN, WITHDRAWN], consent.withdrawn(at(25), WITHDRAWN.how, WITHDRAWN.by))
    assert consent.is_news([GIVEN, WITHDRAWN], consent.given(at(25), "form 3", "ina", at(25)))
    assert consent.is_news([], GIVEN)


def test_all_that_was_said_is_shown_newest_first():
    shown = consent.show(ANNA, [GIVEN, AGAIN, WITHDRAWN], at(25))
    assert (shown["address"], shown["status"], shown["mode"]) == (ANNA, "withdrawn", "off")
    assert [entry["how"] for entry in shown["history"]] == ["by telephone", "link in the mail", "form 3"]
    assert shown["history"][2] == {
        "act": "given",
        "at": "2026-03-01T12:00:10.000Z",
        "how": "form 3",
        "by": "ina",
        "mode": "full",
        "noted_at": "2026-03-01T12:00:10.000Z",
    }
    nobody = consent.show(ANNA, [], at(25))
    assert (nobody["status"], nobody["mode"], nobody["history"]) == (None, None, [])


ENTRIES = st.builds(
    Entry,
    st.sampled_from(Act),
    st.integers(0, 20).map(at),
    st.sampled_from(["form", "paper"]),
    st.sampled_from(["ina", "raj"]),
    st.integers(20, 30).map(at),
    st.sampled_from(Mode),
)


@given(st.lists(ENTRIES, max_size=8), st.integers(0, 20), st.randoms(use_true_random=False))
def test_what_holds_depends_on_no_order_and_no_repetition(entries, second, random):
    shuffled = entries * 2
    random.shuffle(shuffled)
    assert consent.current(shuffled, at(second)) == consent.current(entries, at(second))


@given(st.lists(ENTRIES, max_size=8), st.integers(0, 20), st.booleans())
def test_what_is_said_later_never_changes_what_held_before(entries, second, required):
    until_then = [entry for entry in entries if entry.at <= at(second)]
    assert is_tracking_allowed(entries, required=required, at=at(second)) == is_tracking_allowed(
        until_then, required=required, at=at(second)
    )


@given(st.lists(ENTRIES, max_size=8), st.integers(0, 20), st.booleans())
def test_a_withdrawal_ends_tracking_at_once_whatever_was_said_before(entries, second, required):
    said = [*(entry for entry in entries if entry.at <= at(second)), consent.withdrawn(at(second), "", "anna")]
    assert not is_tracking_allowed(said, required=required, at=at(second))
    assert not is_tracking_allowed(said, required=required, at=at(second) + timedelta(days=9_000))


BODY = {"address": "Anna Berg <Anna@Example.COM>", "how": "form 3"}


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"given_at": "1989-12-31T23:59:59.999Z"}, "/given_at", "cannot be given before 1990"),
        ({"given_at": "1970-01-01T00:00:00Z"}, "/given_at", "cannot be given before 1990"),
        ({"how": ""}, "/how", "must not be empty"),
        ({"how": " \u200b"}, "/how", "must have a character that can be seen"),
        ({"by": "\u00a0"}, "/by", "must have a character that can be seen"),
        ({"by": None}, "/by", "must not be null"),
        ({"mode": None}, "/mode", "must not be null"),
    ],
)
def test_what_proves_no_consent_is_refused(changes, pointer, words):
    with pytest.raises(BadInput) as refused:
        consent_body.given(BODY | changes, by="key crm", account_mode=Mode.FULL, now=NOON)
    [error] = refused.value.errors
    assert error["pointer"] == pointer
    assert words in error["message"]


def test_a_consent_may_be_as_old_as_1990():
    said = consent_body.given(BODY | {"given_at": "1990-01-01T00:00:00Z"}, by="x", account_mode=Mode.FULL, now=NOON)
    assert said.entry.at.year == 1990


def test_a_consent_is_noted_under_the_address_in_lower_case_with_when_how_and_by_whom():
    said = consent_body.given(BODY, by="key crm", account_mode=Mode.FULL, now=NOON)
    assert said == (ANNA, consent.given(NOON, "form 3", "key crm", NOON))
    told = {**BODY, "by": "ina", "given_at": "2026-03-01T10:00:00+02:00", "mode": "last_open_date"}
    said = consent_body.given(told, by="key crm", account_mode=Mode.FULL, now=NOON)
    assert said.entry == consent.given(NOON - timedelta(hours=4), "form 3", "ina", NOON, Mode.LAST_OPEN_DATE)


def test_a_withdrawal_asks_for_nothing_but_the_address_and_holds_from_now_on():
    said = consent_body.withdrawn({"address": ANNA}, by="key crm", now=NOON)
    assert said == (ANNA, consent.withdrawn(NOON, "", "key crm"))
    told = {"address": ANNA, "how": "link in the mail", "by": "anna"}
    assert consent_body.withdrawn(told, by="key crm", now=NOON).entry == consent.withdrawn(NOON, told["how"], "anna")


BAD = {
    "without how": ({"how": ...}, "/how"),
    "how, but empty": ({"how": ""}, "/how"),
    "how as null": ({"how": None}, "/how"),
    "how in two lines": ({"how": "a\nb"}, "/how"),
    "how as number": ({"how": 3}, "/how"),
    "without address": ({"address": ...}, "/address"),
    "a malformed address": ({"address": "anna@"}, "/address"),
    "an address with umlauts before the @": ({"address": "ännä@b.test"}, "/address"),
    "two addresses": ({"address": ["a@b.test", "c@d.test"]}, "/address"),
    "by whom, but empty": ({"by": ""}, "/by"),
    "in the future": ({"given_at": "2026-03-01T12:00:00.001Z"}, "/given_at"),
    "at no time of any zone": ({"given_at": "2026-02-28T12:00:00"}, "/given_at"),
    "on no day there is": ({"given_at": "2026-02-30T12:00:00Z"}, "/given_at"),
    "in a week of ISO 8601": ({"given_at": "2026-W01-1T00:00:00Z"}, "/given_at"),
    "before there were years": ({"given_at": "0001-01-01T00:00:00+01:00"}, "/given_at"),
    "at seconds since 1970": ({"given_at": 1_760_000_000}, "/given_at"),
    "an unknown mode": ({"mode": "partial"}, "/mode"),
    "an unknown field": ({"ip": "192.0.2.1"}, "/ip"),
}


@pytest.mark.parametrize(("changes", "pointer"), BAD.values(), ids=BAD.keys())
def test_a_bad_consent_is_refused_with_the_field_named(changes, pointer):
    body = {key: value for key, value in (BODY | changes).items() if value is not ...}
    with pytest.raises(BadInput) as refused:
        consent_body.given(body, by="key crm", account_mode=Mode.FULL, now=NOON)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]
    assert refused.value.errors[0]["message"]


def test_a_consent_to_more_than_the_account_keeps_is_refused():
    with pytest.raises(WiderThanAllowed) as refused:
        consent_body.given({**BODY, "mode": "full"}, by="x", account_mode=Mode.AGGREGATE, now=NOON)
    assert [error["pointer"] for error in refused.value.errors] == ["/mode"]
    said = consent_body.given(BODY, by="x", account_mode=Mode.AGGREGATE, now=NOON)
    assert said.entry.mode is Mode.FULL, "who names no mode agrees to whatever the account keeps"


@pytest.mark.parametrize(("body", "pointer"), [({}, "/address"), ({"address": ANNA, "given_at": "x"}, "/given_at")])
def test_a_bad_withdrawal_is_refused_with_the_field_named(body, pointer):
    with pytest.raises(BadInput) as refused:
        consent_body.withdrawn(body, by="x", now=NOON)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]
