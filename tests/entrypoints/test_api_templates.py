"""The API of templates, and mails that are made of them, through Chalice's dispatcher, on tables in process."""

from urllib.parse import quote

import pytest

from tests.entrypoints.every_route import forget_parts
from tests.entrypoints.permitting import Office, may_only

PATH = "/v1/templates/welcome"
BODY = {"name": "Welcome", "subject": "Hi {{ name }}", "html": "<p>{{ name }}</p>", "text": "{{ contact.city }}"}
MAIL = {"from": "me@example.com", "to": "anna@example.com", "template": "welcome"}
DATA = {"name": "A & B", "contact": {"city": "Köln"}, "unused": [None, True]}


@pytest.fixture
def office(stack):
    forget_parts()
    yield Office(stack)
    forget_parts()


def test_a_template_is_what_was_put_last(office):
    made = office.done("PUT", PATH, BODY)
    assert made == office.done("GET", PATH)
    assert {name: made[name] for name in BODY} == BODY
    assert (made["object"], made["id"], made["created_at"]) == ("template", "welcome", made["updated_at"])
    again = office.done("PUT", PATH, BODY)
    assert again == made, "the same again changes nothing, not even when it was changed"
    less = office.done("PUT", PATH, {"name": "W", "subject": "", "text": "x"})
    assert (less["html"], less["created_at"]) == (None, made["created_at"])
    assert less == office.done("GET", PATH)


def test_templates_are_listed_by_their_ids_without_what_they_say(office):
    for name in ("b", "c", "a"):
        office.done("PUT", f"/v1/templates/{name}", BODY)
    page = office.done("GET", "/v1/templates", limit=2)
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (["a", "b"], True)
    assert not {"html", "text"} & page["data"][0].keys()
    assert [one["id"] for one in office.done("GET", "/v1/templates", after=page["after"])["data"]] == ["c"]


def test_a_deleted_template_is_gone_with_what_it_said(office):
    office.done("PUT", PATH, BODY)
    assert office.done("DELETE", PATH) == {"object": "template", "id": "welcome", "deleted": True}
    assert [office.ask(method, PATH)[0] for method in ("GET", "DELETE")] == [404, 404]
    assert office.blobs() == []


def test_any_name_is_the_id_of_a_template_and_of_its_mails(office):
    for name in ("a/b", "50%", "Größe", "😀"):
        path = f"/v1/templates/{quote(name, safe='')}"
        assert office.done("PUT", path, BODY)["id"] == name == office.done("GET", path)["id"]
        message_id = office.done("POST", "/v1/emails", MAIL | {"template": name, "data": DATA})["id"]
        assert office.done("GET", f"/v1/emails/{message_id}")["template"] == name
    assert office.refused("PUT", "/v1/templates/%FF", BODY) == ["/id"]


BAD = {
    "no name": ({"name": ...}, "/name"),
    "no subject": ({"subject": ...}, "/subject"),
    "neither html nor text": ({"html": ..., "text": ""}, "/html"),
    "a line break in the subject": ({"subject": "a\nb"}, "/subject"),
    "the way out in the subject": ({"subject": "{{unsubscribe_url}}"}, "/subject"),
    "three braces": ({"html": "{{{name}}}"}, "/html"),
    "a block": ({"text": "{{#if name}}x{{/if}}"}, "/text"),
    "a field that does not end": ({"subject": "{{name"}, "/subject"),
    "half a surrogate pair": ({"text": "\ud83d"}, "/text"),
    "over-large html": ({"html": "x" * 2_000_001}, "/html"),
    "an unknown field": ({"body": "x"}, "/body"),
}


@pytest.mark.parametrize(("changes", "pointer"), BAD.values(), ids=BAD.keys())
def test_a_bad_template_names_the_field_and_changes_nothing(office, changes, pointer):
    before = office.done("PUT", PATH, BODY)
    body = {name: value for name, value in (BODY | changes).items() if value is not ...}
    assert office.refused("PUT", PATH, body) == [pointer]
    assert office.done("GET", PATH) == before


def test_a_mail_of_a_template_is_prepared_with_its_fields_filled(office):
    office.done("PUT", PATH, BODY)
    made = office.done("POST", "/v1/emails/prepare", MAIL | {"data": DATA, "tracking": {"opens": False}})
    assert (made["subject"], made["html"], made["text"]) == ("Hi A & B", "<p>A &amp; B</p>", "Köln")
    shown = office.done("GET", f"/v1/emails/{made['id']}")
    assert (shown["template"], shown["subject"]) == ("welcome", "Hi A & B")


def test_a_template_that_changes_changes_no_mail_that_was_taken_in(office):
    office.done("PUT", PATH, BODY)
    message_id = office.done("POST", "/v1/emails", MAIL | {"data": DATA})["id"]
    office.done("PUT", PATH, BODY | {"subject": "New"})
    office.done("DELETE", PATH)
    shown = office.done("GET", f"/v1/emails/{message_id}")
    assert (shown["subject"], shown["template"]) == ("Hi A & B", "welcome")


REFUSED = {
    "an unknown template": ({"template": "other"}, ["/template"]),
    "no data": ({"data": ...}, ["/data/contact/city", "/data/name"]),
    "a field without a value": ({"data": {"name": "A", "contact": {}}}, ["/data/contact/city"]),
    "a truth for a text": ({"data": DATA | {"name": True}}, ["/data/name"]),
    "a line break for the subject": ({"data": DATA | {"name": "a\nb"}}, ["/data/name"]),
    "data without a template": ({"template": ..., "subject": "x", "text": "x"}, ["/data"]),
    "no subject and no template": ({"template": ..., "data": ..., "text": "x"}, ["/subject"]),
}


@pytest.mark.parametrize(("changes", "pointers"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("path", ["/v1/emails", "/v1/emails/prepare"])
def test_a_mail_that_cannot_be_made_names_the_field_and_is_not_taken(office, path, changes, pointers):
    office.done("PUT", PATH, BODY)
    body = {name: value for name, value in (MAIL | {"data": DATA} | changes).items() if value is not ...}
    assert office.refused("POST", path, body) == pointers
    assert office.done("GET", "/v1/emails")["data"] == []


def test_a_template_of_another_account_is_none(office):
    office.key = office.new_key("other", ("send", "read", "admin"))
    office.done("PUT", PATH, BODY)
    office.key = office.new_key("acme", ("send", "read", "admin"))
    assert office.refused("POST", "/v1/emails", MAIL | {"data": DATA}) == ["/template"]
    assert office.ask("GET", PATH)[0] == 404


def test_seeing_and_changing_templates_need_their_scopes(office):
    assert may_only(office, PATH, "PUT", "admin", BODY)
    assert may_only(office, PATH, "GET", "read")
    assert may_only(office, "/v1/templates", "GET", "read")
    assert may_only(office, PATH, "DELETE", "admin")
