"""A mail as bytes: what goes in comes out of any parser again, and nothing else."""

import email
import itertools
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import mime
from chalicelib.core.bad_input import BadInput
from chalicelib.core.message import Attachment, Content, Envelope
from chalicelib.core.submission import parse

ENVELOPE = Envelope("me@example.com", ("anna@example.com",), subject="Hello")
PDF = Attachment("offer.pdf", b"%PDF-1.7", "application/pdf")
LOGO = Attachment("logo.png", b"\x89PNG", "image/png", "logo@example.com")


def built(content: Content, envelope: Envelope = ENVELOPE) -> EmailMessage:
    numbers = itertools.count()
    raw = mime.build(envelope, content, content.html, new_boundary=lambda: f"=_{next(numbers)}")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")), "RFC 5322 section 2.1.1"
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return email.message_from_bytes(raw, policy=default)


def shape(part: EmailMessage) -> object:
    if not part.is_multipart():
        return part.get_content_type()
    return {part.get_content_subtype(): [shape(child) for child in part.iter_parts()]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (Content("<p>", None), "text/html"),
        (Content(None, "hi"), "text/plain"),
        (Content("<p>", "hi"), {"alternative": ["text/plain", "text/html"]}),
        (Content("<p>", None, {}, (PDF,)), {"mixed": ["text/html", "application/pdf"]}),
        (Content("<p>", None, {}, (LOGO,)), {"related": ["text/html", "image/png"]}),
        (
            Content("<p>", "hi", {}, (LOGO, PDF)),
            {
                "mixed": [
                    {"alternative": ["text/plain", {"related": ["text/html", "image/png"]}]},
                    "application/pdf",
                ]
            },
        ),
        (Content(None, "hi", {}, (LOGO, PDF)), {"mixed": ["text/plain", "image/png", "application/pdf"]}),
    ],
)
def test_the_tree_has_no_level_with_a_single_part(content, expected):
    assert shape(built(content)) == expected


def test_inline_files_are_found_by_their_content_id():
    logo = list(built(Content("<img src=cid:logo@example.com>", None, {}, (LOGO,))).iter_parts())[1]
    assert (logo["Content-ID"], logo.get_content_disposition()) == ("<logo@example.com>", "inline")


def test_blind_copies_stand_in_no_header():
    envelope = Envelope("me@example.com", ("a@b.test",), ("c@d.test",), ("secret@e.test",), ("r@f.test",), "Hi")
    mail = built(Content("<p>", None), envelope)
    assert (mail["To"], mail["Cc"], mail["Reply-To"], mail["Bcc"]) == ("a@b.test", "c@d.test", "r@f.test", None)
    assert "secret" not in mail.as_string()


LINE = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=300).map(
    lambda text: " ".join(text.split())
)
BODY = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(LINE, BODY, BODY, LINE)
def test_text_and_html_and_headers_survive_in_any_script(subject, text, html, value):
    content = Content(html, text, {"X-Note": value})
    mail = built(content, Envelope("me@example.com", ("anna@example.com",), subject=subject))
    plain, rich = mail.iter_parts()
    assert (mail["Subject"], mail["X-Note"]) == (subject, value)
    assert plain.get_payload(decode=True).decode() == text
    assert rich.get_payload(decode=True).decode() == html


NAMES = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=90).map(
    lambda text: " ".join(text.split())
)


@given(NAMES)
def test_display_names_survive_and_add_no_recipient(name):
    try:
        mail = parse({"from": f"{name} <me@example.com>", "to": "a@b.test", "subject": "", "text": "x"})
    except BadInput:
        return
    raw = mime.build(mail.envelope, Content(None, "x"), None, new_boundary=str)
    sender = email.message_from_bytes(raw, policy=default)["From"].addresses
    assert [address.addr_spec for address in sender] == ["me@example.com"]
    if (
        not name.isascii()
    ):  # the newer parser puts spaces between folded words (CPython issue 79728), the older does not
        assert str(make_header(decode_header(email.message_from_bytes(raw)["From"]))) == f"{name} <me@example.com>"
    elif not set(name) & set('"\\'):
        assert sender[0].display_name == name


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="/\\"), min_size=1, max_size=120))
def test_file_names_survive_in_any_script(name):
    name = " ".join(name.split()) or "x"
    file = Attachment(name, b"1", "application/octet-stream")
    attached = list(built(Content("<p>", None, {}, (file,))).iter_attachments())
    assert [part.get_filename() for part in attached] == [name]


@given(
    st.fixed_dictionaries(
        {"from": st.text(), "to": st.lists(st.text(), max_size=3), "subject": st.text(), "text": st.text(min_size=1)},
        optional={"headers": st.dictionaries(st.text(), st.text(), max_size=3)},
    )
)
def test_no_input_yields_another_header_or_recipient(body):
    body["from"] = body["from"] + " <me@example.com>"
    body["to"] = [f"{name}<a@b.test>" for name in body["to"]] or ["a@b.test"]
    try:
        mail = parse(body)
    except BadInput:
        return
    made = built(mail.read_content(), mail.envelope)
    expected = {"from", "to", "subject", "mime-version", "content-type", "content-transfer-encoding"}
    assert {name.lower() for name in made} == expected | {name.lower() for name in mail.headers}
    assert [address.addr_spec for address in made["To"].addresses] == ["a@b.test"] * len(body["to"])
