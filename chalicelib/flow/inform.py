"""Reports by mail: each that is due is made once and sent to each of its users.

The id of a mail is made of its schedule, its day and its user, so it is one mail however often it is taken in. What a
worker that died left undone is done by the next run, which finds the mails that are there; only then is it noted that
the day is done.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from chalicelib.core import report_mail, report_schedule, report_sheet
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput
from chalicelib.core.report_chart import Chart, chart_of
from chalicelib.core.report_query import ANALYTICS
from chalicelib.core.report_schedule import Due, ReportSchedule
from chalicelib.core.sheet import CONTENT_TYPES, Sheet
from chalicelib.core.user import User

SOURCE = "export_email"
LONGEST_PROBLEM = 500
NOT_SENT = "not sent to who is no user, has no address, or gets no mail (see /v1/users, /v1/suppressions)"

Known = Mapping[str, ReportSchedule]
Report = Mapping[str, Any]


class Accounts(Protocol):
    """The register of accounts."""

    def all(self) -> Iterable[str]: ...


class Schedules(Protocol):
    """Schedules of reports."""

    def of(self, account: str) -> Known: ...
    def change(self, account: str, change: Callable[[Known], Known]) -> Known: ...


class Parts(NamedTuple):
    """What informing needs.

    `report_of` (account, name, query, time) makes a report as the API shows it, that of statuses with its mails; `draw`
    its picture as PNG, `write` (format, sheet) its file. `has_mail` (account, id) tells whether a mail is there,
    `hand_over` (account, body, id) takes it in, or raises BadInput. `page_of` (name, query) is where a report's page
    is, None if that is not known. `report` is told of what failed: account, id of the schedule, error.
    """

    accounts: Accounts
    schedules: Schedules
    user_of: Callable[[str, str], User | None]
    policy_of: Callable[[str], AccountPolicy]
    report_of: Callable[[str, str, Mapping[str, Sequence[str]], datetime], Report]
    draw: Callable[[Chart], bytes]
    write: Callable[[str, Sheet], bytes]
    has_mail: Callable[[str, str], bool]
    hand_over: Callable[[str, Mapping[str, Any], str], object]
    page_of: Callable[[str, Mapping[str, Sequence[str]]], str | None]
    report: Callable[[str, str, Exception], None]


class Informed(NamedTuple):
    """How many mails were sent, schedules failed, and were left for want of time."""

    sent: int = 0
    failed: int = 0
    left: int = 0


def inform_all(parts: Parts, now: datetime, *, may_go_on: Callable[[], bool]) -> Informed:
    """Sends all reports of all accounts that are due."""
    total = Informed()
    for account in parts.accounts.all():
        try:
            found = _of_account(account, parts, now, may_go_on)
        except Exception as error:  # of this account; the others are informed all the same
            parts.report(account, "", error)
            found = Informed(failed=1)
        total = Informed(*map(sum, zip(total, found, strict=True)))
    return total


def _of_account(account: str, parts: Parts, now: datetime, may_go_on: Callable[[], bool]) -> Informed:
    schedules = parts.schedules.of(account).values()
    if not schedules:
        return Informed()
    zone, sent, failed, left = parts.policy_of(account).zone, 0, 0, 0
    for schedule in schedules:
        due = report_schedule.due(schedule, zone, now)
        if due is None:
            continue
        if not may_go_on():
            left += 1
            continue
        try:
            sent += _send(account, schedule, due, parts)
        except Exception as error:  # the next run tries again
            parts.report(account, schedule.schedule_id, error)
            failed += 1
    return Informed(sent, failed, left)


def _send(account: str, schedule: ReportSchedule, due: Due, parts: Parts) -> int:
    """Sends a report to all who have not got it, and notes that it is sent: how many mails that were."""
    sent, missed, mail, problem = 0, [], None, None
    try:
        for user_id in schedule.users:
            mail_id = report_schedule.mail_id(schedule, due.day, user_id)
            if parts.has_mail(account, mail_id):
                continue
            user = parts.user_of(account, user_id)
            if user is None or user.address is None:
                missed.append(user_id)
                continue
            mail = mail or _mail(account, schedule, due, parts)
            if _is_taken(account, {**mail, "to": user.address}, mail_id, parts):
                sent += 1
            else:
                missed.append(user_id)
    except BadInput as error:  # its report cannot be made any more, and could not be in the next run either
        problem = f"the report cannot be made: {error}"
    if missed:
        problem = f"{NOT_SENT}: {', '.join(missed)}"
    _note(account, schedule, due, problem, parts)
    return sent


def _is_taken(account: str, body: Mapping[str, Any], mail_id: str, parts: Parts) -> bool:
    """Hands a mail over; False if it is refused, as one to a suppressed address is."""
    try:
        parts.hand_over(account, body, mail_id)
    except BadInput:
        return False
    return True


def _mail(account: str, schedule: ReportSchedule, due: Due, parts: Parts) -> dict[str, Any]:
    """The mail without its recipient. Its days are those of when it was due, however late it is."""
    usual = {"by": ["date"]} if schedule.report == ANALYTICS else {}
    query = {**usual, **schedule.query}
    wanted = report_sheet.query_of(schedule.report, query) if schedule.file_format else query
    report = report_mail.without_addresses(parts.report_of(account, schedule.report, wanted, due.at))
    asked = {name: values for name, values in query.items() if name != "period"}
    url = parts.page_of(schedule.report, {**asked, "from": [report["from"]], "to": [report["to"]]})
    picture = parts.draw(chart_of(report))
    files = [_file("chart.png", "image/png", picture) | {"content_id": report_mail.CHART}]
    if schedule.file_format:
        content = parts.write(schedule.file_format, report_sheet.sheet_of(report))
        name = report_sheet.filename_of(report, schedule.file_format)
        files.append(_file(name, CONTENT_TYPES[schedule.file_format].partition(";")[0], content))
    return {
        "from": schedule.sender,
        "subject": report_mail.subject_of(report),
        "html": report_mail.html_of(report, url),
        "text": report_mail.text_of(report, url),
        "attachments": files,
        "source": SOURCE,
        "tracking": {"opens": False, "clicks": False},
    }


def _file(name: str, content_type: str, content: bytes) -> dict[str, str]:
    return {"filename": name, "content_type": content_type, "content": b64encode(content).decode()}


def _note(account: str, schedule: ReportSchedule, due: Due, problem: str | None, parts: Parts) -> None:
    def noted(known: Known) -> Known:
        latest = known.get(schedule.schedule_id)
        if latest is None:  # it was removed meanwhile
            return known
        cut = problem[:LONGEST_PROBLEM] if problem else None
        return {**known, latest.schedule_id: latest.sent(due, cut)}

    parts.schedules.change(account, noted)
