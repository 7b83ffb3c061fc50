"""Attribute values mean what they mean to a browser; lexbor is the oracle, the parser behind selectolax."""

from html.entities import html5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from chalicelib.core import markup

PIECES = (
    *("&", "#", "x", "X", ";", "=", "a", "1", "128", "0", "159", "55296", "1114111", "1114112", "13", "65533"),
    *(" ", "/", "é", "amp", "&amp;", "&copy", "&not", "notin;", "&lt", "gt;", "&#", "&#x", "\n", "😀"),
)


def _read_by_lexbor(value: str) -> str:
    [anchor] = LexborHTMLParser(f'<a href="{value}">').css("a")
    return anchor.attributes["href"] or ""


@given(st.lists(st.sampled_from([*PIECES, *(f"&{name}" for name in html5)]), max_size=12).map("".join))
def test_a_value_is_decoded_as_lexbor_decodes_it(value: str) -> None:
    assert markup.decode(value) == _read_by_lexbor(value)


@pytest.mark.parametrize("behind", ["", "=", "x", "1", ";", "&", " ", "/"])
def test_every_named_reference_is_decoded_as_lexbor_decodes_it(behind: str) -> None:
    # one attribute for each name: a document for each would take a minute
    values = [f"&{name}{behind}" for name in html5]
    anchors = LexborHTMLParser("".join(f'<a href="{value}"></a>' for value in values)).css("a")
    assert [markup.decode(value) for value in values] == [anchor.attributes["href"] for anchor in anchors]


@pytest.mark.parametrize("base", ["", "x"])
def test_every_number_up_to_latin_and_around_the_limits_is_decoded_as_lexbor_decodes_it(base: str) -> None:
    codes = [*range(0x180), *range(0xD7F0, 0xE010), 0xFFFE, 0xFFFF, 0x10FFFF, 0x110000, 10**7, 10**12]
    for code in codes:
        value = f"&#{base}{code:{base or 'd'}};"
        assert markup.decode(value) == _read_by_lexbor(value), value


def test_the_names_of_a_tags_attributes_are_lower_case_and_without_values() -> None:
    html = "<p></p><A  HREF = 'b c=d'Data-X/=e f=g\nh>"
    [tag] = markup.tokens(html)
    assert html[tag.start :] == html[tag.start : tag.end]
    assert list(markup.attribute_names(html, tag)) == ["href", "data-x", "=e", "f", "h"]
