"""What the local SES tells about a mail, and what becomes of a mail that it hands on."""

import json
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core import notification
from infra.local.ses_request import EICAR
from tests.infra.ses_desk import MESSAGE_ID, Desk, mail
from tests.infra.smtp_sink import SmtpSink

AWS_EXAMPLES = Path(__file__).parents[1] / "events" / "ses"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def outcome(told: list[dict[str, Any]]) -> list[str]:
    """Each notification in a few words."""
    kinds = [one.get("bounce", {"bounceType": "", "bounceSubType": ""}) for one in told]
    words = [
        (one["eventType"], kind["bounceType"], kind["bounceSubType"]) for one, kind in zip(told, kinds, strict=True)
    ]
    return [" ".join(three).strip() for three in words]


def test_an_ordinary_mail_is_sent_and_delivered(desk: Desk) -> None:
    ses_id = desk.send("anna@example.com", ConfigurationOverrides={"Tracking": {"OpenTrackingEnabled": "DISABLED"}})
    sent, delivered = desk.close()
    assert (sent["eventType"], sent["send"]) == ("Send", {})
    assert sent["mail"]["messageId"] == ses_id
    assert sent["mail"]["timestamp"] == "2026-11-21T12:00:00.000Z"
    assert sent["mail"]["source"] == "sales@crm.example"
    assert sent["mail"]["destination"] == ["anna@example.com"]
    assert sent["mail"]["tags"] == {
        "ses:configuration-set": ["events"],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": ["crm.example"],
        "ses:caller-identity": ["local"],
        "mailsight_message_id": ["0123456789abcdef0123456789abcdef"],
    }
    assert sent["mail"]["headersTruncated"] is False
    assert {"name": "From", "value": "Sales <sales@crm.example>"} in sent["mail"]["headers"]
    assert sent["mail"]["commonHeaders"]["from"] == ["Sales <sales@crm.example>"]
    assert sent["mail"]["commonHeaders"]["subject"] == "Hello"
    assert delivered["eventType"] == "Delivery"
    assert delivered["delivery"] == {
        "timestamp": "2026-11-21T12:00:00.010Z",
        "processingTimeMillis": 10,
        "recipients": ["anna@example.com"],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "a1-1.smtp-out.eu-west-1.amazonses.com",
    }
    assert desk.ses.mailbox.envelope(ses_id)["overrides"] == {"Tracking": {"OpenTrackingEnabled": "DISABLED"}}


def test_what_is_told_comes_by_itself(desk: Desk) -> None:
    desk.send("anna@example.com")
    assert [desk.told.get(timeout=20)["eventType"] for _ in range(2)] == ["Send", "Delivery"]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("success@simulator.amazonses.com", ["Send", "Delivery"]),
        ("bounce@simulator.amazonses.com", ["Send", "Bounce Permanent General"]),
        ("Bounce+order-17@Simulator.AmazonSES.com", ["Send", "Bounce Permanent General"]),
        ("no-such-mailbox@simulator.amazonses.com", ["Send", "Bounce Permanent General"]),
        ("complaint@simulator.amazonses.com", ["Send", "Delivery", "Complaint"]),
        ("ooto+x@simulator.amazonses.com", ["Send", "Delivery", "Bounce Transient General"]),
        ("suppressionlist@simulator.amazonses.com", ["Send", "Bounce Permanent Suppressed"]),
        ("bounce@simulator.amazonses.com.example", ["Send", "Delivery"]),
    ],
)
def test_each_mailbox_of_the_simulator_answers_as_documented(desk: Desk, to: str, expected: list[str]) -> None:
    desk.send(to)
    assert outcome(desk.close()) == expected


