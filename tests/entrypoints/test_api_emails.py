"""The API of mails, through Chalice's dispatcher, on tables in process."""

import json
import secrets
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from chalice.test import Client

from app import app
from chalicelib.core import event as events
from chalicelib.core.apikey import ApiKey, make
from chalicelib.core.change import Change
from chalicelib.core.event import Kind
from chalicelib.core.refold import Fold, Step
from chalicelib.core.summary import summarise
from chalicelib.entrypoints import api_emails, calls
from chalicelib.storage.account import Account
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from tests.moto_stack import REGION

MAIL = {
    "from": "Me <me@example.com>",
    "to": "anna@example.com",
    "subject": "Quote",
    "html": '<a href="https://example.com/q?a=1&amp;b=2">Quote</a>',
}


class Api:
    """The API as a program sees it, with a key of one account."""

    def __init__(self, stack) -> None:
        self.client, self.stack = Client(app), stack
        self.accounts = Account("account", REGION)
        self.key = self.new_key("acme")

    def new_key(self, account="acme", scopes=("send", "read"), **changes) -> str:
        key_id, text, secret_hash = make(secrets.token_bytes)
        now = datetime.now(UTC)
        self.accounts.add_key(ApiKey(key_id, account, "test", frozenset(scopes), secret_hash, now, **changes))
        return text

    def call(self, method, path, body=None, key=None, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        sent = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        answer = self.client.http.request(method, path, headers=sent, body=raw)
        return answer.status_code, json.loads(answer.body), answer.headers

    def queued(self) -> list[str]:
        sqs = boto3.client("sqs", region_name=REGION)
        got = sqs.receive_message(QueueUrl=self.stack.send_queue_url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"])["message_id"] for one in got]

    def blobs(self) -> list[str]:
        found = boto3.client("s3", region_name=REGION).list_objects_v2(Bucket=self.stack.bucket)
        return [one["Key"] for one in found.get("Contents", [])]

    def nothing_happened(self) -> bool:
        return not self.queued() and not self.blobs() and not self.call("GET", "/v1/emails")[1]["data"]


@pytest.fixture
def api(stack):
    api_emails._parts.cache_clear()
    yield Api(stack)
    api_emails._parts.cache_clear()


def test_a_mail_is_taken_queued_and_shown(api):
    status, taken, _ = api.call("POST", "/v1/emails", MAIL | {"record": {"module": "leads", "record_id": "4711"}})
    assert status == 202
    assert taken == {"object": "email", "id": taken["id"]}
    assert api.queued() == [taken["id"]]
    status, mail, _ = api.call("GET", f"/v1/emails/{taken['id']}")
    assert status == 200
    assert mail["sending"] == "queued"
    assert mail["status"] is None
    assert mail["record"] == {"module": "leads", "record_id": "4711"}
    assert mail["tracking"]["tracked"] is True
    assert mail["clicks"]["links"] == [
        {"position": 0, "url": "https://example.com/q?a=1&b=2", "count": 0, "machine": 0}
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"html": None, "text": "Hi"}, "plain_text"),
        ({"to": ["a@b.test", "c@d.test"]}, "multiple_recipients"),
        ({"bcc": "c@d.test"}, "multiple_recipients"),
        ({"tracking": {"opens": False, "clicks": False}}, "mail_off"),
    ],
)
def test_an_untracked_mail_says_why(api, changes, reason):
    body = {key: value for key, value in (MAIL | changes).items() if value is not None}
    _, taken, _ = api.call("POST", "/v1/emails", body)
    tracking = api.call("GET", f"/v1/emails/{taken['id']}")[1]["tracking"]
    assert (tracking["tracked"], tracking["reason"], tracking["mode"]) == (False, reason, "off")


def test_the_list_is_paged_newest_first_and_its_cursors_lead_both_ways(api):
    ids = [api.call("POST", "/v1/emails", MAIL | {"subject": f"{number}"})[1]["id"] for number in range(5)]
    first = api.call("GET", "/v1/emails?limit=2")[1]
    second = api.call("GET", f"/v1/emails?limit=2&after={first['after']}")[1]
    third = api.call("GET", f"/v1/emails?limit=2&after={second['after']}")[1]
    back = api.call("GET", f"/v1/emails?limit=2&before={third['before']}")[1]
    assert [[mail["id"] for mail in page["data"]] for page in (first, second, third, back)] == [
        [ids[4], ids[3]],
        [ids[2], ids[1]],
        [ids[0]],
        [ids[2], ids[1]],
    ]
    assert [page["has_more"] for page in (first, second, third, back)] == [True, True, False, True]
    assert api.call("GET", "/v1/emails?limit=1", key=api.new_key("other"))[1]["data"] == []


