"""The functions `notify`, `deliver` and `remind` as Lambda calls them: from a notice in the outbox to a receiver."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import time_machine
from standardwebhooks import Webhook as Verifier

from chalicelib.core import webhook as hooks
from chalicelib.core.delivery import Answer, Replay
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import Notice
from chalicelib.core.webhook import SecretName, Webhook
from chalicelib.entrypoints import deliver, notify, remind
from chalicelib.entrypoints.counting import counting
from chalicelib.gateways.delivery_queue import DeliveryQueue, asked_of
from chalicelib.settings import read
from chalicelib.storage import keys
from chalicelib.storage.deliveries import Deliveries
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.webhooks import Webhooks
from tests.entrypoints.metric_lines import counted_in
from tests.moto_stack import REGION
from tests.noon import NOON

MESSAGE_ID = "0123456789abcdef" * 2
HOOK_ID = "a" * 32


class Context:
    """Of Lambda's, what a scheduled function asks for."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return self.seconds * 1000


@pytest.fixture
def world(stack, monkeypatch, receiver) -> Iterator[Any]:
    monkeypatch.setenv("MAILSIGHT_WEBHOOK_TARGETS", "127.0.0.0/8")
    for module in (notify, deliver, remind):
        module._parts.cache_clear()
    envelope = Envelope("me@example.com", ("anna@example.com",), subject="Quote")
    Messages("messages", REGION).add(Message(MESSAGE_ID, "acme", NOON, envelope, Tracking(False, False)))
    hook = Webhook(HOOK_ID, receiver.url, ("*",), NOON, SecretName(1, 1))
    Webhooks("account", REGION).change("acme", lambda known: {HOOK_ID: hook})
    yield stack
    for module in (notify, deliver, remind):
        module._parts.cache_clear()


def noticed(kind: str = "email.sent", number: int = 0) -> Notice:
    one = Notice(f"{MESSAGE_ID}-1-{number}", "acme", MESSAGE_ID, kind, NOON, NOON)
    with Messages("messages", REGION).transaction() as transaction:
        Notices("outbox", REGION).put_in(transaction, one)
    return one


def record(one: Notice, number: int, name: str = "INSERT", item: str | None = None) -> dict[str, Any]:
    key = {"S": item or keys.notice(one.key)}
    owner = {"S": keys.account_shard(one.account, one.message_id)}
    texts = {"account": one.account, "message_id": one.message_id, "type": one.type}
    image = {"owner": owner, "item": key, **{field: {"S": text} for field, text in texts.items()}}
    return {
        "eventName": name,
        "dynamodb": {"Keys": {"owner": owner, "item": key}, "NewImage": image, "SequenceNumber": str(number)},
    }


