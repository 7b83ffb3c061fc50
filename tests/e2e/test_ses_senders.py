"""Programs that send by SES's own API, or through SES itself, as they really do it: with boto3."""

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import boto3
import pytest
import time_machine
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.conftest import NewCrm
from tests.e2e.crm import Crm
from tests.infra.local_run import ROOT, LocalRun, until

pytestmark = [pytest.mark.local]

PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
HTML = '<p>Hello</p><a href="https://example.com/offer">Our offer</a>'

Simple = dict[str, Any]


class Sender:
    """A credential of an account, and what boto3 makes of it."""

    def __init__(self, crm: Crm, access_key_id: str, secret: str) -> None:
        self.crm, self.access_key_id, self.secret = crm, access_key_id, secret

    def client(self, **changes: Any) -> Any:
        given = {
            "endpoint_url": self.crm.run["api_url"],
            "region_name": "ap-southeast-2",  # any
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret,
            "config": Config(retries={"total_max_attempts": 1}, proxies={}),
        }
        return boto3.client("sesv2", **{**given, **changes})


@pytest.fixture
def command(local_run: LocalRun) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        whole = [sys.executable, "-m", "infra.account", "--local", str(local_run.folder), *arguments]
        return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    return run


@pytest.fixture
def sender(new_crm: NewCrm, command: Callable[..., str]) -> Sender:
    crm = new_crm("ses-senders")
    said = command("--account", "ses-senders", "--ses")
    names = dict(re.findall(r"^(AWS_\w+)=(\S+)$", said, re.MULTILINE))
    assert f'endpoint_url="{crm.run["api_url"]}"' in said
    return Sender(crm, names["AWS_ACCESS_KEY_ID"], names["AWS_SECRET_ACCESS_KEY"])


def simple(subject: str, **body: Any) -> Simple:
    return {
        "FromEmailAddress": "Me <me@example.com>",
        "Destination": {"ToAddresses": ["anna@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": subject}, "Body": {"Html": {"Data": HTML}, **body}}},
    }


def refused(client: Any, request: Simple) -> ClientError:
    with pytest.raises(ClientError) as caught:
        client.send_email(**request)
    return caught.value


def test_a_program_of_boto3_sends_tracked_mail_with_another_endpoint_and_nothing_else(sender: Sender) -> None:
    subject = "By SES's own API: naïve"
    tags = [("plan", "gold"), ("mailsight_user", "ina"), ("mailsight_record", "leads/4711")]
    answer = sender.client().send_email(
        **simple(subject, Text={"Data": "Hello", "Charset": "UTF-8"}),
        EmailTags=[{"Name": name, "Value": value} for name, value in tags],
        ConfigurationSetName="whatever-it-was",
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    arrived = sender.crm.arrived(subject)
    assert re.search(r'<img[^>]+src="http://127\.0\.0\.1:\d+/o/[\w-]+"', arrived["html"])
    assert re.search(r'href="http://127\.0\.0\.1:\d+/c/[\w-]+"', arrived["html"])
    mail = sender.crm.status(answer["MessageId"], "delivered")
    assert (mail["source"], mail["user"], mail["tags"]) == ("api", "ina", [{"name": "plan", "value": "gold"}])
    assert mail["record"] == {"module": "leads", "record_id": "4711"}
    assert mail["tracking"]["tracked"]


def test_a_whole_mail_in_mime_arrives_with_its_file_its_inline_image_and_its_headers(sender: Sender) -> None:
    subject = "In MIME ünd 8-bit"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "me@example.com", "Anna Bérg <anna@example.com>", subject
    mail["X-Ticket"], mail["Message-ID"] = "4711", "<of-the-program@example.com>"
    mail.set_content("Hello")
    mail.add_alternative(HTML + '<img src="cid:logo+1">', subtype="html")
    mail.get_payload()[1].add_related(PIXEL, "image", "gif", cid="<logo+1>", filename="logo.gif")  # type: ignore[union-attr,index,call-arg]
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Größe.pdf")
    answer = sender.client().send_email(Content={"Raw": {"Data": mail.as_bytes()}})
    arrived = sender.crm.arrived(subject)
    assert "/o/" in arrived["html"] and "/c/" in arrived["html"] and "https://example.com/offer" not in arrived["html"]
    assert arrived["text"].strip() == "Hello"
    assert [file["filename"] for file in arrived["attachments"] if file["filename"] == "Größe.pdf"]
    shown = sender.crm.mail(answer["MessageId"])
    assert shown["to"] == ["Anna Bérg <anna@example.com>"]


def test_what_proves_nothing_is_refused_as_ses_refuses_it(sender: Sender, command: Callable[..., str]) -> None:
    request = simple("Never sent")
    invalid = refused(sender.client(aws_secret_access_key="wrong"), request)
    assert invalid.response["Error"]["Code"] == "InvalidSignatureException"
    assert invalid.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    unknown = refused(sender.client(aws_access_key_id="MSAK" + "A" * 16), request)
    assert unknown.response["Error"]["Code"] == "UnrecognizedClientException"
    assert refused(sender.client(aws_session_token="t"), request).response["Error"]["Code"] == (
        "UnrecognizedClientException"
    )
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=16), tick=True):
        late = refused(sender.client(), request)
    assert late.response["Error"]["Code"] == "InvalidSignatureException"
    assert "Signature expired" in late.response["Error"]["Message"]
    command("--revoke", sender.access_key_id)
    assert refused(sender.client(), request).response["Error"]["Code"] == "UnrecognizedClientException"
    assert sender.crm.inbox("Never sent") == []


