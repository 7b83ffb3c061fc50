"""SES's own API, as API Gateway hands its requests to the function, on tables in process."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app import app
from chalicelib.core import ses_credential
from chalicelib.core.apikey import ApiKey
from chalicelib.core.token import Keys
from chalicelib.entrypoints import api_emails, api_ses, calls
from chalicelib.settings import read
from tests.entrypoints.metric_lines import counted_in
from tests.entrypoints.test_api_emails import Api

EVENT = json.loads((Path(__file__).parents[1] / "events" / "http_api" / "ses-1.0.json").read_text())
PATH = "/v2/email/outbound-emails"
HOST = EVENT["requestContext"]["domainName"]
MAIL: dict[str, Any] = {
    "FromEmailAddress": "me@example.com",
    "Destination": {"ToAddresses": ["anna@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Html": {"Data": "<p>Hi ü</p>"}}}},
}


class Ses:
    """The API as an SDK sees it, with a credential of one account."""

    def __init__(self, stack) -> None:
        self.api = Api(stack)
        self.keys: Keys = read().keys
        self.key_id, self.secret = self.credential()

    def credential(self, account="acme", scopes=("send",), keys=None, **changes) -> tuple[str, str]:
        key_id = ses_credential.make(keys or self.keys, secrets.token_bytes)
        made = {"secret_hash": "", "created_at": datetime.now(UTC), "kind": ses_credential.KIND} | changes
        self.api.accounts.add_key(ApiKey(key_id, account, "test", frozenset(scopes), **made))
        return key_id, ses_credential.secret_of(key_id, keys or self.keys) or ""

    def call(self, body=MAIL, *, credential=None, stage="", **headers) -> tuple[int, Any, dict[str, str]]:
        """Status, answer and headers of a request that is signed as botocore signs it."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        url = f"https://{HOST}{stage}{PATH}"
        given = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        request: Any = AWSRequest(method="POST", url=url, data=raw, headers=given)
        SigV4Auth(Credentials(*(credential or (self.key_id, self.secret))), "ses", "us-west-2").add_auth(request)
        context = {**EVENT["requestContext"], "path": f"{stage}{PATH}"}
        sent = {**dict(request.headers.items()), "Host": HOST}
        answer = app({**EVENT, "headers": sent, "requestContext": context, "body": raw.decode()}, None)
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    def refused(self, body=MAIL, **how) -> tuple[int, str]:
        status, answer, headers = self.call(body, **how)
        assert headers["x-amzn-ErrorType"] == answer["__type"]
        assert answer["message"]
        return status, answer["__type"]


@pytest.fixture
def ses(stack):
    for module in (api_emails, api_ses):
        module._parts.cache_clear()
    yield Ses(stack)
    for module in (api_emails, api_ses):
        module._parts.cache_clear()


def test_a_signed_mail_is_taken_queued_and_shown_by_the_other_api(ses, capsys):
    status, answer, headers = ses.call()
    assert (status, headers["Content-Type"], answer.keys()) == (200, "application/json", {"MessageId"})
    assert ses.api.queued() == [answer["MessageId"]]
    mail = ses.api.call("GET", f"/v1/emails/{answer['MessageId']}")[1]
    assert (mail["sending"], mail["source"], mail["to"]) == ("queued", "api", ["anna@example.com"])
    assert counted_in(capsys.readouterr().out)["MailAccepted"] == 1


def test_the_path_is_checked_as_it_was_signed_in_front_of_a_stage(ses):
    assert ses.call(stage="/api")[0] == 200


def test_tries_of_one_call_are_one_mail_and_calls_are_one_each(ses):
    tries = [ses.call(amz_sdk_invocation_id="one", amz_sdk_request=f"attempt={n}")[1]["MessageId"] for n in range(2)]
    other = ses.call(amz_sdk_invocation_id="other")[1]["MessageId"]
    assert tries[0] == tries[1] != other
    assert ses.refused(MAIL | {"FromEmailAddress": "you@example.com"}, amz_sdk_invocation_id="one") == (
        400,
        "BadRequestException",
    )


UNKNOWN = (403, "UnrecognizedClientException")


def test_one_answer_for_every_credential_that_is_none(ses):
    now = datetime.now(UTC)
    assert ses.refused(credential=(ses_credential.make(ses.keys, secrets.token_bytes), "x")) == UNKNOWN
    assert ses.refused(credential=("AKIAIOSFODNN7EXAMPLE", "x")) == UNKNOWN
    assert ses.refused(credential=ses.credential(revoked_at=now)) == UNKNOWN
    assert ses.refused(credential=ses.credential(expires_at=now - timedelta(seconds=1))) == UNKNOWN
    assert ses.refused(credential=ses.credential(keys=Keys({9: b"of another time" * 4}))) == UNKNOWN
    assert ses.api.nothing_happened()


def test_a_revoked_credential_is_refused_at_once(ses):
    assert ses.api.accounts.revoke_key(ses.key_id, datetime.now(UTC))
    assert ses.refused() == UNKNOWN


def test_a_credential_of_either_api_is_none_of_the_other(ses):
    bearer = ses.api.new_key().split("_")
    assert ses.refused(credential=(bearer[1], bearer[2])) == UNKNOWN
    assert ses.api.call("GET", "/v1/emails", key=f"ms_{ses.key_id}_{ses.secret}")[0] == 401
    hidden = ApiKey("0" * 16, "acme", "x", frozenset({"read"}), "", datetime.now(UTC), kind=ses_credential.KIND)
    ses.api.accounts.add_key(hidden)
    assert ses.api.call("GET", "/v1/emails", key=f"ms_{'0' * 16}_{'0' * 64}")[0] == 401


