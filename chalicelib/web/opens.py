"""The folder of opens: mails by the latest open by a person, newest first; it refreshes itself while it is open."""

from chalicelib.core import session
from chalicelib.web.answer import Answer, Asked, fragment, html, redirect
from chalicelib.web.listing import LIMIT, Book, Shown, shown_of
from chalicelib.web.ports import Page, Parts
from chalicelib.web.render import render
from chalicelib.web.signin import Visit, guarded
from chalicelib.web.urls import local

PATH = "/opens"


def show_list(asked: Asked, parts: Parts) -> Answer:
    """The page `/opens`; `after` and `before` are cursors."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _list(visit, parts))


def show_rows(asked: Asked, parts: Parts) -> Answer:
    """The rows of that page as they are now, and how many mails were opened since."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _rows(visit, parts))


def _own_url(asked: Asked) -> str:
    return local(PATH, after=asked.query.get("after"), before=asked.query.get("before"))


def _list(visit: Visit, parts: Parts) -> Answer:
    shown = _shown(visit, parts)
    if shown is None:
        return redirect(parts.site.path(PATH))
    token = session.form_token(visit.cookie, parts.keys)
    return html(render("opens.html", site=parts.site, visit=visit, form_token=token, shown=shown))


def _rows(visit: Visit, parts: Parts) -> Answer:
    shown = _shown(visit, parts)
    if shown is None or shown.is_lost:
        return html("", HX_Redirect=parts.site.path(PATH))
    return fragment(render("opened.html", site=parts.site, visit=visit, shown=shown), visit.asked)


def _shown(visit: Visit, parts: Parts) -> Shown | None:
    """The part of the folder that the URL asks for; None where its first page is to be shown."""

    def read(after: str | None, before: str | None) -> Page:
        return parts.messages.opened_page(visit.account, LIMIT, after, before)

    return shown_of(Book(PATH, {}, f"{visit.account}/opens", read, restless=True), visit, parts)
