"""Unsubscribing, /u/{token}: one POST does it (RFC 8058), looking does nothing, and it works for ever."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import event
from chalicelib.core.token import Mode, Token, mint
from chalicelib.entrypoints import track
from chalicelib.gateways.event_log import Kept
from tests.entrypoints.metric_lines import counted_in
from tests.entrypoints.tracked import CLICK, FILE, FOREIGN, KEYS, OPEN, UNSUBSCRIBE, parts, payload
from tests.gateways.event_logs import NOWHERE, log_for

FORM = "application/x-www-form-urlencoded"
ONE_CLICK = "List-Unsubscribe=One-Click"
NEVER = datetime.fromtimestamp(0, UTC)
TOKENS = {
    "tracked": UNSUBSCRIBE,
    "untracked": UNSUBSCRIBE._replace(mode=Mode.OFF, until=NEVER),
    "only the last open": UNSUBSCRIBE._replace(mode=Mode.LAST_OPEN_DATE),
    "after the window": UNSUBSCRIBE._replace(until=datetime(2020, 1, 1, tzinfo=UTC)),
    "of a later version's mode": UNSUBSCRIBE._replace(mode=77),  # type: ignore[arg-type]
}


class FakeLog:
    def __init__(self, kept: Kept = Kept.TABLE) -> None:
        self.items: list[Any] = []
        self._kept = kept

    def record(self, item: Any) -> Kept:
        self.items.append(item)
        return self._kept

    def destination_of(self, message_id: str, position: int) -> str | None:
        raise AssertionError("nothing is looked up")

    def file_of(self, message_id: str, position: int) -> Any:
        raise AssertionError("nothing is looked up")

    @property
    def kinds(self) -> list[str]:
        return [item["kind"]["S"] for item in self.items]


def ask(text: str, log: Any, method: str = "GET", body: str | None = None, kind: str = FORM, **rest: Any) -> Any:
    made = payload("click", text, letter="u", method=method)
    made["headers"]["content-type"] = kind
    if body is not None:
        made["body"] = body
    return track.serve({**made, **rest}, lambda: parts(log))


@pytest.mark.parametrize("said", TOKENS.values(), ids=TOKENS.keys())
def test_one_post_unsubscribes_whatever_is_tracked_and_whenever(
    said: Token, capsys: pytest.CaptureFixture[str]
) -> None:
    log = FakeLog()
    encoded = base64.b64encode(ONE_CLICK.encode()).decode()
    response = ask(mint(said, KEYS), log, "POST", encoded, isBase64Encoded=True)
    assert response["statusCode"] == 200
    assert "Unsubscribed" in response["body"]
    assert not {"Location", "Set-Cookie"} & set(response["headers"])
    assert "cookies" not in response
    (made,) = [event.from_item(item) for item in log.items]
    assert (made.kind, made.event_id, made.data) == ("unsubscribed", "JKJcZiQkPHcEJNA=", {"method": "POST"})
    lives_for = datetime.fromtimestamp(int(log.items[0]["expires_at"]["N"]), UTC) - made.occurred_at
    assert lives_for.days >= 29
    assert counted_in(capsys.readouterr().out) == {"UnsubscribeRecorded": 1}


def test_a_mail_program_may_send_it_in_parts() -> None:
    log = FakeLog()
    body = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    assert ask(mint(UNSUBSCRIBE, KEYS), log, "POST", body, "multipart/form-data; boundary=b")["statusCode"] == 200
    assert log.kinds == ["unsubscribed"]


@pytest.mark.parametrize("body", [None, "", "List-Unsubscribe=", "unsubscribe=1", "x" * 100_000])
def test_any_other_post_does_nothing(body: str | None) -> None:
    log = FakeLog()
    response = ask(mint(UNSUBSCRIBE, KEYS), log, "POST", body)
    assert response["statusCode"] == 400
    assert log.items == []


def test_a_look_shows_one_button_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log = FakeLog()
    response = ask(mint(UNSUBSCRIBE, KEYS), log)
    assert response["statusCode"] == 200
    assert response["body"].count("<button>") == 1
    assert '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">' in response["body"]
    assert "form-action 'self'" in response["headers"]["Content-Security-Policy"]
    assert "default-src 'none'" in response["headers"]["Content-Security-Policy"]
    (made,) = [event.from_item(item) for item in log.items]
    assert (made.kind, made.data["page"], made.data["method"]) == ("unsubscribe_seen", "unsubscribe", "GET")
    assert "from" in made.data
    assert counted_in(capsys.readouterr().out) == {"UnsubscribeSeen": 1}


@pytest.mark.parametrize("name", [name for name in TOKENS if name != "tracked"])
def test_a_look_is_recorded_only_where_clicks_are(name: str) -> None:
    log = FakeLog()
    assert ask(mint(TOKENS[name], KEYS), log)["statusCode"] == 200
    assert log.items == []


def test_head_unsubscribes_nobody() -> None:
    log = FakeLog()
    response = ask(mint(UNSUBSCRIBE, KEYS), log, "HEAD", ONE_CLICK)
    assert (response["statusCode"], response["body"]) == (200, "")
    assert log.kinds == ["unsubscribe_seen"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(method: str) -> None:
    log = FakeLog()
    response = ask(mint(UNSUBSCRIBE, KEYS), log, method, ONE_CLICK)
    assert (response["statusCode"], response["headers"]["Allow"]) == (405, "GET, HEAD, POST")
    assert log.items == []


NOT_OURS = {
    "garbage": "garbage",
    "another installation's": mint(UNSUBSCRIBE, FOREIGN),
    "cut": mint(UNSUBSCRIBE, KEYS)[:-1],
    "of a link": mint(CLICK, KEYS),
    "of a pixel": mint(OPEN, KEYS),
    "of a file": mint(FILE, KEYS),
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_nobody_is_unsubscribed_by_what_is_no_token_for_it(text: str, method: str) -> None:
    log = FakeLog()
    assert ask(text, log, method, ONE_CLICK)["statusCode"] == 404
    assert log.items == []


@pytest.mark.parametrize("letter", ["o", "c", "a"])
def test_a_post_elsewhere_unsubscribes_nobody(letter: str) -> None:
    log = FakeLog()
    made = payload("click", mint(UNSUBSCRIBE, KEYS), letter=letter, method="POST")
    response = track.serve({**made, "body": ONE_CLICK}, lambda: parts(log))
    assert response["statusCode"] == 405
    assert log.items == []


@pytest.mark.parametrize("log", [FakeLog(Kept.QUEUE), FakeLog(Kept.LOG), log_for(NOWHERE, NOWHERE)])
def test_an_unsubscribing_that_is_spilled_is_done(log: Any) -> None:
    assert ask(mint(UNSUBSCRIBE, KEYS), log, "POST", ONE_CLICK)["statusCode"] == 200


class Burning(FakeLog):
    def record(self, item: Any) -> Kept:
        raise RuntimeError("nobody thought of this")


def test_an_unsubscribing_that_nobody_keeps_asks_to_come_back() -> None:
    response = ask(mint(UNSUBSCRIBE, KEYS), Burning(), "POST", ONE_CLICK)
    assert response["statusCode"] == 503
    assert int(response["headers"]["Retry-After"]) > 0
    made = payload("click", mint(UNSUBSCRIBE, KEYS), letter="u", method="POST", requestId="")
    assert track.serve({**made, "body": ONE_CLICK}, lambda: parts(FakeLog()))["statusCode"] == 503
