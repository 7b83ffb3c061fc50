"""Requests that are told again with their Idempotency-Key: every POST of the document makes what it makes once."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from chalicelib.storage.report_schedules import ReportSchedules
from tests.entrypoints.every_route import (
    READER,
    Operation,
    Owner,
    forget_parts,
    hook,
    operations,
    reports_by_mail,
    request_of,
)
from tests.entrypoints.hanging import first_queued_last
from tests.moto_stack import REGION, data_stack

POSTS = [one for one in operations() if one.method == "POST"]
NEEDS_NONE = {"post_received_email", "cancel_email", "post_suppression"}
"""What is the same again by itself: a mail with a Message-ID, a cancelled mail, an address that gets no mail."""

OTHERWISE: dict[str, dict[str, Any]] = {
    "NewEmail": {"subject": "Another"},
    "NewCall": {"seconds": 31},
    "NewUpload": {"filename": "another.pdf"},
    "NewExport": {"address": "another.canary@example.com"},
    "NewErasure": {"address": "another.canary@example.com"},
    "NewReportSchedule": {"every": "week"},
    "NewWebhook": {"description": "another"},
    "NewReplay": {"to": "2036-01-01T00:00:00Z"},
}
"""By the schema of a body: what makes it another request."""

WITHOUT = {"call_id", "attachments"}
"""Fields that are left out: a name that a call is known by without a key; a file that nobody brought."""

EVERY = pytest.mark.parametrize("operation", POSTS, ids=lambda one: one.path)
MAKING = [one for one in POSTS if one.name not in NEEDS_NONE]
REPEATABLE = pytest.mark.parametrize("operation", MAKING, ids=lambda one: one.path)
WITH_A_BODY = pytest.mark.parametrize("operation", [one for one in MAKING if one.body], ids=lambda one: one.path)


class Teller(Owner):
    """An account that says the same whenever it says something again."""

    def __init__(self, stack: Any) -> None:
        super().__init__(stack)
        self.said = self.named
        self.said.bodies["NewEmail"]["to"] = "welcome@example.com"  # whom nobody suppressed


@pytest.fixture(scope="module")
def owner() -> Iterator[Teller]:
    with pytest.MonkeyPatch.context() as patch, data_stack() as stack:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        forget_parts()
        yield Teller(stack)
        forget_parts()


def ask(owner: Teller, operation: Operation, key: str, changes: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Status and answer of a request with this Idempotency-Key."""
    path, body = request_of(operation, owner.said)
    if body is not None:
        body = {name: value for name, value in body.items() if name not in WITHOUT} | (changes or {})
    return owner.office.call("POST", path, body, Idempotency_Key=key)[:2]


@REPEATABLE
def test_a_request_that_is_told_again_with_its_key_makes_nothing_new(owner: Teller, operation: Operation) -> None:
    key = secrets.token_hex(8)
    status, made = ask(owner, operation, key)
    assert status in (200, 201, 202), made
    before = owner.items()
    again_status, again = ask(owner, operation, key)
    assert (again_status, again["id"]) == (status, made["id"])
    assert again.get("secret") == made.get("secret")
    assert owner.items() == before
    assert ask(owner, operation, secrets.token_hex(8))[0] == status


@WITH_A_BODY
def test_a_key_that_comes_with_another_body_is_refused(owner: Teller, operation: Operation) -> None:
    assert operation.body
    key = secrets.token_hex(8)
    assert ask(owner, operation, key)[0] in (200, 201, 202)
    before = owner.items()
    status, problem = ask(owner, operation, key, OTHERWISE[operation.body])
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    assert owner.items() == before


@EVERY
@pytest.mark.parametrize("key", ["", "k" * 5_000, "a\x00b"], ids=["empty", "long", "not printable"])
def test_a_key_that_is_none_is_refused_by_every_post(owner: Teller, operation: Operation, key: str) -> None:
    before = owner.items()
    status, problem = ask(owner, operation, key)
    assert (status, problem["code"]) == (422, "invalid_idempotency_key")
    assert owner.items() == before


@EVERY
def test_the_document_names_the_key_where_it_makes_a_difference(operation: Operation) -> None:
    assert ("Idempotency-Key" in operation.parameters("header")) == (operation.name not in NEEDS_NONE)


def test_what_was_deleted_since_is_not_made_anew(owner: Teller) -> None:
    path, body = "/v1/report-schedules", reports_by_mail(READER)
    made = owner.office.call("POST", path, body, Idempotency_Key="deleted")[1]
    owner.office.done("DELETE", f"{path}/{made['id']}")
    status, problem, _ = owner.office.call("POST", path, body, Idempotency_Key="deleted")
    assert (status, problem["code"]) == (410, "gone")
    assert made["id"] not in ReportSchedules("account", REGION).of(owner.named.bodies["AccountChange"]["id"])


