"""The list of mails, and its rows, which refresh themselves while the page is open."""

from chalicelib.core import session
from chalicelib.web import narrowing
from chalicelib.web.answer import Answer, Asked, fragment, html, redirect
from chalicelib.web.listing import LIMIT, Book, Shown, shown_of
from chalicelib.web.narrowing import Narrowing
from chalicelib.web.ports import Page, Parts
from chalicelib.web.render import render
from chalicelib.web.signin import START, Visit, guarded
from chalicelib.web.urls import local


def show_list(asked: Asked, parts: Parts) -> Answer:
    """The page `/mails`, newest first; `after` and `before` are cursors, `status`, `source` and `reason` narrow it."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _list(visit, parts))


def show_rows(asked: Asked, parts: Parts) -> Answer:
    """The rows of that page as they are now, and how many mails are newer than `top`, its first one."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _rows(visit, parts))


def _own_url(asked: Asked) -> str:
    places = {name: asked.query.get(name) for name in ("after", "before")}
    narrowed = narrowing.of(asked.query)
    unknown = {name: asked.query[name] for name in narrowed.unknown}
    return local(START, **{**narrowed.query, **unknown, **places})


def _list(visit: Visit, parts: Parts) -> Answer:
    narrowed = narrowing.of(visit.asked.query)
    if narrowed.is_untidy:
        return redirect(parts.site.back(_own_url(visit.asked)))
    shown = _shown(narrowed, visit, parts)
    if shown is None:
        return redirect(parts.site.path(START, **narrowed.query))
    token = session.form_token(visit.cookie, parts.keys)
    values = {"site": parts.site, "visit": visit, "form_token": token, "shown": shown, "narrowed": narrowed}
    return html(render("mails.html", **values))


def _rows(visit: Visit, parts: Parts) -> Answer:
    narrowed = narrowing.of(visit.asked.query)
    shown = _shown(narrowed, visit, parts)
    if shown is None or shown.is_lost:
        return html("", HX_Redirect=parts.site.path(START, **narrowed.query))
    return fragment(render("rows.html", site=parts.site, visit=visit, shown=shown, narrowed=narrowed), visit.asked)


def _shown(narrowed: Narrowing, visit: Visit, parts: Parts) -> Shown | None:
    """The part of the list that the URL asks for; None where the first page is to be shown."""

    def read(after: str | None, before: str | None) -> Page:
        return parts.messages.page(visit.account, LIMIT, after, before, narrowed.only)

    return shown_of(Book(START, narrowed.query, visit.account, read), visit, parts)
