"""Schedules of reports as a program keeps them, and the function that mails what is due."""

import csv
import io
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.core.cell import Place
from chalicelib.core.openapi_report_schedule import ReportSchedule
from chalicelib.entrypoints import api_report_schedules, api_users, inform, report
from chalicelib.flow.inform import inform_all
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.account import Account
from chalicelib.storage.cells import CellTable
from chalicelib.storage.report_schedules import ReportSchedules
from tests.entrypoints.permitting import Office
from tests.entrypoints.test_api_finding import DELIVERED, SENT, Desk
from tests.entrypoints.test_fold_and_sweep import scheduled
from tests.moto_stack import REGION

KIM = {"name": "Kim", "address": "kim@acme.example"}
DAILY = {
    "report": "email-analytics",
    "query": {"period": "yesterday"},
    "every": "day",
    "users": ["kim"],
    "from": "me@acme.example",
}
PATH = "/v1/report-schedules"


@pytest.fixture
def desk(office):
    modules = (api_report_schedules, api_users, inform, report)
    for module in modules:
        module._parts.cache_clear()
    office.done("PUT", "/v1/users/kim", KIM)
    yield office
    for module in modules:
        module._parts.cache_clear()


def added(desk: Office, **changes) -> dict:
    status, made = desk.ask("POST", PATH, DAILY | changes)
    assert status == 201, made
    return made


class Call:
    """Lambda's context of a call."""

    function_name = "inform"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 300_000


def run() -> dict:
    return inform.inform(scheduled(), Call())


def put_back(schedule_id: str) -> None:
    """As if it had been made two days ago: it is due now."""

    def earlier(known):
        before = known[schedule_id]
        since = before.since - timedelta(days=2)
        return {**known, schedule_id: type(before)(**{**vars(before), "since": since})}

    ReportSchedules("account", REGION).change("acme", earlier)


