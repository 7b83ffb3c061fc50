"""A list of mails as files: begun from its page, watched while it is made, and fetched.

The form brings an id for each format, so that sending it twice begins one export. What the API lets only keys of some
scope do, the pages let only their readers do.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

from chalicelib.core import session
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import is_message_id
from chalicelib.core.job import FILES_KEPT, Job, Status
from chalicelib.core.sheet import FORMATS
from chalicelib.web import narrowing
from chalicelib.web.answer import Answer, Asked, NotHere, Refused, fragment, html, redirect
from chalicelib.web.files import size
from chalicelib.web.moment import Moment, moment
from chalicelib.web.narrowing import MAILS, Chip, Given
from chalicelib.web.ports import Parts
from chalicelib.web.render import render
from chalicelib.web.signin import START, Visit, check_form, guarded

PATH = "/exports"
SCOPE = "admin"
"""As POST /v1/exports has it."""


class Offer(NamedTuple):
    """What the form needs that begins an export: the id that it gets, by format, and the query of the list. `may` says
    whether this reader may begin one."""

    ids: Mapping[str, str]
    query: str
    may: bool


class File(NamedTuple):
    """A file of it: its name, size in words, and where it is."""

    name: str
    size: str
    href: str


class Shown(NamedTuple):
    """An export. `percent` is how much of it is done; `left` says how long it will take, "" where that is not known.
    Its files are there until `kept`."""

    status: str
    mails: int
    percent: int
    left: str
    files: list[File]
    kept: Moment | None
    error: str
    live: str
    list_href: str

    @property
    def is_under_way(self) -> bool:
        return self.status in (Status.QUEUED, Status.RUNNING)


def offer(query: Given, visit: Visit, parts: Parts) -> Offer:
    """The offer to export the list of this query, which is as that of `/mails`."""
    ids = {file_format: parts.random_hex() for file_format in FORMATS}
    return Offer(ids, urlencode(query, doseq=True), SCOPE in visit.key.scopes)


def begin(asked: Asked, parts: Parts) -> Answer:
    """Begins an export (`POST /exports`), and leads to its page. Raises Refused, and TryAgain."""
    return guarded(asked, parts, START, lambda visit: _begun(visit, parts))


def show(export_id: str, asked: Asked, parts: Parts) -> Answer:
    """The page `/exports/{id}`. Raises NotHere."""
    return guarded(asked, parts, f"{PATH}/{export_id}", lambda visit: _page(export_id, visit, parts))


def show_live(export_id: str, asked: Asked, parts: Parts) -> Answer:
    """How far it is now. Raises NotHere."""
    return guarded(asked, parts, f"{PATH}/{export_id}", lambda visit: _live(export_id, visit, parts))


def show_file(export_id: str, number: str, asked: Asked, parts: Parts) -> Answer:
    """Leads to a file of it, by a link that lasts for minutes. Raises NotHere."""
    return guarded(asked, parts, f"{PATH}/{export_id}", lambda visit: _file(export_id, number, visit, parts))


def _begun(visit: Visit, parts: Parts) -> Answer:
    fields = visit.asked.form()
    check_form(fields, visit.cookie, visit.asked, parts)
    _check_scope(visit)
    file_format = fields.get("format", "")
    export_id = fields.get(f"{file_format}_id", "")
    if not is_message_id(export_id) or file_format not in FORMATS:
        raise Refused("The form was not complete. Reload the page and try again.")
    query = narrowing.tidy(parse_qs(fields.get("query", ""), keep_blank_values=True), MAILS)
    try:
        parts.exports.begin(visit.account, export_id, query, file_format)
    except BadInput:  # the list's own page says what is wrong
        return redirect(parts.site.place(START, query))
    return redirect(parts.site.path(f"{PATH}/{export_id}"))


def _page(export_id: str, visit: Visit, parts: Parts) -> Answer:
    export = _find(export_id, visit, parts)
    chips = _chips(export, visit, parts)
    token = session.form_token(visit.cookie, parts.keys)
    shown = _shown(export, parts)
    return html(render("export.html", site=parts.site, visit=visit, form_token=token, shown=shown, chips=chips))


def _live(export_id: str, visit: Visit, parts: Parts) -> Answer:
    shown = _shown(_find(export_id, visit, parts), parts)
    return fragment(render("export_state.html", site=parts.site, shown=shown), visit.asked)


def _file(export_id: str, number: str, visit: Visit, parts: Parts) -> Answer:
    export = _find(export_id, visit, parts)
    is_there = export.has_files(parts.now()) and number.isascii() and number.isdigit() and len(number) < 6
    if not is_there or not 1 <= int(number) <= len(export.parts):
        raise NotHere("There is no such file, or it is not kept any more.")
    return redirect(parts.exports.url_of(export, int(number) - 1))


def _find(export_id: str, visit: Visit, parts: Parts) -> Job:
    _check_scope(visit)
    export = parts.exports.find(visit.account, export_id) if is_message_id(export_id) else None
    if export is None:
        raise NotHere("There is no such export. What was exported is kept for a week, and known for thirty days.")
    return export


def _check_scope(visit: Visit) -> None:
    if SCOPE not in visit.key.scopes:
        raise Refused(f"Lists of mails are exported by who signs in with a key that has the scope “{SCOPE}”.")


def _chips(export: Job, visit: Visit, parts: Parts) -> list[Chip]:
    """Which mails they are, in words."""
    directory = parts.directory(visit.account)
    return narrowing.chips(export.query, {"user": dict(directory.users), "template": dict(directory.templates)})


def _shown(export: Job, parts: Parts) -> Shown:
    now, path = parts.now(), f"{PATH}/{export.job_id}"
    kept = export.finished_at + FILES_KEPT if export.finished_at else None
    files = [
        File(_name(export, number), size(part.size), parts.site.path(f"{path}/files/{number}"))
        for number, part in enumerate(export.parts, start=1)
    ]
    return Shown(
        status=export.status.value,
        mails=export.counts.get("mails", 0),
        percent=int((export.progress or 0) * 100),
        left=_left(export, now),
        files=files if export.has_files(now) else [],
        kept=moment(kept, now) if kept else None,
        error=export.error or "",
        live=parts.site.path(f"{path}/live"),
        list_href=parts.site.place(START, export.query),
    )


def _name(export: Job, number: int) -> str:
    many = f" {number} of {len(export.parts)}" if len(export.parts) > 1 else ""
    return f"{export.file_format.upper()} file{many}"


def _left(export: Job, now: datetime) -> str:
    """How long it will take if it goes on as it did."""
    done, passed = export.progress or 0, now - export.created_at
    if export.status is not Status.RUNNING or done < 0.01 or passed < timedelta(seconds=5):
        return ""
    seconds = passed.total_seconds() * (1 - done) / done
    return "less than a minute left" if seconds < 60 else f"about {ceil(seconds / 60):,} min left"
