"""The API for who sends through SES by themselves, through Chalice's dispatcher, on tables in process."""

import pytest

from chalicelib.core.openapi_mail import PreparedEmail
from chalicelib.entrypoints import api_emails, api_prepare
from tests.entrypoints.test_api_emails import MAIL, Api

PREPARE = "/v1/emails/prepare"


@pytest.fixture
def api(stack):
    for module in (api_emails, api_prepare):
        module._parts.cache_clear()
    yield Api(stack)
    for module in (api_emails, api_prepare):
        module._parts.cache_clear()


def test_a_mail_is_given_back_with_all_that_ses_wants_and_is_not_sent(api):
    mail = MAIL | {"tags": [{"name": "plan", "value": "gold"}], "source": "mass_email"}
    status, prepared, headers = api.call("POST", PREPARE, mail)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    PreparedEmail.model_validate(prepared)
    message_id = prepared["id"]
    assert prepared["tags"] == [
        {"name": "mailsight_message_id", "value": message_id},
        {"name": "plan", "value": "gold"},
    ]
    assert prepared["configuration_set"] == "mailsight"
    assert prepared["headers"]["X-SES-CONFIGURATION-SET"] == "mailsight"
    assert prepared["headers"]["X-SES-MESSAGE-TAGS"] == f"mailsight_message_id={message_id}, plan=gold"
    assert prepared["headers"]["List-Unsubscribe"].startswith("<https://t.example.com/u/")
    assert "https://t.example.com/o/" in prepared["html"] and "https://t.example.com/c/" in prepared["html"]
    assert prepared["until"] == prepared["tracking"]["until"] is not None
    shown = api.call("GET", f"/v1/emails/{message_id}")[1]
    assert (shown["sending"], shown["status"], shown["sent_at"]) == ("prepared", None, None)
    assert shown["tracking"] == prepared["tracking"]
    assert api.queued() == []


def test_the_same_request_again_is_answered_alike_and_another_one_is_refused(api):
    again = [api.call("POST", PREPARE, MAIL, Idempotency_Key="k")[:2] for _ in range(2)]
    assert again[0] == again[1]
    status, problem, _ = api.call("POST", PREPARE, MAIL | {"subject": "x"}, Idempotency_Key="k")
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    assert api.call("POST", "/v1/emails", MAIL, Idempotency_Key="k")[1]["id"] != again[0][1]["id"]


def test_what_is_not_kept_any_more_is_gone(api):
    message_id = api.call("POST", PREPARE, MAIL, Idempotency_Key="k")[1]["id"]
    api_prepare._parts().contents.delete("acme", message_id)
    status, problem, _ = api.call("POST", PREPARE, MAIL, Idempotency_Key="k")
    assert (status, problem["code"]) == (410, "gone")


def test_bad_input_is_named_and_the_scope_is_that_of_sending(api):
    status, problem, _ = api.call("POST", PREPARE, MAIL | {"to": "nobody", "x": 1})
    assert (status, {error["pointer"] for error in problem["errors"]}) == (422, {"/to/0", "/x"})
    assert api.call("POST", PREPARE, MAIL, key=api.new_key(scopes=("read", "admin")))[0] == 403
    assert api.call("POST", PREPARE, MAIL, key="x")[0] == 401
    assert api.nothing_happened()
