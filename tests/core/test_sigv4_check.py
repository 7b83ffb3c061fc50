"""A request is taken if botocore signed it with the secret, as it is, within a quarter of an hour; no other is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.sigv4_check import SKEW, Received, Refused, check, claim_of

AT = datetime(2026, 11, 21, 8, 30, 7, tzinfo=UTC)
KEY, SECRET = "MSAKAAAAAAAAAAAAAAAA", "-_0123456789abcdef0123456789abcdef01234567"[:40]
HOST, PATH = "id.execute-api.eu-west-1.amazonaws.com", "/api/v2/email/outbound-emails"

texts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
names = st.from_regex(r"x-[a-z][a-z-]{0,12}[a-z]", fullmatch=True)


def signed(
    body: bytes = b"{}",
    headers: dict[str, str] | None = None,
    query: Sequence[tuple[str, str]] = (),
    path: str = PATH,
    service: str = "ses",
    token: str | None = None,
) -> Received:
    """The request as botocore's signer sends it."""
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    url = f"https://{HOST}{quote(path)}" + (f"?{text}" if text else "")
    request: Any = AWSRequest(method="POST", url=url, data=body, headers=headers or {})
    with time_machine.travel(AT, tick=False):
        SigV4Auth(Credentials(KEY, SECRET, token), service, "eu-west-1").add_auth(request)
    given = {name.lower(): value for name, value in request.headers.items()}
    return Received("POST", quote(path), list(query), {**given, "host": HOST}, body)


def proves(request: Received, secret: str = SECRET, now: datetime = AT) -> bool:
    try:
        check(request, claim_of(request, "ses", now), secret)
    except Refused:
        return False
    return True


def kind(request: Received, secret: str = SECRET, now: datetime = AT) -> str:
    with pytest.raises(Refused) as caught:
        check(request, claim_of(request, "ses", now), secret)
    assert str(caught.value)
    return caught.value.kind


@given(
    st.binary(max_size=200),
    st.dictionaries(names, values, max_size=5),
    st.lists(st.tuples(texts, values), max_size=4),
    st.lists(texts.map(lambda text: text.replace("?", "").replace("#", "")), max_size=4).map(
        lambda x: "/" + "/".join(x)
    ),
)
def test_what_botocore_signs_is_taken_whatever_its_headers_query_path_and_body(body, headers, query, path):
    request = signed(body, headers, query, path)
    assert proves(request)
    assert not proves(request, SECRET[:-1] + "x")


def test_headers_may_come_in_any_order_with_any_white_space():
    request = signed(headers={"X-Custom": "  two   words "})
    turned = {name: f"  {value} " if name == "x-custom" else value for name, value in reversed(request.headers.items())}
    assert proves(request._replace(headers=turned))


def test_parameters_may_come_in_any_order():
    request = signed(query=[("b", "2"), ("a", "1 ü"), ("a", "0")])
    assert proves(request._replace(query=list(reversed(request.query))))


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b"{ }"},
        {"path": "/api/v2/email/other"},
        {"path": "/v2/email/outbound-emails"},
        {"method": "PUT"},
        {"query": [("a", "1")]},
    ],
)
def test_what_was_changed_on_its_way_is_refused(changes):
    assert kind(signed()._replace(**changes)) == "InvalidSignatureException"


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-signed"])
def test_a_signed_header_that_was_changed_or_taken_away_is_refused(name):
    request = signed(headers={"x-signed": "1"})
    other = {"x-amz-date": "20261121T083008Z"}.get(name, "other")
    assert kind(request._replace(headers={**request.headers, name: other})) == "InvalidSignatureException"
    without = {known: value for known, value in request.headers.items() if known != name}
    assert kind(request._replace(headers=without)) == "IncompleteSignatureException"


def test_a_header_that_was_not_signed_may_be_added():
    request = signed()
    assert proves(request._replace(headers={**request.headers, "x-forwarded-for": "192.0.2.1"}))


@pytest.mark.parametrize("ago", [timedelta(0), SKEW, -SKEW])
def test_a_signature_holds_for_a_quarter_of_an_hour_either_way(ago):
    assert proves(signed(), now=AT + ago)
    if ago:
        beyond = AT + ago + (timedelta(seconds=1) if ago > timedelta(0) else -timedelta(seconds=1))
        assert kind(signed(), now=beyond) == "InvalidSignatureException"


def test_the_hash_of_the_body_must_be_that_of_the_body():
    request = signed(headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    assert kind(request) == "InvalidSignatureException"


def test_a_session_token_is_refused():
    assert kind(signed(token="t")) == "UnrecognizedClientException"


def test_a_signature_for_another_service_is_refused():
    assert kind(signed(service="s3")) == "InvalidSignatureException"


def test_a_day_that_is_not_that_of_the_date_is_refused():
    request = signed()
    other = request.headers["authorization"].replace("/20261121/", "/20261120/")
    assert kind(request._replace(headers={**request.headers, "authorization": other})) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        (None, "MissingAuthenticationTokenException"),
        ("Bearer ms_x", "MissingAuthenticationTokenException"),
        ("AWS4-HMAC-SHA256", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c", "IncompleteSignatureException"),
        (f"AWS4-HMAC-SHA256 Credential={KEY}/20261121/eu-west-1/ses/aws4_request, SignedHeaders=host;x-amz-date,"
         f" Signature=ü{'0' * 63}", "IncompleteSignatureException"),
        (f"AWS4-HMAC-SHA256 Credential={KEY}/20261121/eu-west-1/ses/aws4_request, SignedHeaders=x-amz-date;host,"
         f" Signature={'0' * 64}", "IncompleteSignatureException"),
        (f"AWS4-HMAC-SHA256 Credential={KEY}/20261121/eu-west-1/ses/aws4_request, SignedHeaders=x-amz-date,"
         f" Signature={'0' * 64}", "IncompleteSignatureException"),
    ],
)  # fmt: skip
def test_what_is_no_whole_signature_is_refused_by_its_name(header, refusal):
    request = signed()
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    assert (
        kind(request._replace(headers=headers if header is None else {**headers, "authorization": header})) == refusal
    )


@pytest.mark.parametrize(
    "date", ["20261121T083007", "2026-11-21T08:30:07Z", "20261321T083007Z", "", "２0261121T083007Z"]
)
def test_a_date_that_is_none_is_refused(date):
    request = signed()
    assert kind(request._replace(headers={**request.headers, "x-amz-date": date})) == "IncompleteSignatureException"


@given(st.text(max_size=200))
def test_no_header_raises_anything_else(text):
    request = signed()
    assert not proves(request._replace(headers={**request.headers, "authorization": f"AWS4-HMAC-SHA256 {text}"}))
