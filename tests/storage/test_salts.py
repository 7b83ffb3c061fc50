"""The table of salts as the fold reads it and the sweep empties it."""

from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.storage.salts import Salts
from tests.moto_stack import REGION, Stack

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OVER = datetime(2026, 11, 24, tzinfo=UTC)


def written(day: date, salt: bytes) -> None:
    """An item as the hot path writes it."""
    over = str(int(OVER.timestamp()))
    item: dict[str, Any] = {"day": {"S": day.isoformat()}, "salt": {"B": salt}, "expires_at": {"N": over}}
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="salts", Item=item)


def days(stack: Stack) -> list[str]:
    found = boto3.client("dynamodb", region_name=REGION).scan(TableName="salts")["Items"]
    return sorted(item["day"]["S"] for item in found)


@pytest.mark.parametrize("salt", [b"s" * 32, bytes(range(32)), b64encode(b"s" * 24)])
def test_a_salt_is_read_byte_for_byte(stack: Stack, salt: bytes) -> None:
    written(DAY, salt)
    assert Salts("salts", REGION).of(DAY, NOW) == salt


def test_a_day_without_a_salt_has_none(stack: Stack) -> None:
    assert Salts("salts", REGION).of(DAY, NOW) is None


def test_a_salt_that_is_over_is_none_although_ttl_has_not_deleted_it(stack: Stack) -> None:
    written(DAY, b"s" * 32)
    salts = Salts("salts", REGION)
    assert salts.of(DAY, OVER - timedelta(seconds=1))
    assert salts.of(DAY, OVER) is None


def test_a_day_is_forgotten_with_what_was_left_of_the_week_before_and_no_later_one(stack: Stack) -> None:
    for after in range(-7, 3):
        written(DAY + timedelta(days=after), b"s" * 32)
    salts = Salts("salts", REGION)
    for _ in range(2):
        salts.forget(DAY)
        assert days(stack) == ["2026-11-22", "2026-11-23"]
    assert salts.of(DAY, NOW) is None
