"""What a program asks SES for becomes the same mail of ours, or is refused by the field that SES would have."""

from base64 import b64decode, b64encode
from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import submission
from chalicelib.core.bad_input import BadInput
from chalicelib.core.ses_request import submission_of

SIMPLE: dict[str, Any] = {
    "FromEmailAddress": "Me <me@example.com>",
    "Destination": {"ToAddresses": ["anna@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Html": {"Data": "<p>Hi</p>", "Charset": "UTF-8"}}}},
}
TRACKED = {"opens": True, "clicks": True}


def simple(**parts: Any) -> dict[str, Any]:
    return SIMPLE | {"Content": {"Simple": SIMPLE["Content"]["Simple"] | parts}}


def raw(mail: EmailMessage | MIMEMultipart | bytes, **fields: Any) -> dict[str, Any]:
    octets = mail if isinstance(mail, bytes) else mail.as_bytes()
    return {"Content": {"Raw": {"Data": b64encode(octets).decode()}}, **fields}


def letter(to: str = "anna@example.com", **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    for name, value in {"From": "me@example.com", "To": to, "Subject": "Hi", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hello\n")
    return mail


def wrong(request: dict[str, Any]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        submission.parse(submission_of(request))
    return [error["pointer"] for error in caught.value.errors]


def test_a_simple_mail_is_the_same_mail():
    request = simple(Headers=[{"Name": "X-Ticket", "Value": "4711"}]) | {
        "Destination": {"ToAddresses": ["anna@example.com"], "CcAddresses": ["b@example.com"], "BccAddresses": []},
        "ReplyToAddresses": ["office@example.com"],
        "ConfigurationSetName": "anything",
    }
    assert submission_of(request) == {
        "source": "api",
        "from": "Me <me@example.com>",
        "to": ["anna@example.com"],
        "cc": ["b@example.com"],
        "reply_to": ["office@example.com"],
        "subject": "Hi",
        "html": "<p>Hi</p>",
        "headers": {"X-Ticket": "4711"},
        "tracking": TRACKED,
    }
    submission.parse(submission_of(request))


def test_encoded_words_in_addresses_are_read():
    request = SIMPLE | {"Destination": {"ToAddresses": ["=?utf-8?B?SsO8cmdlbg==?= <j@example.com>"]}}
    assert submission.parse(submission_of(request)).to == ["Jürgen <j@example.com>"]


def test_some_tags_are_fields_of_ours_and_the_others_stay_tags():
    pairs = {"mailsight_source": "webform", "mailsight_user": "ina", "mailsight_record": "leads/47/11", "plan": "gold"}
    request = SIMPLE | {"EmailTags": [{"Name": name, "Value": value} for name, value in pairs.items()]}
    mail = submission.parse(submission_of(request))
    assert (mail.source, mail.user, mail.record.module, mail.record.record_id) == ("webform", "ina", "leads", "47/11")
    assert [(tag.name, tag.value) for tag in mail.tags] == [("plan", "gold")]


@pytest.mark.parametrize(
    ("tag", "pointer"),
    [
        (("mailsight_source", "imap"), "/source"),
        (("mailsight_record", "leads"), "/record/record_id"),
        (("mailsight_account", "acme"), "/tags/0/name"),
        (("mailsight_message_id", "0" * 32), "/tags/0/name"),
    ],
)
def test_a_tag_of_ours_that_cannot_be_is_refused(tag, pointer):
    assert wrong(SIMPLE | {"EmailTags": [{"Name": tag[0], "Value": tag[1]}]}) == [pointer]


def test_tracking_is_only_ever_switched_off():
    off = {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "ENABLED"}}
    assert submission_of(SIMPLE | {"ConfigurationOverrides": off})["tracking"] == {"opens": False, "clicks": True}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"Content": {"Template": {"TemplateName": "t", "TemplateData": "{}"}}}, "/Template"),
        ({"Content": {}}, "/Content"),
        ({"Content": {**SIMPLE["Content"], "Raw": {"Data": ""}}}, "/Content"),
        ({"ListManagementOptions": {"ContactListName": "c"}}, "/ListManagementOptions"),
        ({"FromEmailAddressIdentityArn": "arn:aws:ses:…"}, "/FromEmailAddressIdentityArn"),
        ({"FeedbackForwardingEmailAddress": "me@example.com"}, "/FeedbackForwardingEmailAddress"),
        ({"TenantName": "t"}, "/TenantName"),
        ({"ConfigurationOverrides": {"Reputation": {}}}, "/ConfigurationOverrides/Reputation"),
        ({"Destination": {"ToAddresses": "anna@example.com"}}, "/Destination/ToAddresses"),
        ({"Destination": None}, "/Destination"),
        ({"FromEmailAddress": "nobody"}, "/from"),
        ({"Destination": {}}, "/to"),
    ],
)
def test_what_cannot_be_taken_is_named(changes, pointer):
    assert wrong(SIMPLE | changes) == [pointer]