def test_a_bounce_carries_the_servers_words_and_an_out_of_office_answer_carries_none(desk: Desk) -> None:
    desk.send("bounce+1@simulator.amazonses.com", "bounce+2@simulator.amazonses.com", "ooto@simulator.amazonses.com")
    _, delivery, bounce, away = desk.close()
    assert delivery["delivery"]["recipients"] == ["ooto@simulator.amazonses.com"]
    assert bounce["bounce"]["bouncedRecipients"] == [
        {
            "emailAddress": f"bounce+{label}@simulator.amazonses.com",
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
        for label in (1, 2)
    ]
    assert away["bounce"]["bouncedRecipients"] == [{"emailAddress": "ooto@simulator.amazonses.com"}]
    assert "reportingMTA" not in away["bounce"]
    assert away["bounce"]["feedbackId"] != bounce["bounce"]["feedbackId"]


def test_a_complaint_is_abuse_and_names_who_complained(desk: Desk) -> None:
    desk.send("complaint@simulator.amazonses.com", "anna@example.com")
    *_, complaint = desk.close()
    assert complaint["complaint"]["complainedRecipients"] == [{"emailAddress": "complaint@simulator.amazonses.com"}]
    assert complaint["complaint"]["complaintFeedbackType"] == "abuse"
    assert complaint["complaint"]["timestamp"] == "2026-11-21T12:00:00.020Z"


def test_a_virus_is_taken_and_rejected_even_inside_an_attachment(desk: Desk) -> None:
    infected = message_from_bytes(mail(), policy=SMTP)
    infected.add_attachment(EICAR, maintype="application", subtype="octet-stream", filename="sample.txt")
    desk.send("anna@example.com", raw=infected.as_bytes())
    told = desk.close()
    assert outcome(told) == ["Send", "Reject"]
    assert told[1]["reject"] == {"reason": "Bad content"}


def test_without_a_configuration_set_nothing_is_told_and_the_mail_is_kept(desk: Desk) -> None:
    ses_id = desk.send("bounce@simulator.amazonses.com", ConfigurationSetName=None)
    assert desk.close() == []
    assert desk.ses.mailbox.newest(9) == [ses_id]


def test_with_duplicates_everything_comes_twice_and_first_the_wrong_way_round(tmp_path: Path) -> None:
    desk = Desk(tmp_path, duplicate=True)
    desk.send("complaint@simulator.amazonses.com")
    told = desk.close()
    assert outcome(told) == ["Complaint", "Delivery", "Send", "Send", "Delivery", "Complaint"]
    assert told[:3] == told[:2:-1]


def test_a_notification_that_could_not_be_published_is_published_again(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    is_down = iter([True, False, True, True])

    def publish(one: dict[str, Any]) -> None:
        if next(is_down, False):
            raise ConnectionError("the topic cannot be reached")
        told.append(one)

    desk = Desk(tmp_path, publish=publish)
    desk.send("anna@example.com")
    desk.close()
    assert sorted(outcome(told)) == ["Delivery", "Send"]


def test_a_notification_that_can_never_be_published_does_not_hold_up_the_end(tmp_path: Path) -> None:
    attempts = []

    def publish(one: dict[str, Any]) -> None:
        attempts.append(one["eventType"])
        raise ConnectionError("the topic cannot be reached")

    desk = Desk(tmp_path, publish=publish)
    desk.send("anna@example.com")
    desk.close()
    assert sorted(attempts) == ["Delivery"] * 5 + ["Send"] * 5


def shape(value: Any) -> Any:
    """The fields of JSON and their types, without the values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key not in ("headers", "tags", "commonHeaders")}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else type(value)


@pytest.mark.parametrize(
    ("to", "which", "example"),
    [
        ("anna@example.com", 0, "event-send"),
        ("anna@example.com", 1, "event-delivery"),
        ("bounce@simulator.amazonses.com", 1, "event-bounce"),
        ("suppressionlist@simulator.amazonses.com", 1, "event-bounce-suppressed"),
        ("ooto@simulator.amazonses.com", 2, "event-bounce-out-of-office"),
        ("complaint@simulator.amazonses.com", 2, "event-complaint"),
    ],
)
def test_notifications_have_the_fields_of_the_examples_of_aws(desk: Desk, to: str, which: int, example: str) -> None:
    desk.send(to)
    told = desk.close()[which]
    told.get("complaint", {}).pop("complaintSubType", None)  # documented, but null and in no example
    assert shape(told) == shape(json.loads((AWS_EXAMPLES / f"{example}.json").read_text()))
    assert set(told["mail"]["commonHeaders"]) == {"from", "to", "subject", "messageId"}


def test_what_it_tells_is_understood(desk: Desk) -> None:
    names = ("anna@example.com", *(f"{name}@simulator.amazonses.com" for name in ("bounce", "complaint", "ooto")))
    desk.send(*names)
    parsed = [notification.parse(json.dumps(one)) for one in desk.close()]
    assert {one.message_id for one in parsed} == {MESSAGE_ID}
    assert sorted((event.kind.value, event.data.get("recipient", "")) for one in parsed for event in one.events) == [
        ("auto_replied", names[3]),
        ("bounced", names[1]),
        ("complained", names[2]),
        ("delivered", names[0]),
        ("delivered", names[2]),
        ("delivered", names[3]),
        ("sent", ""),
    ]


def test_more_headers_than_ses_shows_are_cut_and_the_cut_is_told(desk: Desk) -> None:
    desk.send("anna@example.com", raw=mail(**{f"X_Long_{number}": "x" * 900 for number in range(20)}))
    sent = desk.close()[0]["mail"]
    assert sent["headersTruncated"] is True
    assert 10 <= len(sent["headers"]) < 20


def test_a_relay_is_handed_the_mail_and_its_refusals_become_bounces(tmp_path: Path) -> None:
    refusals = {"gone@example.com": "550 5.1.1 no such user", "full@example.com": "452 mailbox full"}
    with SmtpSink(refusals) as sink:
        desk = Desk(tmp_path, relay=sink.address)
        to = ["anna@example.com", "gone@example.com", "full@example.com", "bounce@simulator.amazonses.com"]
        ses_id = desk.send(*to, raw=mail(body="Grüße\n.\nnach einem Punkt"))
        told = desk.close()
    assert sink.mails == [("sales@crm.example", ["anna@example.com"], desk.kept(ses_id))]
    assert outcome(told) == [
        "Send",
        "Delivery",
        "Bounce Permanent General",
        "Bounce Permanent General",
        "Bounce Transient General",
    ]
    assert [one["bounce"]["bouncedRecipients"][0] for one in told[3:]] == [
        {
            "emailAddress": "gone@example.com",
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 no such user",
        },
        {
            "emailAddress": "full@example.com",
            "action": "failed",
            "status": "4.0.0",
            "diagnosticCode": "smtp; 452 mailbox full",
        },
    ]


def test_a_mail_that_the_relay_takes_for_nobody_bounces_for_all(tmp_path: Path) -> None:
    with SmtpSink({"gone@example.com": "550 5.1.1 no such user"}) as sink:
        desk = Desk(tmp_path, relay=sink.address)
        desk.send("gone@example.com")
        assert outcome(desk.close()) == ["Send", "Bounce Permanent General"]
    assert sink.mails == []


def test_a_relay_that_is_not_there_is_a_soft_bounce_that_says_so(tmp_path: Path) -> None:
    with SmtpSink({}) as sink:
        address = sink.address
    desk = Desk(tmp_path, relay=address)
    desk.send("anna@example.com", "complaint@simulator.amazonses.com")
    told = desk.close()
    assert outcome(told) == ["Send", "Delivery", "Bounce Transient General", "Complaint"]
    assert address in told[2]["bounce"]["bouncedRecipients"][0]["diagnosticCode"]
    parsed = notification.parse(json.dumps(told[2]))
    assert [event.data["type"] for event in parsed.events] == ["soft"]