def told_on(*records: dict[str, Any]) -> list[str]:
    answer = notify.notify({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def queued(stack) -> list[tuple[str, str]]:
    sqs = boto3.client("sqs", region_name=REGION)
    url = stack.environment["MAILSIGHT_DELIVERIES_QUEUE_URL"]
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [(one["MessageId"], one["Body"]) for one in got]


def delivered(*messages: tuple[str, str]) -> list[str]:
    records = [
        {"messageId": key, "receiptHandle": "r", "body": body, "eventSource": "aws:sqs", "attributes": {}}
        for key, body in messages
    ]
    answer = deliver.deliver({"Records": records}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_notice_goes_from_the_outbox_to_its_receiver_signed_and_noted(world, receiver, capsys):
    one = noticed()
    assert told_on(record(one, 1)) == []
    [message] = queued(world)
    assert delivered(message) == []
    [(headers, body)] = receiver.told
    hook = Webhooks("account", REGION).of("acme")[HOOK_ID]
    secret = hooks.secret_of(hook, hook.secret, read().keys)
    assert Verifier(secret).verify(body, headers)["data"]["subject"] == "Quote"
    [log] = Deliveries("outbox", REGION).page("acme", HOOK_ID, 9, None, None, now=NOON).deliveries
    assert (log.status, [attempt.status_code for attempt in log.attempts]) == ("delivered", [204])
    output = capsys.readouterr().out
    assert counted_in(output)["NoticeDelivered"] == 1
    assert "anna" not in output


def test_what_is_queued_is_of_its_webhook_s_group_so_that_a_slow_one_does_not_stop_the_others(world):
    told_on(record(noticed(), 1))
    queue = DeliveryQueue(boto3.client("sqs", region_name=REGION), read().deliveries_queue_url)
    queue.put_replays([Replay("acme", "b" * 32, "r1", NOON, NOON)])
    got = boto3.client("sqs", region_name=REGION).receive_message(
        QueueUrl=read().deliveries_queue_url, MaxNumberOfMessages=10, AttributeNames=["All"]
    )["Messages"]
    assert sorted(one["Attributes"]["MessageGroupId"] for one in got) == [HOOK_ID, "b" * 32]


def test_a_receiver_that_takes_long_is_named_in_the_log_by_its_id_only(world, caplog):
    parts = deliver._parts()
    slow = parts._replace(delivering=parts.delivering._replace(post=lambda *_: Answer(None, "timeout", 15_000)))
    told_on(record(noticed(), 1))
    [(_, body)] = queued(world)
    with counting("test") as counts:
        deliver._deliver(asked_of(body), slow, counts, datetime.now(UTC))
    [line] = [vars(one) for one in caplog.records if one.msg == "receiver_slow"]
    assert (line["account"], line["webhook_id"], line["milliseconds"]) == ("acme", HOOK_ID, 15_000)
    assert "127.0.0.1" not in str(line)


def test_only_new_notices_are_told_on_and_one_that_is_broken_comes_again_alone(world):
    one = noticed()
    broken = record(one, 3)
    del broken["dynamodb"]["NewImage"]["type"]
    records = [
        record(one, 1),
        record(one, 2, "REMOVE"),
        broken,
        record(one, 4, item="delivery#x"),
        record(one._replace(account="berg"), 5),
    ]
    assert told_on(*records) == ["3"]
    assert len(queued(world)) == 1


def test_a_hit_waits_for_as_long_as_the_operator_says(world, monkeypatch):
    noticed("email.opened")
    told_on(record(noticed("email.opened"), 1))
    assert queued(world) == [], "it is held back"
    monkeypatch.setenv("MAILSIGHT_WEBHOOK_SETTLE_SECONDS", "0")
    notify._parts.cache_clear()
    told_on(record(noticed("email.opened", 1), 2))
    assert len(queued(world)) == 1


def test_a_receiver_that_fails_is_tried_again_by_reminders_and_what_is_no_task_ends_as_dead(world, receiver):
    receiver.statuses = [500]
    told_on(record(noticed(), 1))
    [message] = queued(world)
    assert delivered(message, ("bad", "no JSON"), ("worse", '{"account": "acme"}')) == ["bad", "worse"]
    [log] = Deliveries("outbox", REGION).page("acme", HOOK_ID, 9, None, None, now=NOON).deliveries
    assert (log.status, log.attempts[0].status_code) == ("waiting", 500)
    assert remind.remind(scheduled(), Context(60)) == {"queued": 1, "has_left": False}
    assert remind.remind(scheduled(), Context(60)) == {"queued": 0, "has_left": False}
    assert remind.remind(scheduled(), Context(1))["queued"] == 0
    again = json.dumps({"account": "acme", "webhook_id": HOOK_ID, "place": log.place, "tries": 1})
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=10), tick=True):
        assert delivered(("m", again)) == []
    assert len(receiver.told) == 2


def scheduled() -> dict[str, Any]:
    fields = ("id", "detail-type", "source", "account", "time", "region", "version")
    return {**dict.fromkeys(fields, "x"), "resources": [], "detail": {}}


def test_one_that_is_gone_is_switched_off_and_counted(world, receiver, capsys):
    receiver.statuses = [410]
    told_on(record(noticed(), 1))
    assert delivered(*queued(world)) == []
    assert Webhooks("account", REGION).of("acme")[HOOK_ID].disabled_reason == "gone"
    counted = counted_in(capsys.readouterr().out)
    assert (counted["NoticeFailed"], counted["WebhookDisabled"]) == (1, 1)


def test_a_replay_tells_the_same_notice_again_with_the_same_id(world, receiver):
    told_on(record(noticed(), 1))
    delivered(*queued(world))
    start, end = (NOON + timedelta(seconds=seconds) for seconds in (-60, 60))
    fields = {"account": "acme", "webhook_id": HOOK_ID, "run": "r1"}
    body = json.dumps({**fields, "start": start.isoformat(), "end": end.isoformat()})
    for _ in range(2):
        assert delivered(("m", body)) == []
    messages = queued(world)
    assert [asked_of(one).place.partition("~")[2] for _, one in messages] == ["r1", "r1"]
    delivered(*messages)
    assert [headers["webhook-id"] for headers, _ in receiver.told] == [f"{MESSAGE_ID}-1-0"] * 2


def test_a_hit_that_has_not_settled_waits_in_a_replay_too_for_as_long_as_the_operator_says(world, monkeypatch):
    noticed("email.opened")
    start, end = (NOON + timedelta(seconds=seconds) for seconds in (-60, 60))
    fields = {"account": "acme", "webhook_id": HOOK_ID, "run": "r1"}
    body = json.dumps({**fields, "start": start.isoformat(), "end": end.isoformat()})
    with time_machine.travel(NOON + timedelta(seconds=1), tick=True):
        assert delivered(("m", body)) == []
        assert queued(world) == [], "it is held back"
        monkeypatch.setenv("MAILSIGHT_WEBHOOK_SETTLE_SECONDS", "0")
        deliver._parts.cache_clear()
        assert delivered(("m", body)) == []
        assert len(queued(world)) == 1


@pytest.mark.parametrize(
    ("function", "name"),
    [(deliver.deliver, "MAILSIGHT_OUTBOX_TABLE"), (notify.notify, "MAILSIGHT_DELIVERIES_QUEUE_URL")],
)
def test_missing_settings_fail_the_whole_call(world, monkeypatch, function, name):
    monkeypatch.delenv(name)
    with pytest.raises(Exception, match=name):
        function({"Records": []}, None)


def test_targets_that_cannot_be_read_fail_the_whole_call(world, monkeypatch):
    monkeypatch.setenv("MAILSIGHT_WEBHOOK_TARGETS", "10.0.0.0/99")
    with pytest.raises(Exception, match="MAILSIGHT_WEBHOOK_TARGETS"):
        deliver.deliver({"Records": []}, None)
