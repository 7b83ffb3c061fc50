"""The list of mails, and its rows, which refresh themselves while the page is open."""

from chalicelib.core import session
from chalicelib.core.mail_filter import Here, Only
from chalicelib.web import mail_export, narrowing
from chalicelib.web.answer import Answer, Asked, fragment, html, redirect
from chalicelib.web.listing import LIMIT, Book, Shown, shown_of
from chalicelib.web.narrowing import MAILS, Narrowing
from chalicelib.web.ports import Page, Parts
from chalicelib.web.render import render
from chalicelib.web.signin import START, Visit, guarded
from chalicelib.web.urls import local_place


def show_list(asked: Asked, parts: Parts) -> Answer:
    """The page `/mails`, newest first; `after` and `before` are cursors, the fields of narrowing.py narrow it."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _list(visit, parts))


def show_rows(asked: Asked, parts: Parts) -> Answer:
    """The rows of that page as they are now, and how many mails are newer than `top`, its first one."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _rows(visit, parts))


def _own_url(asked: Asked) -> str:
    places = {name: [asked.query[name]] for name in ("after", "before") if name in asked.query}
    return local_place(START, {**narrowing.tidy(asked.values, MAILS), **places})


def _narrowed(visit: Visit, parts: Parts) -> Narrowing[Only]:
    here = Here(
        parts.now(),
        zone=lambda: parts.policy(visit.account).zone,
        users_of=lambda group: parts.users_of(visit.account, group),
    )
    return narrowing.of(visit.asked.values, here, MAILS)


def _list(visit: Visit, parts: Parts) -> Answer:
    narrowed = _narrowed(visit, parts)
    if narrowed.is_untidy:
        return redirect(parts.site.back(_own_url(visit.asked)))
    shown = _shown(narrowed, visit, parts)
    if shown is None:
        return redirect(parts.site.place(START, narrowed.query))
    token = session.form_token(visit.cookie, parts.keys)
    chips = narrowing.chips(narrowed.query, _names(narrowed, visit, parts))
    values = {"site": parts.site, "visit": visit, "form_token": token, "shown": shown, "narrowed": narrowed}
    offer = mail_export.offer(narrowed.query, visit, parts)
    return html(render("mails.html", **values, chips=chips, offer=offer))


def _names(narrowed: Narrowing[Only], visit: Visit, parts: Parts) -> dict[str, dict[str, str]]:
    """How users and templates are called, where the list is narrowed to some."""
    if narrowed.query.keys().isdisjoint(("user", "template")):
        return {}
    known = parts.directory(visit.account)
    return {"user": dict(known.users), "template": dict(known.templates)}


def _rows(visit: Visit, parts: Parts) -> Answer:
    narrowed = _narrowed(visit, parts)
    shown = _shown(narrowed, visit, parts)
    if shown is None or shown.is_lost:
        return html("", HX_Redirect=parts.site.place(START, narrowed.query))
    return fragment(render("rows.html", site=parts.site, visit=visit, shown=shown, narrowed=narrowed), visit.asked)


def _shown(narrowed: Narrowing[Only], visit: Visit, parts: Parts) -> Shown | None:
    """The part of the list that the URL asks for; None where the first page is to be shown."""

    def read(after: str | None, before: str | None) -> Page:
        return parts.messages.page(visit.account, LIMIT, after, before, narrowed.only)

    return shown_of(Book(START, narrowed.query, visit.account, read), visit, parts)
