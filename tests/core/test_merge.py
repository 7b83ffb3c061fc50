"""Fields in texts: what is one, what comes in its place, and what is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import merge
from chalicelib.core.bad_input import BadInput

DATA = {"name": "Anna", "amount": 12.5, "number": 7, "contact": {"first_name": "Ada", "city": {"name": "Köln"}}}


def refusal(data, name):
    with pytest.raises(BadInput) as refused:
        merge.value(data, name)
    return refused.value.errors[0]


def test_fields_are_names_and_names_in_names():
    assert merge.names("{{name}} {{ contact.first_name\t}} {{name}} {{ unsubscribe_url }}") == {
        "name",
        "contact.first_name",
    }
    assert merge.names("{{ Größe }} {{order-id}} {{2nd}}") == {"Größe", "order-id", "2nd"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("name", "Anna"),
        ("amount", "12.5"),
        ("number", "7"),
        ("contact.first_name", "Ada"),
        ("contact.city.name", "Köln"),
    ],
)
def test_a_value_is_a_text_or_a_number_in_objects_in_objects(name, text):
    assert merge.value(DATA, name) == text


NO_VALUES = {
    "none": ({}, "name"),
    "null": ({"name": None}, "name"),
    "an object in its way that is none": ({"contact": "Ada"}, "contact.name"),
    "an object": ({"name": {}}, "name"),
    "a list": ({"name": ["Anna"]}, "name"),
    "a truth": ({"name": True}, "name"),
    "half a surrogate pair": ({"name": "\ud83d"}, "name"),
}


@pytest.mark.parametrize(("data", "name"), NO_VALUES.values(), ids=NO_VALUES.keys())
def test_what_is_no_value_is_refused_and_its_place_named(data, name):
    assert refusal(data, name)["pointer"] == f"/data/{name.replace('.', '/')}"


MISUSED = (
    "{{{name}}}",
    "{ {{name}}}",
    "{{#if name}}",
    "{{ first name }}",
    "{{name",
    "{{}}",
    "{{a..b}}",
    "{{name}} and {{ ",
    "{{&nbsp;name}}",
    "{{na\nme}}",
    "{{" + "x" * 101 + "}}",
    "{{" + ".".join("abcdefghijk") + "}}",
)


@pytest.mark.parametrize("text", MISUSED)
def test_braces_that_are_no_field_are_found(text):
    assert merge.misuse(text)


@pytest.mark.parametrize("text", ["", "{{name}}{{name}}", "a { color: red } }}", "{{ unsubscribe_url }}", "{ {a} }"])
def test_fields_and_single_braces_are_no_misuse(text):
    assert merge.misuse(text) is None


def test_values_come_in_the_places_of_their_fields_and_are_not_looked_at_again():
    assert merge.fill("{{a}}, {{ b }}!{{a}}", {"a": "{{b}}", "b": "\\1"}, 100) == "{{b}}, \\1!{{b}}"
    assert merge.fill("{{ unsubscribe_url }}", {}, 100) == "{{ unsubscribe_url }}"


def test_a_text_ends_before_it_becomes_too_long():
    assert merge.fill("{{a}}{{a}}", {"a": "xx"}, 4) == "xxxx"
    with pytest.raises(merge.TooLong):
        merge.fill("{{a}}" * 100_000, {"a": "x" * 1_000_000}, 2_000_000)  # 100 GB if it were made first


@given(st.text())
def test_a_value_in_html_is_only_itself(value):
    shown = merge.in_html(value)
    assert not set(shown) & set("<>\"'{")
    assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#x27;|#123;)", shown)
    assert not merge.names(merge.fill("{{a}}", {"a": shown}, 10_000))


@given(st.text("{}a. b", max_size=30), st.text(max_size=5))
def test_a_text_without_misuse_has_no_field_left_when_it_is_filled(text, value):
    if merge.misuse(text) is None:
        names = merge.names(text)
        filled = merge.fill(text, {name: merge.in_html(value) for name in names}, 10_000)
        assert not merge.names(filled)
