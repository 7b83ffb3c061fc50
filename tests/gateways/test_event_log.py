"""The hot path's writer against a server that fails in every way: each event once, and none is lost."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.sigv4 import Signer
from chalicelib.gateways.aws_json import AwsJson, CallFailed
from chalicelib.gateways.event_log import EventLog, Kept, LinksUnavailable
from tests.gateways import aws_on_loopback as faulty
from tests.gateways.aws_on_loopback import AwsOnLoopback, answers, refuses
from tests.gateways.event_logs import HASTY, MESSAGE_ID, NOWHERE, an_item, log_for, spilled_to

EVERY_FAULT = {
    "500": answers(500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}),
    "503 of a proxy": answers(503, b"<html>busy</html>"),
    "429": answers(429, {}),
    "throttle": refuses("ProvisionedThroughputExceededException"),
    "throttled by the account": refuses("ThrottlingException"),
    "reset": faulty.resets,
    "dropped": faulty.drops,
    "half an answer": faulty.answers_half,
    "half a header": faulty.answers_half_a_header,
    "not HTTP": faulty.babbles,
    "200 that is no JSON": answers(200, b"<html>captive portal</html>"),
}


# The good case


def test_an_event_is_one_conditional_put_and_no_read(
    log: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback
) -> None:
    assert log.record(an_item()) is Kept.TABLE
    assert dynamodb.operations() == ["PutItem"]
    assert dynamodb.calls[0].request == {
        "TableName": "events",
        "Item": an_item(),
        "ConditionExpression": "attribute_not_exists(message_id)",
    }
    assert sqs.calls == []


def test_the_connection_is_kept(log: EventLog, dynamodb: AwsOnLoopback) -> None:
    for number in range(5):
        log.record(an_item(str(number)))
    assert len(dynamodb.calls) == 5
    assert len({call.connection for call in dynamodb.calls}) == 1


def test_kept_connections_that_the_server_closed_are_replaced_without_a_spill(
    log: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback
) -> None:
    in_parallel(4, lambda number: log.record(an_item(f"first {number}")))
    dynamodb.close_kept_connections()
    for number in range(6):
        log.record(an_item(f"second {number}"))
    written = {call.request["Item"]["event_key"]["S"].partition("#")[2] for call in dynamodb.calls}
    assert written == {f"first {number}" for number in range(4)} | {f"second {number}" for number in range(6)}
    assert sqs.calls == []


def test_a_server_that_closes_after_each_answer_is_served(log: EventLog, dynamodb: AwsOnLoopback) -> None:
    def answers_and_closes(handler: faulty.Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(b"{}")

    dynamodb.always["PutItem"] = answers_and_closes
    for number in range(3):
        log.record(an_item(str(number)))
    assert len({call.connection for call in dynamodb.calls}) == 3


def test_an_event_that_is_already_there_is_a_success(
    log: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb.always["PutItem"] = refuses("ConditionalCheckFailedException")
    assert log.record(an_item()) is Kept.TABLE
    assert dynamodb.operations() == ["PutItem"]
    assert sqs.calls == []
    assert capsys.readouterr().out == ""


def in_parallel(number: int, do: Any) -> None:
    together = threading.Barrier(number)

    def run(index: int) -> None:
        together.wait()
        do(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_share_an_event_log(log: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback) -> None:
    def record_twenty(thread: int) -> None:
        for number in range(20):
            log.record(an_item(f"{thread}-{number}"))

    in_parallel(8, record_twenty)
    keys = [call.request["Item"]["event_key"]["S"] for call in dynamodb.calls]
    assert len(keys) == len(set(keys)) == 160
    assert len({call.connection for call in dynamodb.calls}) <= 8
    assert sqs.calls == []


# Every fault, once and for good


@pytest.mark.parametrize("fault", EVERY_FAULT.values(), ids=EVERY_FAULT.keys())
def test_one_fault_is_survived_by_one_retry(
    fault: faulty.Behaviour, log: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback
) -> None:
    dynamodb.script["PutItem"].append(fault)
    log.record(an_item())
    assert dynamodb.operations() == ["PutItem", "PutItem"]
    assert dynamodb.calls[0].request == dynamodb.calls[1].request
    assert sqs.calls == []


@pytest.mark.parametrize("fault", EVERY_FAULT.values(), ids=EVERY_FAULT.keys())
def test_a_lasting_fault_spills_the_event_once(
    fault: faulty.Behaviour,
    log: EventLog,
    dynamodb: AwsOnLoopback,
    sqs: AwsOnLoopback,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dynamodb.always["PutItem"] = fault
    assert log.record(an_item()) is Kept.QUEUE
    assert dynamodb.operations() == ["PutItem", "PutItem"]
    assert spilled_to(sqs) == [an_item()]
    assert sqs.calls[0].request["QueueUrl"] == "https://queue.example/spill"
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "WARNING"
    assert "spilled_event" not in json.dumps(line)


@pytest.mark.parametrize("fault", EVERY_FAULT.values(), ids=EVERY_FAULT.keys())
def test_when_the_queue_fails_too_the_event_is_a_line_of_the_log(
    fault: faulty.Behaviour,
    log: EventLog,
    dynamodb: AwsOnLoopback,
    sqs: AwsOnLoopback,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dynamodb.always["PutItem"] = fault
    sqs.always["SendMessage"] = fault
    assert log.record(an_item()) is Kept.LOG
    assert sqs.operations() == ["SendMessage", "SendMessage"]
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["message"], line["spilled_event"]) == ("ERROR", "spilled_event", an_item())
    assert len(line["reasons"]) == 2


def test_the_queue_keeps_the_hash_of_where_a_hit_came_from_and_the_log_does_not(
    log: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log outlasts the day's salt, without which nobody can tell what the hash stands for."""
    item = an_item(origin="9f86d081884c7d65")
    assert "9f86d081884c7d65" in item["data"]["S"]
    dynamodb.always["PutItem"] = refuses("ValidationException")
    assert log.record(item) is Kept.QUEUE
    assert spilled_to(sqs) == [item]
    sqs.always["SendMessage"] = refuses("QueueDoesNotExist")
    assert log.record(item) is Kept.LOG
    printed = capsys.readouterr().out
    assert "9f86d081884c7d65" not in printed
    kept = json.loads(printed.splitlines()[-1])["spilled_event"]
    assert json.loads(kept["data"]["S"]) == {"method": "GET"}
    assert kept == an_item(), "all else is there"


