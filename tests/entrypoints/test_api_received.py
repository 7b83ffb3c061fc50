"""The API of mails that came in, with the fold behind it, on tables in process."""

from datetime import timedelta

import boto3
import pytest

from chalicelib import settings
from chalicelib.core import event as events
from chalicelib.core import instant
from chalicelib.core.event import Kind
from chalicelib.entrypoints import api_emails, api_prepare, api_received
from chalicelib.entrypoints.folding import folding_of
from chalicelib.flow.fold import fold
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from tests.entrypoints.permitting import ANNA, Office
from tests.entrypoints.test_api_emails import MAIL
from tests.moto_stack import REGION
from tests.noon import NOON

PATH = "/v1/emails/received"
SES_ID = "0102018f4c1d2e3f-11111111-2222-3333-4444-555555555555-000000"
REPLY = {
    "from": "Anna Berg <anna@example.com>",
    "to": "me@example.com",
    "subject": "Re: Quote",
    "text": "Yes, please.",
    "message_id": "<anna-1@mail.example.com>",
    "in_reply_to": f"<{SES_ID}@{REGION}.amazonses.com>",
    "received_at": instant.show(NOON),
}
RECORD = {"module": "leads", "record_id": "4711"}


@pytest.fixture
def office(stack):
    for module in (api_emails, api_received):
        module._parts.cache_clear()
    yield Office(stack)
    for module in (api_emails, api_received):
        module._parts.cache_clear()


def happen(message_id: str, kind: Kind, ses_message_id: str = SES_ID) -> None:
    """SES tells of a mail."""
    about = {"ses_message_id": ses_message_id} if kind is Kind.SENT else {"recipient": ANNA}
    Events("events", REGION).put(events.make(message_id, kind.value, kind, NOON, **about), NOON + timedelta(days=107))


def fold_all() -> None:
    """Every event that is stored comes to the fold."""
    parts = folding_of(settings.read())
    pages = boto3.client("dynamodb", region_name=REGION).get_paginator("scan").paginate(TableName="events")
    items = [item for page in pages for item in page["Items"]]
    for item in items:
        fold(item["message_id"]["S"], [item["event_key"]["S"]], parts, now=NOON)


def settled() -> None:
    """What folding brings up is folded, too."""
    for _ in range(2):
        fold_all()


def sent(office: Office, **changes) -> str:
    """A mail of ours that SES has sent."""
    message_id = office.done("POST", "/v1/emails", MAIL | changes)["id"]
    happen(message_id, Kind.SENT, changes.get("ses", SES_ID))
    settled()
    return message_id


def counted(*columns: str) -> list[int]:
    """The sums of these columns, over all cells of the day."""
    cells = CellTable("reports", REGION).of_day("acme", NOON.date().isoformat())
    return [sum(one.get(column, 0) for one in cells.values()) for column in columns]


def test_a_reply_is_taken_shown_and_counted_as_received_and_never_as_sent(office: Office):
    mail_id = sent(office, record=RECORD, user="ina")
    status, taken = office.ask("POST", PATH, REPLY)
    assert (status, taken) == (202, {"object": "email", "id": taken["id"]})
    settled()
    shown = office.done("GET", f"/v1/emails/{taken['id']}")
    assert (shown["direction"], shown["status"], shown["sending"]) == ("inbound", "received", "received")
    assert (shown["from"], shown["to"], shown["subject"]) == (REPLY["from"], ["me@example.com"], "Re: Quote")
    assert (shown["source"], shown["record"], shown["user"]) == ("imap", RECORD, "ina")
    assert (shown["in_reply_to"], shown["received_at"], shown["sent_at"]) == (mail_id, REPLY["received_at"], None)
    assert (shown["tracking"]["tracked"], shown["tracking"]["reason"]) == (False, "received")
    assert office.done("GET", f"/v1/emails/{mail_id}")["replied_at"] == REPLY["received_at"]
    assert counted("sent", "received", "responded") == [1, 1, 0]
    assert [one["id"] for one in office.done("GET", "/v1/emails", status="received")["data"]] == [taken["id"]]
    assert [one["id"] for one in office.done("GET", "/v1/emails", status="sent")["data"]] == [mail_id]
    kinds = [one["type"] for one in office.done("GET", f"/v1/emails/{mail_id}/events")["data"]]
    assert sorted(kinds) == ["replied", "sent"]


def test_our_answer_counts_the_mail_as_responded_and_only_once_it_is_sent(office: Office):
    received = office.done("POST", PATH, REPLY)["id"]
    headers = {"In-Reply-To": REPLY["message_id"]}
    answer = office.done("POST", "/v1/emails", MAIL | {"headers": headers, "subject": "Re: Re: Quote"})["id"]
    settled()
    assert counted("received", "responded") == [1, 0]
    assert office.done("GET", f"/v1/emails/{received}")["responded_at"] is None
    happen(answer, Kind.DELIVERED)
    settled()
    assert counted("received", "responded", "sent") == [1, 1, 1]
    shown = office.done("GET", f"/v1/emails/{received}")
    assert (shown["status"], shown["responded_at"] is not None) == ("received", True)
    assert office.done("GET", f"/v1/emails/{answer}")["in_reply_to"] == received