def test_what_happened_is_shown_with_the_state_it_made(api):
    message_id = api.call("POST", "/v1/emails", MAIL)[1]["id"]
    messages, table = Messages("messages", REGION), Events("events", REGION)
    now = datetime.now(UTC)
    happened = [
        events.make(message_id, "s", Kind.SENT, now, ses_message_id="ses-1"),
        events.make(message_id, "d", Kind.DELIVERED, now + timedelta(seconds=1), recipient="anna@example.com"),
        events.make(message_id, "c", Kind.CLICKED, now + timedelta(seconds=9), method="GET", position=0),
    ]
    for one in happened:
        table.put(one, now + timedelta(days=1))
    folds = Folds(messages, table, CellTable("reports", REGION), Notices("outbox", REGION))
    found, _ = folds.find(message_id)
    folds.store([Change(found, Step(Fold(summarise(happened)), (), False))])
    mail = api.call("GET", f"/v1/emails/{message_id}")[1]
    assert (mail["status"], mail["sending"]) == ("clicked", "sent")
    assert (mail["opens"]["count"], mail["clicks"]["count"]) == (1, 1)
    assert mail["clicks"]["links"][0]["count"] == 1
    assert mail["recipients"][0]["status"] == "delivered"
    shown = api.call("GET", f"/v1/emails/{message_id}/events?limit=2")[1]
    assert [event["type"] for event in shown["data"]] == ["clicked", "delivered"]
    rest = api.call("GET", f"/v1/emails/{message_id}/events?after={shown['after']}")[1]
    assert [event["type"] for event in rest["data"]] == ["sent"]


def test_an_idempotency_key_makes_one_mail_of_two_requests(api):
    answers = [api.call("POST", "/v1/emails", MAIL, Idempotency_Key="order-1") for _ in range(2)]
    assert answers[0][:2] == answers[1][:2]
    assert api.queued() == [answers[0][1]["id"]]
    assert len(api.blobs()) == 1
    status, problem, _ = api.call("POST", "/v1/emails", MAIL | {"subject": "Other"}, Idempotency_Key="order-1")
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    status, other, _ = api.call("POST", "/v1/emails", MAIL, api.new_key("other"), Idempotency_Key="order-1")
    assert (status, other["id"] == answers[0][1]["id"]) == (202, False)


def test_a_refused_mail_uses_up_no_idempotency_key(api):
    assert api.call("POST", "/v1/emails", MAIL | {"to": []}, Idempotency_Key="k")[0] == 422
    assert api.call("POST", "/v1/emails", MAIL, Idempotency_Key="k")[0] == 202


BAD = {
    "malformed JSON": (b'{"from": ', 400, "malformed_json", None),
    "not UTF-8": (b'{"from": "\xff"}', 400, "malformed_json", None),
    "a number that JSON does not know": (b'{"from": NaN}', 400, "malformed_json", None),
    "a field twice": (b'{"to": "a@b.test", "to": "c@d.test"}', 400, "malformed_json", None),
    "no object": (b"[1]", 422, "invalid_input", ""),
    "a wrong type": (MAIL | {"subject": 7}, 422, "invalid_input", "/subject"),
    "an unknown field": (MAIL | {"colour": "red"}, 422, "invalid_input", "/colour"),
    "a line break in a header": (MAIL | {"headers": {"X": "a\r\nBcc: x@y.test"}}, 422, "invalid_input", "/headers/X"),
    "51 recipients": (MAIL | {"to": ["a@b.test"] * 51}, 422, "invalid_input", "/to"),
    "an over-large mail": (b" " * (calls.LARGEST_REQUEST + 1), 413, "too_large", ""),
}


