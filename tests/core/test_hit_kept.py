"""What is kept of a hit: as much as the mail's mode allows, and never an address or a user agent."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import event
from chalicelib.core import hit as hits
from chalicelib.core.client import Client
from chalicelib.core.event import Kind
from chalicelib.core.hit import Hit
from chalicelib.core.rules import Context
from chalicelib.core.token import Mode, Purpose, Token
from chalicelib.core.verdict import Maker, judge

MESSAGE_ID = "0123456789abcdef" * 2
AT = datetime(2026, 11, 21, 8, 30, 0, 123000, UTC)
UNTIL = datetime(2027, 3, 1, tzinfo=UTC)
IP = "198.51.100.77"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
SALT = b"s" * 32


def a_hit(purpose: Purpose = Purpose.OPEN, method: str = "GET", ip: str = IP, at: datetime = AT, **headers: str) -> Hit:
    named = {"user-agent": THUNDERBIRD} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Hit(method, purpose, "", "JKJ=", at, named, ip, method == "POST" and purpose is Purpose.UNSUBSCRIBE)


def a_token(purpose: Purpose = Purpose.OPEN, mode: Mode = Mode.FULL, position: int = 2) -> Token:
    return Token(purpose, mode, MESSAGE_ID, UNTIL, position)


def kept(hit: Hit, mode: Mode = Mode.FULL) -> dict[str, Any] | None:
    assert hit.purpose
    made = hits.event_of(hit, a_token(hit.purpose, mode), lambda _: SALT)
    return dict(made.data) if made else None


# Full


def test_a_hit_is_kept_with_its_evidence_and_a_hash_of_its_network() -> None:
    data = kept(a_hit(sec_purpose="prefetch;prerender"))
    assert data and set(data) == {"method", "prefetch", "from"}
    assert len(data["from"]) == 16
    other = kept(a_hit(ip="198.51.100.9"))
    assert other and other["from"] == data["from"], "the same /24"
    proxied = kept(a_hit(user_agent="Mozilla/5.0 (via ggpht.com GoogleImageProxy)", ip="104.47.0.1"))
    assert proxied and (proxied["client"], proxied["network"]) == ("image_proxy", "filter")


@pytest.mark.parametrize(
    ("purpose", "kind", "more"),
    [
        (Purpose.OPEN, Kind.OPENED, {}),
        (Purpose.CLICK, Kind.CLICKED, {"position": 2}),
        (Purpose.ATTACHMENT, Kind.DOWNLOADED, {"position": 2}),
        (Purpose.UNSUBSCRIBE, Kind.UNSUBSCRIBE_SEEN, {"page": "unsubscribe"}),
    ],
)
def test_each_purpose_is_its_own_kind_of_event(purpose: Purpose, kind: Kind, more: dict[str, Any]) -> None:
    made = hits.event_of(a_hit(purpose), a_token(purpose))
    assert made and (made.kind, made.event_id, made.occurred_at) == (kind, "JKJ=", AT)
    assert made.data == {"method": "GET", **more}


def test_a_hit_without_a_salt_is_kept_without_its_network() -> None:
    made = hits.event_of(a_hit(), a_token(), lambda _: None)
    assert made and made.data == {"method": "GET"}


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 21, 23, 59, 59, 999000, UTC), date(2026, 11, 21)),
        (datetime(2026, 11, 22, tzinfo=UTC), date(2026, 11, 22)),
    ],
)
def test_a_hit_near_midnight_takes_the_salt_of_its_own_day(at: datetime, day: date) -> None:
    asked: list[date] = []
    hits.event_of(a_hit(at=at), a_token(), lambda one: asked.append(one))
    assert asked == [day]


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("ip", [IP, "2001:db8:77:5::1"])
def test_no_event_holds_an_address_or_a_user_agent(purpose: Purpose, ip: str) -> None:
    for mode in Mode:
        for method in ("GET", "HEAD", "POST"):
            hit = a_hit(purpose, method, ip, referer="https://mail.example/inbox", x_forwarded_for=ip, cookie="a=1")
            item = json.dumps(hits.item_of(hit, a_token(purpose, mode), lambda _: SALT))
            for secret in (ip, ip[:9], "Mozilla", "Thunderbird", "mail.example", "a=1"):
                assert secret not in item


# Only the date of the last open


def test_of_the_last_open_only_the_day_is_kept() -> None:
    said = a_token(mode=Mode.LAST_OPEN_DATE)
    first, second = (hits.event_of(a_hit(at=AT + timedelta(hours=after)), said, lambda _: SALT) for after in (0, 9))
    assert first and first == second, "one item a day, whatever is asked"
    assert first.key == "2026-11-21T00:00:00.000Z#last_open"
    assert (first.kind, first.data) == (Kind.OPENED, {})


@pytest.mark.parametrize("purpose", [Purpose.CLICK, Purpose.ATTACHMENT, Purpose.UNSUBSCRIBE])
def test_nothing_but_opens_is_kept_in_that_mode(purpose: Purpose) -> None:
    assert hits.event_of(a_hit(purpose), a_token(purpose, Mode.LAST_OPEN_DATE)) is None


AGENTS: dict[Client, str] = {
    "image_proxy": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)",
    "privacy_proxy": "Mozilla/5.0",
    "prefetcher": "Mozilla/5.0 AppleWebKit/537.36 Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
    "scanner": "Barracuda Sentinel (EE)",
    "unfurler": "Slackbot-LinkExpanding 1.0",
    "tool": "curl/8.5.0",
    "crawler": "Mozilla/5.0 (compatible; bingbot/2.0)",
    "none": "",
}
LONE: dict[str, Hit] = {
    **{client: a_hit(user_agent=agent) for client, agent in AGENTS.items()},
    "a mail program": a_hit(),
    "HEAD": a_hit(method="HEAD"),
    "prefetch": a_hit(sec_purpose="prefetch"),
    "a network that filters": a_hit(ip="104.47.0.1"),
}


@pytest.mark.parametrize("hit", LONE.values(), ids=LONE.keys())
def test_no_open_is_kept_that_alone_would_count_as_nobodys(hit: Hit) -> None:
    """The same hit in full mode is judged by the rules."""
    in_full = hits.event_of(hit, a_token(), lambda _: SALT)
    assert in_full
    (verdict,) = judge([in_full], Context()).values()
    is_kept = hits.event_of(hit, a_token(mode=Mode.LAST_OPEN_DATE)) is not None
    assert is_kept == (verdict.maker is Maker.HUMAN)


# Aggregate


@pytest.mark.parametrize(
    ("purpose", "kind", "more"),
    [(Purpose.OPEN, Kind.OPENED, {}), (Purpose.CLICK, Kind.CLICKED, {"position": 2})],
)
def test_of_what_is_only_added_up_the_day_is_kept_and_what_the_hit_itself_is(
    purpose: Purpose, kind: Kind, more: dict[str, Any]
) -> None:
    hit = a_hit(purpose, user_agent="Slackbot 1.0", ip="104.47.0.1", sec_purpose="prefetch")
    made = hits.event_of(hit, a_token(purpose, Mode.AGGREGATE), lambda _: SALT)
    assert made and (made.kind, made.occurred_at) == (kind, datetime(2026, 11, 21, tzinfo=UTC))
    assert made.data == {"method": "GET", "client": "unfurler", "network": "filter", "prefetch": True, **more}
    assert hits.event_of(hit, a_token(purpose, Mode.AGGREGATE)) == made, "it never asks for the salt"


@pytest.mark.parametrize("purpose", [Purpose.ATTACHMENT, Purpose.UNSUBSCRIBE])
def test_of_files_and_the_page_for_unsubscribing_nothing_is_added_up(purpose: Purpose) -> None:
    assert hits.event_of(a_hit(purpose), a_token(purpose, Mode.AGGREGATE)) is None


# Off, and after the window


@pytest.mark.parametrize("purpose", Purpose)
def test_nothing_is_kept_where_nothing_may_be_and_after_the_window(purpose: Purpose) -> None:
    assert hits.event_of(a_hit(purpose), a_token(purpose, Mode.OFF)) is None
    late = a_hit(purpose, at=UNTIL + timedelta(milliseconds=1))
    for mode in Mode:
        assert hits.event_of(late, a_token(purpose, mode)) is None


# Unsubscribing


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("at", [AT, UNTIL, UNTIL + timedelta(days=2_000)])
def test_an_unsubscribing_always_counts_and_is_kept_for_a_month_at_least(mode: Mode, at: datetime) -> None:
    hit, said = a_hit(Purpose.UNSUBSCRIBE, "POST", at=at), a_token(Purpose.UNSUBSCRIBE, mode)
    made, item = hits.event_of(hit, said, lambda _: SALT), hits.item_of(hit, said, lambda _: SALT)
    assert made and (made.kind, made.data) == (Kind.UNSUBSCRIBED, {"method": "POST"})
    expected = max(UNTIL + event.GRACE, at + timedelta(days=30))
    assert item and item["expires_at"]["N"] == str(int(expected.timestamp()))


def test_a_post_that_is_none_of_rfc_8058_is_not_kept() -> None:
    hit = a_hit(Purpose.UNSUBSCRIBE, "POST")._replace(is_one_click=False)
    assert hits.event_of(hit, a_token(Purpose.UNSUBSCRIBE)) is None
