"""What a program may hand over as a mail, and what is refused with the field named."""

import pytest

from chalicelib.core import source as sources
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
    "a field of a later version": ({"dispatch": "welcome"}, "/dispatch"),
    "an unknown field inside": ({"tracking": {"opens": True, "hovers": True}}, "/tracking/hovers"),
    "an unknown mode": ({"tracking": {"mode": "some"}}, "/tracking/mode"),
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
    "an inline file as a link": (
        {"attachments": [{"filename": "x", "content": "", "content_id": "x@y", "as_link": True}]},
        "/attachments/0/as_link",
    ),
    "a link asked for by a number": (
        {"attachments": [{"filename": "x", "content": "", "as_link": 1}]},
        "/attachments/0/as_link",
    ),
    "unsubscribing for several": ({"cc": "b@c.test", "unsubscribe": True}, "/unsubscribe"),
    "unsubscribing twice": (
        {"unsubscribe": True, "headers": {"list-unsubscribe-post": "List-Unsubscribe=One-Click"}},
        "/unsubscribe",
    ),
    "unsubscribing as text": ({"unsubscribe": "yes"}, "/unsubscribe"),
    "a record without module": ({"record": {"record_id": "1"}}, "/record/module"),
}


@pytest.mark.parametrize(("changes", "pointer"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_with_the_field_named(changes, pointer):
    errors = errors_of(**changes)
    assert list(errors) == [pointer]
    assert errors[pointer]


WAY_OUT = '<a href="{{ unsubscribe_url }}">Out</a>'
NO_WAY_OUT = {
    "by its source": {},
    "as asked": {"source": "mass_email", "unsubscribe": False},
    "to several": {"source": "mass_email", "cc": "b@c.test"},
    "with headers of its own": {"source": "mass_email", "headers": {"List-Unsubscribe": "<mailto:out@example.com>"}},
}


@pytest.mark.parametrize("changes", NO_WAY_OUT.values(), ids=NO_WAY_OUT.keys())
def test_a_place_for_the_address_for_unsubscribing_is_refused_where_it_would_stay_empty(changes):
    assert list(errors_of(html=WAY_OUT, **changes)) == ["/html"]
    assert list(errors_of(text="Out: {{unsubscribe_url}}", **changes)) == ["/text"]
    assert list(errors_of(html=WAY_OUT, text="{{\tunsubscribe_url }}", **changes)) == ["/html", "/text"]
    assert parse(MAIL | changes | {"text": "{{ unsubscribe }}"})


def test_a_place_for_the_address_for_unsubscribing_is_taken_where_it_is_filled():
    for changes in ({"unsubscribe": True}, {"source": "mass_email"}):
        assert parse(MAIL | changes | {"html": WAY_OUT}).wants_unsubscribe


WORDS = {
    "nothing where a name is": ({"user": ""}, "must not be empty"),
    "a long name": ({"user": "x" * 201}, "must have at most 200 characters"),
    "a name of blanks": ({"user": " \u00a0\u3000"}, "must have a character that can be seen"),
    "a name of no width": ({"user": "\u200b\ufe0f\u3164"}, "must have a character that can be seen"),
    "a long subject": ({"subject": "x" * 901}, "must have at most 900 characters"),
    "a file without a name": ({"attachments": [{"filename": "", "content": ""}]}, "must not be empty"),
    "a long file name": (
        {"attachments": [{"filename": "x" * 121, "content": ""}]},
        "must have at most 120 characters",
    ),
    "an empty tag": ({"tags": [{"name": "a", "value": ""}]}, "must not be empty"),
    "too many tags": ({"tags": [{"name": f"{n}", "value": "x"} for n in range(11)]}, "must have at most 10 entries"),
    "too many headers": ({"headers": {f"X-{n}": "" for n in range(51)}}, "must have at most 50 entries"),
    "over-large html": ({"html": "x" * 2_000_001}, "must have at most 2,000,000 characters"),
    "half a surrogate pair": ({"html": "\ud83d"}, "must be valid Unicode: it holds half of a surrogate pair"),
    "an unknown mode": ({"tracking": {"mode": "some"}}, "must be one of: full, last_open_date, aggregate, off"),
    "an unknown source": ({"source": "imap"}, f"must be one of: {', '.join(sources.SENDABLE)}"),
}


@pytest.mark.parametrize(("changes", "words"), WORDS.values(), ids=WORDS.keys())
def test_an_error_says_what_would_be_right_in_words_of_this_api(changes, words):
    assert list(errors_of(**changes).values()) == [words]


@pytest.mark.parametrize("name", sorted(submission.NewEmail.model_json_schema()["properties"]))
def test_no_field_takes_null_for_being_left_out(name):
    message = errors_of(**{name: None})[f"/{name}"]
    assert message == "must not be null; what is not given is left out"


def test_no_field_inside_takes_null_for_being_left_out():
    files = [{"filename": "x", "content": "", "content_id": None}]
    changes = {"tracking": {"mode": None}, "attachments": files, "record": {"module": "leads", "record_id": None}}
    assert set(errors_of(**changes)) == {"/tracking/mode", "/attachments/0/content_id", "/record/record_id"}


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


@pytest.mark.parametrize(
    ("changes", "is_wanted"),
    [
        ({}, False),
        ({"unsubscribe": True}, True),
        ({"source": "mass_email"}, True),
        ({"source": "cadence"}, True),
        ({"source": "mass_email", "unsubscribe": False}, False),
        ({"source": "mass_email", "cc": "b@c.test"}, False),
        ({"source": "mass_email", "headers": {"list-unsubscribe": "<mailto:out@example.com>"}}, False),
        ({"unsubscribe": False, "headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}}, False),
        ({"unsubscribe": True, "headers": {"X-List-Unsubscribe": "no"}}, True),
    ],
)
def test_a_mail_gets_a_way_out_as_asked_or_by_its_source_unless_it_brings_its_own(changes, is_wanted):
    assert parse(MAIL | changes).wants_unsubscribe is is_wanted


def test_files_are_asked_for_as_links_by_their_place():
    files = [{"filename": name, "content": "", "as_link": name == "b"} for name in "abc"]
    mail = parse(MAIL | {"attachments": files})
    assert mail.asked_links == {1}
    assert not any(file.is_linked for file in mail.read_content().attachments)
