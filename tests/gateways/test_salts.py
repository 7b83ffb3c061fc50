"""The day's salt on the hot path: one for everybody, asked for once, and nobody waits for one that cannot be had."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.sigv4 import Signer
from chalicelib.gateways.aws_json import AwsJson, CallFailed
from chalicelib.gateways.salts import PAUSE_SECONDS, SALT_BYTES, Salts
from tests.gateways import aws_on_loopback as faulty
from tests.gateways.aws_on_loopback import AwsOnLoopback, answers, refuses
from tests.gateways.event_logs import NOWHERE

TODAY, TOMORROW = date(2026, 11, 21), date(2026, 11, 22)


class Table:
    """The table of salts, seen by the calls of many sandboxes; `before_put` happens just before each write."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.calls: list[str] = []
        self.before_put: Callable[[], None] = lambda: None

    def call_once(self, target: str, request: Any, seconds: float) -> dict[str, Any]:
        operation = target.partition(".")[2]
        self.calls.append(operation)
        if operation == "GetItem":
            assert request["ConsistentRead"]
            item = self.items.get(request["Key"]["day"]["S"])
            return {"Item": item} if item else {}
        self.before_put()
        assert request["ConditionExpression"] == "attribute_not_exists(#day)"
        if request["Item"]["day"]["S"] in self.items:
            raise CallFailed("ConditionalCheckFailedException", "", can_pass=False)
        self.items[request["Item"]["day"]["S"]] = request["Item"]
        return {}


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def salts(table: Any, clock: Callable[[], float] = Clock()) -> Salts:  # noqa: B008 - it is not changed here
    return Salts(table, "salts", clock=clock)


def test_the_first_sandbox_makes_the_salt_and_all_others_read_it() -> None:
    table = Table()
    first, second = salts(table).of(TODAY), salts(table).of(TODAY)
    assert first == second and first and len(first) == SALT_BYTES
    assert table.calls == ["GetItem", "PutItem", "GetItem"]
    item = table.items["2026-11-21"]
    assert b64decode(item["salt"]["B"]) == first
    ends_at = datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)
    assert ends_at == datetime(2026, 11, 24, tzinfo=UTC), "the end of the second day after"


def test_who_is_overtaken_reads_the_salt_of_who_was_faster() -> None:
    table = Table()
    other = {"day": {"S": "2026-11-21"}, "salt": {"B": b64encode(b"o" * 32).decode()}}
    table.before_put = lambda: table.items.update({"2026-11-21": other})
    assert salts(table).of(TODAY) == b"o" * 32
    assert table.calls == ["GetItem", "PutItem", "GetItem"]


def test_a_sandbox_asks_once_a_day_and_knows_both_days_around_midnight() -> None:
    table = Table()
    mine = salts(table)
    first, second = mine.of(TODAY), mine.of(TOMORROW)
    assert first != second
    table.calls.clear()
    for day, salt in ((TODAY, first), (TOMORROW, second), (TODAY, first)):
        assert mine.of(day) == salt
    assert table.calls == []


def test_a_sandbox_that_lives_for_days_forgets_what_is_over() -> None:
    table = Table()
    mine = salts(table)
    known = [mine.of(TODAY + timedelta(days=after)) for after in range(3)]
    table.items.clear()
    assert mine.of(TODAY) not in known


@pytest.fixture
def dynamodb() -> Iterator[AwsOnLoopback]:
    with faulty.aws_on_loopback() as server:
        yield server


def client(url: str) -> AwsJson:
    signer = Signer(service="dynamodb", region="eu-central-1", access_key_id="id", secret_access_key="secret")
    return AwsJson(url, signer)


FAULTS = {
    "slow": faulty.is_slow,
    "500": answers(500, {}),
    "refusal": refuses("ResourceNotFoundException"),
    "reset": faulty.resets,
    "not HTTP": faulty.babbles,
    "an item of another kind": answers(200, {"Item": {"salt": {"S": "c2VjcmV0"}}}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_dead_table_is_tried_once_and_then_left_alone_for_some_seconds(
    fault: faulty.Behaviour, dynamodb: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb.always["GetItem"] = fault
    clock, aws = Clock(), client(dynamodb.url)
    mine = salts(aws, clock)
    assert [mine.of(TODAY) for _ in range(5)] == [None] * 5
    assert dynamodb.operations() == ["GetItem"]
    clock.now += PAUSE_SECONDS
    assert mine.of(TODAY) is None
    assert dynamodb.operations() == ["GetItem"] * 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["no_salt", "no_salt"]
    assert "c2VjcmV0" not in str(lines)
    aws.close()


def test_a_table_that_comes_back_is_used_again(dynamodb: AwsOnLoopback) -> None:
    dynamodb.script["GetItem"].append(answers(500, {}))
    clock, aws = Clock(), client(dynamodb.url)
    mine = salts(aws, clock)
    assert mine.of(TODAY) is None
    clock.now += PAUSE_SECONDS
    assert mine.of(TODAY)
    aws.close()


def test_an_endpoint_that_is_not_there_is_no_error() -> None:
    assert salts(client(NOWHERE)).of(TODAY) is None


def test_no_salt_is_told(dynamodb: AwsOnLoopback, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where DynamoDB's answer is cut, and an error would show its beginning."""
    salt = b64encode(b"s" * 32).decode()
    dynamodb.always["GetItem"] = answers(200, b'{"Item": {"salt": {"B": "' + salt.encode() + b'"}')
    aws = client(dynamodb.url)
    assert salts(aws).of(TODAY) is None
    output = capsys.readouterr().out
    assert salt not in output and "ssss" not in output
    aws.close()
