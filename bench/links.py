"""What replacing the links of a mail costs, beside public parsers: `python -m bench.links [ROUNDS]`.

One mail as newsletter tools write them: 100 KB, 60 links, Outlook's comments, nested tables. All contenders take turns
in one run, so that a busy machine is busy for all. Medians, their ratio to one parse by selectolax (lexbor), and
whether every character outside the links came back as it was.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import NamedTuple

import lxml.html
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from chalicelib.core import links

ROUNDS = 100
CHARACTERS = 100_000
LINKS = 60
TRACKED = [f"https://t.example.net/c/{'x' * 180}{position:03d}" for position in range(LINKS)]
PIXEL_URL = f"https://t.example.net/o/{'x' * 60}"

HEAD = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml"><head><meta charset="utf-8" />
<title>Neues im Frühling</title><!--[if mso]><style>td { font-family: Arial }</style><![endif]-->
<style type="text/css">{style}</style></head><body style="margin:0;padding:0">
"""
BLOCK = """<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" style="border-collapse:collapse">
<tr><td align="left" valign="top" style="padding:12px 24px;font-family:Arial,sans-serif;font-size:14px;color:#333333">
<p style="margin:0 0 12px 0">{text}</p><p style="margin:0"><a href="{url}" target="_blank" style="color:#0066cc">Mehr
&raquo;</a></p></td></tr></table>
<!--[if mso]></td></tr></table><![endif]-->
"""
WORDS = [
    *("Der", "Frühling", "ist", "da", "und", "mit", "ihm", "viele", "neue", "Angebote", "&amp;"),
    *("Ideen", "für", "Haus", "Garten", "Büro"),
]


def a_mail() -> str:
    """The mail; the same in every run."""
    chance = random.Random(4711)
    head = HEAD.replace("{style}", ".column { color: #333333; padding: 0 10px }\n" * 60)
    room = (CHARACTERS - len(head)) // LINKS - len(BLOCK) - 60
    blocks = []
    for position in range(LINKS):
        words: list[str] = []
        while sum(map(len, words)) + len(words) < room:
            word = chance.choice(WORDS)
            words.append(word if chance.random() < 0.9 else f'<span style="font-weight:bold">{word}</span>')
        url = f"https://shop.example/angebote/{position}?utm_source=news&amp;utm_medium=email&amp;id={position}"
        blocks.append(BLOCK.replace("{text}", " ".join(words)).replace("{url}", url))
    return f"{head}{''.join(blocks)}</body>\n</html>\n"


def by_mailsight(html: str) -> str:
    """Cut and put together."""
    return links.instrument(links.split(html), TRACKED, PIXEL_URL)


def by_selectolax(html: str) -> str:
    """Parsed, changed and written out by lexbor."""
    tree = LexborHTMLParser(html)
    for position, anchor in enumerate(tree.css("a[href]")):
        anchor.attrs["href"] = TRACKED[position]
    return _with_pixel(tree.html or "")


def by_lxml(html: str) -> str:
    """Parsed, changed and written out by libxml2."""
    tree = lxml.html.document_fromstring(html)
    for position, anchor in enumerate(tree.iter("a")):
        anchor.set("href", TRACKED[position])
    return _with_pixel(str(lxml.html.tostring(tree, encoding="unicode")))


def by_beautiful_soup(html: str) -> str:
    """Parsed with lxml, changed and written out by BeautifulSoup."""
    tree = BeautifulSoup(html, "lxml")
    for position, anchor in enumerate(tree.find_all("a", href=True)):
        anchor["href"] = TRACKED[position]
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


def by_html_parser(html: str) -> str:
    """Found by the standard library's parser, replaced in the text; knows double quotes only."""
    parser = Anchors()
    parser.feed(html)
    starts = [0]
    for line in html.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    pieces, done = [], 0
    for position, ((line_number, column), tag) in enumerate(parser.found):
        begin = starts[line_number - 1] + column + tag.index('href="') + 6
        pieces += [html[done:begin], TRACKED[position]]
        done = html.index('"', begin)
    return _with_pixel("".join([*pieces, html[done:]]))


def _with_pixel(html: str) -> str:
    before, end, behind = html.rpartition("</body>")
    return f"{before}{links.PIXEL.format(PIXEL_URL)}{end}{behind}"


class Contender(NamedTuple):
    name: str
    run: Callable[[str], object]


def main() -> None:
    """The table."""
    html = a_mail()
    cut = links.split(html)
    expected = by_mailsight(html)
    parse = Contender("selectolax: parse only", LexborHTMLParser)
    contenders = [
        parse,
        Contender("mailsight: cut", links.split),
        Contender("mailsight: put together, for each recipient", lambda _: links.instrument(cut, TRACKED, PIXEL_URL)),
        Contender("mailsight: both", by_mailsight),
        Contender("selectolax: parse, change, write", by_selectolax),
        Contender("lxml: parse, change, write", by_lxml),
        Contender("html.parser: find, replace", by_html_parser),
        Contender("BeautifulSoup on lxml", by_beautiful_soup),
    ]
    took: dict[Contender, list[float]] = {contender: [] for contender in contenders}
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
        for contender in contenders:
            begun = time.perf_counter()
            contender.run(html)
            took[contender].append((time.perf_counter() - begun) * 1_000)
    print(f"a mail of {len(html):,} characters and {len(cut.destinations)} links: median ms (least), ratio, unchanged")
    unit = statistics.median(took[parse])
    for contender, values in took.items():
        result = contender.run(html)
        kept = {True: "yes", False: "no"}[result == expected] if isinstance(result, str) else ""
        median = statistics.median(values)
        print(f"  {median:8.3f} ({min(values):7.3f})  {median / unit:6.2f}x  {kept:3}  {contender.name}")


if __name__ == "__main__":
    main()
