"""The AWS that keeps the books, asked over HTTP."""

import json

import pytest
from werkzeug.test import Client

from bench.recorder import DRAIN, STORED, Call, Recorder

EVENT = {"message_id": {"S": "m1"}, "event_key": {"S": "k1"}, "kind": {"S": "opened"}}
ONCE = {"TableName": "events", "Item": EVENT, "ConditionExpression": "attribute_not_exists(message_id)"}


class Books:
    """Asks, and reads what was noted."""

    def __init__(self) -> None:
        self.client = Client(Recorder())

    def ask(self, operation, asked):
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=id/20270101/us-east-1/dynamodb/aws4_request, Signature=x",
        }
        answer = self.client.post(
            "/", data=json.dumps(asked), headers=headers, content_type="application/x-amz-json-1.0"
        )
        return answer.status_code

    def noted(self) -> list[Call]:
        return [Call(*call) for call in json.loads(self.client.get(DRAIN).data)]


@pytest.fixture(scope="module")
def books():
    return Books()


def test_a_request_is_noted_with_its_units_and_bytes_and_once_only(books):
    assert books.ask("PutItem", ONCE) == 200
    (call,) = books.noted()
    assert (call.service, call.operation, call.writes, call.reads) == ("dynamodb", "PutItem", {"events": 1.0}, {})
    assert call.sent == len(json.dumps(ONCE))
    assert call.wrote == [["events", EVENT]]
    assert books.noted() == []


def test_a_refused_write_costs_and_writes_nothing(books):
    books.ask("PutItem", ONCE)
    books.noted()
    assert books.ask("PutItem", ONCE) == 400
    (call,) = books.noted()
    assert call.writes == {"events": 1.0}
    assert call.wrote == []


def test_a_transaction_costs_double(books):
    other = EVENT | {"event_key": {"S": "k2"}}
    books.ask("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "events", "Item": other}}]})
    (call,) = books.noted()
    assert call.writes == {"events": 2.0}


def test_what_lies_in_the_tables_is_told_in_bytes(books):
    books.ask("PutItem", ONCE | {"Item": EVENT | {"event_key": {"S": "k3"}}})
    before = json.loads(books.client.get(STORED).data)["events"]
    books.ask("DeleteItem", {"TableName": "events", "Key": {"message_id": {"S": "m1"}, "event_key": {"S": "k3"}}})
    after = json.loads(books.client.get(STORED).data)["events"]
    books.noted()
    assert before - after == 100 + len("message_idm1event_keyk3kindopened")
