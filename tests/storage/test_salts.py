"""The table of salts as the fold reads it and the sweep empties it."""

from base64 import b64encode
from datetime import date, timedelta

import boto3
import pytest

from chalicelib.storage.salts import Salts
from tests.moto_stack import REGION, Stack

DAY = date(2026, 11, 21)


def written(day: date, salt: bytes) -> None:
    """An item as the hot path writes it."""
    item = {"day": {"S": day.isoformat()}, "salt": {"B": salt}, "expires_at": {"N": "1795478400"}}
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="salts", Item=item)


def days(stack: Stack) -> list[str]:
    found = boto3.client("dynamodb", region_name=REGION).scan(TableName="salts")["Items"]
    return sorted(item["day"]["S"] for item in found)


@pytest.mark.parametrize("salt", [b"s" * 32, bytes(range(32)), b64encode(b"s" * 24)])
def test_a_salt_is_read_byte_for_byte(stack: Stack, salt: bytes) -> None:
    written(DAY, salt)
    assert Salts("salts", REGION).of(DAY) == salt


def test_a_day_without_a_salt_has_none(stack: Stack) -> None:
    assert Salts("salts", REGION).of(DAY) is None


def test_a_day_is_forgotten_with_what_was_left_of_the_week_before_and_no_later_one(stack: Stack) -> None:
    for after in range(-7, 3):
        written(DAY + timedelta(days=after), b"s" * 32)
    salts = Salts("salts", REGION)
    for _ in range(2):
        salts.forget(DAY)
        assert days(stack) == ["2026-11-22", "2026-11-23"]
    assert salts.of(DAY) is None
