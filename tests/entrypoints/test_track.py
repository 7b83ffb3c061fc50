"""The tracking host as Lambda calls it: payloads in, responses out."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import event
from chalicelib.core.token import LONGEST_DESTINATION, Keys, Mode, Token, mint
from chalicelib.entrypoints import track
from chalicelib.gateways.event_log import Kept, LinkErased, LinksUnavailable
from tests.entrypoints.tracked import CLICK, DESTINATION, FOREIGN, KEYS, MESSAGE_ID, OPEN, STORED, parts, payload

Item = Any


class FakeLog:
    """Keeps what is recorded; `destinations` by link id, None where the store is down."""

    def __init__(self, destinations: dict[str, str] | None = None) -> None:
        self.items: list[Item] = []
        self.reads: list[str] = []
        self._destinations = destinations

    def record(self, item: Item) -> Kept:
        self.items.append(item)
        return Kept.TABLE

    def destination_of(self, message_id: str, position: int) -> str | None:
        self.reads.append(f"{message_id}#{position}")
        if self._destinations is None:
            raise LinksUnavailable("links: TimeoutError")
        return self._destinations.get(f"{message_id}#{position}")


def serve(made: Any, log: FakeLog | None = None) -> dict[str, Any]:
    return track.serve(made, lambda: parts(log if log else FakeLog()))


PIXEL = serve(payload("open", mint(OPEN, KEYS)))


# The pixel


def test_an_open_is_recorded_once_and_nothing_is_read() -> None:
    log = FakeLog()
    response = serve(payload("open", mint(OPEN, KEYS)), log)
    assert response["statusCode"] == 200
    assert base64.b64decode(response["body"])[:6] == b"GIF89a"
    [recorded] = [event.from_item(item) for item in log.items]
    assert (recorded.message_id, recorded.event_id, recorded.kind) == (MESSAGE_ID, "JKJaXmPLvHcESHA=", "opened")
    assert log.reads == []


NOT_OURS = {
    "nothing": "",
    "garbage": "garbage",
    "truncated": mint(OPEN, KEYS)[:-1],
    "the beginning": mint(OPEN, KEYS)[:40],
    "of another purpose": mint(CLICK, KEYS),
    "of another installation": mint(OPEN, FOREIGN),
    "with a slash": mint(OPEN, KEYS) + "/",
    "with a path": mint(OPEN, KEYS) + "/more",
    "a folder up": "../c/" + mint(CLICK, KEYS),
    "huge": "A" * 1_000_000,
    "unicode": "\U0001f4e7" * 50,
    "a lone surrogate": "\ud83d",
    "percent": "%",
    "NUL": "%00",
    "a new line": "%0d%0aX: y",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_the_pixel_is_the_same_to_the_byte_for_whatever_is_no_token(text: str) -> None:
    log = FakeLog()
    assert serve(payload("open", text), log) == PIXEL
    assert log.items == log.reads == []


def test_the_pixel_is_the_same_after_the_window_and_in_every_mode() -> None:
    log = FakeLog()
    for said in (OPEN._replace(until=datetime(2026, 11, 21, 8, 30, tzinfo=UTC)), *map(mode_of, Mode)):
        assert serve(payload("open", mint(said, KEYS)), log) == PIXEL
    kept = [event.from_item(item) for item in log.items]
    assert [one.event_id for one in kept] == ["JKJaXmPLvHcESHA=", "last_open", "JKJaXmPLvHcESHA="], "in all but off"
    assert kept[0].occurred_at != kept[1].occurred_at == kept[2].occurred_at, "which is the day"


def mode_of(mode: Mode) -> Token:
    return OPEN._replace(mode=mode)


def test_a_percent_encoded_token_counts() -> None:
    log = FakeLog()
    encoded = "".join(f"%{ord(character):02X}" for character in mint(OPEN, KEYS))
    assert serve(payload("open", encoded), log) == PIXEL
    assert len(log.items) == 1


def test_head_gets_the_pixels_headers_and_is_recorded_as_head() -> None:
    log = FakeLog()
    response = serve(payload("open", mint(OPEN, KEYS), method="HEAD"), log)
    assert response == {**PIXEL, "body": "", "isBase64Encoded": False}
    assert event.from_item(log.items[0]).data["method"] == "HEAD"


# The link


def test_a_click_goes_to_its_destination_and_is_recorded_with_its_position() -> None:
    log = FakeLog()
    response = serve(payload("click", mint(CLICK, KEYS)), log)
    assert (response["statusCode"], response["headers"]["Location"], response["body"]) == (302, DESTINATION, "")
    [recorded] = [event.from_item(item) for item in log.items]
    assert (recorded.event_id, recorded.kind) == ("JKJcZiQkPHcEJNA=", "clicked")
    assert (recorded.data["method"], recorded.data["position"]) == ("GET", 3)
    assert log.reads == []


def test_head_on_a_link_redirects_and_is_recorded_as_head() -> None:
    log = FakeLog()
    response = serve(payload("click", mint(CLICK, KEYS), method="HEAD"), log)
    assert (response["statusCode"], response["headers"]["Location"]) == (302, DESTINATION)
    assert event.from_item(log.items[0]).data["method"] == "HEAD"


def test_a_link_works_for_ever_and_with_every_key_and_counts_within_its_window() -> None:
    log = FakeLog()
    late = CLICK._replace(until=datetime(2020, 1, 1, tzinfo=UTC))
    assert serve(payload("click", mint(late, Keys({1: KEYS.secrets[1]}))), log)["statusCode"] == 302
    assert log.items == []


@pytest.mark.parametrize(
    "text", [text if text != mint(CLICK, KEYS) else mint(OPEN, KEYS) for text in NOT_OURS.values()], ids=NOT_OURS.keys()
)
def test_a_link_that_does_not_verify_is_a_page_without_a_trace_of_the_request(text: str) -> None:
    log = FakeLog()
    response = serve(payload("click", text), log)
    assert response["statusCode"] == 404
    assert response == serve(payload("click", "something else entirely"))
    assert "Location" not in response["headers"]
    assert log.items == log.reads == []


@pytest.mark.parametrize(
    "destination",
    [
        "",
        "javascript:alert(1)",
        "ftp://crm.example/",
        "//crm.example/",
        "/relative",
        "https://",
        "https://user@crm.example/",
        "https://crm.example\\@elsewhere.example/",
        "https://crm.example/\r\nSet-Cookie: a=b",
        "https://crm.example/\x00",
        "https://crm.example/\x7f",
    ],
)
def test_an_unsafe_destination_is_not_followed_even_when_it_was_signed(destination: str) -> None:
    log = FakeLog({f"{MESSAGE_ID}#3": destination})
    for said in (CLICK._replace(destination=destination), STORED):
        response = serve(payload("click", mint(said, KEYS)), log)
        assert response["statusCode"] == 404
        assert "Location" not in response["headers"]
    assert log.items == []


def test_a_query_changes_nothing() -> None:
    made = payload("click", mint(CLICK, KEYS))
    plain = {name: value for name, value in made.items() if "ueryString" not in name}
    assert serve(made) == serve(plain)


# Long destinations


def test_a_long_destination_is_looked_up_by_one_read() -> None:
    destination = "https://crm.example/?q=" + "a" * (LONGEST_DESTINATION + 1)
    log = FakeLog({f"{MESSAGE_ID}#3": destination})
    response = serve(payload("click", mint(STORED, KEYS)), log)
    assert (response["statusCode"], response["headers"]["Location"]) == (302, destination)
    assert log.reads == [f"{MESSAGE_ID}#3"]
    assert len(log.items) == 1


def test_a_long_destination_that_is_not_stored_is_not_found() -> None:
    log = FakeLog({})
    assert serve(payload("click", mint(STORED, KEYS)), log)["statusCode"] == 404
    assert log.items == []


class ErasedLog(FakeLog):
    """Knows that there was a destination, and not which."""

    def destination_of(self, message_id: str, position: int) -> str | None:
        raise LinkErased(message_id)


def test_a_long_destination_that_was_erased_is_gone_and_nothing_is_recorded() -> None:
    log = ErasedLog()
    response = serve(payload("click", mint(STORED, KEYS)), log)
    assert response["statusCode"] == 410
    assert "Location" not in response["headers"]
    assert log.items == []


def test_a_long_destination_that_cannot_be_read_asks_to_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    log = FakeLog(None)
    response = serve(payload("click", mint(STORED, KEYS)), log)
    assert response["statusCode"] == 503
    assert int(response["headers"]["Retry-After"]) > 0
    assert log.items == []
    assert json.loads(capsys.readouterr().out.splitlines()[0])["message"] == "links_unavailable"


# Other requests, and a house on fire


@pytest.mark.parametrize("path", ["/", "", "/o", "/c", "/x/y", "/u/token", "/a/token", "/favicon.ico", "/robots.txt"])
def test_other_paths_are_not_found(path: str) -> None:
    assert serve({**payload("open", "x"), "rawPath": path})["statusCode"] == 404


@pytest.mark.parametrize("name", ["open", "click"])
def test_other_methods_are_refused_and_not_recorded(name: str) -> None:
    log = FakeLog()
    text = mint(OPEN if name == "open" else CLICK, KEYS)
    response = serve(payload(name, text, method="POST"), log)
    assert (response["statusCode"], response["headers"]["Allow"]) == (405, "GET, HEAD")
    assert log.items == []


@pytest.mark.parametrize("name", ["open", "click"])
@pytest.mark.parametrize("missing", ["requestId", "timeEpoch", "stage", "domainName", "time"])
def test_a_payload_without_a_field_is_answered_all_the_same(name: str, missing: str) -> None:
    made = payload(name, mint(OPEN if name == "open" else CLICK, KEYS))
    whole = serve(made)
    del made["requestContext"][missing]
    assert serve(made) == whole


@pytest.mark.parametrize("made", [None, [], "", 7, {}, {"requestContext": None}, {"rawPath": 7}, {"rawPath": "/o/x"}])
def test_what_is_no_payload_is_answered(made: Any) -> None:
    assert serve(made)["statusCode"] in (404, 405)


class Burning:
    """A store with a fault that nobody thought of."""

    def record(self, item: Item) -> Kept:
        raise RuntimeError("nobody thought of this")

    def destination_of(self, message_id: str, position: int) -> str | None:
        raise RuntimeError("nobody thought of this")


def test_an_unforeseen_fault_still_shows_the_pixel(capsys: pytest.CaptureFixture[str]) -> None:
    assert track.serve(payload("open", mint(OPEN, KEYS)), lambda: parts(Burning())) == PIXEL
    assert "nobody thought of this" in json.loads(capsys.readouterr().out.splitlines()[0])["error"]
    assert track.serve(payload("click", mint(STORED, KEYS)), lambda: parts(Burning()))["statusCode"] == 503
