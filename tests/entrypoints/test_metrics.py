"""What the functions behind the tracking host count, and that no line with a metric tells whose mail it was."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.stub import Stubber
from chalice.test import Client

from app import app
from chalicelib.core import event as events
from chalicelib.core.apikey import ApiKey, make
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import GIVE_UP_AFTER, Content, Envelope, Message, Sending, Tracking
from chalicelib.entrypoints import api_emails, fold, ingest, replay, send, sweep
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.account import Account
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from tests.entrypoints.metric_lines import lines_in, told_in
from tests.moto_stack import REGION, TOKEN_KEYS, Stack

SES_EVENTS = Path(__file__).parents[1] / "events" / "ses"
IDS = [letter * 32 for letter in "abc"]
ENVELOPE = Envelope("Canary <canary@example.com>", ("rara@example.com",), bcc=("avis@example.com",), subject="Quote")
SECRETS = (
    *("canary", "rara@", "avis@", "example.com", "Quote", "acme", "order-1"),
    *(*IDS, "0123456789abcdef0123456789abcdef", "EXAMPLE7c191be45", "ms_"),
    *json.loads(TOKEN_KEYS).values(),
)
"""Parts of every address, id, text and key in this file and in the payloads that it uses."""


class Lambda(NamedTuple):
    """Lambda's context, as far as it is used."""

    milliseconds: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class World:
    """Messages of one account, and what is done to them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.messages, self.events = Messages("messages", REGION), Events("events", REGION)
        self.accounts = Account("account", REGION)
        self.accounts.create("acme", "Acme")

    def add(self, message_id: str, age: timedelta = timedelta(minutes=20), **changes: Any) -> Message:
        accepted_at = datetime.now(UTC) - age
        message = Message(message_id, "acme", accepted_at, ENVELOPE, Tracking(False, False), **changes)
        self.messages.add(message)
        Blobs(boto3.client("s3", region_name=REGION), self.stack.bucket).put("acme", message_id, Content("<p>", None))
        return message

    def happens(self, message_id: str, kind: Kind = Kind.DELIVERED) -> Event:
        event = events.make(message_id, f"{kind}", kind, datetime.now(UTC), recipient="rara@example.com")
        self.events.put(event, event.occurred_at + timedelta(days=107))
        return event

    def break_state(self, message_id: str) -> None:
        boto3.client("dynamodb", region_name=REGION).update_item(
            TableName="messages",
            Key={"message_id": {"S": message_id}},
            UpdateExpression="SET #s = :x",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":x": {"S": "no state of canary@example.com"}},
        )

    def lose(self, table: str) -> None:
        boto3.client("dynamodb", region_name=REGION).delete_table(TableName=table)


@pytest.fixture
def world(stack: Stack) -> Iterator[World]:
    functions = (api_emails, fold, ingest, replay, send, sweep)
    for function in functions:
        function._parts.cache_clear()
    yield World(stack)
    for function in functions:
        function._parts.cache_clear()


Told = Callable[[], dict[str, float]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """What one call counted: in one line at most, with the stage and nothing that names a person, a mail or a key."""

    def read() -> dict[str, float]:
        output = capsys.readouterr().out
        assert [secret for secret in SECRETS if any(secret in line for line in lines_in(output))] == []
        told = told_in(output)
        assert [one.stage for one in told] in ([], ["test"])
        return told[0].metrics if told else {}

    return read


# send


def call_send(*message_ids: str) -> None:
    records = [
        {"messageId": f"m-{message_id}", "body": json.dumps({"message_id": message_id}), "eventSource": "aws:sqs"}
        for message_id in message_ids
    ]
    send.send({"Records": records}, None)


def verify_sender() -> None:
    boto3.client("sesv2", region_name=REGION).create_email_identity(EmailIdentity="canary@example.com")


def test_a_mail_that_ses_takes_counts_with_its_recipients_and_how_long_it_waited(world: World, told: Told) -> None:
    verify_sender()
    world.add(IDS[0], age=timedelta(hours=2))
    call_send(IDS[0])
    counted = told()
    assert 7_200 <= counted.pop("SendLag") < 7_500
    assert counted == {"MailSent": 1, "RecipientSent": 2}
    call_send(IDS[0])
    assert told() == {}, "it is sent already"


def test_a_mail_goes_out_though_a_long_link_cannot_be_stored_and_that_is_logged_and_counted(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    verify_sender()
    long = f"https://example.com/{'x' * 700}"
    alone = replace(ENVELOPE, bcc=())
    message = Message(IDS[0], "acme", datetime.now(UTC), alone, Tracking(True, True))
    world.messages.add(message)
    content = Content(f'<a href="{long}">Quote</a>', None, links=(long,))
    Blobs(boto3.client("s3", region_name=REGION), world.stack.bucket).put("acme", IDS[0], content)
    world.lose("links")
    call_send(IDS[0])
    found = world.messages.find(IDS[0])
    assert found and found[0].sending is Sending.SENT
    told = [set(one.metrics) for one in told_in(capsys.readouterr().out)]
    assert told == [{"MailUntracked"}, {"MailSent", "RecipientSent", "SendLag"}]
    (line,) = [vars(one) for one in caplog.records if one.getMessage() == "left_untracked"]
    assert (line["message_id"], line["links"]) == (IDS[0], 1)
    assert "x" * 700 not in str(line)


def test_mails_that_ses_refuses_or_that_nobody_knows_the_end_of_are_counted_apart(world: World, told: Told) -> None:
    world.add(IDS[0])
    call_send(IDS[0])
    assert told() == {"MailFailed": 1}
    held = world.add(IDS[1])
    past = datetime.now(UTC) - timedelta(seconds=1)
    world.messages.claim(held, "of a dead worker", lease_ends_at=past, until=None)
    call_send(IDS[1])
    assert told() == {"MailUnknown": 1}


def test_a_mail_that_ses_refuses_for_now_is_delayed_once_and_then_in_line(world: World, told: Told) -> None:
    world.add(IDS[0])
    with Stubber(send._parts().ses._client) as client:
        client.add_client_error("send_email", "TooManyRequestsException", "rara@example.com is one too many")
        call_send(IDS[0])
    assert told() == {"MailDelayed": 1}
    call_send(IDS[0])
    assert told() == {}


def test_a_mail_that_is_not_found_or_cannot_be_looked_up_has_no_end_to_count(world: World, told: Told) -> None:
    call_send(IDS[0])
    assert told() == {}
    world.lose("messages")
    call_send(IDS[0])
    assert told() == {}


# ingest


def call_ingest(*bodies: str) -> None:
    records = [{"messageId": f"m{n}", "body": body, "eventSource": "aws:sqs"} for n, body in enumerate(bodies)]
    ingest.ingest({"Records": records}, None)


def ses(name: str) -> str:
    return (SES_EVENTS / name).read_text()


def test_what_ses_tells_is_counted_for_each_recipient_and_once(world: World, told: Told) -> None:
    bodies = [ses(f"event-{name}.json") for name in ("send", "delivery", "bounce-several", "complaint")]
    call_ingest(*bodies, *bodies)
    assert told() == {"Delivered": 1, "BouncedHard": 1, "BouncedSoft": 1, "Complained": 1}
    call_ingest(*bodies)
    assert told() == {}


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("bounce", {"BouncedHard": 1}),
        ("bounce-mailbox-full", {"BouncedSoft": 1}),
        ("bounce-out-of-office", {}),
        ("bounce-nobody", {}),
        ("complaint-not-spam", {}),
        ("unknown", {}),
    ],
)
def test_what_is_no_bounce_and_no_complaint_is_not_counted_as_one(
    name: str, counted: dict[str, int], world: World, told: Told
) -> None:
    call_ingest(ses(f"event-{name}.json"))
    assert told() == counted
    assert boto3.client("dynamodb", region_name=REGION).scan(TableName="events")["Count"] >= 1


def test_what_cannot_be_read_and_what_is_nobodys_is_counted(world: World, told: Told) -> None:
    call_ingest("canary@example.com", ses("identity-delivery.json"), ses("event-topic-validated.txt"))
    assert told() == {"NotificationMalformed": 1, "NotificationUnattributed": 1}


def test_what_could_not_be_stored_is_not_counted(world: World, told: Told) -> None:
    world.lose("events")
    call_ingest(ses("event-delivery.json"))
    assert told() == {}


# fold


def record(event: Event, written_at: datetime) -> dict[str, Any]:
    item = events.as_item(event, written_at)
    keys = {name: item[name] for name in ("message_id", "event_key")}
    stream = {"ApproximateCreationDateTime": int(written_at.timestamp()), "Keys": keys, "SequenceNumber": "1"}
    return {"eventName": "INSERT", "eventSourceARN": "arn:aws:dynamodb:::x", "dynamodb": stream}


def test_folding_counts_records_and_the_age_of_the_oldest(world: World, told: Told) -> None:
    now = datetime.now(UTC)
    for message_id in IDS:
        world.add(message_id)
    world.break_state(IDS[2])
    ages = (timedelta(hours=1), timedelta(0), timedelta(hours=5))
    told_of = [record(world.happens(message_id), now - age) for message_id, age in zip(IDS, ages, strict=True)]
    fold.fold({"Records": [*told_of, told_of[1], told_of[2]]}, None)
    counted = told()
    assert 3_600 <= counted.pop("FoldLag") < 3_900, "what was not folded is not seen either"
    assert counted == {"EventFolded": 3, "FoldFailed": 1}
    fold.fold({"Records": [told_of[0] | {"eventName": "REMOVE"}]}, None)
    assert told() == {}


# sweep and replay


def scheduled(detail: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        **{"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0"},
        **{"time": "2026-03-01T12:00:00Z", "region": REGION, "resources": [], "detail": detail or {}},
    }


def test_the_sweep_counts_what_it_put_right_and_what_it_could_not(world: World, told: Told) -> None:
    for message_id in IDS:
        world.add(message_id)
    world.happens(IDS[0])
    world.break_state(IDS[2])
    sweep.sweep(scheduled(), Lambda())
    assert told() == {"MessageRefolded": 1, "MessageUnstuck": 2, "SweepFailed": 1}
    sweep.sweep(scheduled({"days": 1}), Lambda(milliseconds=sweep.SPARE_MILLISECONDS))
    assert told() == {"SweepLeft": 1}


def test_a_sweep_that_finds_all_in_order_counts_nothing(world: World, told: Told) -> None:
    sent = world.add(IDS[0], age=GIVE_UP_AFTER)
    world.messages.settle(sent, Sending.SENT)
    sweep.sweep(scheduled(), Lambda())
    assert told() == {}


def test_replay_counts_what_it_brought_back_and_that_something_is_left(world: World, told: Told) -> None:
    hit = events.make(IDS[0], "1", Kind.OPENED, datetime.now(UTC), method="GET")
    item = json.dumps(events.as_item(hit, datetime.now(UTC) + timedelta(days=1)))
    queue = boto3.client("sqs", region_name=REGION)

    def spill(*bodies: str) -> None:
        for body in bodies:
            queue.send_message(QueueUrl=world.stack.environment["MAILSIGHT_SPILL_QUEUE_URL"], MessageBody=body)

    replay.replay(scheduled(), Lambda())
    assert told() == {}
    spill(item, item)
    replay.replay(scheduled(), Lambda())
    assert told() == {"EventReplayed": 1}
    spill("canary@example.com")
    replay.replay(scheduled(), Lambda())
    assert told() == {"ReplayIncomplete": 1}
    world.lose("events")
    spill(item)
    replay.replay(scheduled(), Lambda())
    assert told() == {"ReplayIncomplete": 1}


# The API


def test_a_mail_counts_as_accepted_once_however_often_it_is_asked_for(world: World, told: Told) -> None:
    key_id, text, secret_hash = make(lambda size: b"k" * size)
    scopes = frozenset({"send", "read"})
    world.accounts.add_key(ApiKey(key_id, "acme", "test", scopes, secret_hash, datetime.now(UTC)))
    headers = {"Authorization": f"Bearer {text}", "Content-Type": "application/json", "Idempotency-Key": "order-1"}

    def post(**changes: str) -> int:
        mail = {"from": "canary@example.com", "to": "rara@example.com", "subject": "Quote", "text": "Hello"} | changes
        with Client(app) as client:
            return int(client.http.post("/v1/emails", headers=headers, body=json.dumps(mail).encode()).status_code)

    assert (post(), told()) == (202, {"MailAccepted": 1})
    assert (post(), told()) == (202, {})
    assert (post(subject="Another"), told()) == (409, {})
    assert (post(to="nobody"), told()) == (422, {})