@pytest.fixture
def hasty(dynamodb: AwsOnLoopback, sqs: AwsOnLoopback) -> Iterator[EventLog]:
    log = log_for(dynamodb.url, sqs.url, HASTY)
    yield log
    log.close()


def test_a_slow_answer_is_not_waited_for(hasty: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback) -> None:
    dynamodb.script["PutItem"].append(faulty.is_slow)
    hasty.record(an_item("once slow"))
    assert dynamodb.operations() == ["PutItem", "PutItem"]
    assert sqs.calls == []
    dynamodb.always["PutItem"] = faulty.is_slow
    hasty.record(an_item("always slow"))
    assert spilled_to(sqs) == [an_item("always slow")]
    dynamodb.always["GetItem"] = faulty.is_slow
    with pytest.raises(LinksUnavailable):
        hasty.destination_of(MESSAGE_ID, 7)


def test_no_retry_begins_when_the_time_is_up(dynamodb: AwsOnLoopback) -> None:
    dynamodb.always["GetItem"] = faulty.is_slow
    signer = Signer(service="dynamodb", region="eu-central-1", access_key_id="id", secret_access_key="secret")
    client = AwsJson(dynamodb.url, signer, attempt_seconds=HASTY, call_seconds=HASTY)
    with pytest.raises(CallFailed, match="TimeoutError"):
        client.call("DynamoDB_20120810.GetItem", {})
    assert dynamodb.operations() == ["GetItem"]


def test_what_dynamodb_refuses_for_good_is_spilled_without_a_retry(
    log: EventLog, dynamodb: AwsOnLoopback, sqs: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb.always["PutItem"] = refuses("ValidationException")
    log.record(an_item())
    assert dynamodb.operations() == ["PutItem"]
    assert spilled_to(sqs) == [an_item()]
    assert "ValidationException: as the test wants it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "endpoint", [NOWHERE, "http://127.0.0.1:1", "https://127.0.0.1:1", "http://a..b", "nonsense", ""]
)
def test_an_endpoint_that_is_not_there_spills(
    endpoint: str, sqs: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_for(endpoint, sqs.url)
    log.record(an_item())
    assert spilled_to(sqs) == [an_item()]
    log_for(endpoint, endpoint).record(an_item())
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["spilled_event"] == an_item()
    log.close()


def test_https_to_a_server_without_tls_spills(dynamodb: AwsOnLoopback, sqs: AwsOnLoopback) -> None:
    log = log_for(dynamodb.url.replace("http:", "https:"), sqs.url)
    log.record(an_item())
    assert dynamodb.calls == []
    assert spilled_to(sqs) == [an_item()]
    log.close()


def test_connections_do_not_pile_up_while_dynamodb_throttles(log: EventLog, dynamodb: AwsOnLoopback) -> None:
    dynamodb.always["PutItem"] = refuses("ThrottlingException")
    for number in range(10):
        log.record(an_item(str(number)))
    assert len(dynamodb.calls) == 20
    assert len({call.connection for call in dynamodb.calls}) == 1


# Stored destinations


def test_a_stored_destination_is_read_by_its_link(log: EventLog, dynamodb: AwsOnLoopback) -> None:
    item = {"link_id": {"S": f"{MESSAGE_ID}#7"}, "destination": {"S": "https://crm.example/long"}}
    dynamodb.always["GetItem"] = answers(200, {"Item": item})
    assert log.destination_of(MESSAGE_ID, 7) == "https://crm.example/long"
    assert dynamodb.calls[0].request == {"TableName": "links", "Key": {"link_id": {"S": f"{MESSAGE_ID}#7"}}}


def test_a_destination_that_was_never_stored_is_none(log: EventLog) -> None:
    assert log.destination_of(MESSAGE_ID, 7) is None


@pytest.mark.parametrize("fault", EVERY_FAULT.values(), ids=EVERY_FAULT.keys())
def test_a_store_that_cannot_be_read_is_told_apart_from_a_link_that_is_not_there(
    fault: faulty.Behaviour, log: EventLog, dynamodb: AwsOnLoopback
) -> None:
    dynamodb.always["GetItem"] = fault
    with pytest.raises(LinksUnavailable):
        log.destination_of(MESSAGE_ID, 7)
    assert dynamodb.operations() == ["GetItem", "GetItem"]