def test_a_header_that_the_mail_sets_itself_is_refused_in_parts_and_left_out_of_mime():
    assert wrong(simple(Headers=[{"Name": "Return-Path", "Value": "<>"}])) == ["/headers/Return-Path"]
    assert wrong(simple(Headers=[{"Name": "X-A", "Value": "1"}, {"Name": "x-a", "Value": "2"}])) == [
        "/Content/Simple/Headers"
    ]
    mail = letter(X_Ticket="4711", Message_ID="<a@b>", DKIM_Signature="v=1", X_SES_CONFIGURATION_SET="s")
    mail["Received"] = "from a by b"
    mail["X-Twice"] = "first"
    mail["X-Twice"] = "second"
    assert submission_of(raw(mail))["headers"] == {"X-Ticket": "4711", "X-Twice": "first"}


FILE = {"FileName": "a.pdf", "RawContent": "JVBERg==", "ContentType": "application/pdf; name=a.pdf"}


def test_files_are_attached_or_stand_in_the_html_that_asks_for_them():
    logo = {"FileName": "l/o.gif", "RawContent": "R0lG", "ContentType": "image/gif", "ContentId": "<logo+1>"}
    described = FILE | {"ContentDisposition": "ATTACHMENT", "ContentTransferEncoding": "BASE64", "ContentId": "unused"}
    request = simple(Body={"Html": {"Data": '<img src="cid:logo+1">'}}, Attachments=[described, logo])
    body = submission_of(request)
    assert body["html"] == '<img src="cid:file-1">'
    assert body["attachments"] == [
        {"filename": "a.pdf", "content": "JVBERg==", "content_type": "application/pdf"},
        {"filename": "l_o.gif", "content": "R0lG", "content_type": "image/gif", "content_id": "file-1"},
    ]
    submission.parse(body)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("x" * 200 + ".pdf", "x" * 116 + ".pdf"),
        ("x" * 200, "x" * 120),
        ("." + "x" * 200, "." + "x" * 119),
        ("a\x00b\r\n.pdf", "a_b__.pdf"),
        ("", "file-0"),
        (" ", "file-0"),
    ],
)
def test_names_of_files_are_mended(name, kept):
    (file,) = submission_of(simple(Attachments=[FILE | {"FileName": name}]))["attachments"]
    assert file["filename"] == kept
    submission.parse({**submission_of(SIMPLE), "attachments": [file]})


@pytest.mark.parametrize("kind", ["", "pdf", "message/rfc822", "multipart/mixed", "a/b/c", "text/ü"])
def test_types_that_are_none_are_octets(kind):
    (file,) = submission_of(simple(Attachments=[FILE | {"ContentType": kind}]))["attachments"]
    assert file["content_type"] == "application/octet-stream"


# --------------------------------------------------------------------------------------------------------------- MIME


def test_a_whole_mail_is_read_with_its_bodies_files_and_inline_images():
    mail = letter(to="Anna Bérg <anna@example.com>", Reply_To="office@example.com", X_Ticket="4711")
    mail.replace_header("Subject", "Grüße aus Köln " * 10)
    mail.add_alternative('<img src="cid:logo@1">', subtype="html", charset="iso-8859-1")
    html: Any = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(b"GIF89a", "image", "gif", cid="<logo@1>", filename="logo.gif", disposition="inline")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Größe.pdf")
    mail.add_attachment("notes", filename="notes.txt")
    body = submission_of(raw(mail))
    assert body["to"] == ['"Anna Bérg" <anna@example.com>']
    assert (body["from"], body["reply_to"]) == ("me@example.com", ["office@example.com"])
    assert body["subject"] == ("Grüße aus Köln " * 10).strip()
    assert body["text"].strip() == "Hello"
    assert body["html"].strip() == '<img src="cid:logo@1">'
    files = {file["filename"]: file for file in body["attachments"]}
    assert set(files) == {"logo.gif", "Größe.pdf", "notes.txt"}
    assert files["logo.gif"]["content_id"] == "logo@1"
    assert b64decode(files["Größe.pdf"]["content"]) == b"%PDF"
    assert submission.parse(body).to == ["Anna Bérg <anna@example.com>"]


