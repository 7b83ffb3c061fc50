"""The API of schedules of reports: which report goes by mail to which users, and when."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import tzinfo
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import report_schedule, report_schedule_body
from chalicelib.core.bad_input import BadInput, named_under, wrong
from chalicelib.core.event import is_message_id
from chalicelib.core.report_schedule import MOST, ReportSchedule
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.once import gone, once
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.entrypoints.reporting import reading_of
from chalicelib.flow import read_report
from chalicelib.storage.account import Account
from chalicelib.storage.policies import Policies
from chalicelib.storage.report_schedules import Known, ReportSchedules
from chalicelib.storage.users import Users

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    schedules: ReportSchedules
    users: Users
    policies: Policies
    reading: read_report.Parts


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "reports_table")
    table = own.account_table, own.region
    return Parts(Account(*table), ReportSchedules(*table), Users(*table), Policies(*table), reading_of(own))


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/report-schedules", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_report_schedule(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Adds a schedule; it is due for the first time after now."""
    calls.no_query(call.request)
    body, zone = calls.json_object(call.request), _zone(call)
    with _refusals():
        new = report_schedule_body.added(body, secrets.token_hex(16), call.now.astimezone(zone).date(), call.now)

    def check() -> None:
        _check_number(_parts().schedules.of(call.account))
        with _refusals():
            _check_users(call, new)
            _check_report(call, new)

    with once(call, _accounts(), "report-schedules", body, new.schedule_id, check) as one:

        def added(known: Known) -> Known:
            if one.made_id in known:  # or the answer of the write that stored it was lost
                return known
            if one.is_made:
                raise gone()
            _check_number(known)  # again: somebody may have added one meanwhile
            return {**known, one.made_id: replace(new, schedule_id=one.made_id)}

        after = _parts().schedules.change(call.account, added)
    return HTTPStatus.CREATED, report_schedule.show(after[one.made_id], zone, call.now)


@bp.route("/v1/report-schedules", methods=["GET"])
@calls.view(_request, _accounts, "admin")
def list_report_schedules(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """All schedules of the account, the newest first."""
    calls.no_query(call.request)
    zone, known = _zone(call), _parts().schedules.of(call.account)
    shown = [report_schedule.show(one, zone, call.now) for one in reversed(list(known.values()))]
    return HTTPStatus.OK, {"object": "list", "data": shown, "has_more": False, "after": None, "before": None}


@bp.route("/v1/report-schedules/{schedule_id}", methods=["GET"])
@calls.view(_request, _accounts, "admin")
def get_report_schedule(call: Call, schedule_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One schedule: when it is due next, and what went wrong the last time."""
    calls.no_query(call.request)
    known = _found(schedule_id, _parts().schedules.of(call.account))
    return HTTPStatus.OK, report_schedule.show(known, _zone(call), call.now)


@bp.route("/v1/report-schedules/{schedule_id}", methods=["PUT"])
@calls.view(_request, _accounts, "admin")
def put_report_schedule(call: Call, schedule_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Changes what it names."""
    calls.no_query(call.request)
    body, zone = calls.json_object(call.request), _zone(call)
    today = call.now.astimezone(zone).date()

    def changed(known: ReportSchedule) -> ReportSchedule:
        after = report_schedule_body.changed(known, body, today, call.now)
        if after.users != known.users:
            _check_users(call, after)
        if (after.report, after.query) != (known.report, known.query):
            _check_report(call, after)
        return after

    with _refusals():
        after = _change_one(call, schedule_id, changed)
    return HTTPStatus.OK, report_schedule.show(after, zone, call.now)


@bp.route("/v1/report-schedules/{schedule_id}", methods=["DELETE"])
@calls.view(_request, _accounts, "admin")
def delete_report_schedule(call: Call, schedule_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Removes a schedule; nothing more of it is sent."""
    calls.no_query(call.request)
    calls.no_body(call.request)
    _found(schedule_id, _parts().schedules.of(call.account))
    _parts().schedules.change(
        call.account, lambda known: {name: one for name, one in known.items() if name != schedule_id}
    )
    return HTTPStatus.OK, {"object": "report_schedule", "id": schedule_id, "deleted": True}


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        raise bad_input(error.errors) from None


def _zone(call: Call) -> tzinfo:
    return _parts().policies.get(call.account).zone


def _check_number(known: Known) -> None:
    """Refuses one more where there are as many as an account may have."""
    if len(known) >= MOST:
        text = f"an account has at most {MOST} schedules of reports; delete one first"
        raise Problem(HTTPStatus.CONFLICT, "too_many", text)


def _check_users(call: Call, schedule: ReportSchedule) -> None:
    """Raises BadInput for who could not get it."""
    errors = []
    for place, user_id in enumerate(schedule.users):
        user = _parts().users.get(call.account, user_id)
        if user is None:
            errors.append(wrong(f"/users/{place}", "there is no user with this id; PUT /v1/users/{id} makes one"))
        elif user.address is None:
            errors.append(wrong(f"/users/{place}", "this user has no address; give them one by PUT /v1/users/{id}"))
    if errors:
        raise BadInput(errors)


def _check_report(call: Call, schedule: ReportSchedule) -> None:
    """Raises BadInput for what the report is not made of now: a user of whom nothing is known, an empty group."""
    with named_under("/query"):
        read_report.check(call.account, schedule.report, schedule.query, _parts().reading, now=call.now)


def _change_one(call: Call, schedule_id: str, change: Callable[[ReportSchedule], ReportSchedule]) -> ReportSchedule:
    after = _parts().schedules.change(
        call.account, lambda known: {**known, schedule_id: change(_found(schedule_id, known))}
    )
    return after[schedule_id]


def _found(schedule_id: str, known: Known) -> ReportSchedule:
    if not is_message_id(schedule_id) or schedule_id not in known:
        raise not_found("report schedule")
    return known[schedule_id]