def test_a_mail_that_is_handed_over_after_its_answer_was_sent_counts_as_responded_too(office: Office):
    answer = sent(office, headers={"References": "<first@example.com> <anna-1@mail.example.com>"})
    assert counted("received", "responded", "sent") == [0, 0, 1]
    received = office.done("POST", PATH, REPLY | {"in_reply_to": "<somebody@example.com>"})["id"]
    settled()
    assert counted("received", "responded", "sent") == [1, 1, 1]
    assert office.done("GET", f"/v1/emails/{answer}")["in_reply_to"] == received


def test_the_same_mail_again_is_the_same_one_and_counts_once(office: Office):
    first = office.done("POST", PATH, REPLY)
    again = office.done("POST", PATH, REPLY | {"subject": "Changed", "message_id": "anna-1@mail.example.com"})
    assert again == first
    settled()
    assert counted("received") == [1]
    assert office.done("GET", f"/v1/emails/{first['id']}")["subject"] == "Re: Quote"
    assert len(office.blobs()) == 1


def test_another_account_with_the_same_mail_has_a_mail_of_its_own_and_answers_nobody_else_s(office: Office):
    mail_id = sent(office)
    office.key, own = office.new_key("globex"), office.key
    other = office.done("POST", PATH, REPLY)["id"]
    shown = office.done("GET", f"/v1/emails/{other}")
    assert (shown["in_reply_to"], shown["record"]) == (None, None)
    office.key = own
    settled()
    assert office.done("GET", f"/v1/emails/{mail_id}")["replied_at"] is None
    assert office.ask("GET", f"/v1/emails/{other}")[0] == 404
    assert office.done("POST", PATH, REPLY)["id"] != other


def test_the_nearest_mail_of_ours_in_the_thread_is_the_one_that_it_answers(office: Office):
    office_mail = sent(office)
    references = f"<x@example.com> <{SES_ID}@email.amazonses.com> <raj@example.com>"
    received = office.done("POST", PATH, REPLY | {"in_reply_to": "no id at all", "references": references})["id"]
    assert office.done("GET", f"/v1/emails/{received}")["in_reply_to"] == office_mail


def test_a_reply_to_a_mail_that_its_caller_handed_to_ses_is_known_by_ses_s_id_too(office: Office):
    api_prepare._parts.cache_clear()
    prepared = office.done("POST", "/v1/emails/prepare", MAIL)["id"]
    api_prepare._parts.cache_clear()
    happen(prepared, Kind.SENT)
    settled()
    received = office.done("POST", PATH, REPLY)["id"]
    assert office.done("GET", f"/v1/emails/{received}")["in_reply_to"] == prepared


def test_it_may_say_less_and_name_record_user_and_mailbox_itself(office: Office):
    sent(office, record=RECORD, user="ina")
    own = {"record": {"module": "deals", "record_id": "9"}, "user": "kim", "source": "pop3"}
    bare = {"from": "anna@example.com", "message_id": "<b@example.com>", "in_reply_to": REPLY["in_reply_to"]}
    shown = office.done("GET", f"/v1/emails/{office.done('POST', PATH, bare | own)['id']}")
    assert (shown["record"], shown["user"], shown["source"]) == (own["record"], "kim", "pop3")
    assert (shown["to"], shown["subject"]) == ([], "")


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"message_id": "none"}, ["/message_id"]),
        ({"message_id": "<a@x> <b@x>"}, ["/message_id"]),
        ({"from": "nobody"}, ["/from"]),
        ({"source": "individual"}, ["/source"]),
        ({"received_at": instant.show(NOON + timedelta(days=1))}, ["/received_at"]),
        ({"received_at": instant.show(NOON - timedelta(days=401))}, ["/received_at"]),
        ({"received_at": "yesterday"}, ["/received_at"]),
        ({"to": ["a@example.com"] * 60, "cc": ["a@example.com"] * 60}, ["/to"]),
        ({"user": ""}, ["/user"]),
        ({"bcc": "x@example.com"}, ["/bcc"]),
        ({"in_reply_to": "x" * 20_001}, ["/in_reply_to"]),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_nothing_is_kept(office: Office, changes, pointers):
    assert office.refused("POST", PATH, REPLY | changes) == pointers
    assert office.nothing_happened()


def test_the_message_id_is_required_for_it_is_what_makes_a_repetition_harmless(office: Office):
    body = {name: value for name, value in REPLY.items() if name != "message_id"}
    assert office.refused("POST", PATH, body) == ["/message_id"]


def test_what_came_in_is_never_sent_and_cannot_be_cancelled(office: Office):
    received = office.done("POST", PATH, REPLY)["id"]
    assert not office.queued()
    status, problem = office.ask("POST", f"/v1/emails/{received}/cancel")
    assert (status, problem["code"]) == (409, "not_cancellable")
