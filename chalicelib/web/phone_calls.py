"""The list of telephone calls, newest first: all, or those behind a figure of a report."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.core import cursor, session
from chalicelib.core.cursor import BadCursor
from chalicelib.core.mail_filter import Here
from chalicelib.core.phone_call import Only, PhoneCall
from chalicelib.web import narrowing
from chalicelib.web.answer import Answer, Asked, html, redirect
from chalicelib.web.moment import Moment, moment
from chalicelib.web.narrowing import CALLS, Narrowing
from chalicelib.web.ports import Directory, Parts, PhoneCallPage
from chalicelib.web.render import render
from chalicelib.web.report_figures import duration
from chalicelib.web.signin import Visit, guarded
from chalicelib.web.urls import local_place
from chalicelib.web.words import titled

PATH = "/calls"
LIMIT = 20
_PLACES = ("after", "before")


class Row(NamedTuple):
    """A call; `style` and `icon` are those of the chip that says which way it went."""

    call_id: str
    user: str
    direction: str
    style: str
    icon: str
    outcome: str
    talked: str
    record: str
    when: Moment


class Shown(NamedTuple):
    """A part of the list, with where newer and older ones are, None where there are none. `cut` says which calls,
    `older` or `newer` ones, were not looked at though the page is not full; else it is ""."""

    rows: list[Row]
    newest: str
    newer: str | None
    older: str | None
    cut: str

    @property
    def is_first(self) -> bool:
        return self.newer is None


def show_list(asked: Asked, parts: Parts) -> Answer:
    """The page `/calls`; `after` and `before` are cursors, the fields of narrowing.py narrow it."""
    return guarded(asked, parts, _own_url(asked), lambda visit: _list(visit, parts))


def _own_url(asked: Asked) -> str:
    places = {name: [asked.query[name]] for name in _PLACES if name in asked.query}
    return local_place(PATH, {**narrowing.tidy(asked.values, CALLS), **places})


def _list(visit: Visit, parts: Parts) -> Answer:
    here = Here(
        parts.now(),
        zone=lambda: parts.policy(visit.account).zone,
        users_of=lambda group: parts.users_of(visit.account, group),
    )
    narrowed = narrowing.of(visit.asked.values, here, CALLS)
    if narrowed.is_untidy:
        return redirect(parts.site.back(_own_url(visit.asked)))
    directory = parts.directory(visit.account)
    shown = _shown(narrowed, directory, visit, parts)
    if shown is None:
        return redirect(parts.site.place(PATH, narrowed.query))
    body = render(
        "calls.html",
        site=parts.site,
        visit=visit,
        form_token=session.form_token(visit.cookie, parts.keys),
        shown=shown,
        narrowed=narrowed,
        chips=narrowing.chips(narrowed.query, {"user": dict(directory.users)}),
    )
    return html(body)


def _shown(narrowed: Narrowing[Only], directory: Directory, visit: Visit, parts: Parts) -> Shown | None:
    """The part that the URL asks for; None where the first page is to be shown, as for a place that is none."""
    owner = f"{visit.account}/calls"
    try:
        after, before = (_place(owner, visit, parts, name) for name in _PLACES)
    except BadCursor:
        return None
    page = parts.phone_calls.page(visit.account, LIMIT, after, before, narrowed.only)
    is_back = before is not None
    if is_back and not page.has_more:
        return None  # up to the top

    def to(name: str, place: str | None) -> str | None:
        sealed = cursor.seal(parts.keys, owner, place) if place else None
        return parts.site.place(PATH, {**narrowed.query, name: [sealed]}) if sealed else None

    return Shown(
        rows=_rows(page.calls, dict(directory.users), parts.now()),
        newest=parts.site.place(PATH, narrowed.query),
        newer=to("before", page.before or after) if is_back or after is not None else None,
        older=to("after", page.after or page.before) if is_back or page.has_more else None,
        cut=_cut(page, is_back=is_back),
    )


def _cut(page: PhoneCallPage, *, is_back: bool) -> str:
    if not page.has_more or len(page.calls) == LIMIT:
        return ""
    return "newer" if is_back else "older"


def _place(owner: str, visit: Visit, parts: Parts, name: str) -> str | None:
    sealed = visit.asked.query.get(name)
    return None if sealed is None else cursor.open_(parts.keys, owner, sealed)


def _rows(calls: Sequence[PhoneCall], names: dict[str, str], now: datetime) -> list[Row]:
    return [_row(call, names.get(call.user) or call.user, now) for call in calls]


def _row(call: PhoneCall, user: str, now: datetime) -> Row:
    is_inbound = call.direction == "inbound"
    return Row(
        call_id=call.call_id,
        user=user,
        direction=titled(call.direction),
        style="received" if is_inbound else "sent",
        icon="arrow-in" if is_inbound else "arrow-out",
        outcome=call.outcome,
        talked=duration(call.seconds),
        record=" ".join(call.record) if call.record else "",
        when=moment(call.started_at, now),
    )
