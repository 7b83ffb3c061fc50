"""What is written in tags and headers of somebody else's mail is taken as far as it can be used."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import mail_view
from chalicelib.core.message import MOST_RECIPIENTS
from chalicelib.core.sent_elsewhere import message_id_of, message_of, read
from chalicelib.core.source import SENDABLE

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAGS = {"mailsight_account": ["acme"]}
HEADERS = {
    "from": ["Me <me@example.com>"],
    "to": ["Anna <anna@example.com>"],
    "cc": ["raj@example.com"],
    "replyTo": ["office@example.com"],
    "subject": "Quote",
}
MAIL: dict[str, Any] = {
    "messageId": "0100",
    "source": "bounce@example.com",
    "destination": ["anna@example.com", "raj@example.com", "hidden@example.com"],
    "commonHeaders": HEADERS,
    "tags": TAGS,
}


def test_who_wrote_to_whom_about_what_is_in_its_headers_and_who_is_in_none_got_it_unseen():
    envelope = read(MAIL).envelope
    assert envelope.sender == "Me <me@example.com>"
    assert (envelope.to, envelope.cc) == (("Anna <anna@example.com>",), ("raj@example.com",))
    assert (envelope.bcc, envelope.reply_to, envelope.subject) == (
        ("hidden@example.com",),
        ("office@example.com",),
        "Quote",
    )


def test_without_headers_sender_and_destination_are_all_that_is_known():
    envelope = read({name: value for name, value in MAIL.items() if name != "commonHeaders"}).envelope
    assert (envelope.sender, envelope.to, envelope.subject) == ("bounce@example.com", tuple(MAIL["destination"]), "")


@pytest.mark.parametrize(("said", "source"), [("webform", "webform"), ("imap", "api"), ("Ünknown", "api"), (7, "api")])
def test_a_source_that_cannot_be_is_left_out(said, source):
    assert read(MAIL | {"tags": {**TAGS, "mailsight_source": [said]}}).source == source


@pytest.mark.parametrize(
    ("said", "user"),
    [("ina", "ina"), ("x" * 201, None), ("a\nb", None), (" ", None), ("(none)", None), (7, None)],
)
def test_a_user_who_cannot_be_is_left_out(said, user):
    assert read(MAIL | {"tags": {**TAGS, "mailsight_user": [said]}}).user == user


@pytest.mark.parametrize("tags", [None, [], {}, {"mailsight_account": "acme"}, {"mailsight_account": []}])
def test_a_mail_that_names_no_account_is_not_ours(tags):
    assert read(MAIL | {"tags": tags}) is None


def test_texts_are_one_line_of_sane_length():
    long = {"subject": "a\r\n" * 10_000, "to": ["x" * 10_000 + "@example.com", "\x00"], "from": ["a\nb <c@d>"]}
    envelope = read(MAIL | {"commonHeaders": long, "destination": [f"{n}@example.com" for n in range(100)]}).envelope
    assert len(envelope.subject) <= 900 and "\n" not in envelope.subject
    assert len(envelope.recipients) == MOST_RECIPIENTS
    assert all(len(one) <= 450 for one in envelope.recipients)
    assert envelope.sender == "a b <c@d>"


def test_its_id_is_that_of_no_other_mail_and_always_the_same():
    assert message_id_of("0100") == message_id_of("0100") == "6054310687985edcd67859a346905260"
    assert message_id_of("0101") != message_id_of("0100")


junk = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3), max_leaves=5)
fields = st.sampled_from(["from", "to", "cc", "replyTo", "subject", "destination", "source", "commonHeaders"])


@given(st.dictionaries(fields, junk), st.dictionaries(fields, junk), st.dictionaries(st.text(max_size=3), junk))
def test_nothing_that_stands_there_is_an_error_and_what_is_made_of_it_can_be_shown(mail, headers, tags):
    found = read({"commonHeaders": headers, **mail, "tags": {**tags, **TAGS}})
    assert found and found.source in SENDABLE
    message = message_of(found, "0100", NOON)
    json.dumps(mail_view.show(message))
    assert (message.tracking.is_on, message.tracking.reason) == (False, "sent_elsewhere")
