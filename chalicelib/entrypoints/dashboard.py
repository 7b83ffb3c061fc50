"""The dashboard's routes: they hand each request to `chalicelib.web` and its answer back to Chalice.

Static files and redirects need no tables; every page reads its own account only, through the key of its session.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache

import boto3
from chalice.app import Blueprint, Response

from chalicelib import settings
from chalicelib.core import report_sheet
from chalicelib.core.event import Event
from chalicelib.core.message import Message
from chalicelib.entrypoints import reporting
from chalicelib.entrypoints.address import own_url
from chalicelib.entrypoints.exporting import EXPORTING, exporting_of
from chalicelib.entrypoints.reporting import REPORTING, reporting_of
from chalicelib.flow import report_file
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.exports import SIGNING, Exports
from chalicelib.settings import Settings
from chalicelib.storage.account import Account
from chalicelib.storage.cells import CellTable
from chalicelib.storage.consents import Consents
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.phone_calls import PhoneCalls
from chalicelib.storage.policies import Policies
from chalicelib.web import assets, mail, mail_export, mails, opens, phone_calls, reports, signin
from chalicelib.web import report_file as page
from chalicelib.web.answer import Answer, Asked, redirect
from chalicelib.web.ports import Directory, Parts
from chalicelib.web.problems import answered
from chalicelib.web.urls import site_of

bp = Blueprint(__name__)

FORM = "application/x-www-form-urlencoded"
NEWEST_EVENTS, FIRST_EVENTS = 100, 20
CLICKABLE_KEPT = 256  # mails


@cache
def _parts(url: str) -> Parts:
    own = settings.read().require(*REPORTING, *EXPORTING, "events_table")
    read = reporting_of(own)
    contents = Blobs(boto3.client("s3"), own.blob_bucket)
    clickable = lru_cache(CLICKABLE_KEPT)(contents.clickable)  # an open page asks for it every two seconds
    return Parts(
        site=site_of(url),
        keys=own.keys,
        find_key=Account(own.account_table, own.region).key,
        messages=Messages(own.messages_table, own.region),
        phone_calls=PhoneCalls(own.reports_table, own.region, CellTable(own.reports_table, own.region)),
        policy=Policies(own.account_table, own.region).get,
        consents=Consents(own.account_table, own.region).of,
        events=events_reader(Events(own.events_table, own.region)),
        content=lambda message: contents.get(message.account, message.message_id),
        clickable=lambda message: clickable(message.account, message.message_id),
        report=lambda account, name, query: reporting.shown(account, name, query, read, now=datetime.now(UTC)),
        directory=lambda account: _directory(account, read),
        users_of=read.users.of_group,
        report_file=file_maker(own, read),
        exports=exporting_of(own),
        now=lambda: datetime.now(UTC),
        random_hex=new_id,
    )


def file_maker(own: Settings, read: reporting.Parts) -> Callable[[str, str, Mapping[str, Sequence[str]], str], str]:
    """Makes files of reports, and says where they can be fetched."""
    exports = Exports(boto3.client("s3", config=SIGNING), own.blob_bucket)

    def make(account: str, name: str, query: Mapping[str, Sequence[str]], file_format: str) -> str:
        asked = report_sheet.query_of(name, query)
        report = reporting.shown(account, name, asked, read, now=datetime.now(UTC))
        return report_file.made(report, file_format, account=account, exports=exports, new_id=new_id)

    return make


def new_id() -> str:
    """32 unguessable digits."""
    return secrets.token_hex(16)


def _directory(account: str, read: reporting.Parts) -> Directory:
    users, templates = list(read.reading.users(account)), read.reading.templates(account)
    return Directory(
        users=[(user.user_id, user.name) for user in users],
        groups=sorted({group for user in users for group in user.groups}),
        templates=[(template.template_id, template.name) for template in templates],
    )


def events_reader(events: Events) -> Callable[[Message], list[Event]]:
    """Reads a mail's events, oldest first: the newest, and the first ones, which tell how it was sent."""

    def read(message: Message) -> list[Event]:
        now = datetime.now(UTC)
        newest = events.page(message.message_id, NEWEST_EVENTS, now=now)
        found = {event.key: event for event in newest.events}
        if newest.has_more:
            first = events.page(message.message_id, FIRST_EVENTS, before="0", now=now)
            found.update({event.key: event for event in first.events})
            edges = [event.key for event in (newest.events[-1:] + first.events[:1])]  # what is beyond bears on verdicts
            rows = (row for edge in edges for row in events.near(message.message_id, edge, now=now))
            found.update({row.event.key: row.event for row in rows})
        return [found[key] for key in sorted(found)]

    return read


