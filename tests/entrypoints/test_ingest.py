"""The handler as Lambda calls it: real payloads in, partial failures out."""

import copy
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.core import event, instant
from chalicelib.core.event import Event, Kind
from chalicelib.entrypoints import ingest as entrypoint
from chalicelib.settings import BadSettings
from chalicelib.storage.account import Account
from tests.moto_stack import REGION, Stack

EVENTS = Path(__file__).parents[1] / "events"
TAGGED = "0123456789abcdef0123456789abcdef"
FOUND = "f" * 32
ALL_FAILED = {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
NONE_FAILED: dict[str, Any] = {"batchItemFailures": []}


class Lines(logging.Handler):
    """What the function logs, as the fields of each line."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[dict[str, Any]] = []
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{self.format(record)} {record.__dict__}")
        names = ("sqs_message_id", "ses_type", "ses_message_id", "problem")
        shown = {name: getattr(record, name) for name in names if hasattr(record, name)}
        self.fields.append({"level": record.levelname, "message": record.getMessage(), **shown})


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    entrypoint._parts.cache_clear()
    yield
    entrypoint._parts.cache_clear()


@pytest.fixture
def dynamodb(stack: Stack) -> Any:
    return boto3.client("dynamodb")


@pytest.fixture
def logged() -> Iterator[Lines]:
    lines = Lines()
    logger = logging.getLogger("ingest")
    logger.addHandler(lines)
    yield lines
    logger.removeHandler(lines)


def ses(name: str) -> str:
    return (EVENTS / "ses" / name).read_text()


def enveloped(text: str) -> str:
    return json.dumps(json.loads((EVENTS / "sns" / "envelope.json").read_text()) | {"Message": text})


def call(*bodies: str) -> Any:
    (record,) = json.loads((EVENTS / "sqs" / "event.json").read_text())["Records"]
    records = [record | {"body": body, "messageId": f"message-{n}"} for n, body in enumerate(bodies)]
    return entrypoint.ingest({"Records": copy.deepcopy(records)}, None)


def stored(dynamodb: Any) -> list[Event]:
    items = dynamodb.scan(TableName="events")["Items"]
    return sorted((event.from_item(item) for item in items), key=lambda one: one.key)


def test_a_batch_becomes_events_raw_or_enveloped(dynamodb: Any) -> None:
    assert call(ses("event-send.json"), enveloped(ses("event-delivery.json"))) == NONE_FAILED
    assert [(one.message_id, one.kind) for one in stored(dynamodb)] == [
        (TAGGED, Kind.SENT),
        (TAGGED, Kind.DELIVERED),
    ]


def test_a_batch_that_is_brought_again_changes_nothing(dynamodb: Any) -> None:
    bodies = [ses("event-bounce-several.json"), ses("event-complaint.json")]
    call(*bodies)
    before = dynamodb.scan(TableName="events")["Items"]
    assert call(*bodies, *bodies) == NONE_FAILED
    assert dynamodb.scan(TableName="events")["Items"] == before


def test_feedback_of_an_identity_finds_its_message_by_the_ses_id(dynamodb: Any) -> None:
    ses_message_id = json.loads(ses("identity-delivery.json"))["mail"]["messageId"]
    dynamodb.put_item(TableName="messages", Item={"message_id": {"S": FOUND}, "ses_message_id": {"S": ses_message_id}})
    assert call(ses("identity-delivery.json")) == NONE_FAILED
    assert [(one.message_id, one.data) for one in stored(dynamodb)] == [(FOUND, {"recipient": "jane@example.com"})]


def test_a_mail_sent_just_now_that_nobody_knows_is_brought_again(dynamodb: Any, logged: Lines) -> None:
    payload = json.loads(ses("identity-delivery.json"))
    payload["mail"]["timestamp"] = instant.show(datetime.now(UTC))
    assert call(json.dumps(payload), ses("event-send.json")) == ALL_FAILED
    assert [one.kind for one in stored(dynamodb)] == [Kind.SENT]
    assert [(line["level"], line["message"]) for line in logged.fields] == [("INFO", "notification_early")]


def test_an_old_mail_that_nobody_knows_is_dropped_and_logged(dynamodb: Any, logged: Lines) -> None:
    assert call(ses("identity-delivery.json")) == NONE_FAILED
    assert stored(dynamodb) == []
    assert logged.fields == [
        {
            "level": "INFO",
            "message": "notification_unattributed",
            "sqs_message_id": "message-0",
            "ses_type": "Delivery",
            "ses_message_id": "0000014644fe5ef6-9a483358-9170-4cb4-a269-f5dcdf415321-000000",
        }
    ]


def sent_elsewhere(name: str, account: str = "acme") -> str:
    payload = json.loads(ses(name))
    payload["mail"]["tags"] = {"mailsight_account": [account], "ses:configuration-set": ["mailsight"]}
    payload["mail"]["messageId"] = "0100-one-mail"
    return json.dumps(payload)


def test_a_mail_that_was_sent_past_us_for_an_account_becomes_one_message_whatever_comes_first(dynamodb: Any) -> None:
    Account("account", REGION).create("acme", "Acme")
    bodies = [sent_elsewhere(name) for name in ("event-delivery.json", "event-send.json", "event-delivery.json")]
    assert call(*bodies) == NONE_FAILED
    (item,) = dynamodb.scan(TableName="messages")["Items"]
    assert (item["account"]["S"], item["sending"]["S"], item["status"]["S"]) == ("acme", "sent", "sent")
    assert (item["ses_message_id"]["S"], item["reason"]["S"]) == ("0100-one-mail", "sent_elsewhere")
    assert {one.kind for one in stored(dynamodb)} == {Kind.SENT, Kind.DELIVERED}
    assert {one.message_id for one in stored(dynamodb)} == {item["message_id"]["S"]}
    assert call(*bodies) == NONE_FAILED
    assert dynamodb.scan(TableName="messages")["Items"] == [item]


def test_a_mail_that_names_an_account_that_is_none_is_dropped_and_logged(dynamodb: Any, logged: Lines) -> None:
    assert call(sent_elsewhere("event-send.json", "nobody")) == NONE_FAILED
    assert stored(dynamodb) == dynamodb.scan(TableName="messages")["Items"] == []
    assert [line["message"] for line in logged.fields] == ["notification_unattributed"]


def test_the_validation_of_a_topic_is_taken_from_the_queue(dynamodb: Any) -> None:
    assert call(ses("event-topic-validated.txt"), enveloped(ses("event-topic-validated.txt"))) == NONE_FAILED
    assert stored(dynamodb) == []


def test_a_malformed_record_fails_alone_and_is_logged_without_personal_data(dynamodb: Any, logged: Lines) -> None:
    broken = json.loads(ses("event-bounce.json"))
    del broken["bounce"]["bouncedRecipients"]
    assert call(json.dumps(broken), ses("event-send.json")) == ALL_FAILED
    assert [one.kind for one in stored(dynamodb)] == [Kind.SENT]
    assert logged.fields == [
        {
            "level": "ERROR",
            "message": "notification_malformed",
            "sqs_message_id": "message-0",
            "ses_type": "Bounce",
            "ses_message_id": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
            "problem": "no notification of SES: `bouncedRecipients` is missing or no list",
        }
    ]


def test_no_log_line_names_an_address(dynamodb: Any, logged: Lines) -> None:
    broken = ses("event-bounce.json").replace('"emailAddress"', '"address"')
    early = json.loads(ses("identity-delivery.json"))
    early["mail"]["timestamp"] = instant.show(datetime.now(UTC))
    call(broken, "jane@example.com", json.dumps(early), ses("identity-bounce-dsn.json"))
    dynamodb.delete_table(TableName="events")
    call(ses("event-bounce.json"))
    assert len(logged.texts) == 5
    assert not [text for text in logged.texts if "example.com" in text]


def test_records_that_all_fail_are_named_and_raise_nothing(dynamodb: Any) -> None:
    answer = call("nonsense", "{}")
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}, {"itemIdentifier": "message-1"}]}


def test_an_event_that_cannot_be_stored_now_is_brought_again(dynamodb: Any, logged: Lines) -> None:
    dynamodb.delete_table(TableName="events")
    assert call(ses("event-send.json")) == ALL_FAILED
    assert [(line["level"], line["message"]) for line in logged.fields] == [("ERROR", "notification_not_stored")]


def test_a_missing_setting_fails_the_whole_call_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILSIGHT_EVENTS_TABLE", raising=False)
    monkeypatch.setenv("MAILSIGHT_MESSAGES_TABLE", "messages")
    with pytest.raises(BadSettings, match="MAILSIGHT_EVENTS_TABLE"):
        call(ses("event-send.json"))
