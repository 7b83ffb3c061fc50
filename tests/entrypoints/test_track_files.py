"""Files that went out as links: /a/{token} leads to S3 for as long as the file is there, and says so when it is not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import event
from chalicelib.core.stored_file import StoredFile
from chalicelib.core.token import Keys, Mode, Purpose, mint
from chalicelib.entrypoints import track
from chalicelib.gateways.event_log import Kept, LinksUnavailable
from tests.entrypoints.metric_lines import counted_in
from tests.entrypoints.tracked import CLICK, FILE, FOREIGN, KEYS, MESSAGE_ID, OPEN, UNSUBSCRIBE, parts, payload

PDF = StoredFile("acme/files/m/1", "offer.pdf", "application/pdf")
PDF_URL = "https://files.example/acme/files/m/1?by={}"


class FakeLog:
    """Knows one file, or cannot be asked."""

    def __init__(self, file: StoredFile | None = PDF, is_down: bool = False) -> None:
        self.items: list[Any] = []
        self.asked: list[tuple[str, int]] = []
        self._file, self._is_down = file, is_down

    def record(self, item: Any) -> Kept:
        self.items.append(item)
        return Kept.TABLE

    def destination_of(self, message_id: str, position: int) -> str | None:
        raise AssertionError("no link is asked for")

    def file_of(self, message_id: str, position: int) -> StoredFile | None:
        self.asked.append((message_id, position))
        if self._is_down:
            raise LinksUnavailable("links: throttled")
        return self._file


def got(text: str, log: FakeLog, letter: str = "a", **changes: Any) -> dict[str, Any]:
    return track.serve(payload("click", text, letter=letter, **changes), lambda: parts(log))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_is_where_its_link_leads_and_the_download_is_recorded(
    method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = FakeLog()
    response = got(mint(FILE, KEYS), log, method=method)
    assert (response["statusCode"], response["headers"]["Location"], response["body"]) == (
        302,
        PDF_URL.format(method),
        "",
    )
    assert response["headers"]["Cache-Control"] == "no-store"
    assert response["headers"]["Referrer-Policy"] == "no-referrer"
    (made,) = [event.from_item(item) for item in log.items]
    assert (made.kind, made.data["position"], made.data["method"]) == ("downloaded", 1, method)
    assert "from" in made.data
    assert log.asked == [(MESSAGE_ID, 1)]
    assert counted_in(capsys.readouterr().out) == {"DownloadRecorded": 1}


@pytest.mark.parametrize(
    "said",
    [
        FILE._replace(mode=Mode.OFF, until=datetime.fromtimestamp(0, UTC)),
        FILE._replace(until=datetime(2020, 1, 1, tzinfo=UTC)),
        FILE._replace(mode=Mode.LAST_OPEN_DATE),
    ],
    ids=["untracked", "after the window", "only the last open"],
)
def test_a_link_works_for_ever_and_where_nothing_is_tracked(said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    log = FakeLog()
    assert got(mint(said, KEYS), log)["statusCode"] == 302
    assert log.items == []
    assert capsys.readouterr().out == ""


def test_a_file_that_was_erased_is_gone_and_nothing_is_recorded() -> None:
    log = FakeLog(StoredFile("", "", "", is_erased=True))
    response = got(mint(FILE, KEYS), log)
    assert response["statusCode"] == 410
    assert "Location" not in response["headers"]
    assert log.items == []


def test_a_file_that_is_not_known_is_not_found() -> None:
    log = FakeLog(None)
    assert got(mint(FILE, KEYS), log)["statusCode"] == 404
    assert log.items == []


def test_a_table_that_cannot_be_asked_asks_to_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    log = FakeLog(is_down=True)
    response = got(mint(FILE, KEYS), log)
    assert response["statusCode"] == 503
    assert int(response["headers"]["Retry-After"]) > 0
    assert log.items == []
    assert json.loads(capsys.readouterr().out.splitlines()[0])["message"] == "links_unavailable"


NOT_OURS = {
    "garbage": "garbage",
    "empty": "",
    "another installation's": mint(FILE, FOREIGN),
    "another key's": mint(FILE, Keys({9: b"n" * 32})),
    "one more character": mint(FILE, KEYS) + "A",
    "of a link": mint(CLICK, KEYS),
    "of a pixel": mint(OPEN, KEYS),
    "of unsubscribing": mint(UNSUBSCRIBE, KEYS),
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_what_is_no_token_for_a_file_is_not_found_and_costs_no_read(text: str) -> None:
    log = FakeLog()
    assert got(text, log)["statusCode"] == 404
    assert log.asked == log.items == []


@pytest.mark.parametrize("letter", ["o", "c", "u"])
def test_a_file_s_token_serves_nothing_else(letter: str) -> None:
    log = FakeLog()
    response = got(mint(FILE, KEYS), log, letter)
    assert response["statusCode"] == (200 if letter == "o" else 404), "the pixel is shown to everybody"
    assert log.asked == log.items == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused(method: str) -> None:
    response = got(mint(FILE, KEYS), FakeLog(), method=method)
    assert (response["statusCode"], response["headers"]["Allow"]) == (405, "GET, HEAD")


def test_no_character_of_a_token_may_be_another() -> None:
    log, text = FakeLog(), mint(FILE, KEYS)
    for at in range(len(text)):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        for purpose in Purpose:
            assert got(changed, log, chr(purpose))["statusCode"] in (200, 404)
    assert log.asked == log.items == []
