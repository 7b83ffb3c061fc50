"""The API of reports: six of them, each as JSON or as a file."""

import secrets
from collections.abc import Mapping
from functools import cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import instant, report_query, report_sheet
from chalicelib.core.bad_input import BadInput, one_of, wrong
from chalicelib.core.report_query import REPEATABLE, REPORTS
from chalicelib.core.sheet import FORMATS
from chalicelib.entrypoints import calls, reporting
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import Problem, bad_input
from chalicelib.entrypoints.reporting import REPORTING, reporting_of
from chalicelib.flow import report_file
from chalicelib.gateways.exports import SIGNING, Exports
from chalicelib.storage.account import Account

bp = Blueprint(__name__)

FORMAT, JSON = "format", "json"


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    reporting: reporting.Parts
    exports: Exports


@cache
def _parts() -> Parts:
    own = settings.read().require(*REPORTING, "blob_bucket")
    exports = Exports(boto3.client("s3", config=SIGNING), own.blob_bucket)
    return Parts(Account(own.account_table, own.region), reporting_of(own), exports)


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/reports/{name}", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_report(call: Call, name: str) -> calls.Shown:
    """A report of the account; that of statuses with the mails themselves, page by page. As a file it is a link."""
    if name not in REPORTS:
        text = f"there is no report of this name; there are: {', '.join(REPORTS)}"
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", text)
    query = calls.repeatable(call.request, (report_query.known(name) | {FORMAT}) - REPEATABLE, REPEATABLE)
    wanted = query.pop(FORMAT, [JSON])[0]
    try:
        if wanted not in (JSON, *FORMATS):
            raise BadInput([wrong(f"/{FORMAT}", one_of((JSON, *FORMATS)))])
        asked = query if wanted == JSON else report_sheet.query_of(name, query)
        report = reporting.shown(call.account, name, asked, _parts().reporting, now=call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None
    return (HTTPStatus.OK, report) if wanted == JSON else _file(call, report, wanted)


def _file(call: Call, report: Mapping[str, Any], file_format: str) -> calls.Shown:
    exports = _parts().exports
    new_id = partial(secrets.token_hex, 16)
    url = report_file.made(report, file_format, account=call.account, exports=exports, new_id=new_id)
    shown = {"object": "file", "url": url, "url_expires_at": instant.show(call.now + report_file.LINK_LASTS)}
    return HTTPStatus.SEE_OTHER, shown, {"Location": url}
