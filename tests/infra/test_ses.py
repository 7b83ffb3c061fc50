"""What the local SES takes, refuses, keeps and answers, asked by the real SDK."""

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from infra.local.mailbox import Mailbox
from infra.local.ses import Fault
from infra.local.ses_request import EICAR
from tests.infra.ses_desk import NOON, Desk, mail
from tests.infra.smtp_sink import SmtpSink


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def refusal(desk: Desk, *to: str, **request: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        desk.send(*to, **request)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def test_ses_puts_its_own_message_id_and_date_and_hides_bcc(desk: Desk) -> None:
    raw = mail(Message_ID="<mine@crm.example>", Date="Thu, 01 Jan 1970 00:00:00 +0000", Bcc="secret@example.com")
    ses_id = desk.send("anna@example.com", raw=raw)
    kept = message_from_bytes(desk.kept(ses_id))
    assert kept.get_all("Message-ID") == [f"<{ses_id}@eu-west-1.amazonses.com>"]
    assert kept.get_all("Date") == ["Sat, 21 Nov 2026 12:00:00 +0000"]
    assert kept["Bcc"] is None
    assert kept.get_payload() == message_from_bytes(raw).get_payload()
    assert desk.close()[0]["mail"]["commonHeaders"]["messageId"] == "<mine@crm.example>"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_the_body_is_kept_byte_for_byte(desk: Desk, end: bytes) -> None:
    body = end.join([b"caf\xc3\xa9 \xff\x00", b"", b" folded?", b"From here", b"."])
    raw = end.join([b"From: a@b.example", b"Subject: long", b" one", b"X-Note: 1", b"X-Note: 2", b"", b""]) + body
    ses_id = desk.send("anna@example.com", raw=raw)
    head, _, kept = desk.kept(ses_id).partition(end * 2)
    assert kept == body
    assert head.startswith(
        end.join([b"From: a@b.example", b"Subject: long", b" one", b"X-Note: 1", b"X-Note: 2", b"Message-ID: "])
    )
    assert head.count(b"\n") == head.count(end)


def test_a_simple_mail_is_put_together(desk: Desk) -> None:
    ses_id = desk.send(
        "anna@example.com",
        ReplyToAddresses=["reply@crm.example"],
        Content={
            "Simple": {
                "Subject": {"Data": "Grüße"},
                "Body": {"Text": {"Data": "Hallo Jürgen"}, "Html": {"Data": "<p>Hallo Jürgen</p>"}},
                "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"}],
                "Attachments": [{"FileName": "a.txt", "RawContent": b"inside", "ContentType": "text/plain"}],
            }
        },
    )
    kept = message_from_bytes(desk.kept(ses_id), policy=SMTP)
    assert (kept["Subject"], kept["Reply-To"]) == ("Grüße", "reply@crm.example")
    assert kept["List-Unsubscribe"] == "<https://example.com/u>"
    assert kept.get_body(("html",)).get_content().strip() == "<p>Hallo Jürgen</p>"
    assert [part.get_filename() for part in kept.iter_attachments()] == ["a.txt"]


def test_the_headers_of_ses_stand_in_for_the_parameters(desk: Desk) -> None:
    raw = mail(X_SES_CONFIGURATION_SET="other", X_SES_MESSAGE_TAGS="a=1, b=2")
    ses_id = desk.send(raw=raw, ConfigurationSetName=None, EmailTags=None, Destination=None, FromEmailAddress=None)
    sent = desk.close()[0]["mail"]
    assert sent["source"] == "Sales <sales@crm.example>"
    assert sent["destination"] == ["anna@example.com"]
    assert {key: value for key, value in sent["tags"].items() if key[:4] != "ses:"} == {"a": ["1"], "b": ["2"]}
    assert b"X-SES" not in desk.kept(ses_id)


