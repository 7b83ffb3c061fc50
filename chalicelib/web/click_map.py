"""The clicks of a mail drawn on it: a badge at the beginning of each link, and no other byte changed.

The places are those that are counted, for they come from the very cut by which the links were replaced. Directly behind
a link's start tag text is text, whatever the mail looks like; where a link ends depends on how broken it is.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.core import links, markup
from chalicelib.core.markup import Kind

TAG = "mailsight-clicks"
"""An element that no mail has, so that none of a mail's own styles is meant for it."""

STYLE = f"""<style>
{TAG}{{all:initial!important;display:inline-block!important;box-sizing:border-box!important;
margin:0 4px 0 1px!important;padding:0 6px!important;border:1px solid #fff!important;border-radius:9px!important;
background:#1554b8!important;color:#fff!important;font:bold 11px/16px system-ui,sans-serif!important;
vertical-align:middle!important;white-space:nowrap!important;text-align:center!important}}
{TAG}[data-none]{{background:#e9ecf1!important;color:#465062!important;font-weight:normal!important}}
:has(>{TAG}:not([data-none])){{outline:2px solid #1554b8!important;outline-offset:1px!important}}
</style>"""


class Drawing(NamedTuple):
    """`total` are all clicks of people on links; `unseen` are those of them on links that only Outlook shows."""

    html: str
    total: int
    unseen: int


def is_drawable(html: str, destinations: Sequence[str]) -> bool:
    """Whether the links are still found as they were when the mail was sent, so that positions mean what they meant."""
    return bool(destinations) and links.split(html).destinations == tuple(destinations)


def draw(html: str, counts: Mapping[int, int]) -> Drawing:
    """The mail with its clicks on it. `counts` are people's clicks by the position of the link."""
    total = sum(counts.values())
    pieces, done, unseen = [], 0, 0
    for position, place in _places(html).items():
        count = counts.get(position, 0)
        if place is None:
            unseen += count
            continue
        pieces += [html[done:place], _badge(count, total)]
        done = place
    return Drawing("".join([*pieces, html[done:], STYLE]), total, unseen)


def _places(html: str) -> dict[int, int | None]:
    """Where the start tag of each link ends, by position; None for one that only Outlook shows."""
    positions = _positions(links.split(html))
    return {
        positions[token.href_start]: None if token.is_for_outlook else token.end
        for token in markup.tokens(html)
        if token.kind is Kind.LINK and token.href_start in positions
    }


def _positions(split: links.Split) -> dict[int, int]:
    """The position of each link by where its address begins."""
    found: dict[int, int] = {}
    at = 0
    for slot, text in enumerate(split.texts[:-1]):
        at += len(text)
        if slot != split.pixel_slot:
            position = len(found)
            found[at] = position
            at += len(split.originals[position])
    return found


def _badge(count: int, total: int) -> str:
    if not count:
        return f'<{TAG} data-none role="img" aria-label="no clicks:">0</{TAG}>'
    share = percent(count, total)
    words = f"{count:,} click{'' if count == 1 else 's'}, {share}:"
    return f'<{TAG} role="img" aria-label="{words}">{count:,} · {share}</{TAG}>'


def percent(count: int, total: int) -> str:
    """The share in words that no share of a link with clicks rounds away: `less than 1%`."""
    share = 100 * count / total
    return "under 1%" if share < 1 else f"{share:.0f}%"
