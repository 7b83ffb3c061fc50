"""The tables in process keep what several threads write at once, as the service does."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.moto_stack import REGION, Stack

THREADS, EACH = 8, 12
CONDITION = {"ConditionExpression": "attribute_exists(#i)", "ExpressionAttributeNames": {"#i": "item"}}


def put(table: str, name: str, **condition: Any) -> dict[str, Any]:
    item = {("owner" if table == "reports" else "account"): {"S": name}, "item": {"S": "x"}}
    return {"Put": {"TableName": table, "Item": item, **condition}}


def test_what_threads_write_stays_also_beside_transactions_that_fail(stack: Stack) -> None:
    clients: list[Any] = [boto3.client("dynamodb", region_name=REGION) for _ in range(THREADS)]

    def write(number: int) -> int:
        refused = 0
        for step in range(EACH):
            name = f"{number}-{step}"
            clients[number].transact_write_items(TransactItems=[put("account", name), put("reports", name)])
            try:
                clients[number].transact_write_items(TransactItems=[put("reports", f"no {name}", **CONDITION)])
            except ClientError as error:
                refused += error.response["Error"]["Code"] == "TransactionCanceledException"
        return refused

    with ThreadPoolExecutor(THREADS) as workers:
        assert sum(workers.map(write, range(THREADS))) == THREADS * EACH
    assert clients[0].scan(TableName="reports", Select="COUNT")["Count"] == THREADS * EACH