def test_fifty_recipients_are_taken_and_one_more_is_not(desk: Desk) -> None:
    fifty = [f"anna{number}@example.com" for number in range(50)]
    assert refusal(desk, *fifty, "one@more.example") == ("BadRequestException", 400, "Recipient count exceeds 50.")
    desk.send(*fifty)
    told = desk.close()
    assert told[0]["mail"]["destination"] == fifty
    assert [one["delivery"]["recipients"] for one in told[1:]] == [[address] for address in fifty]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"From: a@b.example\r\nTo: a@b.example\r\n", "header and a body"),
        (b"To: a@b.example\r\n\r\nHello", "Missing required header 'From'."),
        (b"From: a@b.example\r\nSubject: a\r\nsubject: b\r\n\r\nHello", "Duplicate header 'subject'."),
        (b"From: a@b.example\r\n: empty\r\n\r\nHello", "Empty header names are illegal."),
        (b"From: a@b.example\r\nnot a header\r\n\r\nHello", "Illegal header line: 'not a header"),
        (b"From: a@b.example\r\n\r\n" + b"x" * 999, "1,000 characters"),
        (b"From: a@b.example\r\n\r\n" + b"x\r\n" * (40 * 1024 * 1024 // 3), "Message length is more than 41943040"),
    ],
    ids=["no-body", "no-from", "duplicate", "empty-name", "no-field", "long-line", "too-big"],
)
def test_a_malformed_mail_is_refused(desk: Desk, raw: bytes, message: str) -> None:
    kind, status, said = refusal(desk, "anna@example.com", raw=raw)
    assert (kind, status) == ("BadRequestException", 400)
    assert message in said
    assert (desk.close(), len(desk.ses.mailbox)) == ([], 0)


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("anna", "Missing final '@domain'"),
        ("@example.com", "Missing local name"),
        ("anna berg@example.com", "Local address contains control or whitespace"),
        ("änna@example.com", "Local address contains illegal character"),
        ("anna@exämple.com", "Domain contains illegal character"),
        ("anna@example..com", "Domain contains illegal character"),
        ("anna@localhost", "Illegal address"),
        ("anna@example.com, bob@example.com", "Illegal address"),
        ("anna@example.com\r\nBcc: eve@example.com", "Illegal address"),
    ],
)
def test_an_invalid_address_is_refused(desk: Desk, to: str, message: str) -> None:
    assert refusal(desk, "bob@example.com", to) == ("BadRequestException", 400, message)


@pytest.mark.parametrize(
    "request_",
    [
        {"Destination": None, "Content": {"Raw": {"Data": b"From: a@b.example\r\n\r\nHello"}}},
        {"EmailTags": [{"Name": "a", "Value": "not allowed"}]},
        {"Content": {"Template": {"TemplateName": "welcome", "TemplateData": "{}"}}},
        {"FromEmailAddress": "nobody"},
    ],
    ids=["no-destination", "tag", "template", "sender"],
)
def test_what_ses_could_not_send_is_refused(desk: Desk, request_: dict[str, Any]) -> None:
    assert refusal(desk, "anna@example.com", **request_)[:2] == ("BadRequestException", 400)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.THROTTLED, ("TooManyRequestsException", 429)),
        (Fault.REFUSED, ("MessageRejected", 400)),
        (Fault.BROKEN, ("InternalFailure", 500)),
    ],
)
def test_a_fault_hits_the_calls_it_was_asked_for_and_no_more(
    desk: Desk, fault: Fault, expected: tuple[str, int]
) -> None:
    desk.ses.fail_next(2, fault)
    assert [refusal(desk, "anna@example.com")[:2] for _ in range(2)] == [expected, expected]
    ses_id = desk.send("anna@example.com")
    assert desk.ses.mailbox.newest(9) == [ses_id]


def test_a_cut_connection_leaves_open_what_happened_though_the_mail_went_out(desk: Desk) -> None:
    desk.ses.fail_next(1, "cut")
    with pytest.raises(ConnectionClosedError):
        desk.send("anna@example.com")
    assert len(desk.ses.mailbox) == 1
    assert [one["eventType"] for one in desk.close()] == ["Send", "Delivery"]


def test_a_slow_answer_comes_too_late_though_the_mail_went_out(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    desk = Desk(tmp_path, slow_seconds=60, read_timeout=0.5)
    desk.ses.fail_next(1, "slow")
    with pytest.raises(ReadTimeoutError):
        desk.send("anna@example.com")
    assert [one["eventType"] for one in desk.close()] == ["Send", "Delivery"]
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=20)  # the answer's minute would outlast it
        assert not thread.is_alive()