@pytest.mark.parametrize(("body", "status", "code", "pointer"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_a_problem_that_names_the_field_and_changes_nothing(api, body, status, code, pointer):
    answered, problem, headers = api.call("POST", "/v1/emails", body)
    assert (answered, problem["status"], problem["code"]) == (status, status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in problem.get("errors", [])] == ([] if pointer is None else [pointer])
    assert api.nothing_happened()


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=²", "colour=red", "after=abc", "before="])
def test_bad_queries_name_the_parameter(api, query):
    status, problem, _ = api.call("GET", f"/v1/emails?{query}")
    assert status == 422
    assert problem["errors"][0]["pointer"] == "/" + query.split("=")[0]


def test_a_cursor_of_another_account_is_refused(api):
    for number in range(2):
        api.call("POST", "/v1/emails", MAIL | {"subject": f"{number}"})
    cursor = api.call("GET", "/v1/emails?limit=1")[1]["after"]
    assert api.call("GET", f"/v1/emails?after={cursor}", key=api.new_key("other"))[0] == 422


def test_a_mail_of_another_account_is_not_there(api):
    message_id = api.call("POST", "/v1/emails", MAIL)[1]["id"]
    other = api.new_key("other")
    for path in (
        f"/v1/emails/{message_id}",
        f"/v1/emails/{message_id}/events",
        "/v1/emails/x",
        f"/v1/emails/{'a' * 3_000}/events",
    ):
        status, problem, _ = api.call("GET", path, key=other)
        assert (status, problem["code"]) == (404, "not_found")


def test_keys_that_are_wrong_expired_revoked_or_too_weak_are_refused(api):
    past = datetime.now(UTC) - timedelta(seconds=1)
    unknown = "ms_" + "0" * 16 + "_" + "0" * 64
    for key in ("x", unknown, api.key[:-1] + "x", api.new_key(expires_at=past), api.new_key(revoked_at=past)):
        status, problem, headers = api.call("POST", "/v1/emails", MAIL, key=key)
        assert (status, problem["code"]) == (401, "invalid_key")
        assert headers["WWW-Authenticate"].startswith("Bearer")
    assert api.call("POST", "/v1/emails", MAIL, key=api.new_key(scopes=("read",)))[0] == 403
    assert api.call("GET", "/v1/emails", key=api.new_key(scopes=("send",)))[0] == 403
    assert api.nothing_happened()


def test_what_chalice_itself_refuses_is_a_problem_too(api):
    for method, path, headers, status, code in (
        ("DELETE", "/v1/emails", {}, 405, "method_not_allowed"),
        ("POST", "/v1/emails", {"Content_Type": "text/plain"}, 415, "unsupported_media_type"),
    ):
        answered, problem, sent = api.call(method, path, MAIL, **headers)
        assert (answered, problem["code"], sent["Content-Type"]) == (status, code, "application/problem+json")
    assert api.nothing_happened()


def test_a_mail_is_taken_although_the_queue_is_down(api):
    boto3.client("sqs", region_name=REGION).delete_queue(QueueUrl=api.stack.send_queue_url)
    status, taken, _ = api.call("POST", "/v1/emails", MAIL)
    assert status == 202
    assert api.call("GET", f"/v1/emails/{taken['id']}")[1]["sending"] == "queued"


def test_a_failure_of_ours_is_a_problem_without_details(api):
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName="account")
    status, problem, _ = api.call("GET", "/v1/emails")
    assert (status, problem["code"]) == (500, "internal_error")
    assert "account" not in json.dumps(problem)


@pytest.mark.parametrize("key", ["", "k" * 256, "a\x00b"])
def test_an_idempotency_key_that_is_none_is_refused(api, key):
    status, problem, _ = api.call("POST", "/v1/emails", MAIL, Idempotency_Key=key)
    assert (status, problem["code"]) == (422, "invalid_idempotency_key")
    assert api.nothing_happened()


def test_parameters_are_refused_where_there_are_none(api):
    message_id = api.call("POST", "/v1/emails", MAIL)[1]["id"]
    for method, path in (("POST", "/v1/emails?x=1"), ("GET", f"/v1/emails/{message_id}?x=1")):
        status, problem, _ = api.call(method, path, MAIL if method == "POST" else None)
        assert (status, problem["errors"][0]["pointer"]) == (422, "/x")


def test_an_answer_names_at_most_a_hundred_errors(api):
    status, problem, _ = api.call("POST", "/v1/emails", MAIL | {f"field{number}": 1 for number in range(5_000)})
    assert (status, len(problem["errors"])) == (422, 100)
