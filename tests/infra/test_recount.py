"""`make recount` and its nightly function: report cells are held against the mails, wrong ones are told, and put right
on demand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import event as events
from chalicelib.core.cell import NOTHING, Place, difference
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.recount import Recounting
from chalicelib.entrypoints import recount as function
from chalicelib.entrypoints.folding import folding_of, folds_of
from chalicelib.flow.fold import fold_all
from chalicelib.flow.recount import AGES
from chalicelib.settings import read
from chalicelib.storage.account import Account
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.messages import Messages
from infra import recount
from tests.moto_stack import REGION, Stack
from tests.noon import NOON

SENT_AT = NOON - timedelta(days=2)
DAY = SENT_AT.date().isoformat()
PLACE = Place("acme", DAY, module="leads", user="ina", source="individual")


pytestmark = pytest.mark.usefixtures("from_noon")


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
    assert nightly() == {"days": len(AGES), "drift": 0, "restless": 0, "failed": 0, "left": 0}
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


def forgotten(number: int) -> str:
    """A mail of which neither the cells nor its note know that it was sent, as its state does."""
    folds, message_id = folds_of(read()), f"{number:032x}"
    message, fold = folds.find(message_id) or pytest.fail("it is not there")
    assert folds.recount([Recounting(message, NOTHING, difference(message, fold.counted, NOTHING))])
    return message_id


def test_a_mail_that_is_noted_wrongly_is_told_though_the_cells_agree_and_put_right_with_them(cells, capsys, caplog):
    message_id = forgotten(1)
    assert cells.of_day("acme", DAY) == {PLACE: {"sent": 2, "delivered": 2}}
    assert nightly()["drift"] == 2
    (line,) = (vars(record) for record in caplog.records if record.message == "notes_drift")
    assert (line["account"], line["day"], line["mails"]) == ("acme", DAY, 1)
    assert line["lacking"] == {message_id: [{"sent": 1, "delivered": 1}]}, "and a log names no person"
    assert recount.main(["--from", DAY, "--repair"]) == 0
    told = capsys.readouterr().err
    assert "1 mails are noted wrongly, by 2" in told
    assert "leads ina individual: delivered +1, sent +1" in told
    assert cells.of_day("acme", DAY) == {PLACE: {"sent": 3, "delivered": 3}}
    assert nightly()["drift"] == 0


def test_nothing_is_told_of_notes_while_an_account_moves_to_another_time_zone(cells):
    forgotten(1)
    behind = Behind("reports", REGION)
    behind.rezone("acme")
    assert nightly()["drift"] == 0
    (rezoning,) = behind.rezonings()
    assert behind.rezoned(rezoning, None)
    assert nightly()["drift"] == 2


@pytest.mark.parametrize("arguments", [["--from", "yesterday"], ["--from", "2999-01-01"], ["--from", "1999-01-01"]])
def test_a_wrong_span_is_refused(arguments):
    with pytest.raises(SystemExit):
        recount.main(arguments)


def test_a_missing_installation_is_a_sentence_and_no_traceback(capsys, monkeypatch):
    monkeypatch.delenv("MAILSIGHT_REPORTS_TABLE", raising=False)
    assert recount.main([]) == 1
    assert "MAILSIGHT_" in capsys.readouterr().err
