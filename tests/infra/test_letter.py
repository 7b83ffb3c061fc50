"""Mails as their readers see them, however broken."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local import letter
from tests.infra.ses_desk import PNG, rich


def test_a_mail_is_taken_apart() -> None:
    opened = letter.read(rich())
    assert opened.header("subject") == "Ihr Angebot für März ✓"
    assert opened.addresses("To") == ["anna@example.com", "raj@example.com"]
    assert opened.text.strip() == "Grüße, https://example.com/a?b=1&c=2"
    assert "<p>Grüße" in opened.html
    assert [(part.filename, part.content_type, part.data) for part in opened.attachments] == [
        ("Angebot März.pdf", "application/pdf", b"%PDF-1.7")
    ]
    assert [(part.content_id, part.data) for part in opened.inline] == [("logo@crm", PNG)]


def test_a_text_that_is_attached_is_no_body() -> None:
    message = EmailMessage()
    message.set_content("the body")
    message.add_attachment("attached", subtype="html", filename="a.html")
    opened = letter.read(message.as_bytes())
    assert (opened.text.strip(), opened.html) == ("the body", "")
    assert [part.filename for part in opened.attachments] == ["a.html"]


def test_an_image_that_the_mail_does_not_show_is_an_attachment() -> None:
    opened = letter.read(rich("<p>no image"))
    assert [part.content_type for part in opened.attachments] == ["image/png", "application/pdf"]
    assert opened.inline == ()


@pytest.mark.parametrize(
    ("head", "body", "subject", "text"),
    [
        ("Subject: =?utf-8?B?w4Q=?= =?iso-8859-1?Q?=D6?=", b"x", "ÄÖ", "x"),
        ("Subject: =?no-such-charset?Q?a?= =?utf-8?B?!!!?=", b"x", None, "x"),
        ("Subject: \u00c4 unencoded", b"x", "\u00c4 unencoded", "x"),
        ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", "Grüße".encode(), "", "Grüße"),
        ("Content-Type: text/plain; charset=windows-1252", b"5 \x80", "", "5 €"),
        ("Content-Type: text/plain; charset=nonsense", "Grüße".encode(), "", "Grüße"),
        ("Content-Type: text/plain", b"\xff\xfe", "", "ÿþ"),
        ("Content-Transfer-Encoding: base64", b"not base64 at all!", "", None),
        ("Content-Type: multipart/mixed", b"no boundary", "", None),
        ("Content-Type: multipart/mixed; boundary=x", b"--x\r\n\r\nhalf a mail", "", "half a mail"),
        ("Content-Type: text/plain; name*=utf-8''%ff; charset*=x", b"x", "", None),
        ("Date: when I feel like it\r\nTo: <<<,;:@", b"x", "", "x"),
    ],
)
def test_what_can_be_read_of_a_broken_mail_is_read(
    head: str, body: bytes, subject: str | None, text: str | None
) -> None:
    opened = letter.read(f"{head}\r\n\r\n".encode() + body)
    assert subject is None or opened.header("Subject") == subject
    assert text is None or opened.text == text


PIECES = b"""From: |Subject: |@|<|;|=?utf-8?Q?|?=|--x|--x--|+2AA-| |\r\n|\xff\xfe|\x00
|Content-Type: multipart/mixed; boundary=x|Content-Type: message/rfc822|Content-Type: text/html; charset=utf-7
|Content-Transfer-Encoding: base64|Content-Disposition: attachment; filename*=|utf-8''%ff""".split(b"|")


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_no_bytes_are_too_broken_to_be_shown(raw: bytes) -> None:
    opened = letter.read(raw)
    shown = [opened.text, opened.html, *(text for pair in opened.headers for text in pair)]
    shown += [text for part in opened.attachments for text in part[:3]]
    assert all(text.encode().decode() == text for text in shown)
