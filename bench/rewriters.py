"""Replacing the links of a mail with public parsers, for comparison with `chalicelib.core.links`.

Each takes the mail and one URL for each of its links, and gives the mail with those and a pixel.
"""

from collections.abc import Callable, Sequence
from html.parser import HTMLParser

import lxml.html
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from bench.mail import PIXEL_URL
from chalicelib.core import links

Rewriter = Callable[[str, Sequence[str]], str]


def by_mailsight(html: str, tracked: Sequence[str]) -> str:
    """Cut and put together."""
    return links.instrument(links.split(html), tracked, PIXEL_URL)


def by_selectolax(html: str, tracked: Sequence[str]) -> str:
    """Parsed, changed and written out by lexbor."""
    tree = LexborHTMLParser(html)
    for position, anchor in enumerate(tree.css("a[href]")):
        anchor.attrs["href"] = tracked[position]
    return _with_pixel(tree.html or "")


def by_lxml(html: str, tracked: Sequence[str]) -> str:
    """Parsed, changed and written out by libxml2."""
    tree = lxml.html.document_fromstring(html)
    for position, anchor in enumerate(tree.iter("a")):
        anchor.set("href", tracked[position])
    return _with_pixel(str(lxml.html.tostring(tree, encoding="unicode")))


def by_beautiful_soup(html: str, tracked: Sequence[str]) -> str:
    """Parsed with lxml, changed and written out by BeautifulSoup."""
    tree = BeautifulSoup(html, "lxml")
    for position, anchor in enumerate(tree.find_all("a", href=True)):
        anchor["href"] = tracked[position]
    return _with_pixel(str(tree))


class Anchors(HTMLParser):
    """Notes where the start tags of anchors stand: (line from 1, column), and their text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[tuple[int, int], str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes it."""
        if tag == "a":
            self.found.append((self.getpos(), self.get_starttag_text() or ""))


def by_html_parser(html: str, tracked: Sequence[str]) -> str:
    """Found by the standard library's parser, replaced in the text; knows double quotes only."""
    parser = Anchors()
    parser.feed(html)
    starts = [0]
    for line in html.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    pieces, done = [], 0
    for position, ((line_number, column), tag) in enumerate(parser.found):
        begin = starts[line_number - 1] + column + tag.index('href="') + 6
        pieces += [html[done:begin], tracked[position]]
        done = html.index('"', begin)
    return _with_pixel("".join([*pieces, html[done:]]))


def _with_pixel(html: str) -> str:
    before, end, behind = html.rpartition("</body>")
    return f"{before}{links.PIXEL.format(PIXEL_URL)}{end}{behind}"


MAILSIGHT = "mailsight: cut and put together"
SELECTOLAX = "selectolax: parse, change, write out"
REWRITERS: dict[str, Rewriter] = {
    MAILSIGHT: by_mailsight,
    SELECTOLAX: by_selectolax,
    "lxml: parse, change, write out": by_lxml,
    "html.parser: find, replace in the text": by_html_parser,
    "BeautifulSoup on lxml: parse, change, write out": by_beautiful_soup,
}
