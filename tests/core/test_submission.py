"""What a program may hand over as a mail, and what is refused with the field named."""

import pytest

from chalicelib.core import submission
from chalicelib.core.bad_input import BadInput
from chalicelib.core.submission import parse

MAIL = {"from": "me@example.com", "to": "anna@example.com", "subject": "Hello", "html": "<p>Hi</p>"}


def errors_of(**changes):
    body = {**MAIL, **changes}
    with pytest.raises(BadInput) as refused:
        parse({key: value for key, value in body.items() if value is not ...}).read_content()
    return {error["pointer"]: error["message"] for error in refused.value.errors}


def test_the_least_that_a_mail_needs():
    mail = parse(MAIL)
    assert mail.envelope.sender == "me@example.com"
    assert mail.envelope.to == ("anna@example.com",)
    assert mail.source == "individual"
    assert (mail.tracking.opens, mail.tracking.clicks) == (True, True)


def test_addresses_keep_their_names_and_hosts_become_ascii():
    mail = parse({**MAIL, "from": "Berg, Anna <a@bücher.example.com>", "to": ['"X \\"Y\\"" <x@y.test>', "z@z.test"]})
    assert mail.envelope.sender == '"Berg, Anna" <a@xn--bcher-kva.example.com>'
    assert mail.envelope.to == ('"X \\"Y\\"" <x@y.test>', "z@z.test")


BAD = {
    "no sender": ({"from": ...}, "/from"),
    "no subject": ({"subject": ...}, "/subject"),
    "no recipient": ({"to": ...}, "/to"),
    "no recipient in the list": ({"to": []}, "/to"),
    "51 recipients": ({"to": ["a@b.test"] * 51}, "/to"),
    "51 recipients in two lists": ({"to": ["a@b.test"] * 26, "cc": ["a@b.test"] * 25}, "/to"),
    "a name of 101 characters": ({"to": "x" * 101 + " <a@b.test>"}, "/to/0"),
    "an override of direction": ({"subject": "a\u202eb"}, "/subject"),
    "a paragraph separator": ({"subject": "a\u2029b"}, "/subject"),
    "a mail as a file": (
        {"attachments": [{"filename": "x", "content": "", "content_type": "message/rfc822"}]},
        "/attachments/0/content_type",
    ),
    "neither html nor text": ({"html": ...}, "/html"),
    "both empty": ({"html": "", "text": ""}, "/html"),
    "an address without @": ({"to": "anna"}, "/to/0"),
    "an address without a domain": ({"to": ["a@b.test", "anna@"]}, "/to/1"),
    "two addresses in one text": ({"to": "a@b.test, c@d.test"}, "/to/0"),
    "a line break in an address": ({"to": "a@b.test\r\nBcc: c@d.test"}, "/to/0"),
    "a line break in a name": ({"from": "Anna\r\nBcc: x <a@b.test>"}, "/from"),
    "a local part with umlauts": ({"to": "ännä@b.test"}, "/to/0"),
    "a number as address": ({"to": 7}, "/to"),
    "a line break in the subject": ({"subject": "a\r\nBcc: c@d.test"}, "/subject"),
    "half a surrogate pair": ({"html": "\ud83d"}, "/html"),
    "html that is no text": ({"html": 5}, "/html"),
    "over-large html": ({"html": "x" * (submission.LONGEST_BODY + 1)}, "/html"),
    "an unknown field": ({"colour": "red"}, "/colour"),
    "a field of a later version": ({"scheduled_at": "2026-03-01T12:00:00Z"}, "/scheduled_at"),
    "an unknown field inside": ({"tracking": {"opens": True, "hovers": True}}, "/tracking/hovers"),
    "a truth as text": ({"tracking": {"opens": "yes"}}, "/tracking/opens"),
    "a line break in a header's value": ({"headers": {"X-A": "1\r\nBcc: c@d.test"}}, "/headers/X-A"),
    "a line break in a header's name": ({"headers": {"X-A\r\nBcc": "1"}}, "/headers/X-A\r\nBcc"),
    "a header without a name": ({"headers": {"": "1"}}, "/headers/"),
    "a header's name with a colon": ({"headers": {"Bcc: x": "1"}}, "/headers/Bcc: x"),
    "a reserved header": ({"headers": {"bcc": "c@d.test"}}, "/headers/bcc"),
    "a header of the MIME tree": ({"headers": {"Content-Type": "text/html"}}, "/headers/Content-Type"),
    "a header twice": ({"headers": {"X-A": "1", "x-a": "2"}}, "/headers"),
    "a source that sends nothing here": ({"source": "imap"}, "/source"),
    "a path as file name": ({"attachments": [{"filename": "../x", "content": ""}]}, "/attachments/0/filename"),
    "an attachment without content": ({"attachments": [{"filename": "x"}]}, "/attachments/0/content"),
    "content that is no base64": (
        {"attachments": [{"filename": "x", "content": ""}, {"filename": "y", "content": "%"}]},
        "/attachments/1/content",
    ),
    "a content type with parameters": (
        {"attachments": [{"filename": "x", "content": "", "content_type": "text/html;\r\nX: y"}]},
        "/attachments/0/content_type",
    ),
    "a tag of ours": ({"tags": [{"name": "mailsight_message_id", "value": "x"}]}, "/tags/0/name"),
    "a tag that SES refuses": ({"tags": [{"name": "a", "value": "b@c.d"}]}, "/tags/0/value"),
    "a tag twice": ({"tags": [{"name": "a", "value": "b"}, {"name": "a", "value": "c"}]}, "/tags"),
    "a header that looks like a mark": ({"headers": {"[key]": "a\nb"}}, "/headers/[key]"),
    "a record without module": ({"record": {"record_id": "1"}}, "/record/module"),
}


@pytest.mark.parametrize(("changes", "pointer"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_with_the_field_named(changes, pointer):
    errors = errors_of(**changes)
    assert list(errors) == [pointer]
    assert errors[pointer]


def test_every_wrong_field_is_named_at_once():
    assert set(errors_of(to="x", subject=3, colour=1)) == {"/to/0", "/subject", "/colour"}


def test_attachments_together_have_a_limit():
    megabyte = "A" * 1_398_104  # base64 of 1 MiB
    assert "/attachments" in errors_of(attachments=[{"filename": f"{n}", "content": megabyte} for n in range(10)])


@pytest.mark.parametrize(
    "text", ["Prix\u00a0: 5\u202f000\u00a0€", "👨\u200d👩\u200d👧", "می\u200cخواهم", "soft\u00adhyphen"]
)
def test_any_script_and_any_emoji_may_stand_in_a_line(text):
    body = MAIL | {"subject": text, "to": f"{text} <a@b.test>", "record": {"module": "leads", "record_id": text}}
    assert parse(body).envelope.subject == text
