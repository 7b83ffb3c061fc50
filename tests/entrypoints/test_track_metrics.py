"""What the tracking host counts: one line for a hit that is kept or failed, none for garbage, never whose it was."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import hit_answer as answers
from chalicelib.core.token import Mode, mint
from chalicelib.entrypoints import track
from chalicelib.gateways import event_log
from chalicelib.gateways.event_log import EventLog, Kept, LinksUnavailable
from tests.entrypoints.metric_lines import Told, lines_in, told_in
from tests.entrypoints.tracked import CLICK, DESTINATION, FOREIGN, KEYS, MESSAGE_ID, OPEN, STORED, parts, payload
from tests.gateways.event_logs import NOWHERE, log_for

SECRETS = (MESSAGE_ID, DESTINATION, "crm.example", "k" * 32, "l" * 32, "JKJ", "192.0.2.1", "Mozilla")
"""What is in the hits below, or behind them, and names a person, a mail or a key."""


class FakeLog:
    """Keeps every hit where it is told to; its links are away."""

    def __init__(self, kept: Kept = Kept.TABLE) -> None:
        self._kept = kept

    def record(self, item: Any) -> Kept:
        return self._kept

    def destination_of(self, message_id: str, position: int) -> str | None:
        raise LinksUnavailable(f"{message_id}#{position}")


class Burning(FakeLog):
    """A store with a fault that nobody thought of."""

    def record(self, item: Any) -> Kept:
        raise RuntimeError(item)


def hit(name: str, text: str, log: Any, **changes: Any) -> dict[str, Any]:
    return track.serve(payload(name, text, **changes), lambda: parts(log, "test"))


@pytest.mark.parametrize(
    ("kept", "of_open", "of_click"),
    [
        (Kept.TABLE, "OpenRecorded", "ClickRecorded"),
        (Kept.QUEUE, "EventSpilled", "EventSpilled"),
        (Kept.LOG, "EventLogged", "EventLogged"),
    ],
)
def test_a_hit_is_counted_once_by_where_it_is_kept(
    kept: Kept, of_open: str, of_click: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hit("open", mint(OPEN, KEYS), FakeLog(kept))
    hit("click", mint(CLICK, KEYS), FakeLog(kept), method="HEAD")
    assert told_in(capsys.readouterr().out) == [Told("test", {of_open: 1}), Told("test", {of_click: 1})]


def test_a_recorded_hit_leaves_one_line_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    hit("open", mint(OPEN, KEYS), FakeLog())
    output = capsys.readouterr().out
    assert output.splitlines() == lines_in(output)
    assert len(output.splitlines()) == 1


def test_a_link_that_cannot_be_read_and_a_fault_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    hit("click", mint(STORED, KEYS), FakeLog())
    assert told_in(capsys.readouterr().out) == [Told("test", {"LinksUnavailable": 1})]
    hit("open", mint(OPEN, KEYS), Burning())
    assert [told.metrics for told in told_in(capsys.readouterr().out)] == [{"HitFailed": 1}]


NO_HITS = {
    "garbage for a pixel": ("open", "garbage", {}),
    "garbage for a link": ("click", "garbage", {}),
    "another installation's": ("click", mint(CLICK, FOREIGN), {}),
    "an unsafe destination": ("click", mint(CLICK._replace(destination="javascript:alert(1)"), KEYS), {}),
    "another method": ("open", mint(OPEN, KEYS), {"method": "POST"}),
    "a mode that records nothing": ("open", mint(OPEN._replace(mode=Mode.OFF), KEYS), {}),
    "after the window": ("click", mint(CLICK._replace(until=datetime(2020, 1, 1, tzinfo=UTC)), KEYS), {}),
}


@pytest.mark.parametrize(("name", "text", "changes"), NO_HITS.values(), ids=NO_HITS.keys())
def test_what_is_refused_or_not_recorded_leaves_no_line(
    name: str, text: str, changes: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    hit(name, text, Burning(), **changes)
    assert capsys.readouterr().out == ""


def lost_everywhere() -> EventLog:
    return log_for(NOWHERE, NOWHERE)


@pytest.mark.parametrize("log", [FakeLog(), FakeLog(Kept.QUEUE), Burning(), lost_everywhere()])
def test_a_line_with_a_metric_tells_nothing_of_the_mail_the_person_or_the_key(
    log: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = [mint(said, KEYS) for said in (OPEN, CLICK, STORED)]
    for name, token in zip(("open", "click", "click"), tokens, strict=True):
        hit(name, token, log)
    lines = lines_in(capsys.readouterr().out)
    assert len(lines) == 3
    assert [secret for secret in (*SECRETS, *tokens) if any(secret in line for line in lines)] == []


class Output:
    """A stream that keeps each write apart; a closed one once it is told to be."""

    def __init__(self) -> None:
        self.writes: list[str] = []
        self.is_closed = False

    def write(self, text: str) -> int:
        if self.is_closed:
            raise ValueError("I/O operation on closed file")
        self.writes.append(text)
        return len(text)

    def flush(self) -> None: ...


def test_a_metric_is_one_write_and_stops_no_hit_where_nobody_hears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output()
    monkeypatch.setattr("sys.stdout", output)
    event_log.count("OpenRecorded", "test")
    (written,) = output.writes
    assert told_in(written) == [Told("test", {"OpenRecorded": 1})]
    assert written.endswith("\n")
    output.is_closed = True
    assert hit("open", mint(OPEN, KEYS), FakeLog()) == answers.response(answers.PIXEL, "GET")
