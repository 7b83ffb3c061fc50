"""`make recount` and its nightly function: report cells are held against the mails, wrong ones are told, and put right
on demand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import event as events
from chalicelib.core.cell import Place
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.entrypoints import recount as function
from chalicelib.entrypoints.folding import folding_of
from chalicelib.flow.fold import fold_all
from chalicelib.settings import read
from chalicelib.storage.account import Account
from chalicelib.storage.cells import CellTable
from chalicelib.storage.messages import Messages
from infra import recount
from tests.moto_stack import REGION, Stack

SENT_AT = datetime.now(UTC) - timedelta(days=2)
DAY = SENT_AT.date().isoformat()
PLACE = Place("acme", DAY, module="leads", user="ina", source="individual")


@pytest.fixture
def cells(stack: Stack) -> CellTable:
    """Three mails that were delivered two days ago, folded."""
    messages, folding = Messages("messages", REGION), folding_of(read())
    Account("account", REGION).create("acme", "Acme")
    arrived = {}
    for number in range(3):
        message_id = f"{number:032x}"
        envelope = Envelope("me@example.com", ("anna@example.com",))
        messages.add(
            Message(message_id, "acme", SENT_AT, envelope, Tracking(False, False), record=("leads", "1"), user="ina")
        )
        event = events.make(message_id, "d", Kind.DELIVERED, SENT_AT, recipient="anna@example.com")
        folding.events.put(event, SENT_AT + timedelta(days=107))
        arrived[message_id] = [event.key]
    assert not fold_all(arrived, folding, now=datetime.now(UTC))
    return CellTable("reports", REGION)


class Context:
    """Lambda's, with time to spare."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def nightly(**detail: int) -> Any:
    function._parts.cache_clear()
    event = {"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0"}
    return function.recount({**event, "time": "", "region": REGION, "resources": [], "detail": detail}, Context())


def test_a_batch_that_was_folded_stands_in_the_cells(cells):
    assert cells.of_day("acme", DAY) == {PLACE: {"sent": 3, "delivered": 3}}


def test_every_night_says_that_nothing_is_wrong_or_by_how_much(cells, capsys):
    assert nightly() == {"days": 5, "drift": 0, "restless": 0, "failed": 0, "left": 0}
    assert "CellDrift" not in capsys.readouterr().out
    cells.add({PLACE: {"sent": 2}})
    assert nightly()["drift"] == nightly(days=3)["drift"] == 2
    said = capsys.readouterr().out
    assert '"CellDrift":[2.0]' in said.replace(" ", "")
    assert "ina" not in said, "a log names no person"


def test_the_command_tells_what_lacks_and_puts_it_right_on_demand(cells, capsys):
    assert recount.main(["--from", DAY]) == 0
    cells.add({PLACE: {"sent": -1, "opened": 4}})
    assert recount.main(["--from", DAY]) == 1
    assert "leads ina individual: opened -4, sent +1" in capsys.readouterr().err
    assert recount.main(["--from", DAY, "--repair"]) == 0
    assert "5 put right" in capsys.readouterr().out
    assert recount.main(["--from", DAY, "--to", DAY]) == 0
    assert cells.of_day("acme", DAY) == {PLACE: {"sent": 3, "delivered": 3}}


@pytest.mark.parametrize("arguments", [["--from", "yesterday"], ["--from", "2999-01-01"], ["--from", "1999-01-01"]])
def test_a_wrong_span_is_refused(arguments):
    with pytest.raises(SystemExit):
        recount.main(arguments)


def test_a_missing_installation_is_a_sentence_and_no_traceback(capsys, monkeypatch):
    monkeypatch.delenv("MAILSIGHT_REPORTS_TABLE", raising=False)
    assert recount.main([]) == 1
    assert "MAILSIGHT_" in capsys.readouterr().err
