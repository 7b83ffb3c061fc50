"""Lists of mails, page by page, which refresh themselves in place: the list of all, and the one of the latest opens."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chalicelib.core import cursor, mail_view
from chalicelib.core.cursor import BadCursor
from chalicelib.core.message import Message
from chalicelib.web.ports import Page, Parts
from chalicelib.web.signin import Visit
from chalicelib.web.view import View, view_of

LIMIT = 20
_PLACES = ("after", "before", "top")
_DIGITS = 8  # of a message id, which tell apart the mails of one page


class Book(NamedTuple):
    """A list: the path of its page, the query that narrows it, whose cursors it has, and how a page of it is read (by
    `after` and `before`). In a `restless` one mails go to the top when something happens to them."""

    path: str
    query: Mapping[str, Sequence[str]]
    owner: str
    read: Callable[[str | None, str | None], Page]
    restless: bool = False


class Shown(NamedTuple):
    """The part of a list that a page shows. URLs are None where there is nothing to go to.

    `fresh` mails came in since the page was opened; `has_more_fresh` says that there are still more. `cut` says
    which mails, `older` or `newer` ones, were not looked at though the page is not full; else it is "". The rows are
    asked for again in the interval `every`. `is_lost` says that the URL had a place that is none of this list.
    """

    views: list[View]
    live: str
    newest: str
    every: str
    newer: str | None
    older: str | None
    is_first: bool
    cut: str
    fresh: int = 0
    has_more_fresh: bool = False
    is_lost: bool = False


def shown_of(book: Book, visit: Visit, parts: Parts) -> Shown | None:
    """What the URL asks for; None where the first page is to be shown: up to the top, or beyond the end. `after`,
    `before` and `top`, the first place of a page that refreshes itself, are cursors; of what is none the list begins
    anew, and says so."""
    try:
        after, before, top = (_place(book, visit, parts, name) for name in _PLACES)
    except BadCursor:
        query = {name: value for name, value in visit.asked.query.items() if name not in _PLACES}
        first = shown_of(book, visit._replace(asked=visit.asked._replace(query=query)), parts)
        return first and first._replace(is_lost=True)
    if top is not None:
        return _refreshed(book, visit, parts, book.read(None, top))
    page = book.read(after, before)
    is_first = before is None and after is None
    is_beyond = after is not None and not page.messages and not page.has_more and not book.query
    if is_beyond or (before is not None and not page.has_more):
        return None
    has_older = before is not None or page.has_more
    place = page.after or page.before if before is not None else page.after
    return Shown(
        views=_views(page.messages, parts),
        live=_live(book, page, visit, parts, is_first=is_first),
        newest=_url(book, parts, {}),
        every=_every(book),
        newer=None if is_first else _to(book, parts, "before", page.before),
        older=_to(book, parts, "after", place) if has_older else None,
        is_first=is_first,
        cut=_cut(page, "older" if before is None else "newer"),
    )


def _refreshed(book: Book, visit: Visit, parts: Parts, fresh: Page) -> Shown:
    """The first page as it was opened, while `fresh` mails, newer than its first, wait to be asked for. A mail that has
    gone to the top since keeps its old place here."""
    page = book.read(fresh.after if fresh.messages else None, None)
    messages: Sequence[Message] = page.messages
    if order := visit.asked.query.get("rows", ""):
        known = {one.message_id[-_DIGITS:]: one for one in (*page.messages, *fresh.messages)}
        places = (order[start : start + _DIGITS] for start in range(0, len(order), _DIGITS))
        messages = [known[place] for place in places if place in known]
    asked = {name: visit.asked.query[name] for name in ("top", "rows") if name in visit.asked.query}
    return Shown(
        views=_views(messages, parts),
        live=_url(book, parts, asked, "/rows"),
        newest=_url(book, parts, {}),
        every=_every(book),
        newer=None,
        older=_to(book, parts, "after", page.after) if page.has_more else None,
        is_first=True,
        cut=_cut(page, "older"),
        fresh=len(fresh.messages),
        has_more_fresh=fresh.has_more,
    )


def _live(book: Book, page: Page, visit: Visit, parts: Parts, *, is_first: bool) -> str:
    """Where the rows of this page are as they will be."""
    if is_first:
        top = cursor.seal(parts.keys, book.owner, page.before) if page.before else None
        rows = "".join(message.message_id[-_DIGITS:] for message in page.messages) if book.restless else ""
        here = {"top": top, "rows": rows or None}
    else:
        here = {name: visit.asked.query.get(name) for name in ("after", "before")}
    return _url(book, parts, here, "/rows")


def _every(book: Book) -> str:
    """A narrowed list may look at thousands of mails to find a few."""
    return "10s" if book.query else "2s"


def _cut(page: Page, direction: str) -> str:
    return direction if page.has_more and len(page.messages) < LIMIT else ""


def _to(book: Book, parts: Parts, name: str, place: str | None) -> str | None:
    return _url(book, parts, {name: cursor.seal(parts.keys, book.owner, place)}) if place else None


def _url(book: Book, parts: Parts, here: Mapping[str, str | None], of: str = "") -> str:
    """The address of the list at this place, or of a part of its page."""
    places = {name: [value] for name, value in here.items() if value is not None}
    return parts.site.place(book.path + of, {**book.query, **places})


def _views(messages: Sequence[Message], parts: Parts) -> list[View]:
    now = parts.now()
    return [view_of(mail_view.show(message), now) for message in messages]


def _place(book: Book, visit: Visit, parts: Parts, name: str) -> str | None:
    """The place that a cursor in the URL stands for. Raises BadCursor."""
    sealed = visit.asked.query.get(name)
    return None if sealed is None else cursor.open_(parts.keys, book.owner, sealed)
