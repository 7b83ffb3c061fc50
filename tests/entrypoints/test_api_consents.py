"""The API of consents: what a person said is noted with how and when, is never lost, and holds for the next mail."""

import pytest

from tests.entrypoints.permitting import ANNA, Office, may_only

PATH = "/v1/consents"
BODY = {"address": "Anna Berg <Anna@Example.com>", "how": "form 3, 2026-02-01"}
NOTHING = {"object": "consent", "address": ANNA, "status": None, "mode": None, "history": []}


def test_who_said_nothing_has_no_consent(office: Office):
    assert office.done("GET", PATH, address=BODY["address"]) == NOTHING


def test_a_consent_is_noted_with_when_how_and_by_whom(office: Office):
    given = office.done("PUT", PATH, BODY | {"given_at": "2026-02-01T09:00:00+01:00", "by": "ina"})
    assert given == office.done("GET", PATH, address="ANNA@example.com")
    [entry] = given["history"]
    assert (given["address"], given["status"], given["mode"]) == (ANNA, "given", "full")
    assert entry | {"noted_at": ""} == {
        "act": "given",
        "at": "2026-02-01T08:00:00.000Z",
        "how": "form 3, 2026-02-01",
        "by": "ina",
        "mode": "full",
        "noted_at": "",
    }
    assert office.call("GET", f"{PATH}?address={ANNA}", key=office.new_key("berg"))[1] == NOTHING


def test_a_withdrawal_asks_only_for_the_address_and_stops_tracking_at_once(office: Office):
    office.done("PUT", "/v1/account", {"consent_required": True})
    assert office.tracking()["reason"] == "no_consent"
    office.done("PUT", PATH, BODY)
    assert office.tracking()["tracked"] is True
    withdrawn = office.done("DELETE", PATH, address=ANNA)
    assert (withdrawn["status"], withdrawn["mode"]) == ("withdrawn", "off")
    assert office.tracking()["reason"] == "no_consent"
    office.done("PUT", "/v1/account", {"consent_required": False})
    assert office.tracking()["reason"] == "no_consent", "an objection holds also where no consent is required"


def test_nothing_that_was_said_is_forgotten_and_what_holds_already_is_not_noted_again(office: Office):
    for _ in range(2):
        office.done("PUT", PATH, BODY)
    for _ in range(2):
        office.done("DELETE", PATH, address=ANNA, how="link in the mail", by="anna")
    office.done("PUT", PATH, BODY | {"how": "form 4"})
    said = office.done("GET", PATH, address=ANNA)["history"]
    assert [(entry["act"], entry["how"], entry["by"]) for entry in said] == [
        ("given", "form 4", "test"),
        ("withdrawn", "link in the mail", "anna"),
        ("given", BODY["how"], "test"),
    ]


def test_somebody_who_agreed_to_less_is_tracked_less(office: Office):
    office.done("PUT", PATH, BODY | {"mode": "last_open_date"})
    tracking = office.tracking()
    assert (tracking["mode"], tracking["clicks"]) == ("last_open_date", False)


def test_an_address_with_a_plus_is_one_address_and_a_space_is_none(office: Office):
    office.done("PUT", PATH, {"address": "anna+crm@example.com", "how": "form 3"})
    assert office.done("GET", PATH, address="anna+crm@example.com")["status"] == "given"
    status, problem = office.call("GET", f"{PATH}?address=anna+crm@example.com")[:2]
    assert (status, problem["errors"][0]["pointer"]) == (422, "/address"), "an unescaped + is a space in a query"


BAD = {
    "without how": ({"address": ANNA}, "/how"),
    "without address": ({"how": "form 3"}, "/address"),
    "a malformed address": (BODY | {"address": "anna"}, "/address"),
    "a line break": (BODY | {"how": "a\nb"}, "/how"),
    "in the future": (BODY | {"given_at": "2999-01-01T00:00:00Z"}, "/given_at"),
    "before there was mail like this": (BODY | {"given_at": "1989-12-31T23:59:59Z"}, "/given_at"),
    "how made of blanks": (BODY | {"how": " \u00a0"}, "/how"),
    "by made of blanks": (BODY | {"by": " "}, "/by"),
    "null": (BODY | {"by": None}, "/by"),
    "null as mode": (BODY | {"mode": None}, "/mode"),
    "no time": (BODY | {"given_at": "yesterday"}, "/given_at"),
    "an unknown field": (BODY | {"ip": "192.0.2.1"}, "/ip"),
    "a wrong type": (BODY | {"how": 3}, "/how"),
    "a list": ([BODY], ""),
}


@pytest.mark.parametrize(("body", "pointer"), BAD.values(), ids=BAD.keys())
def test_a_bad_consent_is_a_problem_that_names_the_field_and_notes_nothing(office: Office, body, pointer):
    assert office.refused("PUT", PATH, body) == [pointer]
    assert office.done("GET", PATH, address=ANNA) == NOTHING


def test_a_consent_to_more_than_the_account_keeps_is_refused(office: Office):
    office.done("PUT", "/v1/account", {"mode": "last_open_date"})
    assert office.refused("PUT", PATH, BODY | {"mode": "full"}) == ["/mode"]
    assert office.done("GET", PATH, address=ANNA) == NOTHING


BAD_QUERIES = {
    "nobody": ({}, "/address"),
    "a malformed address": ({"address": "anna@"}, "/address"),
    "an unknown parameter": ({"address": ANNA, "given_at": "2026-01-01T00:00:00Z"}, "/given_at"),
}


@pytest.mark.parametrize(("query", "pointer"), BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_bad_query_names_the_parameter_and_notes_nothing(office: Office, method, query, pointer):
    assert office.refused(method, PATH, **query) == [pointer]
    assert office.done("GET", PATH, address=ANNA) == NOTHING


def test_a_parameter_that_stands_twice_is_refused(office: Office):
    for method in ("GET", "DELETE"):
        status, problem = office.call(method, f"{PATH}?address={ANNA}&address=raj@example.com")[:2]
        assert (status, problem["errors"][0]["pointer"]) == (422, "/address")


def test_a_withdrawal_in_a_body_is_refused_so_that_none_is_lost_on_the_way(office: Office):
    assert office.refused("DELETE", PATH, {"address": ANNA}) == [""]
    assert office.refused("DELETE", PATH, {"address": ANNA}, address=ANNA) == [""]
    assert office.done("GET", PATH, address=ANNA) == NOTHING


def test_reading_and_noting_need_their_scopes(office: Office):
    assert may_only(office, PATH, "GET", "read", query=f"?address={ANNA}")
    assert may_only(office, PATH, "PUT", "admin", BODY)
    assert may_only(office, PATH, "DELETE", "admin", query=f"?address={ANNA}")
