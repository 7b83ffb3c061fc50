"""From a payload of the gateway to the hit, the event and the response, without any network."""

import copy
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import hit as hits
from chalicelib.core import hit_answer as answers
from chalicelib.core.event import Kind
from chalicelib.core.hit import Hit
from chalicelib.core.token import Keys, Mode, Purpose, Token, mint

EVENTS = Path(__file__).parents[1] / "events" / "http_api"
KEYS = Keys({1: b"k" * 32})
MESSAGE_ID = "0123456789abcdef" * 2
AT = datetime(2026, 11, 21, 8, 30, 0, 123000, UTC)
UNTIL = datetime(2027, 3, 1, tzinfo=UTC)
OPEN = Token(Purpose.OPEN, Mode.FULL, MESSAGE_ID, UNTIL)
CLICK = Token(Purpose.CLICK, Mode.FULL, MESSAGE_ID, UNTIL, 3, "https://crm.example/a?b=c#d")


def payload(name: str, text: str = "TOKEN", **changes: Any) -> dict[str, Any]:
    """A payload of the folder; `changes` are to `requestContext`, or to `requestContext.http` for `method`."""
    made: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text().replace("TOKEN", text))
    if "method" in changes:
        made["requestContext"]["http"]["method"] = changes.pop("method")
    made["requestContext"].update(changes)
    return made


def with_path(path: str, **context: Any) -> dict[str, Any]:
    return {**payload("open", **context), "rawPath": path}


# The hit


def test_a_request_for_the_pixel_is_read() -> None:
    hit = hits.from_payload(payload("open", "abc"))
    assert hit[:5] == ("GET", Purpose.OPEN, "abc", "JKJaXmPLvHcESHA=", AT)
    assert "(via ggpht.com GoogleImageProxy)" in hit.headers["user-agent"]
    assert (hit.source_ip, hit.is_one_click) == ("192.0.2.44", False)


def test_a_request_for_a_link_is_read_and_its_query_is_not() -> None:
    at = datetime(2026, 11, 21, 8, 30, 12, 456000, UTC)
    assert hits.from_payload(payload("click", "abc"))[:5] == ("GET", Purpose.CLICK, "abc", "JKJcZiQkPHcEJNA=", at)


def test_the_documented_example_is_none_of_ours() -> None:
    hit = hits.from_payload(payload("documented"))
    assert hit[:5] == ("POST", None, "path", "id", datetime(2020, 3, 4, 19, 3, 58, 390000, UTC))
    assert answers.refusal(hit) is answers.NOT_FOUND


@pytest.mark.parametrize(
    ("path", "purpose", "text"),
    [
        ("/o/abc", Purpose.OPEN, "abc"),
        ("/c/abc", Purpose.CLICK, "abc"),
        ("/o/abc/", Purpose.OPEN, "abc/"),
        ("/o/a/b", Purpose.OPEN, "a/b"),
        ("/o/", Purpose.OPEN, ""),
        ("/o/%61%62%63", Purpose.OPEN, "abc"),
        ("/c/a%2Fb", Purpose.CLICK, "a/b"),
        ("/o/%ff%fe", Purpose.OPEN, "\ufffd\ufffd"),
        ("/o/%", Purpose.OPEN, "%"),
        ("/o", None, ""),
        ("/", None, ""),
        ("", None, ""),
        ("/O/abc", None, "abc"),
        ("//o/abc", None, "o/abc"),
        ("/open/abc", None, "abc"),
        ("/a/abc", Purpose.ATTACHMENT, "abc"),
        ("/u/abc", Purpose.UNSUBSCRIBE, "abc"),
        ("/x/abc", None, "abc"),
        ("/x/o/abc", None, "o/abc"),
    ],
)
def test_the_path_tells_purpose_and_token(path: str, purpose: Purpose | None, text: str) -> None:
    hit = hits.from_payload(with_path(path))
    assert (hit.purpose, hit.text) == (purpose, text)
    assert (answers.refusal(hit) is answers.NOT_FOUND) == (purpose is None)


def test_a_named_stage_is_no_part_of_the_path() -> None:
    assert hits.from_payload(with_path("/live/o/abc", stage="live")).purpose is Purpose.OPEN
    assert hits.from_payload(with_path("/o/abc", stage="live")).purpose is Purpose.OPEN
    assert hits.from_payload(with_path("/lively/o/abc", stage="live")).purpose is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "", None])
def test_other_methods_are_not_allowed(method: str | None) -> None:
    for name in ("open", "click"):
        hit = hits.from_payload(payload(name, method=method))
        assert answers.refusal(hit) is answers.NOT_ALLOWED
    assert answers.NOT_ALLOWED.status == 405
    assert answers.NOT_ALLOWED.headers["Allow"] == "GET, HEAD"


def test_a_missing_field_stays_empty() -> None:
    whole = payload("open")
    for name in ("rawPath", "requestContext"):
        hits.from_payload({key: value for key, value in whole.items() if key != name})
    for name in whole["requestContext"]:
        part = copy.deepcopy(whole)
        del part["requestContext"][name]
        hits.from_payload(part)
    assert hits.from_payload({}) == Hit("", None, "", "", None)


