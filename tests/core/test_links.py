"""A mail comes back with its links and pixel in place and every other character as it was."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from chalicelib.core import destination, links, token
from chalicelib.core.links import MOST_LINKS, PIXEL, instrument, split
from chalicelib.core.token import Keys, Mode, Purpose, Token
from tests.core.hostile_links import ROWS, Row

HOST = "https://t.example.net"
PIXEL_URL = f"{HOST}/o/pixel"
KEYS = Keys({1: b"a secret of 32 characters or more"})
UNTIL = datetime(2027, 3, 1, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "golden" / "links"

FRAGMENTS = (
    *("<a ", "<A\n", "</a>", "<area/", "<v:rect ", " href=", "HREF =", " ", "=", '"', "'", ">", "/", "x", "é", "\0"),
    *("http://e.example/?a=1&amp;b", "&copy=2", "&#x41", "&", ";", "<", "<!", "<!--", "-->", "--!>", "-", "<!-->"),
    *("<!--[if mso]>", "<![endif]-->", "<!--[if !mso]><!-->", "<script>", "</script>", "<style>", "</style>", "<b "),
    *("<title>", "</title", "<plaintext>", "</body>", "</body", "</html>", "<?", "</", "<![CDATA[", "]]>", "\ud800"),
    *('<a href="http://e.example/">', "<a href=https://e.example>", " data-notrack", "{{", "}}", "<img alt='"),
)
mails = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=40).map("".join)


def _mint(position: int, url: str) -> str:
    is_stored = len(url) > token.LONGEST_DESTINATION
    said = Token(Purpose.CLICK, Mode.FULL, "0" * 32, UNTIL, position, "" if is_stored else url, is_stored)
    return f"{HOST}/c/{token.mint(said, KEYS)}"


def _location(link: str, stored: tuple[str, ...]) -> str:
    said = token.verify(link.removeprefix(f"{HOST}/c/"), Purpose.CLICK, KEYS)
    return stored[said.position] if said.is_stored else said.destination


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_link_leads_where_it_did_and_every_other_character_stays(row: Row) -> None:
    found = split(row.html)
    minted = [_mint(position, url) for position, url in enumerate(found.destinations)]
    sent = instrument(found, minted, PIXEL_URL)

    assert tuple(_location(link, found.destinations) for link in minted) == row.destinations
    assert sent.count(PIXEL.format(PIXEL_URL)) == 1
    restored = sent.replace(PIXEL.format(PIXEL_URL), "")
    for link, original in zip(minted, found.originals, strict=True):
        before, behind = restored.split(link)
        restored = before + original + behind
    assert restored == row.html


def test_the_names_of_the_rows_are_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 50


@given(mails | st.text())
def test_a_mail_without_links_and_pixel_is_the_mail(html: str) -> None:
    assert instrument(split(html), None, None) == html


@given(mails)
def test_taking_out_what_was_put_in_gives_the_mail(html: str) -> None:
    found = split(html)
    fresh = [f"{HOST}/c/{position}." for position in range(len(found.destinations))]
    slots = list(found.originals)
    slots.insert(found.pixel_slot, "")
    sent = instrument(found, fresh, PIXEL_URL).replace(PIXEL.format(PIXEL_URL), "")
    for link, original in zip(fresh, found.originals, strict=True):
        sent = sent.replace(link, original, 1)
    assert sent == html


@given(mails)
def test_nothing_but_safe_destinations_comes_out(html: str) -> None:
    assert all(destination.is_safe_destination(url) for url in split(html).destinations)


words = st.text("abc äß€😀&<>'", max_size=12).map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))
quotes = st.sampled_from(
    ['href="{}"', "href='{}'", "HREF={}", 'class="b>c" href = "{}"', "title='&quot;>'\nhref=\"{}\""]
)
tracked = st.sampled_from(["http://a.example", "https://a.example/b?c=1&amp;d=2", "HTTP://a.example:80/%C3%A4#b"])
kept = st.sampled_from(
    ["mailto:a@a.example", "#top", "/b", "tel:1", "cid:1", "ftp://a.example/", "http://u@a.example/"]
)
anchors = st.builds(lambda quote, url, text: f"<a {quote.format(url)}>{text}</a>", quotes, tracked | kept, words)
blocks = st.one_of(
    anchors,
    words.map(lambda text: f"<p>{text}</p>"),
    anchors.map(lambda anchor: f"<table><tr><td>{anchor}</td></tr></table>"),
    anchors.map(lambda anchor: f"<!-- {anchor} --><br/>"),
    anchors.map(lambda anchor: f"<style>{anchor}</style>"),
    anchors.map(lambda anchor: f"<textarea>{anchor}</textarea>"),
    st.just("<!--[if mso]><table><tr><td><![endif]--><img src='http://a.example/b.png' alt='<a'>"),
)
whole_mails = st.lists(blocks, max_size=12).map(
    lambda parts: f"<!DOCTYPE html><html><head><title>x</title></head><body>{''.join(parts)}</body></html>"
)


def _hrefs(html: str) -> list[str]:
    return [anchor.attributes["href"] or "" for anchor in LexborHTMLParser(html).css("a")]


@given(whole_mails)
def test_a_parser_of_browsers_finds_the_new_links_at_the_same_anchors(html: str) -> None:
    found = split(html)
    fresh = [f"{HOST}/c/{position}" for position in range(len(found.destinations))]
    before, after = _hrefs(html), _hrefs(instrument(found, fresh, PIXEL_URL))

    upcoming = iter(zip(fresh, found.destinations, strict=True))
    for href, new_href in zip(before, after, strict=True):
        if href.lower().startswith("http") and "@" not in href:
            assert (new_href, href) == next(upcoming)
        else:
            assert new_href == href
    assert next(upcoming, None) is None


@given(whole_mails)
def test_a_parser_of_browsers_finds_one_pixel_last_in_the_body(html: str) -> None:
    body = LexborHTMLParser(instrument(split(html), None, PIXEL_URL)).body
    assert body is not None
    [pixel] = body.css(f'img[src="{PIXEL_URL}"]')
    assert pixel.next is None
    assert pixel.attributes.items() >= {"alt": "", "width": "1", "height": "1"}.items()


readable = [part for part in FRAGMENTS if part not in ("\ud800", "<![CDATA[")]  # lexbor knows CDATA in SVG only


@given(st.lists(st.sampled_from(readable) | st.text(max_size=3), max_size=40).map("".join))
def test_a_parser_of_browsers_finds_the_pixel_however_broken_the_mail_is(html: str) -> None:
    sent = instrument(split(html), None, PIXEL_URL)
    assert len(LexborHTMLParser(sent).css(f'img[src="{PIXEL_URL}"]')) == 1


@pytest.mark.parametrize(
    "marked",
    [
        "<body>x☞</body></html>",
        "<body>x</body><body>y☞</body></html>z",
        "<html>x☞</BODY\n></html>",
        "x</html><p>☞</body>",
        "<html>x☞</html>",
        "<html>x</html>y☞</HTML >",
        "x☞",
        "☞",
        "x☞</body><!-- </body> -->",
        "x☞</body><!--[if mso]></body><![endif]-->",
        "x☞</body><!--[if mso]><a></body></html><![endif]-->",
        "x<!--[if mso]><a><style><![endif]-->y☞",
        "x☞</body><script>'</body>'</script><style></body></style><title></body></title>",
        "x☞</body><![CDATA[</body>]]><textarea></body></html></textarea>",
        "x☞</body><p title='</body>'>",
        "<p></bodyx></body-></htmlx>☞",
        "<p>&lt;/body>☞",
        "x☞</body><!-- </html>",
        "x☞</body><a href='</body>",
        "x☞<a href='http://a.example",
        "x☞<!-- y",
        "x☞<!--[if mso]>y",
        "x☞<style>y</styl",
        "x☞<textarea>y",
        "x☞<title>y</title z",
        "x☞<script>y</script z='>",
        "x☞<plaintext>y",
        "x☞</",
        "x☞<!doctype",
        "x <☞",
    ],
)
def test_the_pixel_stands_before_the_last_end_of_the_body_that_is_one(marked: str) -> None:
    sent = instrument(split(marked.replace("☞", "")), None, PIXEL_URL)
    assert sent == marked.replace("☞", PIXEL.format(PIXEL_URL))


def test_links_before_and_behind_the_pixel_keep_their_order() -> None:
    found = split('<a href="http://a.example/1"></body><a href=http://a.example/2>')
    sent = instrument(found, [f"{HOST}/1", f"{HOST}/2"], PIXEL_URL)
    assert sent == f'<a href="{HOST}/1">{PIXEL.format(PIXEL_URL)}</body><a href={HOST}/2>'


def test_links_stay_where_only_the_pixel_is_asked_for() -> None:
    html = "<a href='http://a.example/?a=1&amp;b=2'>x</a>"
    assert instrument(split(html), None, PIXEL_URL) == html + PIXEL.format(PIXEL_URL)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_links_is_refused(count: int) -> None:
    found = split("<a href=http://a.example/1><a href=http://a.example/2>")
    with pytest.raises(ValueError, match=f"{count} links for a mail that has 2"):
        instrument(found, [f"{HOST}/c/x"] * count, None)


@pytest.mark.parametrize("character", "\"'<>` \n&\0ä")
def test_a_link_that_would_have_to_be_escaped_is_refused(character: str) -> None:
    found = split("<a href=http://a.example/>")
    with pytest.raises(ValueError, match="must not contain"):
        instrument(found, [f"{HOST}/{character}"], None)
    with pytest.raises(ValueError, match="must not contain"):
        instrument(found, None, f"{HOST}/{character}")


def test_what_a_url_may_hold_otherwise_is_taken() -> None:
    url = f"{HOST}:8600/c/aA0-._~!$()*+,;=:@%2F[]?#|{{}}^"
    assert instrument(split("<a href=http://a.example/>"), [url], url) == f"<a href={url}>{PIXEL.format(url)}"


def test_links_behind_the_last_position_of_a_token_stay() -> None:
    html = "<a href=//a>" + "<a href=http://a>" * (MOST_LINKS + 1)
    found = split(html)
    assert len(found.destinations) == MOST_LINKS
    assert instrument(found, [f"{HOST}/c"] * MOST_LINKS, None).endswith(f"<a href={HOST}/c><a href=http://a>")
    with pytest.raises(Exception, match="format"):
        token.mint(Token(Purpose.CLICK, Mode.FULL, "0" * 32, UNTIL, 65_536), KEYS)


@pytest.mark.parametrize("name", ["newsletter", "quote", "outlook"])
def test_a_whole_mail_becomes_byte_for_byte_what_it_became_before(name: str) -> None:
    html = (GOLDEN / f"{name}.html").read_bytes().decode()
    found = split(html)
    sent = instrument(found, [f"{HOST}/c/{position}" for position in range(len(found.destinations))], PIXEL_URL)
    assert list(found.destinations) == (GOLDEN / f"{name}.destinations.txt").read_text().splitlines()
    assert sent.encode() == (GOLDEN / f"{name}.tracked.html").read_bytes()
    assert links.instrument(found, None, None) == html
