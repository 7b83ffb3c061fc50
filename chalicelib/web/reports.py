"""The reports: a page of all of them, and one for each, narrowed by its address."""

from http import HTTPStatus

from chalicelib.core import session
from chalicelib.core.bad_input import BadInput
from chalicelib.core.report_query import ANALYTICS, STATUS
from chalicelib.web import mail_export, report_filters
from chalicelib.web.answer import Answer, Asked, NotHere, html, redirect
from chalicelib.web.ports import Parts
from chalicelib.web.render import render
from chalicelib.web.report_card import cards_of
from chalicelib.web.report_controls import PATH, controls_of
from chalicelib.web.report_filters import for_report
from chalicelib.web.report_links import sent_mails
from chalicelib.web.report_table import About
from chalicelib.web.report_view import report_of
from chalicelib.web.report_words import FIELDS, REPORTS
from chalicelib.web.signin import Visit, guarded
from chalicelib.web.urls import local_place


def show_index(asked: Asked, parts: Parts) -> Answer:
    """The page `/reports`: all reports, with figures of the last 30 days."""
    return guarded(asked, parts, PATH, lambda visit: _index(visit, parts))


def show_report(name: str, asked: Asked, parts: Parts) -> Answer:
    """The page `/reports/{name}`. Raises NotHere."""
    if name not in REPORTS:
        raise NotHere("There is no such report.")
    place = local_place(f"{PATH}/{name}", report_filters.tidy(asked.values))
    return guarded(asked, parts, place, lambda visit: _report(name, place, visit, parts))


def _index(visit: Visit, parts: Parts) -> Answer:
    report = parts.report(visit.account, ANALYTICS, {"by": ["date"]})
    return html(render("reports.html", **_frame(visit, parts), cards=cards_of(report, parts.site, parts.now())))


def _report(name: str, place: str, visit: Visit, parts: Parts) -> Answer:
    given = report_filters.tidy(visit.asked.values)
    if given != visit.asked.values:
        return redirect(parts.site.back(place))
    controls = controls_of(name, given, parts.directory(visit.account), parts.site)
    frame = {**_frame(visit, parts), "controls": controls}
    query = for_report(name, given)
    if name == ANALYTICS:
        query = {"by": ["date"], **query}  # the summary draws its days, too
    try:
        report = parts.report(visit.account, name, query)
    except BadInput as error:
        problems = [(FIELDS.get(one["pointer"].strip("/"), "The address"), one["message"]) for one in error.errors]
        body = render("report.html", **frame, view=None, problems=problems)
        return html(body, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    about = About(parts.site, report["from"], report["to"], given, name)
    offer = mail_export.offer(sent_mails(about.where()), visit, parts) if name == STATUS else None
    view = report_of(report, about, parts.now())
    return html(render("report.html", **frame, view=view, offer=offer, problems=[]))


def _frame(visit: Visit, parts: Parts) -> dict[str, object]:
    """What every page has."""
    return {"site": parts.site, "visit": visit, "form_token": session.form_token(visit.cookie, parts.keys)}
