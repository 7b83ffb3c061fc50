"""What a request costs: the real tables, requests by hand, a store of two lines."""

import pytest

from bench import dynamodb

TABLES = dynamodb.tables_of_the_data_stack()
TEXT = {"S": "x" * 600}


def a_message(**more):
    keys = {"message_id": "m1", "account_shard": "acme#1", "accepted_key": "2027#m1"}
    return {name: {"S": text} for name, text in keys.items()} | more


def written(operation, asked, before, after):
    """The units of a request that writes one item."""
    (write,) = dynamodb.writes_of(operation, asked, TABLES)
    return dynamodb.units_of(write, before, after)


def test_the_tables_and_their_indexes_are_those_of_the_data_stack():
    assert set(TABLES) == {"events", "messages", "links", "salts", "account", "reports", "outbox"}
    assert TABLES["events"].keys == ("message_id", "event_key")
    assert TABLES["salts"].keys == ("day",)
    kept = {index.name.removeprefix("messages/"): index.kept - index.keys for index in TABLES["messages"].indexes}
    assert kept == {
        "by_account": {"message_id", "status", "source", "reason", "user", "module", "template", "notable"},
        "by_latest_open": {"message_id"},
        "by_ses_message_id": {"message_id"},
    }


def test_an_index_that_keeps_whole_items_is_an_error():
    index = {"IndexName": "by_a", "KeySchema": [{"AttributeName": "a"}], "Projection": {"ProjectionType": "ALL"}}
    properties = {"KeySchema": [{"AttributeName": "id"}], "GlobalSecondaryIndexes": [index]}
    with pytest.raises(ValueError, match="by_a keeps whole items"):
        dynamodb.table_of("t", properties)


def test_a_new_message_costs_its_item_and_one_entry_in_the_index_that_it_is_in():
    asked = {"TableName": "messages", "Item": a_message()}
    assert written("PutItem", asked, None, a_message()) == {"messages": 1, "messages/by_account": 1}


def test_in_a_transaction_the_item_costs_twice_and_its_index_once():
    put = {"TableName": "messages", "Item": a_message()}
    asked = {"TransactItems": [{"Put": put}]}
    assert written("TransactWriteItems", asked, None, a_message()) == {"messages": 2, "messages/by_account": 1}


def test_an_update_that_no_index_keeps_costs_no_index():
    asked = {"TableName": "messages", "Key": {"message_id": {"S": "m1"}}}
    before, after = a_message(), a_message(state=TEXT, closed=TEXT)
    assert written("UpdateItem", asked, before, after) == {"messages": 2}


def test_an_update_of_what_an_index_keeps_costs_the_index_one_write():
    asked = {"TableName": "messages", "Key": {"message_id": {"S": "m1"}}}
    before, after = a_message(status={"S": "sent"}), a_message(status={"S": "delivered"})
    assert written("UpdateItem", asked, before, after) == {"messages": 1, "messages/by_account": 1}
    assert written("UpdateItem", asked, after, a_message(state=TEXT, status={"S": "delivered"})) == {"messages": 1}


def test_the_first_open_costs_the_folder_of_opens_one_write_and_each_later_one_two():
    asked = {"TableName": "messages", "Key": {"message_id": {"S": "m1"}}}
    first, later = (a_message(opened_key={"S": f"2027-0{day}#m1"}) for day in (1, 2))
    assert written("UpdateItem", asked, a_message(), first) == {"messages": 1, "messages/by_latest_open": 1}
    assert written("UpdateItem", asked, first, later) == {"messages": 1, "messages/by_latest_open": 2}


def test_a_put_whose_condition_fails_costs_what_it_offered():
    large = a_message(state=TEXT, closed=TEXT)
    asked = {"TableName": "messages", "Item": large}
    assert written("PutItem", asked, a_message(), a_message()) == {"messages": 2}


def test_each_item_of_a_batch_is_a_write():
    puts = [{"PutRequest": {"Item": {"link_id": {"S": f"l{number}"}}}} for number in range(3)]
    writes = dynamodb.writes_of("BatchWriteItem", {"RequestItems": {"links": puts}}, TABLES)
    assert [write.key["link_id"]["S"] for write in writes] == ["l0", "l1", "l2"]


def test_what_nobody_can_price_is_an_error():
    with pytest.raises(ValueError, match="Scan"):
        dynamodb.writes_of("Scan", {"TableName": "events"}, TABLES)


def test_a_query_is_charged_for_what_its_filter_drops():
    asked_of_store = {}

    def ask(operation, asked):
        asked_of_store.update(asked)
        return {
            "Items": [{"message_id": {"S": "m1"}, "event_key": {"S": str(number)}, "data": TEXT} for number in range(7)]
        }

    asked = {
        "TableName": "events",
        "ConsistentRead": True,
        "KeyConditionExpression": "#0 = :0",
        "FilterExpression": "#1 > :1",
        "ExpressionAttributeNames": {"#0": "message_id", "#1": "expires_at"},
        "ExpressionAttributeValues": {":0": {"S": "m1"}, ":1": {"N": "1"}},
    }
    assert dynamodb.reads_of("Query", asked, TABLES, ask) == {"events": 2}
    assert "FilterExpression" not in asked_of_store
    assert asked_of_store["ExpressionAttributeValues"] == {":0": {"S": "m1"}}


def test_an_index_is_charged_for_its_entries_and_not_for_the_items():
    asked = {"TableName": "messages", "IndexName": "by_account", "KeyConditionExpression": "#0 = :0"}
    answers = {"Items": [a_message(state={"S": "x" * 3_000}) for _ in range(10)]}
    assert dynamodb.reads_of("Query", asked, TABLES, lambda *_: answers) == {"messages/by_account": 0.5}


def test_a_strong_read_costs_one_and_another_half_of_one():
    key = {"message_id": {"S": "m1"}}
    for is_strong, units in ((True, 1), (False, 0.5)):
        asked = {"TableName": "messages", "Key": key, "ConsistentRead": is_strong}
        assert dynamodb.reads_of("GetItem", asked, TABLES, lambda *_: {"Item": a_message()}) == {"messages": units}


def test_what_is_stored_has_an_overhead_for_each_item_and_each_entry():
    message = a_message()
    size = sum(len(name) + len(value["S"]) for name, value in message.items())
    assert dynamodb.stored_sizes(TABLES["messages"], [message]) == {
        "messages": [size + 100],
        "messages/by_account": [size + 100],
        "messages/by_latest_open": [],
        "messages/by_ses_message_id": [],
    }