def test_a_wrong_secret_and_a_clock_that_is_wrong_are_told_apart(ses):
    assert ses.refused(credential=(ses.key_id, "x" * 40)) == (403, "InvalidSignatureException")
    signed_at = datetime.now(UTC) - timedelta(minutes=16)
    with time_machine.travel(signed_at, tick=False):
        request: Any = AWSRequest(method="POST", url=f"https://{HOST}{PATH}", data=b"{}")
        SigV4Auth(Credentials(ses.key_id, ses.secret), "ses", "us-west-2").add_auth(request)
    sent = {**dict(request.headers.items()), "Host": HOST, "Content-Type": "application/json"}
    answer = app({**EVENT, "headers": sent, "body": "{}"}, None)
    assert answer["statusCode"] == 403
    assert "Signature expired" in json.loads(answer["body"])["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"[]",
        {},
        MAIL | {"Unknown": 1},
        MAIL | {"Destination": {"ToAddresses": ["nobody"]}},
        {**MAIL, "Content": {"Raw": {"Data": "!"}}},
    ],
)
def test_what_cannot_be_read_is_a_bad_request(ses, body):
    assert ses.refused(body) == (400, "BadRequestException")
    assert ses.api.nothing_happened()


def test_a_request_that_is_too_large_is_a_bad_request(ses):
    assert ses.refused(b'"' + b"x" * calls.LARGEST_REQUEST + b'"') == (400, "BadRequestException")


def test_a_suppressed_recipient_is_a_rejected_message(ses):
    office = ses.api.new_key(scopes=("admin",))
    ses.api.call("POST", "/v1/suppressions", {"address": "anna@example.com"}, key=office)
    assert ses.refused() == (400, "MessageRejected")


def test_calls_over_the_rate_of_a_credential_are_told_to_wait(ses):
    credential = ses.credential(rate_limit=1)
    with time_machine.travel(datetime.now(UTC), tick=False):
        assert ses.call(credential=credential)[0] == 200
        status, answer, headers = ses.call(credential=credential)
    assert (status, answer["__type"]) == (429, "TooManyRequestsException")
    assert int(headers["Retry-After"]) > 0


def test_each_answer_to_a_credential_tells_how_many_more_calls_it_may_make(ses):
    credential = ses.credential(rate_limit=3)
    with time_machine.travel(datetime.now(UTC), tick=False):
        told = [ses.call(body, credential=credential)[::2] for body in (MAIL, b"nonsense", MAIL, MAIL)]
        wrong_scope = ses.call(credential=ses.credential(scopes=("read",)))[2]
        unknown = ses.call(credential=(ses.key_id, "x" * 40))[2]
    assert [status for status, _ in told] == [200, 400, 200, 429]
    assert [headers["RateLimit-Remaining"] for _, headers in told] == ["2", "1", "0", "0"]
    assert {headers["RateLimit-Limit"] for _, headers in told} == {"3"}
    assert all(0 < int(headers["RateLimit-Reset"]) <= 60 for _, headers in told)
    assert wrong_scope["RateLimit-Limit"] == "600"
    assert not any(name.startswith("RateLimit") for name in unknown), "who proves nothing is told nothing"


def test_a_mail_of_another_account_s_credential_is_that_account_s(ses):
    """This route is none of the document, so the matrix of routes (test_every_route.py) is here by hand."""
    ses.api.call("POST", "/v1/suppressions", {"address": "anna@example.com"}, key=ses.api.new_key(scopes=("admin",)))
    stranger = ses.credential("berg")
    mails = {}
    for account, mine in (("acme", (ses.key_id, ses.secret)), ("berg", stranger)):
        to = MAIL | {"Destination": {"ToAddresses": ["raj@example.com"]}}
        mails[account] = ses.call(to, credential=mine, amz_sdk_invocation_id="one")[1]["MessageId"]
    assert mails["acme"] != mails["berg"], "a try that is named alike is another account's"
    assert ses.call(credential=stranger)[0] == 200, "whom another account suppresses"
    for account, other in (("acme", "berg"), ("berg", "acme")):
        reader = ses.api.new_key(account, ("read",))
        assert ses.api.call("GET", f"/v1/emails/{mails[account]}", key=reader)[0] == 200
        assert ses.api.call("GET", f"/v1/emails/{mails[other]}", key=reader)[0] == 404
        shown = json.dumps(ses.api.call("GET", "/v1/emails", key=reader)[1])
        assert mails[account] in shown and mails[other] not in shown
    mixed = (stranger[0], ses.secret)
    assert ses.refused(credential=mixed) == (403, "InvalidSignatureException")


@pytest.mark.parametrize("scopes", [("read",), ("admin",), ("read", "admin"), ()])
def test_without_the_scope_to_send_nothing_is_taken(ses, scopes):
    assert ses.refused(credential=ses.credential(scopes=scopes)) == (403, "AccessDeniedException")
    assert ses.api.nothing_happened()


def test_no_answer_and_no_log_line_holds_a_secret_or_an_address(ses, capsys, caplog):
    texts = [json.dumps(ses.call(credential=(ses.key_id, "x" * 40))[1]), json.dumps(ses.call()[1])]
    said = "".join(texts) + capsys.readouterr().out + caplog.text
    assert ses.secret not in said and "anna@" not in said
