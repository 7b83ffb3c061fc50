"""The API of suppressions: who gets no mail, why, since when; mails to them are refused until somebody lifts that."""

import pytest

from tests.entrypoints.permitting import ANNA, Office, may_only
from tests.entrypoints.test_api_emails import MAIL

PATH = "/v1/suppressions"


def addresses(page) -> list[str]:
    return [one["address"] for one in page["data"]]


def test_a_mail_to_a_suppressed_address_is_refused_with_the_reason_until_it_is_lifted(office: Office):
    added = office.done("POST", PATH, {"address": "Anna Berg <Anna@Example.com>", "detail": "left the company"})
    assert (added["address"], added["in_force"], added["reason"]) == (ANNA, True, "manual")
    [cause] = added["causes"]
    assert (cause["detail"], cause["by"], cause["expires_at"]) == ("left the company", "test", None)
    status, problem = office.ask("POST", "/v1/emails", MAIL | {"to": ["li@example.com"], "bcc": ["ANNA@example.com"]})
    assert (status, [error["pointer"] for error in problem["errors"]]) == (422, ["/bcc/0"])
    assert "(manual)" in problem["detail"]
    assert office.nothing_happened()
    lifted = office.done("DELETE", PATH, address=ANNA, by="ina")
    assert (lifted["in_force"], lifted["reason"], lifted["lifted_by"]) == (False, None, "ina")
    assert office.done("POST", "/v1/emails", MAIL)["id"]


def test_the_same_again_changes_nothing_and_the_gravest_reason_is_shown(office: Office):
    first = office.done("POST", PATH, {"address": ANNA})
    assert office.done("POST", PATH, {"address": ANNA}) == first
    both = office.done("POST", PATH, {"address": ANNA, "reason": "complaint", "by": "ina"})
    assert (both["reason"], [cause["reason"] for cause in both["causes"]]) == ("complaint", ["complaint", "manual"])


def test_of_two_for_one_reason_that_which_ends_later_stays_as_it_is(office: Office):
    ends = ("2999-01-01T00:00:00.000Z", "2999-06-01T00:00:00.000Z", "2999-03-01T00:00:00.000Z", None)
    seen = []
    for number, end in enumerate(ends):
        body = {"address": ANNA, "detail": f"note {number}"} | ({"expires_at": end} if end else {})
        [cause] = office.done("POST", PATH, body)["causes"]
        seen.append((cause["expires_at"], cause["detail"]))
    assert seen == [(ends[0], "note 0"), (ends[1], "note 1"), (ends[1], "note 1"), (None, "note 3")]
    [cause] = office.done("POST", PATH, {"address": ANNA, "detail": "note 4"})["causes"]
    assert cause["detail"] == "note 3", "of two that end alike the first"


def test_lifting_again_changes_nothing_and_a_new_cause_counts(office: Office):
    office.done("POST", PATH, {"address": ANNA})
    lifted = office.done("DELETE", PATH, address=ANNA)
    assert office.done("DELETE", PATH, address=ANNA) == lifted
    again = office.done("POST", PATH, {"address": ANNA})
    assert (again["in_force"], again["lifted_at"]) == (True, lifted["lifted_at"]), "both are told"


def test_the_list_is_paged_by_latest_news_both_ways(office: Office):
    for number in range(5):
        office.done("POST", PATH, {"address": f"{number}@example.com"})
    office.done("DELETE", PATH, address="0@example.com")
    first = office.done("GET", PATH, limit=2)
    second = office.done("GET", PATH, limit=2, after=first["after"])
    third = office.done("GET", PATH, limit=2, after=second["after"])
    back = office.done("GET", PATH, limit=2, before=third["before"])
    assert [addresses(page) for page in (first, second, third, back)] == [
        ["0@example.com", "4@example.com"],
        ["3@example.com", "2@example.com"],
        ["1@example.com"],
        ["3@example.com", "2@example.com"],
    ]
    assert [page["has_more"] for page in (first, second, third, back)] == [True, True, False, True]
    assert first["data"][0]["in_force"] is False
    other = office.new_key("other", ("read",))
    assert office.call("GET", PATH, key=other)[1]["data"] == []
    assert office.call("GET", f"{PATH}?after={first['after']}", key=other)[0] == 422, "of another account"


def test_a_cursor_of_another_list_is_refused(office: Office):
    office.done("POST", "/v1/emails", MAIL)
    office.done("POST", "/v1/emails", MAIL)
    cursor = office.done("GET", "/v1/emails", limit=1)["after"]
    assert office.refused("GET", PATH, after=cursor) == ["/after"]


def test_one_address_can_be_asked_for(office: Office):
    added = office.done("POST", PATH, {"address": ANNA})
    page = office.done("GET", PATH, address="Anna@Example.com")
    assert page == {"object": "list", "data": [added], "has_more": False, "after": None, "before": None}
    assert office.done("GET", PATH, address="raj@example.com")["data"] == []
    assert office.refused("GET", PATH, address=ANNA, limit=2) == ["/limit"]
    assert office.refused("GET", PATH, address="anna") == ["/address"]


BAD = {
    "a malformed address": ({"address": "anna@@example.com"}, "/address"),
    "no address": ({}, "/address"),
    "a reason that is counted here": ({"address": ANNA, "reason": "soft_bounces"}, "/reason"),
    "an end that is over": ({"address": ANNA, "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
    "an unknown field": ({"address": ANNA, "at": "2026-01-01T00:00:00Z"}, "/at"),
    "a wrong type": ({"address": ANNA, "detail": ["x"]}, "/detail"),
    "a detail made of blanks": ({"address": ANNA, "detail": " "}, "/detail"),
    "null": ({"address": ANNA, "expires_at": None}, "/expires_at"),
    "a list": ([ANNA], ""),
}


@pytest.mark.parametrize(("body", "pointer"), BAD.values(), ids=BAD.keys())
def test_a_bad_suppression_is_a_problem_that_names_the_field_and_changes_nothing(office: Office, body, pointer):
    assert office.refused("POST", PATH, body) == [pointer]
    assert office.done("GET", PATH)["data"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({}, "/address"), ({"address": "anna@"}, "/address"), ({"address": ANNA, "reason": "manual"}, "/reason")],
)
def test_a_bad_lift_names_the_parameter_and_lifts_nothing(office: Office, query, pointer):
    added = office.done("POST", PATH, {"address": ANNA})
    assert office.refused("DELETE", PATH, **query) == [pointer]
    assert office.refused("DELETE", PATH, {"address": ANNA}) == [""]
    assert office.done("GET", PATH)["data"] == [added]


def test_what_was_never_suppressed_cannot_be_lifted(office: Office):
    status, problem = office.ask("DELETE", PATH, address=ANNA)
    assert (status, problem["code"]) == (404, "not_found")
    assert office.done("GET", PATH)["data"] == []


def test_reading_and_changing_need_their_scopes(office: Office):
    assert may_only(office, PATH, "GET", "read")
    assert may_only(office, PATH, "POST", "admin", {"address": ANNA})
    assert may_only(office, PATH, "DELETE", "admin", query=f"?address={ANNA}")