def test_a_request_that_was_refused_uses_up_no_key(owner: Teller) -> None:
    path = "/v1/report-schedules"
    assert owner.office.call("POST", path, reports_by_mail("nobody"), Idempotency_Key="refused")[0] == 422
    assert owner.office.call("POST", path, reports_by_mail(READER), Idempotency_Key="refused")[0] == 201


def test_who_was_taken_at_their_word_once_is_not_asked_again(owner: Teller) -> None:
    path, body = "/v1/report-schedules", reports_by_mail("leaver")
    owner.office.done("PUT", "/v1/users/leaver", {"name": "Leaver", "address": "leaver@example.com"})
    made = owner.office.call("POST", path, body, Idempotency_Key="leaver")[1]
    owner.office.done("DELETE", "/v1/users/leaver")
    assert owner.office.call("POST", path, body, Idempotency_Key="leaver")[:2] == (201, made)


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/v1/report-schedules", reports_by_mail(READER), {"every": "week"}),
        ("/v1/webhooks", hook("canary"), {"description": "another"}),
    ],
)
def test_what_is_one_too_many_uses_up_no_key(
    owner: Teller, path: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    added = []
    while (one := owner.office.call("POST", path, body))[0] == 201:
        added.append(one[1]["id"])
    assert owner.office.call("POST", path, body, Idempotency_Key="full")[1]["code"] == "too_many"
    for made in added:
        owner.office.done("DELETE", f"{path}/{made}")
    status, made, _ = owner.office.call("POST", path, body | other, Idempotency_Key="full")
    assert status == 201
    owner.office.done("DELETE", f"{path}/{made['id']}")


def test_a_replay_is_answered_again_when_its_days_are_not_kept_any_more(owner: Teller) -> None:
    path, now = f"/v1/webhooks/{owner.webhook_id}/replay", datetime.now(UTC)
    body = {"from": (now - timedelta(days=29, hours=23)).isoformat(), "to": (now - timedelta(days=29)).isoformat()}
    first = owner.office.call("POST", path, body, Idempotency_Key="old")[:2]
    assert first[0] == 202
    with time_machine.travel(now + timedelta(hours=2)):
        assert owner.office.call("POST", path, body)[0] == 422
        assert owner.office.call("POST", path, body, Idempotency_Key="old")[:2] == first


@pytest.mark.parametrize(
    "body",
    [
        {"emails": {"group": "leavers"}},
        {"report": "email-analytics", "query": {"by": ["date"], "group": ["leavers"]}},
    ],
    ids=["emails", "report"],
)
def test_an_export_is_answered_again_when_nobody_is_in_its_group_any_more(owner: Teller, body: dict[str, Any]) -> None:
    key = secrets.token_hex(4)
    owner.office.done("PUT", "/v1/users/last", {"name": "Last", "groups": ["leavers"]})
    first = owner.office.call("POST", "/v1/exports", body, Idempotency_Key=key)[:2]
    assert first[0] == 202
    owner.office.done("DELETE", "/v1/users/last")
    assert owner.office.call("POST", "/v1/exports", body)[0] == 422
    assert owner.office.call("POST", "/v1/exports", body, Idempotency_Key=key)[:2] == first


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/erasures", {"address": "lost.canary@example.com", "confirm": True}),
        ("/v1/exports", {"address": "lost.canary@example.com"}),
    ],
)
def test_a_job_stays_that_was_queued_while_the_first_request_for_it_hung(
    owner: Teller, path: str, body: dict[str, Any]
) -> None:
    def again() -> tuple[int, Any]:
        return owner.office.call("POST", path, body, Idempotency_Key="hangs")[:2]

    answers: list[tuple[int, Any]] = []
    with first_queued_last(lambda: answers.append(again())):
        assert again()[0] == 503
    [(status, job)] = answers
    assert status == 202
    assert owner.office.ask("GET", f"{path}/{job['id']}") == (200, job)
    assert again() == (202, job)


def test_a_job_that_could_not_be_queued_is_queued_when_it_is_asked_for_again(owner: Teller) -> None:
    path, body = "/v1/exports", {"address": "lost.canary@example.com"}
    with first_queued_last(lambda: None):
        assert owner.office.call("POST", path, body, Idempotency_Key="queue")[0] == 503
    status, job, _ = owner.office.call("POST", path, body, Idempotency_Key="queue")
    assert (status, owner.office.ask("GET", f"{path}/{job['id']}")) == (202, (200, job))


def test_whom_a_request_named_cannot_be_guessed_from_what_is_kept_of_its_key(owner: Teller) -> None:
    body = {"address": "guess.canary@example.com", "confirm": True}
    assert owner.office.call("POST", "/v1/erasures", body, Idempotency_Key="8d1f0c7e5b")[0] == 202
    guess = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    kept = json.dumps(owner.items(), default=str)
    assert "idempotency#" in kept and guess not in kept
