"""The list of mails, and its rows, which refresh themselves while the page is open."""

from typing import NamedTuple

from chalicelib.core import cursor, mail_view, session
from chalicelib.core.cursor import BadCursor
from chalicelib.web.answer import Answer, Asked, fragment, html, redirect
from chalicelib.web.ports import Page, Parts
from chalicelib.web.render import render
from chalicelib.web.signin import START, Visit, guarded
from chalicelib.web.urls import local
from chalicelib.web.view import View, view_of

LIMIT = 20


class Shown(NamedTuple):
    """The part of the list that a page shows. URLs are None where there is nothing to go to.

    `fresh` mails came in since the page was opened; `has_more_fresh` says that there are still more.
    """

    views: list[View]
    live: str
    newer: str | None
    older: str | None
    fresh: int = 0
    has_more_fresh: bool = False


def show_list(asked: Asked, parts: Parts) -> Answer:
    """The page `/mails`, newest first; `after` and `before` are cursors."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _list(visit, parts))


def show_rows(asked: Asked, parts: Parts) -> Answer:
    """The rows of that page as they are now, and how many mails are newer than `top`, its first one."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _rows(visit, parts))


def _own_url(asked: Asked) -> str:
    return local(START, after=asked.query.get("after"), before=asked.query.get("before"))


def _list(visit: Visit, parts: Parts) -> Answer:
    try:
        shown = _shown(visit, parts)
    except BadCursor:
        return redirect(parts.site.path(START))
    if shown is None:
        return redirect(parts.site.path(START))
    token = session.form_token(visit.cookie, parts.keys)
    return html(render("mails.html", site=parts.site, visit=visit, form_token=token, shown=shown))


def _rows(visit: Visit, parts: Parts) -> Answer:
    try:
        shown = _shown(visit, parts)
    except BadCursor:
        shown = None
    if shown is None:
        return html("", HX_Redirect=parts.site.path(START))
    return fragment(render("rows.html", site=parts.site, visit=visit, shown=shown), visit.asked)


def _shown(visit: Visit, parts: Parts) -> Shown | None:
    """What the URL asks for; None where the first page is to be shown: up to the top, or beyond the end."""
    after, before, top = (_place(visit, parts, name) for name in ("after", "before", "top"))
    if top is not None:
        return _first(visit, parts, parts.messages.page(visit.account, LIMIT, before=top))
    page = parts.messages.page(visit.account, LIMIT, after=after, before=before)
    if (before is not None and not page.has_more) or (after is not None and not page.messages):
        return None
    if before is None and after is None:
        return _show(page, visit, parts, is_first=True, has_older=page.has_more)
    return _show(page, visit, parts, is_first=False, has_older=before is not None or page.has_more)


def _first(visit: Visit, parts: Parts, fresh: Page) -> Shown:
    """The first page as it was opened, while `fresh` mails, newer than its first, wait to be asked for."""
    newest_shown = fresh.messages[-1].key if fresh.messages else None
    page = parts.messages.page(visit.account, LIMIT, after=newest_shown)
    shown = _show(page, visit, parts, is_first=True, has_older=page.has_more)
    return shown._replace(fresh=len(fresh.messages), has_more_fresh=fresh.has_more)


def _show(page: Page, visit: Visit, parts: Parts, *, is_first: bool, has_older: bool) -> Shown:
    now, site, messages = parts.now(), parts.site, page.messages
    first, last = (
        (cursor.seal(parts.keys, visit.account, messages[end].key) for end in (0, -1)) if messages else (None, None)
    )
    here = {name: visit.asked.query.get(name) for name in ("after", "before")}
    return Shown(
        views=[view_of(mail_view.show(message), now) for message in messages],
        live=site.path("/mails/rows", top=first) if is_first else site.path("/mails/rows", **here),
        newer=None if is_first else site.path(START, before=first),
        older=site.path(START, after=last) if has_older and last else None,
    )


def _place(visit: Visit, parts: Parts, name: str) -> str | None:
    """The place that a cursor in the URL stands for. Raises BadCursor."""
    sealed = visit.asked.query.get(name)
    return None if sealed is None else cursor.open_(parts.keys, visit.account, sealed)
