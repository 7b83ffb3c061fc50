"""A conversation, and calls: what the CRM received and told, in lists and figures, through the whole of a run."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.crm import Crm
from tests.infra.local_run import REPORT_SECONDS, until

pytestmark = [pytest.mark.local, pytest.mark.timeout(REPORT_SECONDS + 120)]


def header(mail: dict[str, Any], name: str) -> str:
    """A header of a mail as its recipient got it."""
    raw = re.sub(r"\r?\n[ \t]+", " ", mail["raw"])
    found = re.search(rf"(?mi)^{name}: ?(.+?)\r?$", raw)
    assert found, raw[:2_000]
    return found[1]


def receive(crm: Crm, message_id: str, **changes: object) -> str:
    body = {"from": "Anna <anna@example.com>", "to": "me@example.com", "message_id": message_id, **changes}
    status, taken = crm.call("POST", "/v1/emails/received", body)
    assert status == 202, taken
    return str(taken["id"])


def test_a_reply_and_the_answer_to_it_find_the_mails_that_they_answer(new_crm):
    crm = new_crm("conversation")
    quote = crm.send(subject="Offer 17", user="ina", record={"module": "leads", "record_id": "4711"})
    crm.status(quote, "delivered")
    subject, answered = "Re: Offer 17", header(crm.arrived("Offer 17"), "Message-ID")
    reply = receive(crm, "<anna-17@mail.example.com>", subject=subject, text="Yes.", in_reply_to=answered)
    assert crm.wait(quote, lambda mail: mail["replied_at"])["status"] == "delivered"
    shown = crm.mail(reply)
    assert (shown["direction"], shown["status"], shown["in_reply_to"]) == ("inbound", "received", quote)
    assert (shown["user"], shown["record"]) == ("ina", {"module": "leads", "record_id": "4711"})
    answer = crm.send(subject="Re: Re: Offer 17", headers={"In-Reply-To": "<anna-17@mail.example.com>"})
    assert crm.wait(reply, lambda mail: mail["responded_at"])["status"] == "received"
    assert crm.mail(answer)["in_reply_to"] == reply
    assert [one["id"] for one in crm.call("GET", "/v1/emails?status=received")[1]["data"]] == [reply]


def test_what_was_received_and_told_stands_in_the_report_of_mails_and_calls(new_crm):
    crm = new_crm("talk")
    receive(crm, "<anna-18@mail.example.com>", user="ina")
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    told = {"user": "ina", "direction": "inbound", "started_at": at, "seconds": 30}
    for call_id, outcome in (("a", "answered"), ("a", "answered"), ("b", "missed")):
        status, call = crm.call("POST", "/v1/calls", {**told, "call_id": call_id, "outcome": outcome})
        assert status == 201, call
    assert len(crm.call("GET", "/v1/calls?user=ina")[1]["data"]) == 2

    def look() -> dict[str, Any] | None:
        path = "/v1/reports/email-and-call-analytics?period=last_7_days"
        summary = crm.call("GET", path)[1]["summary"]
        return summary if summary["received"] and summary["calls"] == 2 else None

    summary = until(look, "the report", REPORT_SECONDS)
    assert (summary["calls_inbound"], summary["calls_missed"], summary["call_seconds"]) == (2, 1, 60)
    assert (summary["sent"], summary["responded"]) == (0, 0)
