"""Mails that are made of templates: what comes from where, and which values are refused."""

from datetime import UTC, datetime

import pytest

from chalicelib.core.bad_input import BadInput
from chalicelib.core.from_template import written
from chalicelib.core.submission import parse
from chalicelib.core.template import Template

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAIL = {"from": "me@example.com", "to": "anna@example.com", "template": "welcome"}


def template(subject="Hi {{name}}", html: str | None = "<p>{{name}}</p>", text: str | None = "{{name}}!") -> Template:
    return Template("welcome", "Welcome", subject, html, text, NOON, NOON, "1")


def made(of=None, **mail):
    found = written(parse(MAIL | mail), of or template())
    return found.subject, found.html, found.text


def refused(of=None, **mail) -> list[str]:
    with pytest.raises(BadInput) as error:
        made(of, **mail)
    return [one["pointer"] for one in error.value.errors]


def test_what_a_mail_does_not_bring_comes_from_the_template_with_its_fields_filled():
    assert made(data={"name": "A&B"}) == ("Hi A&B", "<p>A&amp;B</p>", "A&B!")


def test_what_a_mail_brings_itself_stays_as_it_is():
    assert made(subject="{{name}}", data={"name": "A"}) == ("{{name}}", "<p>A</p>", "A!")
    assert made(html="<b>{{name}}</b>", data={"name": "A"}) == ("Hi A", "<b>{{name}}</b>", None)
    assert made(subject="Own", text="{{x}}") == ("Own", None, "{{x}}")
    assert made(subject="", data={"name": "A"})[0] == ""


def test_each_field_without_a_value_is_named_once_and_those_that_are_not_needed_are_not():
    of = template("{{a}}", "{{ b.c }}{{a}}", "{{d}}")
    assert refused(of) == ["/data/a", "/data/b/c", "/data/d"]
    assert refused(of, subject="Own", data={"d": 1}) == ["/data/a", "/data/b/c"]
    assert made(of, subject="Own", html="Own", data={"z": [None, True]}) == ("Own", "Own", None)


def test_a_value_in_the_subject_is_one_line():
    assert refused(data={"name": "a\r\nBcc: c@d.test"}) == ["/data/name"]
    assert refused(data={"name": "a\u2028b"}) == ["/data/name"]
    assert made(template("Hi"), data={"name": "a\nb"}) == ("Hi", "<p>a\nb</p>", "a\nb!")


def test_values_that_make_a_text_too_long_are_refused():
    assert refused(data={"name": "x" * 898}) == ["/data"]
    assert refused(template("Hi", html="{{name}}" * 3), data={"name": "x" * 700_000}) == ["/data"]


def test_the_address_for_unsubscribing_is_never_made_of_values():
    for text, data in [
        ("{{a}}", {"a": "{{unsubscribe_url}}"}),
        ("{{a}}{{b}}", {"a": "{", "b": "{unsubscribe_url}}"}),
        ("{ {{a}}", {"a": "{{ unsubscribe_url }}"}),
    ]:
        assert refused(template("Hi", None, text), source="mass_email", data=data) == ["/data"]
    html = made(template("Hi", "{{a}}", None), data={"a": "{{unsubscribe_url}}"})[1]
    assert html == "&#123;&#123;unsubscribe_url}}"


def test_a_template_with_a_way_out_is_for_mails_that_have_one():
    of = template("Hi", "<a href='{{unsubscribe_url}}'>x</a>", "{{ unsubscribe_url }}")
    assert made(of, source="mass_email")[1:] == (of.html, of.text)
    assert refused(of) == ["/template"]
    assert made(of, html="Own")[1:] == ("Own", None)


def test_a_mail_of_a_template_needs_neither_subject_nor_body_and_one_without_needs_both():
    parse(MAIL)
    bare = {name: MAIL[name] for name in ("from", "to")}
    for changes, pointer in [
        ({"html": "x"}, "/subject"),
        ({"subject": "x"}, "/html"),
        ({"subject": "x", "html": "x", "data": {}}, "/data"),
        ({"template": ""}, "/template"),
        ({"template": "a", "data": []}, "/data"),
        ({"template": "a", "data": None}, "/data"),
    ]:
        with pytest.raises(BadInput) as error:
            parse(bare | changes)
        assert [one["pointer"] for one in error.value.errors] == [pointer]
