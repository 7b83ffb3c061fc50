"""The table of events, and the binding of models to tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core import event, instant, refold
from chalicelib.core.event import Event, Kind
from chalicelib.storage import tables
from chalicelib.storage.events import Events
from tests.moto_stack import REGION, Stack

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
ALIVE = NOW + timedelta(days=30)
MESSAGE = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32


@pytest.fixture
def dynamodb(stack: Stack) -> Any:
    return boto3.client("dynamodb")


@pytest.fixture
def events(stack: Stack) -> Events:
    return Events("events", REGION)


def opened(minute: int, message_id: str = MESSAGE) -> Event:
    return event.make(message_id, f"{minute:032x}", Kind.OPENED, NOW + timedelta(minutes=minute), method="GET")


def test_a_stored_item_is_what_the_hot_path_writes(events: Events, dynamodb: Any) -> None:
    bounced = event.make(MESSAGE, "e" * 32, Kind.BOUNCED, NOW, recipient="anna@example.com", reason='über "Quota"')
    assert events.put(bounced, ALIVE)
    key = {"message_id": {"S": MESSAGE}, "event_key": {"S": bounced.key}}
    stored = dynamodb.get_item(TableName="events", Key=key)["Item"]
    assert stored == event.as_item(bounced, ALIVE)
    assert _stored(events, bounced.key) == refold.Row(bounced, is_counted=False)


def test_an_item_that_the_hot_path_wrote_is_read_as_its_event(events: Events, dynamodb: Any) -> None:
    dynamodb.put_item(TableName="events", Item=event.as_item(opened(1), ALIVE))
    assert _stored(events, opened(1).key) == refold.Row(opened(1), is_counted=False)


def test_putting_an_event_again_changes_nothing(events: Events, dynamodb: Any) -> None:
    events.put(opened(1), ALIVE)
    before = dynamodb.scan(TableName="events")["Items"]
    assert events.put(opened(1), ALIVE + timedelta(days=1)) is False
    assert dynamodb.scan(TableName="events")["Items"] == before


def test_another_failure_of_a_put_is_no_duplicate(dynamodb: Any) -> None:
    with pytest.raises(PutError):
        Events("no-such-table", REGION).put(opened(1), ALIVE)


def test_after_gives_only_what_lies_behind_the_key_oldest_first(events: Events) -> None:
    for minute in (3, 1, 2, 4):
        events.put(opened(minute), ALIVE)
    events.put(opened(9, OTHER), ALIVE)
    assert [row.event for row in events.after(MESSAGE, None, now=NOW)] == [opened(n) for n in (1, 2, 3, 4)]
    assert [row.event for row in events.after(MESSAGE, opened(2).key, now=NOW)] == [opened(3), opened(4)]
    assert events.after(MESSAGE, opened(4).key, now=NOW) == []


def test_after_reads_all_pages(events: Events, dynamodb: Any) -> None:
    payload = "x" * 3_900
    many = [
        event.make(MESSAGE, f"{n:032x}", Kind.UNKNOWN, NOW + timedelta(seconds=n), payload=payload) for n in range(300)
    ]
    for first in range(0, len(many), 25):
        puts = [{"PutRequest": {"Item": event.as_item(one, ALIVE)}} for one in many[first : first + 25]]
        dynamodb.batch_write_item(RequestItems={"events": puts})
    hash_key = {":id": {"S": MESSAGE}}
    one_page = dynamodb.query(
        TableName="events", KeyConditionExpression="message_id = :id", ExpressionAttributeValues=hash_key
    )
    assert len(one_page["Items"]) < len(many), "the emulator must page, or this test shows nothing"
    assert [row.event for row in events.after(MESSAGE, None, now=NOW)] == many


def test_an_expired_event_is_nowhere_although_dynamodb_still_has_it(events: Events) -> None:
    events.put(opened(1), NOW)
    events.put(opened(2), NOW + timedelta(seconds=1))
    assert [row.event for row in events.after(MESSAGE, None, now=NOW)] == [opened(2)]
    assert events.page(MESSAGE, 5, now=NOW).events == [opened(2)]
    assert _stored(events, opened(1).key) is None
    assert _stored(events, opened(2).key) is not None


def test_near_gives_what_bears_on_a_verdict_and_in_a_rush_the_nearest(events: Events) -> None:
    for minute in (1, 10, 11, 12, 13, 14, 20):
        events.put(opened(minute), ALIVE)
    found = events.near(MESSAGE, opened(12).key, now=NOW)
    assert [row.event for row in found] == [opened(minute) for minute in (10, 11, 12, 13, 14)]
    for number in range(refold.MOST_NEAR + 50):
        events.put(event.make(MESSAGE, f"{number:032x}", Kind.OPENED, NOW + timedelta(hours=1)), ALIVE)
    in_a_rush = events.near(MESSAGE, f"{instant.show(NOW + timedelta(hours=1))}#", now=NOW)
    assert len(in_a_rush) == refold.MOST_NEAR


def test_a_hit_from_an_own_network_is_noted_and_one_that_is_gone_is_not_brought_back(events: Events) -> None:
    events.put(opened(1), ALIVE)
    for minute in (1, 2):
        events.note_own(MESSAGE, opened(minute).key)
    assert [row.event.data for row in events.after(MESSAGE, None, now=NOW)] == [{**opened(1).data, "own": True}]


def test_a_deleted_event_is_gone_and_deleting_it_again_is_no_error(events: Events) -> None:
    events.put(opened(1), ALIVE)
    for _ in range(2):
        events.delete(MESSAGE, opened(1).key)
    assert events.after(MESSAGE, None, now=NOW) == []


def test_an_event_that_never_was_is_none(events: Events) -> None:
    assert _stored(events, opened(1).key) is None


def test_pages_lead_back_in_time_and_forth_again(events: Events) -> None:
    for minute in range(1, 6):
        events.put(opened(minute), ALIVE)
    newest = events.page(MESSAGE, 2, now=NOW)
    assert (newest.events, newest.has_more) == ([opened(5), opened(4)], True)
    older = events.page(MESSAGE, 3, after=opened(4).key, now=NOW)
    assert (older.events, older.has_more) == ([opened(3), opened(2), opened(1)], False)
    newer = events.page(MESSAGE, 2, before=opened(2).key, now=NOW)
    assert (newer.events, newer.has_more) == ([opened(4), opened(3)], True)


def test_a_page_is_full_although_expired_events_lie_between(events: Events) -> None:
    for minute in range(1, 9):
        events.put(opened(minute), NOW if minute in (4, 5, 6, 7) else ALIVE)
    page = events.page(MESSAGE, 3, now=NOW)
    assert (page.events, page.has_more) == ([opened(8), opened(3), opened(2)], True)


def test_a_marked_event_is_counted_and_cannot_be_marked_again(events: Events) -> None:
    events.put(opened(1), ALIVE)
    _mark(events, opened(1))
    assert _stored(events, opened(1).key) == refold.Row(opened(1), is_counted=True)
    assert events.after(MESSAGE, None, now=NOW) == [refold.Row(opened(1), is_counted=True)]
    with pytest.raises(TransactWriteError):
        _mark(events, opened(1))


def test_marking_an_event_that_has_vanished_brings_no_empty_one_back(events: Events, dynamodb: Any) -> None:
    with pytest.raises(TransactWriteError):
        _mark(events, opened(1))
    assert dynamodb.scan(TableName="events")["Items"] == []


def _stored(events: Events, event_key: str) -> refold.Row | None:
    return next((row for row in events.near(MESSAGE, event_key, now=NOW) if row.event.key == event_key), None)


def _mark(events: Events, one: Event) -> None:
    with TransactWrite(connection=events._rows._get_connection().connection) as transaction:
        events.mark_in(transaction, one.message_id, one.key)


def test_what_is_folded_is_read_consistently_and_what_is_shown_is_not(events: Events) -> None:
    read: list[bool] = []
    client = events._rows._get_connection().connection.client

    def note(params: dict[str, Any], **_: Any) -> None:
        read.append(params.get("ConsistentRead", False))

    client.meta.events.register("before-parameter-build.dynamodb", note)
    events.after(MESSAGE, None, now=NOW)
    events.near(MESSAGE, opened(1).key, now=NOW)
    events.page(MESSAGE, 1, now=NOW)
    assert read == [True, True, True, False], "near looks back and forth"


class ByColour(GlobalSecondaryIndex["ThingRow"]):
    class Meta:
        index_name = "by_colour"
        projection = KeysOnlyProjection()

    colour = UnicodeAttribute(hash_key=True)


class ThingRow(Model):
    name = UnicodeAttribute(hash_key=True)
    colour = UnicodeAttribute()
    by_colour = ByColour()


def test_one_model_is_bound_to_two_tables_with_its_attributes_and_indexes(dynamodb: Any) -> None:
    for table in ("things", "other-things"):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("name", "colour")],
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_colour",
                    "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )
    here, there = tables.bind(ThingRow, "things", REGION), tables.bind(ThingRow, "other-things", REGION)
    here("apple", colour="red").save()
    there("beet", colour="red").save()
    assert [row.name for row in here.by_colour.query("red")] == ["apple"]
    assert [row.name for row in there.by_colour.query("red")] == ["beet"]
    assert here.get("apple").colour == "red"
    with pytest.raises(here.DoesNotExist):
        here.get("beet")


def test_a_bound_model_waits_a_second_for_a_connection_three_for_an_answer_and_tries_thrice(dynamodb: Any) -> None:
    client: Any = tables.bind(ThingRow, "things", REGION)._get_connection().connection.client
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries["total_max_attempts"] == 3


def test_a_bound_model_obeys_the_endpoint_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:14566")
    client = tables.bind(ThingRow, "things", REGION)._get_connection().connection.client
    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:14566", REGION)