def test_a_restart_keeps_mails_and_their_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    before = [desk.send("anna@example.com") for _ in range(3)]
    desk.close()
    desk = Desk(tmp_path, clock=lambda: NOON - timedelta(hours=1))  # clocks may go back
    after = desk.send("anna@example.com")
    desk.close()
    assert desk.ses.mailbox.newest(9) == Mailbox(tmp_path).newest(9) == [after, *reversed(before)]
    assert len({*before, after}) == 4
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".eml"] * 4 + [".json"] * 4
    assert json.loads(next(tmp_path.glob(f"*{after}.json")).read_bytes())["recipients"] == ["anna@example.com"]


def killed(place: Path) -> Path:
    """The folder of mails as a kill -9 at this moment leaves it."""
    return Path(shutil.copytree(place / "mail", place / "mail of the killed run"))


def test_what_a_killed_run_has_not_told_is_told_by_the_next_one_once(tmp_path: Path) -> None:
    before = Desk(tmp_path / "mail", delay=3600)
    before.send("anna@example.com", "bounce@simulator.amazonses.com", raw=mail("Grüße", X_Note="ä", Message_ID="<1@a>"))
    before.send("complaint@simulator.amazonses.com")
    folder = killed(tmp_path)
    whole = before.close()
    after = Desk(folder, delay=3600)
    assert after.close() == whole
    assert after.ses.mailbox.untold() == []
    assert Desk(folder).close() == []


def test_what_could_not_be_published_is_told_by_the_next_run(tmp_path: Path) -> None:
    def refuse(notification: dict[str, Any]) -> None:
        if notification["eventType"] == "Delivery":
            raise ConnectionError

    before = Desk(tmp_path, publish=refuse)
    before.send("anna@example.com")
    before.close()
    assert [one["eventType"] for one in Desk(tmp_path).close()] == ["Send", "Delivery"]
    assert Desk(tmp_path).close() == []


def test_a_mail_is_not_handed_to_the_relay_twice_where_a_run_was_killed(tmp_path: Path) -> None:
    with SmtpSink({}) as sink:
        before = Desk(tmp_path / "mail", delay=3600, relay=sink.address)
        before.send("anna@example.com")
        before.send("anna@example.com", raw=mail(body=EICAR.decode()))  # is not for the relay
        folder = killed(tmp_path)
        after = Desk(folder, relay=sink.address)
        assert [one["eventType"] for one in after.close()] == ["Send", "Send", "Reject"]
        assert sink.mails == []
        before.close()
        assert len(sink.mails) == 1


def test_a_relay_that_came_later_is_not_handed_the_mails_of_a_killed_run(tmp_path: Path) -> None:
    before = Desk(tmp_path / "mail", delay=3600)
    before.send("anna@example.com")
    with SmtpSink({}) as sink:
        after = Desk(killed(tmp_path), relay=sink.address)
        assert [one["eventType"] for one in after.close()] == ["Send", "Delivery"]
        assert sink.mails == []
    before.close()


def test_a_note_that_cannot_be_read_keeps_nobody_from_starting(tmp_path: Path) -> None:
    before = Desk(tmp_path / "mail", delay=3600)
    before.send("anna@example.com")
    folder = killed(tmp_path)
    before.close()
    (note,) = folder.glob("*.untold")
    note.write_text(note.read_text()[:40])
    assert Desk(folder).close() == []


def test_the_quota_counts_recipients_of_one_day(tmp_path: Path) -> None:
    now = [NOON]
    desk = Desk(tmp_path, clock=lambda: now[0], rate=14)
    desk.send("anna@example.com", "bob@example.com")
    quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0}
    assert desk.client.get_account()["SendQuota"] == {**quota, "SentLast24Hours": 2.0}
    now[0] += timedelta(days=1)
    assert desk.client.get_account()["SendQuota"] == {**quota, "SentLast24Hours": 0.0}
    assert desk.client.get_account()["SendingEnabled"] is True
    desk.close()


def test_what_the_stand_in_does_not_know_it_says(desk: Desk) -> None:
    with pytest.raises(ClientError, match="knows SendEmail and GetAccount, not GET /v2/email/identities") as caught:
        desk.client.get_email_identity(EmailIdentity="example.com")
    assert caught.value.response["Error"]["Code"] == "NotImplementedException"
