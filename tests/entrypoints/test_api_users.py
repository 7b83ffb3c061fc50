"""The API of users, through Chalice's dispatcher, on tables in process."""

from urllib.parse import quote

import pytest

from tests.entrypoints.every_route import forget_parts
from tests.entrypoints.permitting import Office, may_only

BODY = {"name": "Ina Berg", "address": "Ina Berg <ina@example.com>", "groups": ["sales", "nord"]}
INA = {"object": "user", "id": "ina", "name": "Ina Berg", "address": "ina@example.com", "groups": ["sales", "nord"]}
NOBODY = {"object": "list", "data": [], "has_more": False, "after": None, "before": None}


@pytest.fixture
def office(stack):
    forget_parts()
    yield Office(stack)
    forget_parts()


def test_a_user_is_what_was_put_last_and_putting_it_twice_changes_nothing(office):
    office.done("PUT", "/v1/users/ina", {"name": "Before", "groups": ["old"]})
    assert [office.done("PUT", "/v1/users/ina", BODY) for _ in range(2)] == [INA, INA]
    assert office.done("GET", "/v1/users/ina") == INA
    assert office.done("PUT", "/v1/users/ina", {"name": "Ina"}) == {**INA, "name": "Ina", "address": None, "groups": []}
    assert len(office.done("GET", "/v1/users")["data"]) == 1


@pytest.mark.parametrize(
    "name", ["a/b", "50%", "a%2Fb", "Größe", "👩🏽‍💻", "a b+c", "{user_id}", "?x=1&y#z", "x" * 200]
)
def test_whoever_may_be_the_user_of_a_mail_can_be_known(office, name):
    path = f"/v1/users/{quote(name, safe='')}"
    assert office.done("PUT", path, {"name": "x"})["id"] == name
    assert office.done("GET", path)["id"] == name
    mail = {"from": "me@example.com", "to": "anna@example.com", "subject": "x", "text": "x", "user": name}
    message_id = office.done("POST", "/v1/emails", mail)["id"]
    assert office.done("GET", f"/v1/emails/{message_id}")["user"] == name
    assert office.done("DELETE", path) == {"object": "user", "id": name, "deleted": True}
    assert office.ask("GET", path)[0] == 404


@pytest.mark.parametrize("name", ["%20", "%0A", "%FF", "x" * 201, "%E2%80%8B", "(none)", "%28none%29"])
def test_what_is_no_name_cannot_be_put_and_is_not_found(office, name):
    path = f"/v1/users/{name}"
    assert office.refused("PUT", path, {"name": "x"}) == ["/id"]
    assert (office.ask("GET", path)[0], office.ask("DELETE", path)[0]) == (404, 404)
    assert office.done("GET", "/v1/users") == NOBODY


def test_what_stands_for_nobody_in_reports_is_nobody_s_id_and_no_template_s(office):
    mail = {"from": "me@example.com", "to": "anna@example.com", "subject": "x", "text": "x"}
    assert office.refused("POST", "/v1/emails", mail | {"user": "(none)"}) == ["/user"]
    assert office.refused("POST", "/v1/emails", mail | {"template": "(none)"}) == ["/template"]
    assert office.refused("PUT", "/v1/templates/(none)", {"name": "x", "subject": "x", "text": "x"}) == ["/id"]
    received = {"from": "anna@example.com", "to": "me@example.com", "message_id": "<1@example.com>", "user": "(none)"}
    assert office.refused("POST", "/v1/emails/received", received) == ["/user"]
    call = {"user": "(none)", "direction": "outbound", "started_at": "2026-11-01T08:00:00Z", "seconds": 1}
    assert office.refused("POST", "/v1/calls", call | {"outcome": "answered"}) == ["/user"]


BAD = {
    "no name": ({}, "/name"),
    "an empty name": ({"name": ""}, "/name"),
    "a null": ({"name": "x", "address": None}, "/address"),
    "a malformed address": ({"name": "x", "address": "ina@"}, "/address"),
    "a group twice": ({"name": "x", "groups": ["a", "b", "a"]}, "/groups"),
    "21 groups": ({"name": "x", "groups": [str(number) for number in range(21)]}, "/groups"),
    "an empty group": ({"name": "x", "groups": ["a", ""]}, "/groups/1"),
    "an id": ({"name": "x", "id": "ina"}, "/id"),
}


@pytest.mark.parametrize(("body", "pointer"), BAD.values(), ids=BAD.keys())
def test_a_bad_user_names_the_field_and_changes_nothing(office, body, pointer):
    office.done("PUT", "/v1/users/ina", BODY)
    assert office.refused("PUT", "/v1/users/ina", body) == [pointer]
    assert office.done("GET", "/v1/users/ina") == INA


def test_users_are_listed_by_their_ids_in_pages_and_by_group(office):
    for number in range(5):
        office.done("PUT", f"/v1/users/u{number}", {"name": "x", "groups": ["even"] if number % 2 == 0 else []})
    first = office.done("GET", "/v1/users", limit=2)
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (["u0", "u1"], True)
    second = office.done("GET", "/v1/users", limit=2, after=first["after"])
    assert [one["id"] for one in second["data"]] == ["u2", "u3"]
    assert office.done("GET", "/v1/users", limit=2, before=second["before"])["data"] == first["data"]
    assert [one["id"] for one in office.done("GET", "/v1/users", group="even")["data"]] == ["u0", "u2", "u4"]
    assert office.done("GET", "/v1/users", group="nobody's") == NOBODY


def test_a_bad_query_names_the_parameter(office):
    assert office.refused("GET", "/v1/users", group="") == ["/group"]
    assert office.refused("GET", "/v1/users", limit="0") == ["/limit"]
    assert office.refused("GET", "/v1/users", after="x") == ["/after"]
    assert office.refused("GET", "/v1/users", name="x") == ["/name"]
    assert office.refused("GET", "/v1/users/ina", group="x") == ["/group"]


def test_what_is_not_there_cannot_be_deleted(office):
    status, problem = office.ask("DELETE", "/v1/users/nobody")
    assert (status, problem["code"]) == (404, "not_found")


def test_seeing_and_changing_users_need_their_scopes(office):
    assert may_only(office, "/v1/users/ina", "PUT", "admin", BODY)
    assert may_only(office, "/v1/users/ina", "GET", "read")
    assert may_only(office, "/v1/users", "GET", "read")
    assert may_only(office, "/v1/users/ina", "DELETE", "admin")
