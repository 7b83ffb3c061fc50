"""`make reclassify`: kept hits are judged by today's rules, beside everything else, and again without any change."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.entrypoints.folding import folding_of
from chalicelib.flow import reclassify as flow
from chalicelib.flow.fold import fold
from chalicelib.flow.reclassify import Parts, Tally
from chalicelib.settings import read
from chalicelib.storage.account import Account
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from infra import reclassify
from tests.moto_stack import REGION, Stack
from tests.noon import NOON

SENT_AT = NOON - timedelta(days=3)
IDS = [f"{number:08x}" * 4 for number in range(5)]


pytestmark = pytest.mark.usefixtures("from_noon")


@pytest.fixture
def swept(stack: Stack) -> Messages:
    """Five mails of two accounts, each followed by a scanner, all folded."""
    messages = Messages("messages", REGION)
    folding = folding_of(read())
    for number, message_id in enumerate(IDS):
        account = "acme" if number else "other"
        Account("account", REGION).create(account, account)
        until = NOON + timedelta(days=90)
        envelope = Envelope("me@example.com", ("anna@example.com",))
        messages.add(Message(message_id, account, SENT_AT, envelope, Tracking(True, True)))
        found, _ = messages.find(message_id)
        messages.claim(found, "c", lease_ends_at=NOON, until=until)
        for position in range(3):
            at = SENT_AT + timedelta(minutes=9, seconds=position)
            hit = events.make(message_id, f"{position}", Kind.CLICKED, at, method="GET", position=position)
            folding.events.put(hit, until)
        assert fold(message_id, None, folding, now=NOON)
    return messages


def clicks(messages: Messages) -> list[int]:
    return [messages.find(message_id)[0].state.engagement.clicks.count for message_id in IDS]


def test_what_a_switched_off_rule_took_is_given_back_and_a_second_run_changes_nothing(swept, capsys):
    assert clicks(swept) == [0] * 5
    Policies("account", REGION).change("acme", lambda policy: replace(policy, verdict_rules_off=frozenset({"burst"})))
    assert reclassify.main(["--days", "5"]) == 0
    assert "5 mails looked at" in (said := capsys.readouterr().out), said
    assert "4 changed" in said
    assert clicks(swept) == [0, 3, 3, 3, 3]
    assert reclassify.main([]) == 0
    assert "0 changed" in capsys.readouterr().out
    Policies("account", REGION).change("acme", lambda policy: AccountPolicy())
    assert reclassify.main([]) == 0
    assert clicks(swept) == [0] * 5


def test_a_time_zone_that_changes_meanwhile_holds_for_what_is_judged_then(swept):
    def moved(tally: Tally) -> None:
        for account in ("acme", "other"):
            Policies("account", REGION).change(account, lambda policy: replace(policy, time_zone="Pacific/Kiritimati"))

    folding = folding_of(read())
    for message_id in IDS:
        folding.events.put(events.make(message_id, "s", Kind.SENT, SENT_AT, ses_message_id=message_id), NOON)
        assert fold(message_id, None, folding, now=SENT_AT)
    stores = Account("account", REGION), swept, folding
    parts = Parts(*stores, lambda _, error: pytest.fail(str(error)), moved)
    assert flow.reclassify((NOON - timedelta(days=5), NOON), parts, now=NOON, batch_size=1).changed == 4, (
        "the first one came before"
    )
    days = [swept.find(message_id)[1].counted.day for message_id in IDS]
    assert sum(day == SENT_AT.date().isoformat() for day in days) == 1


def test_mails_of_other_days_are_left_alone(swept, capsys):
    assert reclassify.main(["--days", "2"]) == 0
    assert "0 mails looked at" in capsys.readouterr().out


def test_a_mail_that_cannot_be_judged_is_named_and_the_others_are_judged(swept, capsys):
    rows = swept._rows
    rows(IDS[2]).update(actions=[rows.state.set("no state")])
    assert reclassify.main([]) == 1
    said = capsys.readouterr()
    assert "1 could not be judged" in said.out
    assert IDS[2] in said.err


def test_a_missing_installation_is_a_sentence_and_no_traceback(capsys, monkeypatch):
    monkeypatch.delenv("MAILSIGHT_MESSAGES_TABLE", raising=False)
    assert reclassify.main([]) == 1
    assert "MAILSIGHT_" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "-1", "x", "9999"])
def test_a_wrong_number_of_days_is_refused(days):
    with pytest.raises(SystemExit):
        reclassify.main(["--days", days])
