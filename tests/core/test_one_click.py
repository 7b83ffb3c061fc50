"""The POST by which a mail program unsubscribes, in the two forms of RFC 8058 section 3.1, and what is none."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.one_click import is_one_click

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=---FormBoundaryjWmhtjORrn"
SECTION_8_2 = (
    "-----FormBoundaryjWmhtjORrn\r\n"
    'Content-Disposition: form-data; name="List-Unsubscribe"\r\n'
    "\r\n"
    "One-Click\r\n"
    "-----FormBoundaryjWmhtjORrn--\r\n"
)
TWO_FIELDS = SECTION_8_2.replace(
    "-----FormBoundaryjWmhtjORrn\r\n",
    '-----FormBoundaryjWmhtjORrn\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    "-----FormBoundaryjWmhtjORrn\r\n",
    1,
)

GOOD = {
    "a form": (FORM, "List-Unsubscribe=One-Click"),
    "with a character set": (f"{FORM}; charset=UTF-8", "List-Unsubscribe=One-Click"),
    "with a line end": (FORM, "List-Unsubscribe=One-Click\r\n"),
    "with another field": (FORM, "a=1&List-Unsubscribe=One-Click"),
    "encoded more than it needs": (FORM, "List%2DUnsubscribe=One%2DClick"),
    "without a type": (None, "List-Unsubscribe=One-Click"),
    "in parts, as RFC 8058 section 8.2 has it": (PARTS, SECTION_8_2),
    "in parts with a quoted boundary": ('multipart/form-data; boundary="---FormBoundaryjWmhtjORrn"', SECTION_8_2),
    "in parts with bare line ends": (PARTS, SECTION_8_2.replace("\r\n", "\n")),
    "in parts with another field": (PARTS, TWO_FIELDS),
    "in parts whose type is shouted": (PARTS.replace("multipart/form-data", "Multipart/Form-Data"), SECTION_8_2),
    "in parts with a type of their own": (
        PARTS,
        SECTION_8_2.replace("\r\n\r\n", "\r\nContent-Type: text/plain\r\n\r\n", 1),
    ),
}
BAD = {
    "nothing": (FORM, ""),
    "another value": (FORM, "List-Unsubscribe=No"),
    "another field": (FORM, "Unsubscribe=One-Click"),
    "only named": (FORM, "List-Unsubscribe"),
    "in JSON": ("application/json", '{"List-Unsubscribe": "One-Click"}'),
    "too long": (FORM, "List-Unsubscribe=One-Click&a=" + "x" * 5_000),
    "parts without boundary": ("multipart/form-data", SECTION_8_2),
    "parts of another boundary": ("multipart/form-data; boundary=other", SECTION_8_2),
    "another value in parts": (PARTS, SECTION_8_2.replace("One-Click", "One-Clicks")),
    "another field in parts": (PARTS, SECTION_8_2.replace("List-Unsubscribe", "X-List-Unsubscribe")),
    "a form that says it is in parts": (PARTS, "List-Unsubscribe=One-Click"),
    "no text": (FORM, 7),
    "no body": (FORM, None),
}


@pytest.mark.parametrize(("content_type", "body"), GOOD.values(), ids=GOOD.keys())
def test_a_mail_program_is_understood(content_type: object, body: str) -> None:
    assert is_one_click(content_type, body, is_base64=False)
    assert is_one_click(content_type, base64.b64encode(body.encode()).decode(), is_base64=True)


@pytest.mark.parametrize(("content_type", "body"), BAD.values(), ids=BAD.keys())
def test_anything_else_is_not(content_type: object, body: object) -> None:
    assert not is_one_click(content_type, body, is_base64=False)


@pytest.mark.parametrize("body", ["%%%", "ü", "=", "TGlzdC1VbnN1YnNjcmliZT1PbmUtQ2xpY2s", "List-Unsubscribe=One-Click"])
def test_what_is_no_base64_is_nothing(body: str) -> None:
    assert not is_one_click(FORM, body, is_base64=True)


anything = st.none() | st.integers() | st.text() | st.binary()


@given(anything | st.text().map("multipart/form-data; boundary={}".format), anything, st.booleans())
def test_no_request_is_one_by_chance_or_an_error(content_type: object, body: object, is_base64: bool) -> None:
    assert not is_one_click(content_type, body, is_base64=is_base64)
