"""Destinations that must never stand in a `Location`, however they got into a mail, a token or the table of links."""

from itertools import product
from typing import Any

import pytest

from chalicelib.core import links
from chalicelib.core.destination import is_safe_destination
from chalicelib.core.token import Mode, Purpose, Token, mint
from chalicelib.entrypoints.track import serve
from chalicelib.gateways.event_log import Kept
from tests.entrypoints.tracked import FOREIGN, KEYS, MESSAGE_ID, UNTIL, parts, payload

SCHEMES = (
    *("javascript", "JaVaScRiPt", "data", "vbscript", "file", "ftp", "about", "blob", "view-source", "intent"),
    *("mailto", "tel", "sms", "ws", "wss", "jar", "chrome", "ms-msdt", "search-ms", "x-apple", "httpx", "https+x"),
    *("ldap", "gopher"),
)
RESTS = (
    *(":alert(1)", "://evil.example/", ":text/html,<script>alert(1)</script>", ":%0aalert(1)"),
    ":\\\\evil.example\\x",
)
BEFORE = ("\t", "\n", "\r", "\x00", "\x0b", "\x1f", "\x7f", "\\", "\u2028", "\u202e", "\ufeff", "\u00a0")
ELSEWHERE = (
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/relative",
    "relative",
    "?query",
    "#top",
    "",
    " ",
    "http:",
    "http:/",
    "http://",
    "https:///evil.example",
    "http:evil.example",
    "http:/evil.example",
    "http:\\\\evil.example",
    "https:\\evil.example",
    "http://user@evil.example/",
    "http://user:word@evil.example/",
    "http://good.example@evil.example/",
    "http://good.example:80@evil.example/",
    "http://good.example\\@evil.example/",
    "http://good.example\\.evil.example/",
    "http://good.example%00.evil.example/",
    "http://good.example\x00.evil.example/",
    "http://good.example\r\nLocation: http://evil.example/",
    "http://good.example/\r\nSet-Cookie: a=b",
    "http://good.example/\nX: y",
    "http://good.example/\ra",
    "http://good.example/a\tb",
    "http://good.example/a\\b",
    "http://[evil.example/",
    "http://evil.example]/",
    "http://[::1/",
    "http://[v1.x]/",
    "http://good example/",
    "http://.evil.example/",
    "http://-evil.example/",
    "http://good.example:port/",
    "http://good.example:999999/",
    "http://good.example:-1/",
    "http://;evil.example/",
    "http://,evil.example/",
    "http://%65vil.example/",
    "http://!evil.example/",
    "http://$evil.example/",
    "http://&evil.example/",
    "http://'evil.example/",
    "http://(evil.example)/",
    "http://*evil.example/",
    "http://+evil.example/",
    "http://=evil.example/",
    "http://~evil.example/",
    "http://|evil.example/",
    "http://\ud800.example/",
    "http://good.example/\ud800",
    "http://good.example/" + "a" * 9_000,
    "http://" + "ä." * 200 + "example/",
    "hxxp://evil.example",
    "http//evil.example",
    "http;//evil.example",
    "ht\ntp://evil.example/",
    "ht\ttps://evil.example/",
    "{{url}}",
    "%%url%%",
)
HOSTILE = tuple(
    dict.fromkeys(
        [
            *(scheme + rest for scheme, rest in product(SCHEMES, RESTS)),
            *(first + scheme for first, scheme in product(BEFORE, ("javascript:alert(1)", "data:text/html,x"))),
            *(f"http://good.example{inner}.evil.example/" for inner in BEFORE if inner not in ("\ufeff",)),
            *ELSEWHERE,
        ]
    )
)


class Log:
    """A table of links that holds what nobody should have put there."""

    def __init__(self, stored: str) -> None:
        self.stored, self.recorded = stored, 0

    def record(self, item: Any) -> Kept:
        self.recorded += 1
        return Kept.TABLE

    def destination_of(self, message_id: str, position: int) -> str:
        return self.stored

    def file_of(self, message_id: str, position: int) -> None:
        return None


def answer_to(text: str, stored: str = "") -> tuple[dict[str, Any], Log]:
    log = Log(stored)
    return serve(payload("click", text), lambda: parts(log)), log


def test_there_are_two_hundred_of_them() -> None:
    assert len(HOSTILE) >= 200


@pytest.mark.parametrize("url", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_destination_never_reaches_location(url: str) -> None:
    """Not out of a mail, where it stays as the author wrote it; not out of a token of ours, if one could be minted with
    it; not out of the table of links."""
    href = url.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    tracked = links.split(f'<p><a href="{href}">x</a></p>').destinations
    assert url not in tracked
    assert all(is_safe_destination(destination) for destination in tracked), "without its line ends, say"
    click = Token(Purpose.CLICK, Mode.FULL, MESSAGE_ID, UNTIL, 3, url)
    stored = mint(click._replace(destination="", is_stored=True), KEYS)
    minted = [mint(click, KEYS)] if url.isascii() and len(url) <= 650 else []
    for text, table in ((stored, url), *((one, "") for one in minted)):
        answer, log = answer_to(text, table)
        assert answer["statusCode"] in (404, 302)
        assert "Location" not in answer["headers"], url
        assert log.recorded == 0, "and it is no click"


def test_a_link_of_another_installation_leads_nowhere() -> None:
    foreign = mint(Token(Purpose.CLICK, Mode.FULL, MESSAGE_ID, UNTIL, 0, "https://evil.example/"), FOREIGN)
    answer, log = answer_to(foreign)
    assert (answer["statusCode"], "Location" in answer["headers"], log.recorded) == (404, False, 0)