def _asked() -> Asked:
    request = bp.current_request
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = request.raw_body
    query = request.query_params
    every = {name: query.getlist(name) for name in query} if query else None
    return Asked(headers, dict(query or {}), body.encode() if isinstance(body, str) else body, every)


def _respond(show: Callable[[Asked, Parts], Answer]) -> Response:
    parts = _parts(own_url(settings.read(), bp.current_request.context))
    answer = answered(parts.site, lambda: show(_asked(), parts))
    return Response(body=answer.body, status_code=int(answer.status), headers=dict(answer.headers))


@bp.route("/")
def index() -> Response:
    return _respond(lambda _, parts: redirect(parts.site.path(signin.START)))


@bp.route("/signin")
def show_signin() -> Response:
    return _respond(signin.show_signin)


@bp.route("/signin", methods=["POST"], content_types=[FORM])
def sign_in() -> Response:
    return _respond(signin.sign_in)


@bp.route("/signout", methods=["POST"], content_types=[FORM])
def sign_out() -> Response:
    return _respond(signin.sign_out)


@bp.route("/mails")
def show_mails() -> Response:
    return _respond(mails.show_list)


@bp.route("/mails/rows")
def show_rows() -> Response:
    return _respond(mails.show_rows)


@bp.route("/mails/{message_id}")
def show_mail(message_id: str) -> Response:
    return _respond(lambda asked, parts: mail.show_mail(message_id, asked, parts))


@bp.route("/mails/{message_id}/live")
def show_live(message_id: str) -> Response:
    return _respond(lambda asked, parts: mail.show_live(message_id, asked, parts))


@bp.route("/mails/{message_id}/content")
def show_content(message_id: str) -> Response:
    return _respond(lambda asked, parts: mail.show_content(message_id, asked, parts))


@bp.route("/opens")
def show_opens() -> Response:
    return _respond(opens.show_list)


@bp.route("/opens/rows")
def show_opened_rows() -> Response:
    return _respond(opens.show_rows)


@bp.route("/calls")
def show_calls() -> Response:
    return _respond(phone_calls.show_list)


@bp.route("/exports", methods=["POST"], content_types=[FORM])
def begin_export() -> Response:
    return _respond(mail_export.begin)


@bp.route("/exports/{export_id}")
def show_export(export_id: str) -> Response:
    return _respond(lambda asked, parts: mail_export.show(export_id, asked, parts))


@bp.route("/exports/{export_id}/live")
def show_export_live(export_id: str) -> Response:
    return _respond(lambda asked, parts: mail_export.show_live(export_id, asked, parts))


@bp.route("/exports/{export_id}/files/{number}")
def show_export_file(export_id: str, number: str) -> Response:
    return _respond(lambda asked, parts: mail_export.show_file(export_id, number, asked, parts))


@bp.route("/reports")
def show_reports() -> Response:
    return _respond(reports.show_index)


@bp.route("/reports/{name}")
def show_report(name: str) -> Response:
    return _respond(lambda asked, parts: reports.show_report(name, asked, parts))


@bp.route("/reports/{name}/file")
def show_report_file(name: str) -> Response:
    return _respond(lambda asked, parts: page.show_file(name, asked, parts))


@bp.route("/static/{name}")
def show_static(name: str) -> Response:
    return _respond(lambda asked, _: assets.serve(name, asked))