def test_a_body_that_was_changed_on_its_way_is_refused(sender: Sender) -> None:
    client = sender.client()

    def tamper(request: Any, **_: Any) -> None:
        request.body = request.body.replace(b"anna@example.com", b"eve1@example.com")

    client.meta.events.register("before-send.sesv2.SendEmail", tamper)
    assert refused(client, simple("Tampered")).response["Error"]["Code"] == "InvalidSignatureException"


def test_what_cannot_be_sent_raises_the_exceptions_that_boto3_knows(sender: Sender) -> None:
    client = sender.client()
    with pytest.raises(client.exceptions.BadRequestException, match="/to/0"):
        client.send_email(**simple("Bad") | {"Destination": {"ToAddresses": ["nobody"]}})
    with pytest.raises(client.exceptions.BadRequestException, match="templates of SES are not kept here"):
        client.send_email(**simple("Bad") | {"Content": {"Template": {"TemplateName": "t"}}})
    with pytest.raises(client.exceptions.BadRequestException, match="our own"):
        client.send_email(**simple("Bad"), EmailTags=[{"Name": "mailsight_account", "Value": "x"}])
    status, _ = sender.crm.call("POST", "/v1/suppressions", {"address": "gone@example.com"})
    assert status == 200
    with pytest.raises(client.exceptions.MessageRejected, match="/to/0"):
        client.send_email(**simple("Bad") | {"Destination": {"ToAddresses": ["gone@example.com"]}})


def test_a_call_that_the_sdk_makes_again_by_itself_is_one_mail(sender: Sender) -> None:
    subject = "Once, although it was tried twice"
    client = sender.client(config=Config(retries={"total_max_attempts": 3, "mode": "standard"}, proxies={}))
    answers: list[Any] = []

    def lose_the_answer(response: Any, **_: Any) -> Any:
        answers.append(response)
        return 0.01 if len(answers) == 1 else None

    client.meta.events.register_first("needs-retry.sesv2.SendEmail", lose_the_answer)
    answer = client.send_email(**simple(subject))
    assert len(answers) == 2
    assert len({one[1]["MessageId"] for one in answers}) == 1
    sender.crm.status(answer["MessageId"], "delivered")
    assert len(sender.crm.inbox(subject)) == 1


def test_a_prepared_mail_that_its_caller_hands_to_ses_is_sent_delivered_and_tracked(
    sender: Sender, local: dict[str, Any]
) -> None:
    crm, subject = sender.crm, "Prepared, and sent by somebody else"
    body = {"from": "me@example.com", "to": "anna@example.com", "subject": subject, "html": HTML}
    status, prepared = crm.call("POST", "/v1/emails/prepare", body, **{"Idempotency-Key": "prepare-1"})
    assert (status, prepared["object"], prepared["tracking"]["tracked"]) == (200, "prepared_email", True)
    assert crm.call("POST", "/v1/emails/prepare", body, **{"Idempotency-Key": "prepare-1"}) == (200, prepared)
    waiting = crm.mail(prepared["id"])
    assert (waiting["sending"], waiting["status"]) == ("prepared", None)
    ses(local).send_email(
        FromEmailAddress="me@example.com",
        Destination={"ToAddresses": ["anna@example.com"]},
        Content={"Simple": {"Subject": {"Data": subject}, "Body": {"Html": {"Data": prepared["html"]}}}},
        ConfigurationSetName=prepared["configuration_set"],
        EmailTags=[{"Name": tag["name"], "Value": tag["value"]} for tag in prepared["tags"]],
    )
    assert crm.status(prepared["id"], "delivered")["sending"] == "sent"


def test_a_mail_that_goes_through_ses_itself_with_a_tag_of_ours_is_taken_in_and_never_shown_as_tracked(
    sender: Sender, local: dict[str, Any]
) -> None:
    crm, subject = sender.crm, "Past us"
    sent = ses(local).send_email(
        FromEmailAddress="Me <me@example.com>",
        Destination={"ToAddresses": ["anna@example.com"]},
        Content={"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "Hello"}}}},
        ConfigurationSetName=local["environment"]["MAILSIGHT_CONFIGURATION_SET"],
        EmailTags=[{"Name": "mailsight_account", "Value": "ses-senders"}],
    )
    assert sent["MessageId"]

    def found() -> dict[str, Any] | None:
        mails: list[dict[str, Any]] = crm.call("GET", "/v1/emails?reason=sent_elsewhere")[1]["data"]
        return next((mail for mail in mails if mail["status"] == "delivered"), None)

    mail = until(found, "the mail that was sent past us")
    assert (mail["subject"], mail["sending"], mail["source"]) == (subject, "sent", "api")
    assert mail["tracking"] == {
        "tracked": False, "opens": False, "clicks": False, "reason": "sent_elsewhere", "mode": "off", "until": None
    }  # fmt: skip


def ses(local: dict[str, Any]) -> Any:
    """SES itself, as the run has it."""
    environment = local["environment"]
    return boto3.client(
        "sesv2",
        endpoint_url=environment["AWS_ENDPOINT_URL_SESV2"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}),
    )