@pytest.mark.parametrize("epoch", [None, "1795249800123", 1795249800123.5, True, 10**30, -(10**30), [], {}])
def test_a_time_that_is_none_is_missing(epoch: object) -> None:
    assert hits.from_payload(payload("open", timeEpoch=epoch)).at is None


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
payload_like = st.fixed_dictionaries(
    {},
    optional={
        "rawPath": anything | st.text().map("/o/{}".format) | st.text().map("/u/{}".format),
        "headers": anything | st.fixed_dictionaries({"content-type": anything}),
        "body": anything,
        "isBase64Encoded": anything,
        "requestContext": anything
        | st.fixed_dictionaries(
            {},
            optional={
                "http": anything | st.fixed_dictionaries({"method": anything | st.sampled_from(["GET", "POST"])}),
                "stage": anything,
                "requestId": anything,
                "timeEpoch": anything,
            },
        ),
    },
)


@given(anything | payload_like)
def test_any_payload_is_a_hit_and_has_an_answer(made: Any) -> None:
    hit = hits.from_payload(made)
    answer = answers.refusal(hit) or answers.fallback(hit)
    json.dumps(answers.response(answer, hit.method))
    assert hits.verified(hit, KEYS) is None


# Hit and token


def test_a_token_is_verified_for_the_purpose_of_its_path_only() -> None:
    for purpose in Purpose:
        said = OPEN._replace(purpose=purpose, is_stored=purpose is Purpose.ATTACHMENT)
        text = mint(said, KEYS)
        found = {other: hits.verified(hits.from_payload(with_path(f"/{chr(other)}/{text}")), KEYS) for other in Purpose}
        assert found == {other: said if other is purpose else None for other in Purpose}


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_whose_letter_is_changed_is_of_no_purpose(purpose: Purpose) -> None:
    """The purpose is the third byte, and signed with it."""
    raw = bytearray(urlsafe_b64decode(mint(OPEN._replace(purpose=purpose), KEYS) + "=="))
    for other in set(Purpose) - {purpose}:
        raw[2] = other
        text = urlsafe_b64encode(raw).rstrip(b"=").decode()
        assert hits.verified(hits.from_payload(with_path(f"/{chr(other)}/{text}")), KEYS) is None


def test_a_percent_encoded_token_is_the_same_token() -> None:
    """Equivalent by RFC 3986 section 6.2.2.2; some mail gateways encode what they need not."""
    encoded = "".join(f"%{ord(character):02x}" for character in mint(OPEN, KEYS))
    assert hits.verified(hits.from_payload(with_path(f"/o/{encoded}")), KEYS) == OPEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "x" * 1_000_000,
        "ü" * 100,
        "%00",
        "%0d%0aSet-Cookie:a=b",
        "\x00",
        "\ud800",
        "../../etc/passwd",
        "=" * 64,
    ],
)
def test_what_is_no_token_is_none(text: str) -> None:
    for letter in "ocau":
        assert hits.verified(hits.from_payload(with_path(f"/{letter}/{text}")), KEYS) is None


def test_a_mode_of_a_newer_release_is_served_and_not_recorded() -> None:
    text = mint(OPEN._replace(mode=200), KEYS)
    hit = hits.from_payload(with_path(f"/o/{text}"))
    said = hits.verified(hit, KEYS)
    assert said
    assert hits.item_of(hit, said) is None


@pytest.mark.parametrize("change", ["{}/", "{}=", "{} ", "{}.", "{}\n", "/{}", "{}?", "{}%00", "{0}{0}"])
def test_a_token_with_something_added_is_none(change: str) -> None:
    assert hits.verified(hits.from_payload(with_path("/o/" + change.format(mint(OPEN, KEYS)))), KEYS) is None


# The event


def hit_at(at: datetime | None, method: str = "GET", request_id: str = "JKJ=") -> Hit:
    return Hit(method, Purpose.OPEN, "", request_id, at)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_open_is_an_event_with_the_requests_id_time_and_method(method: str) -> None:
    made = hits.event_of(hit_at(AT, method), OPEN)
    assert made is not None
    assert (made.message_id, made.event_id, made.kind, made.occurred_at) == (MESSAGE_ID, "JKJ=", Kind.OPENED, AT)
    assert made.data == {"method": method, "client": "none"}


def test_a_click_knows_its_link() -> None:
    made = hits.event_of(hit_at(AT), CLICK)
    assert made is not None
    assert (made.kind, made.data) == (Kind.CLICKED, {"method": "GET", "client": "none", "position": 3})


def test_the_item_lives_until_the_end_of_the_grace() -> None:
    item = hits.item_of(hit_at(AT), CLICK)
    assert item == {
        "message_id": {"S": MESSAGE_ID},
        "event_key": {"S": "2026-11-21T08:30:00.123Z#JKJ="},
        "kind": {"S": "clicked"},
        "data": {"S": '{"client":"none","method":"GET","position":3}'},
        "expires_at": {"N": str(int((UNTIL + timedelta(days=7)).timestamp()))},
    }


def test_the_window_ends_with_its_last_instant() -> None:
    assert hits.event_of(hit_at(UNTIL), OPEN) is not None
    assert hits.event_of(hit_at(UNTIL + timedelta(milliseconds=1)), OPEN) is None
    assert hits.item_of(hit_at(UNTIL + timedelta(milliseconds=1)), OPEN) is None


def test_a_hit_without_time_or_id_is_not_recorded() -> None:
    assert hits.event_of(hit_at(None), OPEN) is None
    assert hits.event_of(hit_at(AT, request_id=""), OPEN) is None


def test_when_all_else_fails_the_pixel_is_served_and_a_link_asks_to_come_back() -> None:
    assert answers.fallback(hits.from_payload(payload("open"))) is answers.PIXEL
    assert answers.fallback(hits.from_payload(payload("click"))) is answers.UNAVAILABLE
    assert answers.fallback(hits.from_payload(payload("documented"))) is answers.NOT_FOUND
