"""The API of scheduled mails: seen, cancelled, or too late."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import instant
from chalicelib.core.openapi_mail import Email
from chalicelib.storage.messages import Messages
from tests.entrypoints.test_api_emails import MAIL
from tests.moto_stack import REGION


def later(**ahead: float) -> str:
    return instant.show(datetime.now(UTC) + timedelta(**ahead))


def scheduled(office, **ahead: float) -> tuple[str, str]:
    at = later(**ahead)
    return office.done("POST", "/v1/emails", MAIL | {"scheduled_at": at})["id"], at


def test_a_scheduled_mail_is_shown_with_its_time_and_is_not_queued_yet(office):
    message_id, at = scheduled(office, days=3)
    mail = office.done("GET", f"/v1/emails/{message_id}")
    Email.model_validate(mail)
    assert (mail["sending"], mail["scheduled_at"], mail["status"]) == ("scheduled", at, None)
    assert mail["accepted_at"] < at
    assert office.queued() == []


def test_it_stands_in_the_list_at_the_time_when_it_goes_out(office):
    first, second = scheduled(office, days=3)[0], scheduled(office, days=2)[0]
    now = office.done("POST", "/v1/emails", MAIL)["id"]
    assert [mail["id"] for mail in office.done("GET", "/v1/emails")["data"]] == [first, second, now]


def test_a_time_with_an_offset_is_the_same_moment(office):
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    text = (at + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00")
    message_id = office.done("POST", "/v1/emails", MAIL | {"scheduled_at": text})["id"]
    assert office.done("GET", f"/v1/emails/{message_id}")["scheduled_at"] == instant.show(at)


@pytest.mark.parametrize("at", ["tomorrow", "2026-03-01T12:00:00", 5, "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_time_that_is_none_or_cannot_be_waited_for_is_named(office, at):
    assert office.refused("POST", "/v1/emails", MAIL | {"scheduled_at": at}) == ["/scheduled_at"]


@pytest.mark.parametrize("body", [None, {}])
def test_a_mail_that_waits_is_cancelled_once_and_again(office, body):
    message_id, _ = scheduled(office, days=3)
    for _ in range(2):
        status, mail, _ = office.call("POST", f"/v1/emails/{message_id}/cancel", body)
        assert (status, mail["id"], mail["sending"], mail["error"]) == (200, message_id, "cancelled", None)


def test_a_mail_that_is_being_sent_cannot_be_cancelled(office):
    message_id, _ = scheduled(office, minutes=5)
    messages = Messages("messages", REGION)
    message = messages.get("acme", message_id)
    messages.claim(message, "c", lease_ends_at=datetime.now(UTC) + timedelta(minutes=1), until=None)
    status, problem, _ = office.call("POST", f"/v1/emails/{message_id}/cancel")
    assert (status, problem["code"]) == (409, "not_cancellable")
    assert "sending" in problem["detail"]


def test_a_mail_of_another_account_or_none_is_not_there(office):
    message_id, _ = scheduled(office, days=3)
    other = office.new_key("other")
    for path, key in ((message_id, other), ("f" * 32, None), ("nonsense", None)):
        assert office.call("POST", f"/v1/emails/{path}/cancel", key=key)[0] == 404
    assert office.done("GET", f"/v1/emails/{message_id}")["sending"] == "scheduled"


def test_cancelling_asks_for_nothing_and_needs_the_scope_send(office):
    message_id, _ = scheduled(office, days=3)
    assert office.refused("POST", f"/v1/emails/{message_id}/cancel", {"why": "x"}) == ["/why"]
    assert office.call("POST", f"/v1/emails/{message_id}/cancel", key=office.new_key(scopes=("read",)))[0] == 403
