"""Ids of mails in headers that anybody may have written, and those that SES makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.received import answered_by, id_of
from chalicelib.core.rfc_message_id import ids_in, ses_id_of


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("<a@x.example>", ("a@x.example",)),
        (" <a@x>  <b@y>\r\n <c@z>", ("a@x", "b@y", "c@z")),
        ("a@x.example", ("a@x.example",)),
        ("Your message of Monday <a@x>", ("a@x",)),
        ("Your message of Monday", ()),
        ("", ()),
        ("<no at sign>", ()),
        ("<a\u0000@x>", ()),
        ("<\ud800@x>", ()),
        ("<" + "a" * 991 + ">", ()),
    ],
)
def test_ids_are_found_and_everything_else_is_passed_over(header, found):
    assert ids_in(header) == found


def test_of_a_very_long_thread_the_nearest_are_kept():
    assert ids_in(" ".join(f"<{number}@x>" for number in range(300)))[::99] == ("200@x", "299@x")


@given(st.text(max_size=200))
def test_whatever_stands_in_a_header_is_no_error_and_each_id_can_be_written_again(header):
    found = ids_in(header)
    assert ids_in(" ".join(f"<{one}>" for one in found)) == found


@pytest.mark.parametrize(
    ("rfc_message_id", "ses_id"),
    [
        ("0102018f-1-000000@eu-west-1.amazonses.com", "0102018f-1-000000"),
        ("0100018f-1-000000@email.amazonses.com", "0100018f-1-000000"),
        ("0100018f-1-000000@EMAIL.AmazonSES.com", "0100018f-1-000000"),
        ("0100018f-1@cn-north-1.amazonses.com.cn", "0100018f-1"),
        ("0100018f-1@amazonses.com", None),
        ("0100018f-1@email.amazonses.com.evil.example", None),
        ("x/y@email.amazonses.com", None),
    ],
)
def test_ses_s_own_id_is_read_from_the_message_id_that_it_makes(rfc_message_id, ses_id):
    assert ses_id_of(rfc_message_id) == ses_id


def test_what_a_mail_answers_is_named_by_in_reply_to_or_else_by_the_end_of_its_references():
    assert answered_by("acme", {"in-reply-to": "<a@x>", "References": "<b@x>"}) == id_of("acme", "a@x")
    assert answered_by("acme", {"REFERENCES": "<b@x> <c@x>", "In-Reply-To": "none"}) == id_of("acme", "c@x")
    assert answered_by("acme", {"Subject": "<a@x>"}) is None
    assert id_of("acme", "a@x") != id_of("globex", "a@x")
