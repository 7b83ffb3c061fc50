"""The links of a mail: found once, replaced for each recipient, with every other character left as it is.

Whoever parses a mail and writes it out again changes it: Outlook's comments, entities, case, line ends. So nothing is
written out here; the mail is cut at the addresses of its links and at the place of the pixel, and put together again.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.core import iri, markup
from chalicelib.core.markup import Kind, Token

MOST_LINKS = 1_000
"""Links after that stay as they are. SES's own tracking takes 250. The state of a mail counts each link that was
followed: a thousand of them in 15 KB, of an item that may have 400. A token has two bytes for the position."""

MOST_CHARACTERS = 1_000_000
"""Of all destinations together; an answer of the API holds them all, and Lambda's may have 6 MB."""

NO_TRACK = frozenset({"data-notrack", "ses:no-track"})
"""Attributes by which an author keeps a link as it is; the second is Amazon SES's own."""

PIXEL = '<img src="{}" alt="" width="1" height="1" style="display:block;width:1px;height:1px;border:0">'

_PLACEHOLDERS = (("{{", "}}"), ("{%", "%}"), ("*|", "|*"), ("%%", "%%"))
_MAY_BE_PLACEHOLDER = re.compile(r"\{\{|\{%|\*\||%%")
_NEEDS_ESCAPING = re.compile(r"[^!#-%(-;=?-_a-~]")


class Split(NamedTuple):
    """A mail cut at its slots, one for each link and one for the pixel: texts[0], slot 0, texts[1], slot 1, … .

    `originals` are the values of the links as written, `destinations` where they lead: the ASCII URL for `Location`.
    Both are in the order of the mail, and the index in them is the link's position. `pixel_slot` is the slot of the
    pixel; the others are the links' in order.
    """

    texts: tuple[str, ...]
    originals: tuple[str, ...]
    destinations: tuple[str, ...]
    pixel_slot: int


def split(html: str) -> Split:
    """Cuts a mail, in time linear in its length, whatever is in it.

    Links are the `href` of a, area and VML elements, also in conditional comments, with a whole http or https
    address. The slot of the pixel is before the last `</body>`, or before the last `</html>`, or at the end; the end
    of a mail that breaks off within a tag, a comment or a script is where that begins, for behind it nothing is shown.
    """
    cuts: list[tuple[int, int]] = []
    destinations: list[str] = []
    room = MOST_CHARACTERS
    ends = {Kind.UNFINISHED: len(html)}
    for token in markup.tokens(html):
        if token.kind is not Kind.LINK:
            ends[token.kind] = token.start
        elif len(cuts) < MOST_LINKS and room > 0 and (destination := _destination(html, token)):
            cuts.append((token.href_start, token.href_end))
            destinations.append(destination)
            room -= len(destination)
    pixel_at = ends.get(Kind.BODY_END, ends.get(Kind.HTML_END, ends[Kind.UNFINISHED]))
    return _cut(html, cuts, tuple(destinations), pixel_at)


def instrument(split: Split, links: Sequence[str | None] | None, pixel_url: str | None, before_pixel: str = "") -> str:
    """The mail with link i replaced by links[i] and a pixel; None leaves a link, or all, or the pixel as they were.
    `before_pixel` is HTML that is shown at the end.

    Raises ValueError unless there is one link for each destination, and for URLs with a character that would have to
    be escaped in some attribute (quotes, `&`, `<`, `>`, a backquote, space, what is not ASCII): ours have none.
    """
    new = [None] * len(split.originals) if links is None else links
    if len(new) != len(split.originals):
        raise ValueError(f"{len(new)} links for a mail that has {len(split.originals)}")
    if found := _NEEDS_ESCAPING.search("".join([*filter(None, new), pixel_url or ""])):
        raise ValueError(f"a tracked URL must not contain {found[0]!r}")
    slots = [original if link is None else link for original, link in zip(split.originals, new, strict=True)]
    slots.insert(split.pixel_slot, before_pixel + ("" if pixel_url is None else PIXEL.format(pixel_url)))
    pieces = [""] * (len(split.texts) + len(slots))
    pieces[::2] = split.texts
    pieces[1::2] = slots
    return "".join(pieces)


def _destination(html: str, tag: Token) -> str | None:
    """Where a tag leads; None if it is not to be tracked."""
    if _is_marked(html, tag):
        return None
    address = markup.decode(html[tag.href_start : tag.href_end]).strip(markup.SPACE)
    return None if _has_placeholder(address) else iri.to_ascii(address)


def _is_marked(html: str, tag: Token) -> bool:
    """Whether the author wants the link as it is. The text is looked at first, for that is quick."""
    is_likely = "track" in html[tag.start : tag.end].lower()
    return is_likely and not NO_TRACK.isdisjoint(markup.attribute_names(html, tag))


def _has_placeholder(address: str) -> bool:
    """Whether a template system has yet to fill in a part of the address."""
    return _MAY_BE_PLACEHOLDER.search(address) is not None and any(
        closing in address.partition(opening)[2] for opening, closing in _PLACEHOLDERS
    )


def _cut(html: str, cuts: list[tuple[int, int]], destinations: tuple[str, ...], pixel_at: int) -> Split:
    originals = tuple(html[start:end] for start, end in cuts)
    pixel_slot = sum(start < pixel_at for start, _ in cuts)
    cuts.insert(pixel_slot, (pixel_at, pixel_at))
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(html)]
    texts = tuple(html[start:end] for start, end in zip(starts, ends, strict=True))
    return Split(texts, originals, destinations, pixel_slot)
