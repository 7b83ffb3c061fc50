"""Exports and erasures as a program asks for them, and the function that does them."""

import json
from datetime import UTC, datetime

import boto3
import pytest

from chalicelib.core.cell import Place
from chalicelib.core.openapi_people import Erasure, Export
from chalicelib.core.report_query import USUAL_ROWS
from chalicelib.entrypoints import api_people, people, report
from chalicelib.storage.cells import CellTable
from chalicelib.storage.jobs import Jobs
from chalicelib.storage.suppressions import Suppressions
from tests.entrypoints.permitting import ANNA, Office, may_only
from tests.entrypoints.test_api_emails import MAIL
from tests.entrypoints.test_api_reports import build, today
from tests.moto_stack import REGION

ERASE = {"address": ANNA, "confirm": True}


@pytest.fixture
def desk(office):
    for module in (api_people, people, report):
        module._parts.cache_clear()
    yield office
    for module in (api_people, people, report):
        module._parts.cache_clear()


def queued(desk: Office) -> list[str]:
    sqs = boto3.client("sqs", region_name=REGION)
    url = desk.stack.environment["MAILSIGHT_PEOPLE_QUEUE_URL"]
    return [one["Body"] for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


class Call:
    """Lambda's context of a call that has this much time left."""

    function_name = "people"

    def __init__(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def worked(body: str, received: int = 1, milliseconds: int = 300_000) -> bool:
    """Hands a queued job to the function; whether it is not to be brought again."""
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(received)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:people",
        "awsRegion": REGION,
    }
    answer = people.people({"Records": [record]}, Call(milliseconds))
    return answer["batchItemFailures"] == []


@pytest.mark.parametrize("path", ["/v1/exports", "/v1/erasures"])
def test_a_job_is_begun_with_202_and_queued_by_its_id_alone(desk, path):
    status, job = desk.ask("POST", path, ERASE if "erasures" in path else {"address": f"Anna <{ANNA.upper()}>"})
    assert (status, job["status"], job["object"]) == (202, "queued", path.removeprefix("/v1/").removesuffix("s"))
    (body,) = queued(desk)
    assert json.loads(body) == {"account": "acme", "job_id": job["id"]}
    assert desk.done("GET", f"{path}/{job['id']}") == job
    assert ANNA not in json.dumps(job)


def test_an_export_is_done_by_the_function_and_can_be_fetched(desk):
    desk.done("POST", "/v1/emails", MAIL)
    job = desk.done("POST", "/v1/exports", {"address": ANNA})
    assert worked(queued(desk)[0])
    shown = desk.done("GET", f"/v1/exports/{job['id']}")
    assert (shown["status"], shown["counts"]) == ("done", {"looked_at": 1, "mails": 1, "events": 0})
    (file,) = shown["files"]
    assert "X-Amz-Signature=" in file["url"] and "X-Amz-Expires=900" in file["url"] and file["size"] > 100
    Export.model_validate(shown)


def test_an_erasure_is_done_in_two_calls_with_a_rest_between_them(desk):
    desk.done("POST", "/v1/emails", MAIL)
    job = desk.done("POST", "/v1/erasures", ERASE)
    (body,) = queued(desk)
    assert worked(body)
    running = desk.done("GET", f"/v1/erasures/{job['id']}")
    assert (running["status"], running["finished_at"]) == ("running", None)
    Erasure.model_validate(running)
    (mail,) = desk.done("GET", "/v1/emails")["data"]
    assert mail["erased_at"] and mail["to"] == [] and mail["from"] is None
    assert desk.done("GET", f"/v1/emails/{mail['id']}/events")["data"] == []


@pytest.mark.parametrize("path", ["/v1/exports", "/v1/erasures"])
@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"address": "anna at home"}, "/address"), ({"address": None}, "/address"), ({"everything": True}, "/everything")],
)
def test_what_is_wrong_is_named_and_begins_nothing(desk, path, changes, pointer):
    body = (ERASE if "erasures" in path else {"address": ANNA}) | changes
    assert desk.refused("POST", path, body) == [pointer]
    assert queued(desk) == []


@pytest.mark.parametrize("confirm", [{}, {"confirm": False}, {"confirm": "yes"}])
def test_an_erasure_that_is_not_confirmed_is_refused(desk, confirm):
    assert desk.refused("POST", "/v1/erasures", {"address": ANNA} | confirm) == ["/confirm"]


def test_a_job_is_seen_by_its_account_only_and_under_its_own_name(desk):
    job = desk.done("POST", "/v1/exports", {"address": ANNA})
    other = desk.new_key("other", ("admin",))
    assert desk.call("GET", f"/v1/exports/{job['id']}", key=other)[0] == 404
    assert desk.ask("GET", f"/v1/erasures/{job['id']}")[0] == 404
    assert desk.ask("GET", "/v1/exports/none")[0] == 404


