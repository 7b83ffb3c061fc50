"""The counters of calls."""

import boto3
import pytest

from chalicelib.core import rate_limit
from chalicelib.storage.rate_limits import KEPT, CounterDown, RateLimits
from tests.moto_stack import REGION

MINUTE = 29_500_000


def test_leases_add_up_by_key_and_minute(stack):
    each = RateLimits("account", REGION), RateLimits("account", REGION)
    assert [one.lease("k1", MINUTE, 60) for one in each] == [60, 120]
    assert each[0].lease("k1", MINUTE + 1, 60) == 60
    assert each[0].lease("k2", MINUTE, 1) == 1


def test_a_counter_is_deleted_when_its_minute_is_long_over(stack):
    RateLimits("account", REGION).lease("k1", MINUTE, 60)
    (item,) = boto3.client("dynamodb", region_name=REGION).scan(TableName="account")["Items"]
    assert int(item["expires_at"]["N"]) == int((rate_limit.ends_at(MINUTE) + KEPT).timestamp())


def test_a_counter_that_cannot_be_written_says_so(stack):
    with pytest.raises(CounterDown, match="cannot be counted"):
        RateLimits("missing", REGION).lease("k1", MINUTE, 60)
