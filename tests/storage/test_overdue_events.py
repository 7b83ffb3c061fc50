"""Events that should be gone: what a look at the table finds, on tables in process, and what it costs."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.core import event
from chalicelib.core.event import Kind
from chalicelib.storage.events import Events
from chalicelib.storage.overdue_events import PARTS, Overdue, OverdueEvents
from tests.moto_stack import REGION, Stack

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


@pytest.fixture
def overdue(stack: Stack) -> OverdueEvents:
    return OverdueEvents("events", REGION)


def keep(number: int, expires_at: datetime) -> str:
    message_id = f"{number:032x}"
    one = event.make(message_id, "e" * 32, Kind.OPENED, NOW - timedelta(days=200), method="GET")
    assert Events("events", REGION).put(one, expires_at)
    return message_id


def test_what_expired_more_than_three_days_ago_is_found_and_nothing_else(overdue: OverdueEvents) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html: within a few days."""
    for number, days in enumerate((400, 1, 0, -1, -2)):
        keep(number, NOW + timedelta(days=days))
    assert list(overdue.sample(NOW)) == []
    late = {keep(10 + number, NOW - timedelta(days=days)): days for number, days in enumerate((4, 30, 400))}
    assert {one.message_id: (NOW - one.expired_at).days for one in overdue.sample(NOW) if one.expired_at} == late


def test_what_would_stay_for_ever_is_found(overdue: OverdueEvents) -> None:
    item = {"message_id": {"S": "a" * 32}, "event_key": {"S": "k"}, "kind": {"S": "opened"}, "data": {"S": "{}"}}
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="events", Item=item)
    assert list(overdue.sample(NOW)) == [Overdue("a" * 32, None)]


def test_it_reads_one_page_of_each_part_however_many_there_are(overdue: OverdueEvents) -> None:
    asked: list[str] = []
    client = overdue._rows._get_connection().connection.client
    client.meta.events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name))
    for number in range(50):
        keep(number, NOW - timedelta(days=30))
    asked.clear()
    assert len(list(overdue.sample(NOW))) == 50
    assert asked == ["Scan"] * PARTS
