"""Queues and schedules: only what succeeded is deleted, the rest comes again or ends as a dead letter."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local import pumps
from infra.local.batch import failures
from infra.local.functions import FEEDS, Function
from infra.local.schedules import interval, run_schedule, scheduled_event

IDS = ("a", "b", "c")
ALL = frozenset(IDS)
NONE: frozenset[str] = frozenset()


def reported(*names: object) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, NONE),
        ({}, NONE),
        ({"batchItemFailures": None}, NONE),
        ({"batchItemFailures": []}, NONE),
        ({"statusCode": 200}, NONE),
        (reported("b"), {"b"}),
        (reported("a", "c"), {"a", "c"}),
        (reported("b", "b"), {"b"}),
        (reported(""), ALL),
        (reported(None), ALL),
        (reported(1), ALL),
        (reported("not in the batch"), ALL),
        (reported("b", None), ALL),
        ({"batchItemFailures": [{"id": "b"}]}, ALL),
        ({"batchItemFailures": ["b"]}, ALL),
        ({"batchItemFailures": "b"}, ALL),
        ("", ALL),
        ("done", ALL),
        ([], ALL),
        (False, ALL),
    ],
)
def test_an_answer_is_read_as_lambda_reads_it(answer, failed):
    assert failures(answer, IDS) == failed


def message(name: str) -> dict[str, Any]:
    return {
        "MessageId": name,
        "ReceiptHandle": f"handle of {name}",
        "Body": json.dumps({"message_id": name}),
        "MD5OfBody": "m",
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795300000000"},
        "MessageAttributes": {"kind": {"StringValue": "x", "DataType": "String"}},
    }


MESSAGES = [message(name) for name in IDS]
ARN = "arn:aws:sqs:eu-west-1:000000000000:send"


def test_a_function_is_called_with_the_event_that_lambda_documents():
    events = []
    pumps.hand_over(MESSAGES[:1], ARN, events.append)
    assert events == [
        {
            "Records": [
                {
                    "messageId": "a",
                    "receiptHandle": "handle of a",
                    "body": '{"message_id": "a"}',
                    "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795300000000"},
                    "messageAttributes": {"kind": {"stringValue": "x", "dataType": "String"}},
                    "md5OfBody": "m",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": ARN,
                    "awsRegion": "eu-west-1",
                }
            ]
        }
    ]


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [(None, ["a", "b", "c"]), (reported("b"), ["a", "c"]), (reported(*IDS), []), (reported("?"), [])],
)
def test_only_messages_that_are_not_named_as_failed_are_deleted(answer, deleted):
    assert pumps.hand_over(MESSAGES, ARN, lambda event: answer) == [f"handle of {name}" for name in deleted]


def test_nothing_is_deleted_when_the_function_raises():
    def broken(event: object) -> None:
        raise RuntimeError("as a handler may")

    assert pumps.hand_over(MESSAGES, ARN, broken) == []


def test_a_function_gets_a_copy_of_its_event_and_its_answer_must_be_json():
    event = {"Records": [{"body": "x"}]}

    def greedy(event: Any, context: Any) -> dict[str, Any]:
        event["Records"].clear()
        return {"request": context.aws_request_id, "left": context.get_remaining_time_in_millis() > 0}

    answer = Function("greedy", greedy, timeout_seconds=30)(event)
    assert answer["left"] is True
    assert event == {"Records": [{"body": "x"}]}
    with pytest.raises(TypeError):
        Function("odd", lambda event, context: object(), timeout_seconds=30)(event)


def test_a_function_is_called_by_one_thread_at_a_time():
    inside = []
    most = []

    def slow(event: Any, context: Any) -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()

    function = Function("slow", slow, timeout_seconds=30)
    threads = [threading.Thread(target=function, args=({},)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 5


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str, str]]:
    """A client, a queue with no invisibility and two tries, and its dead letters."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        sqs = boto3.client("sqs", region_name="eu-west-1")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
        url = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})
        yield sqs, url["QueueUrl"], dead


def depth(sqs: Any, url: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def test_what_keeps_failing_becomes_a_dead_letter_and_its_neighbours_are_done(queues):
    sqs, url, dead = queues
    for body in ("good", "bad", "fine"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    seen: list[tuple[str, str]] = []

    def picky(event: Any) -> dict[str, Any]:
        seen.extend((r["body"], r["attributes"]["ApproximateReceiveCount"]) for r in event["Records"])
        return reported(*(record["messageId"] for record in event["Records"] if record["body"] == "bad"))

    for _ in range(4):
        pumps.turn(sqs, url, ARN, picky, wait_seconds=0)
    assert sorted(seen) == [("bad", "1"), ("bad", "2"), ("fine", "1"), ("good", "1")]
    assert depth(sqs, url) == 0
    assert depth(sqs, dead) == 1


def test_the_pump_survives_an_error_of_the_queue_and_ends_when_told(queues):
    sqs, url, _ = queues
    sqs.send_message(QueueUrl=url, MessageBody="x")
    stop = threading.Event()
    calls = []

    class Failing:
        """The queue, that refuses once."""

        def receive_message(self, **arguments: Any) -> Any:
            calls.append("receive")
            if len(calls) == 1:
                raise ConnectionError("refused once")
            return sqs.receive_message(**arguments)

        def delete_message_batch(self, **arguments: Any) -> Any:
            return sqs.delete_message_batch(**arguments)

    def last(event: Any) -> None:
        calls.append(event["Records"][0]["body"])
        stop.set()

    pumps.pump_queue(Failing(), url, ARN, last, stop)
    assert calls == ["receive", "receive", "x"]
    assert depth(sqs, url) == 0


@pytest.mark.parametrize(
    ("expression", "length"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(15 minutes)", timedelta(minutes=15)),
        ("rate(1 hour)", timedelta(hours=1)),
        ("rate(2 days)", timedelta(days=2)),
    ],
)
def test_a_rate_is_a_length_of_time(expression, length):
    assert interval(expression) == length


@pytest.mark.parametrize(
    "expression",
    ["rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(5 weeks)", "cron(0 1 * * ? *)", "5", ""],
)
def test_what_eventbridge_refuses_is_refused(expression):
    with pytest.raises(ValueError, match="is no rate"):
        interval(expression)


def test_a_schedule_tells_the_time_and_its_rule():
    event = scheduled_event("sweep", datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC))
    assert event["time"] == "2026-11-21T08:30:00Z"
    assert event["detail-type"] == "Scheduled Event"
    assert event["source"] == "aws.events"
    assert event["resources"] == ["arn:aws:events:eu-west-1:000000000000:rule/sweep"]


def test_a_schedule_that_is_stopped_before_its_first_time_calls_nothing():
    stop = threading.Event()
    stop.set()
    calls: list[Any] = []
    run_schedule("rate(1 minute)", "sweep", calls.append, stop)
    assert calls == []


def test_every_feed_has_a_handler_of_its_own_and_a_name_that_stands_in_it():
    assert len({feed.handler for feed in FEEDS}) == len(FEEDS)
    for feed in FEEDS:
        assert feed.handler == f"chalicelib.entrypoints.{feed.name}.{feed.name}"
