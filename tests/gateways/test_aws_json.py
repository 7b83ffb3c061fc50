"""Calls by hand: what is kept, what is tried again, and how a failure is told."""

import socket
import time
from collections.abc import Iterator

import pytest

from chalicelib.core.sigv4 import Signer
from chalicelib.gateways.aws_json import AwsJson, CallFailed
from tests.gateways import aws_on_loopback as faulty
from tests.gateways.aws_on_loopback import AwsOnLoopback, answers, refuses
from tests.gateways.event_logs import HASTY, PATIENT
from tests.gateways.raw_server import saying

PUT = "DynamoDB_20120810.PutItem"
GET = "DynamoDB_20120810.GetItem"
KEY = {"region": "eu-central-1", "access_key_id": "id", "secret_access_key": "secret"}


def client_of(url: str, seconds: float = PATIENT, token: str = "") -> AwsJson:
    signer = Signer(service="dynamodb", session_token=token, **KEY)
    return AwsJson(url, signer, attempt_seconds=seconds, call_seconds=4 * seconds)


@pytest.fixture
def client(dynamodb: AwsOnLoopback) -> Iterator[AwsJson]:
    made = client_of(dynamodb.url)
    yield made
    made.close()


def failure_of(client: AwsJson, target: str = PUT) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        client.call(target, {})
    return failed.value


# What is sent


def test_the_answer_is_json(client: AwsJson, dynamodb: AwsOnLoopback) -> None:
    dynamodb.always["GetItem"] = answers(200, {"Item": {"a": {"S": "ü"}}})
    assert client.call(PUT, {"a": "ü"}) == {}
    assert client.call(GET, {}) == {"Item": {"a": {"S": "ü"}}}
    assert [(call.operation, call.request) for call in dynamodb.calls] == [("PutItem", {"a": "ü"}), ("GetItem", {})]


def test_each_operation_has_a_signature_of_its_own(client: AwsJson, dynamodb: AwsOnLoopback) -> None:
    for target in (PUT, GET, PUT):
        client.call(target, {})
    assert dynamodb.operations() == ["PutItem", "GetItem", "PutItem"]
    assert dynamodb.calls[0].headers["authorization"] != dynamodb.calls[1].headers["authorization"]
    assert {call.headers["host"] for call in dynamodb.calls} == {client.host}


@pytest.mark.parametrize("token", ["a\r\nx-amz-target: T.DeleteTable", "a\n"])
def test_a_token_with_a_line_break_is_not_sent(token: str, dynamodb: AwsOnLoopback) -> None:
    client = client_of(dynamodb.url, token=token)
    with pytest.raises(ValueError, match="line break"):
        client.call(PUT, {})
    assert dynamodb.calls == []


def test_a_host_may_be_an_ipv6_address() -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        listening = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listening:
        client = client_of(f"http://[::1]:{listening.getsockname()[1]}", HASTY)
        assert failure_of(client).code == "TimeoutError"
        connection, _ = listening.accept()
        with connection:
            assert b"\r\nhost: %b\r\n" % client.host.encode() in connection.recv(65_536)
        assert client.host.startswith("[::1]:")


# What is kept


def test_a_connection_that_was_closed_meanwhile_does_not_cost_the_retry(
    client: AwsJson, dynamodb: AwsOnLoopback
) -> None:
    client.call(PUT, {})
    dynamodb.close_kept_connections()
    while not client._idle[0].is_stale():
        time.sleep(0.01)
    dynamodb.script["PutItem"].append(answers(500, {}))
    assert client.call(PUT, {}) == {}
    assert dynamodb.operations() == ["PutItem", "PutItem", "PutItem"]


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(dynamodb: AwsOnLoopback) -> None:
    def answers_late(handler: faulty.Handler) -> None:
        handler.server.patience.wait(30)
        answers(200, {"late": True})(handler)

    dynamodb.script["GetItem"].extend([answers_late, answers_late])
    client = client_of(dynamodb.url, HASTY)
    assert failure_of(client, GET).code == "TimeoutError"
    dynamodb.patience.set()
    client._attempt_seconds = client._call_seconds = PATIENT  # the next one is not held up, and may take its time
    assert client.call(GET, {}) == {}
    client.close()


def test_an_answer_that_was_not_asked_for_is_not_taken_for_the_next_one() -> None:
    late = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"late":true}'
    with saying([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + late]) as server:
        client = client_of(f"http://127.0.0.1:{server.port}")
        assert client.call(PUT, {}) == {}
        assert client._idle == []
        client.close()


def test_a_refusal_leaves_its_connection_open(client: AwsJson, dynamodb: AwsOnLoopback) -> None:
    dynamodb.script["PutItem"].append(refuses("ValidationException"))
    failure_of(client)
    client.call(PUT, {})
    assert len({call.connection for call in dynamodb.calls}) == 1


# How a failure is told

FAILURES = {
    "refused": (refuses("ValidationException"), "ValidationException", False, 1),
    "a condition": (refuses("ConditionalCheckFailedException"), "ConditionalCheckFailedException", False, 1),
    "throttled": (refuses("ThrottlingException"), "ThrottlingException", True, 2),
    "404 of a proxy": (answers(404, b"<html>"), "HTTP 404", False, 1),
    "no content": (answers(204, b""), "HTTP 204", False, 1),
    "500": (answers(500, {}), "HTTP 500", True, 2),
    "a list": (answers(200, b"[]"), "HTTP 200", True, 2),
    "no JSON": (answers(200, b"{}}"), "HTTP 200", True, 2),
    "no text": (answers(200, b"\xff\xfe\xfd"), "HTTP 200", True, 2),
    "reset": (faulty.resets, "ConnectionResetError", True, 2),
    "dropped": (faulty.drops, "ConnectionResetError", True, 2),
    "half an answer": (faulty.answers_half, "ConnectionResetError", True, 2),
    "not HTTP": (faulty.babbles, "BadAnswer", True, 2),
}


@pytest.mark.parametrize(("fault", "code", "can_pass", "calls"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_has_a_code_and_one_retry_at_most(
    fault: faulty.Behaviour, code: str, can_pass: bool, calls: int, client: AwsJson, dynamodb: AwsOnLoopback
) -> None:
    dynamodb.always["PutItem"] = fault
    failure = failure_of(client)
    assert (failure.code, failure.can_pass) == (code, can_pass)
    assert len(dynamodb.calls) == calls