def test_a_schedule_is_added_shown_listed_changed_and_removed(desk):
    made = added(desk)
    ReportSchedule.model_validate(made)
    assert {name: made[name] for name in DAILY} == DAILY
    assert desk.done("GET", f"{PATH}/{made['id']}") == made
    assert desk.done("GET", PATH)["data"] == [made]
    changed = desk.done("PUT", f"{PATH}/{made['id']}", {"every": "month", "format": "csv"})
    assert changed == made | {"every": "month", "format": "csv", "next_at": changed["next_at"]}
    assert desk.done("DELETE", f"{PATH}/{made['id']}")["deleted"]
    assert desk.ask("GET", f"{PATH}/{made['id']}")[0] == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"users": ["nobody"]}, "/users/0"),
        ({"users": ["kim", "shy"]}, "/users/1"),
        ({"query": {"period": "never"}}, "/query/period"),
        ({"query": {"group": "West"}}, "/query/group"),
        ({"query": {"user": "nobody"}}, "/query/user"),
        ({"query": {"user": ["kim", "nobody"]}}, "/query/user"),
        ({"report": "sent-email-status", "query": {"source": "imap", "status": "opened"}}, "/query/status"),
        ({"report": "sent-email-status", "query": {"status": "received"}}, "/query/status"),
        ({"at": "noon"}, "/at"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_changed(desk, changes, pointer):
    desk.done("PUT", "/v1/users/shy", {"name": "Shy"})
    assert desk.refused("POST", PATH, DAILY | changes) == [pointer]
    made = added(desk)
    assert desk.refused("PUT", f"{PATH}/{made['id']}", changes) == [pointer]
    assert desk.done("GET", PATH)["data"] == [made]


def test_an_account_has_ten_at_most(desk):
    for _ in range(10):
        added(desk)
    status, problem = desk.ask("POST", PATH, DAILY)
    assert (status, problem["code"]) == (409, "too_many")


def test_a_report_that_is_due_is_taken_in_as_a_mail_once(desk):
    Account("account", REGION).create("acme", "Acme")
    made = added(desk, format="xlsx")
    assert run()["sent"] == 0, "it was made after its time, or its time is still to come"
    put_back(made["id"])
    assert run() == {"sent": 1, "failed": 0, "left": 0}
    assert run()["sent"] == 0
    (mail,) = desk.done("GET", "/v1/emails")["data"]
    assert (mail["to"], mail["source"], mail["tracking"]["tracked"]) == (["kim@acme.example"], "export_email", False)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert mail["subject"].startswith("Email analytics, ") and str(yesterday.year) in mail["subject"]
    sqs = boto3.client("sqs", region_name=REGION)
    (queued,) = sqs.receive_message(QueueUrl=desk.stack.send_queue_url)["Messages"]
    assert mail["id"] in queued["Body"]
    shown = desk.done("GET", f"{PATH}/{made['id']}")
    assert shown["sent_for"] and shown["problem"] is None


def test_the_mail_brings_its_picture_along(desk):
    Account("account", REGION).create("acme", "Acme")
    made = added(desk, format="csv")
    put_back(made["id"])
    run()
    (mail,) = desk.done("GET", "/v1/emails")["data"]
    kept = Blobs(boto3.client("s3", region_name=REGION), "blobs").get("acme", mail["id"])
    picture, file = kept.attachments
    assert picture.content.startswith(b"\x89PNG") and picture.content_id == "chart" and 'src="cid:chart"' in kept.html
    assert file.filename.endswith(".csv") and file.content.startswith(b"\xef\xbb\xbfpart,from,to,sent")


def test_a_mailed_list_has_the_mails_themselves(desk):
    Account("account", REGION).create("acme", "Acme")
    sent = Desk(desk.stack).counted(SENT, DELIVERED)
    made = added(desk, report="sent-email-status", query={"status": "delivered"}, at="00:00", format="csv")
    put_back(made["id"])
    assert run()["sent"] == 1
    (brought,) = (one for one in desk.done("GET", "/v1/emails")["data"] if one["id"] != sent)
    kept = Blobs(boto3.client("s3", region_name=REGION), "blobs").get("acme", brought["id"])
    (row,) = csv.DictReader(io.StringIO(kept.attachments[1].content.decode("utf-8-sig"), newline=""))
    assert (row["id"], row["status"], row["direction"]) == (sent, "delivered", "outbound")
    assert (row["from"], row["to"]) == ("", ""), "the file is kept, also when somebody whose mail it lists is erased"


def test_a_group_that_has_users_is_taken(desk):
    desk.done("PUT", "/v1/users/kim", KIM | {"groups": ["West"]})
    made = added(desk, query={"group": "West"})
    assert desk.refused("PUT", f"{PATH}/{made['id']}", {"query": {"group": "East"}}) == ["/query/group"]


def test_a_user_is_taken_who_was_told_of_or_had_a_mail(desk):
    CellTable("reports", REGION).add({Place("acme", datetime.now(UTC).date().isoformat(), user="ina"): {"sent": 1}})
    assert desk.refused("POST", PATH, DAILY | {"query": {"user": "ina"}}) == ["/query/user"]
    report.report(scheduled(), Call())
    made = added(desk, query={"user": ["ina", "kim"]})
    assert desk.done("PUT", f"{PATH}/{made['id']}", {"query": {"user": "ina"}})["query"] == {"user": "ina"}


def test_of_two_runs_at_the_same_time_comes_one_mail(desk):
    """Both find that it is not there yet, and both take it in."""
    Account("account", REGION).create("acme", "Acme")
    put_back(added(desk)["id"])
    schedules = ReportSchedules("account", REGION)
    before = schedules.of("acme")
    parts = inform._parts().informing._replace(has_mail=lambda *_: False)
    for _ in range(2):
        schedules.change("acme", lambda _known: before)
        assert inform_all(parts, datetime.now(UTC), may_go_on=lambda: True).sent == 1
    assert len(desk.done("GET", "/v1/emails")["data"]) == 1


def test_who_is_erased_sends_no_report_any_more(desk):
    added(desk)
    kept = added(desk, **{"from": "Reports <reports@acme.example>"})
    assert ReportSchedules("account", REGION).erase("acme", "me@acme.example") == 1
    assert [one["id"] for one in desk.done("GET", PATH)["data"]] == [kept["id"]]