def test_a_mail_in_a_mail_is_attached_as_a_file():
    mail = MIMEMultipart()
    mail["From"], mail["To"], mail["Subject"] = "me@example.com", "anna@example.com", "Fwd"
    mail.attach(MIMEText("see below"))
    mail.attach(MIMEMessage(letter()))
    body = submission_of(raw(mail))
    assert body["text"] == "see below"
    (file,) = body["attachments"]
    assert (file["filename"], file["content_type"]) == ("mail.eml", "application/octet-stream")
    assert b"Hello" in b64decode(file["content"])


def test_who_gets_it_is_in_the_headers_unless_the_request_says_so():
    mail = letter(to="a@example.com, b@example.com", Cc="c@example.com", Bcc="d@example.com")
    body = submission_of(raw(mail))
    assert (body["to"], body["cc"], body["bcc"]) == (
        ["a@example.com", "b@example.com"],
        ["c@example.com"],
        ["d@example.com"],
    )
    asked = {"ToAddresses": ["A@example.com", "Eve <e@example.com>"]}
    body = submission_of(raw(mail, Destination=asked))
    assert (body["to"], body.get("cc"), body["bcc"]) == (["a@example.com"], None, ["Eve <e@example.com>"])


def test_the_sender_is_that_of_the_header_and_no_other():
    assert submission_of(raw(letter(), FromEmailAddress="Me <ME@example.com>"))["from"] == "me@example.com"
    assert wrong(raw(letter(), FromEmailAddress="other@example.com")) == ["/FromEmailAddress"]
    two = letter()
    two.replace_header("From", "a@example.com, b@example.com")
    assert wrong(raw(two)) == ["/Content/Raw/Data"]
    del two["From"]
    assert submission_of(raw(two, FromEmailAddress="a@example.com"))["from"] == "a@example.com"


def test_tags_may_stand_in_a_header_and_those_of_the_request_come_first():
    mail = letter(X_SES_MESSAGE_TAGS="plan=gold, mailsight_user=ina")
    assert submission_of(raw(mail))["tags"] == [{"name": "plan", "value": "gold"}]
    assert submission_of(raw(mail))["user"] == "ina"
    asked = {"EmailTags": [{"Name": "a", "Value": "b"}]}
    assert submission_of(raw(mail, **asked))["tags"] == [{"name": "a", "value": "b"}]


@pytest.mark.parametrize("data", ["not base64!", "=", "ü"])
def test_what_is_no_base64_is_refused(data):
    assert wrong({"Content": {"Raw": {"Data": data}}}) == ["/Content/Raw/Data"]


def test_a_mail_of_too_many_parts_is_refused():
    mail = MIMEMultipart()
    for _ in range(501):
        mail.attach(MIMEText("x"))
    assert wrong(raw(mail)) == ["/Content/Raw/Data"]


PIECES = st.sampled_from(
    [b"From: ", b"To: ", b"a@b.example", b"<", b">", b'"', b"\r\n", b"\n", b"\n\n", b"=?utf-8?b?//?=", b"=?x?q?", b";",
     b"Content-Type: multipart/mixed; boundary=b", b"--b", b"--b--", b"Content-Type: text/html; charset=nope",
     b"Content-Transfer-Encoding: base64", b"Content-ID: ", b"\xff\xfe", b"Subject: ", b",", b":", b"(", b"@", b" "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map(b"".join))
def test_no_octets_raise_anything_but_a_refusal(octets):
    try:
        submission.parse(submission_of(raw(octets)))
    except BadInput as error:
        assert all(one["pointer"] and one["message"] for one in error.errors)