def test_only_a_key_that_may_run_the_account_may_do_it(desk):
    job = desk.done("POST", "/v1/erasures", ERASE)
    assert may_only(desk, f"/v1/erasures/{job['id']}", "GET", "admin")
    key = desk.new_key(scopes=("send", "read"))
    assert [desk.call("POST", path, ERASE, key=key)[0] for path in ("/v1/exports", "/v1/erasures")] == [403, 403]


def test_a_job_that_cannot_be_queued_is_not_begun(desk):
    boto3.client("sqs", region_name=REGION).delete_queue(QueueUrl=desk.stack.environment["MAILSIGHT_PEOPLE_QUEUE_URL"])
    status, problem, headers = desk.call("POST", "/v1/exports", {"address": ANNA})
    assert (status, problem["code"], headers["Retry-After"]) == (503, "queue_unavailable", "5")
    assert list(Jobs("account", REGION).of("acme")) == []


def test_a_job_that_fails_the_tenth_time_says_so_and_goes_on_when_it_is_brought_back(desk):
    job = desk.done("POST", "/v1/exports", {"address": ANNA})
    (body,) = queued(desk)
    s3 = boto3.client("s3", region_name=REGION)
    s3.delete_bucket(Bucket="blobs")
    assert not worked(body, received=9)
    assert desk.done("GET", f"/v1/exports/{job['id']}")["status"] == "queued"
    assert not worked(body, received=people.LAST_TRY)
    failed = desk.done("GET", f"/v1/exports/{job['id']}")
    assert (failed["status"], failed["error"]) == ("failed", people.FAILED)
    s3.create_bucket(Bucket="blobs", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert worked(body)
    assert desk.done("GET", f"/v1/exports/{job['id']}")["error"] is None


def test_a_job_that_is_done_or_gone_is_let_go(desk):
    job = desk.done("POST", "/v1/exports", {"address": ANNA})
    (body,) = queued(desk)
    assert worked(body) and worked(body)
    assert len(desk.done("GET", f"/v1/exports/{job['id']}")["files"]) == 1
    assert worked(json.dumps({"account": "acme", "job_id": "0" * 32}))


def test_a_call_without_time_left_puts_its_job_back_in_line(desk):
    desk.done("POST", "/v1/erasures", ERASE)
    (body,) = queued(desk)
    assert worked(body, milliseconds=people.SPARE_MILLISECONDS)
    assert queued(desk) == [body]


def test_a_lifted_suppression_of_an_erased_person_is_lifted(desk):
    desk.done("POST", "/v1/suppressions", {"address": ANNA})
    keys = api_people._parts().keys
    assert Suppressions("account", REGION, keys).erase("acme", ANNA, datetime.now(UTC)) == 1
    assert desk.done("GET", "/v1/suppressions", address=ANNA)["data"][0]["address"] is None
    assert desk.refused("POST", "/v1/emails", MAIL) == ["/to/0"]
    assert desk.done("DELETE", "/v1/suppressions", address=ANNA)["in_force"] is False
    desk.done("POST", "/v1/emails", MAIL)


def test_a_report_is_exported_with_all_its_rows_by_the_function(desk):
    more = USUAL_ROWS + 1
    CellTable("reports", REGION).add({Place("acme", today(), user=f"u{one}"): {"sent": 1} for one in range(more)})
    build()
    query = {"period": "today", "by": "user", "compare": "previous"}
    status, job = desk.ask("POST", "/v1/exports", {"report": "email-analytics", "query": query, "format": "csv"})
    assert (status, job["of"], job["counts"], job["progress"]) == (202, "report", {"rows": 0}, 0.0)
    (body,) = queued(desk)
    assert worked(body)
    shown = desk.done("GET", f"/v1/exports/{job['id']}")
    assert (shown["status"], shown["counts"], shown["error"]) == ("done", {"rows": more}, None)
    assert "email-analytics_" in shown["files"][0]["url"]
    Export.model_validate(shown)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"report": "weather"}, "/report"),
        ({"report": "sent-email-status"}, "/report"),
        ({"report": "top-users", "emails": {}}, "/address"),
        ({"emails": {}, "query": {}}, "/query"),
        ({"report": "email-analytics", "query": {"by": "user", "limit": 10}}, "/query/limit"),
        ({"report": "email-analytics", "query": {"by": "weather"}}, "/query/by"),
        ({"report": "email-analytics", "query": {"user": "nobody"}}, "/query/user"),
        ({"report": "email-analytics", "query": {"group": "none"}}, "/query/group"),
    ],
)
def test_what_no_report_is_made_of_is_named_and_nothing_begins(desk, body, pointer):
    assert desk.refused("POST", "/v1/exports", body) == [pointer]
    assert queued(desk) == []
