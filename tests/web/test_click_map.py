"""The clicks of a mail drawn on it; lexbor is the oracle, the parser behind selectolax."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from chalicelib.core import links
from chalicelib.web.click_map import STYLE, TAG, draw, is_drawable, percent

GOLDEN = Path(__file__).parents[1] / "golden" / "links"
BADGE = re.compile(rf"<{TAG}[ >].*?</{TAG}>")
PIECES = (
    *('<a href="https://a.example/">', "<a href=https://b.example/x>", "<a href='https://c.example'", "</a>", ">"),
    *("<!--", "-->", "<!--[if mso]>", "<![endif]-->", "<style>", "</style>", "<textarea>", "</textarea>", '"', "'"),
    *("text", "<table><tr><td>", "</td></tr></table>", '<img alt="</a>">', "<area href=https://d.example/>", "&lt;"),
    *("<script>", "</script>", "</body>", "<p", "<b>", "</p>", "<![CDATA[", "]]>", '<v:rect href="https://e.example">'),
)


def without_badges(drawn: str) -> str:
    assert drawn.endswith(STYLE)
    return BADGE.sub("", drawn.removesuffix(STYLE))


def badges(html: str, counts: dict[int, int]) -> list[tuple[str, str]]:
    """Address and badge of each link in a browser's eyes."""
    found = LexborHTMLParser(draw(html, counts).html).css(TAG)
    return [(_href(badge), badge.text()) for badge in found]


def _href(badge: Any) -> str:
    """An area of a picture holds no text, so its badge stands behind it."""
    link = badge.parent if badge.parent.tag == "a" else badge.prev
    return str(link.attributes["href"])


def test_each_link_has_its_clicks_and_their_share():
    html = '<p>See <a href="https://example.com/q">the quote</a> or <a href=https://example.com/t>terms</a>.'
    assert badges(html, {0: 3, 1: 2}) == [("https://example.com/q", "3 · 60%"), ("https://example.com/t", "2 · 40%")]
    assert badges(html, {1: 1}) == [("https://example.com/q", "0"), ("https://example.com/t", "1 · 100%")]
    assert badges(html, {}) == [("https://example.com/q", "0"), ("https://example.com/t", "0")]


def test_a_badge_is_words_for_who_listens():
    html = draw('<a href="https://example.com/q">the quote</a><a href="https://example.com/t">', {0: 1_204}).html
    assert f'<{TAG} role="img" aria-label="1,204 clicks, 100%:">1,204 · 100%</{TAG}>the quote' in html
    assert f'<{TAG} data-none role="img" aria-label="no clicks:">0</{TAG}>' in html
    assert 'aria-label="1 click, 100%:"' in draw('<a href="https://example.com/q">', {0: 1}).html


def test_links_that_only_outlook_shows_have_none_and_their_clicks_are_told_apart():
    html = (
        '<!--[if mso]><v:roundrect href="https://example.com/o"></v:roundrect><![endif]-->'
        '<!--[if !mso]><!--><a href="https://example.com/b">x</a><!--<![endif]-->'
    )
    drawing = draw(html, {0: 4, 1: 1})
    assert badges(html, {0: 4, 1: 1}) == [("https://example.com/b", "1 · 20%")]
    assert (drawing.total, drawing.unseen) == (5, 4)
    assert without_badges(drawing.html) == html


@pytest.mark.parametrize(("name", "hidden"), [("quote", 0), ("newsletter", 1), ("outlook", 1)])
def test_real_mails_have_a_badge_at_every_link_that_is_shown_and_keep_every_byte(name, hidden):
    html = (GOLDEN / f"{name}.html").read_text()
    split = links.split(html)
    counts = {position: position + 1 for position in range(len(split.destinations))}
    drawing = draw(html, counts)
    assert without_badges(drawing.html) == html
    shown = [int(text.partition(" ")[0]) - 1 for _, text in badges(html, counts)]
    assert shown == sorted(set(shown)), "in the order of the mail, each once"
    seen = sum(counts[position] for position in shown)
    assert drawing.total == seen + drawing.unseen
    assert len(shown) == len(split.destinations) - hidden


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_whatever_a_mail_looks_like_only_badges_are_added_and_each_is_a_text_in_its_link(html: str) -> None:
    split = links.split(html)
    drawing = draw(html, {position: position + 1 for position in range(len(split.destinations))})
    assert without_badges(drawing.html) == html
    drawn = [int(found) - 1 for found in re.findall(rf">(\d+) · [^<]+</{TAG}>", drawing.html)]
    for badge in LexborHTMLParser(drawing.html).css(TAG):
        position = int(badge.text().partition(" ")[0]) - 1
        assert position in drawn
    assert split.destinations == links.split(drawing.html.removesuffix(STYLE)).destinations


def test_it_is_drawn_only_where_positions_still_mean_what_was_sent():
    html = '<a href="https://example.com/q">x</a>'
    assert is_drawable(html, ["https://example.com/q"])
    assert not is_drawable(html, ["https://example.com/q", "https://example.com/t"])
    assert not is_drawable(html, [])


def test_a_share_of_a_link_that_was_clicked_is_never_nought():
    assert [percent(count, 1000) for count in (1, 9, 10, 994, 999, 1000)] == [
        "under 1%",
        "under 1%",
        "1%",
        "99%",
        "100%",
        "100%",
    ]
