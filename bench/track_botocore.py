"""The tracking host with a botocore client: all that is ours but the writer.

As quick as botocore gets without replacing parts of it: parameters are not checked, and there is no client for the
spill queue before something is spilled, which nothing here is. Links lead where their token says,
and all days have one salt.
"""

import functools
import time
from typing import Any, NamedTuple

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from chalicelib import settings
from chalicelib.core import hit as hits
from chalicelib.core import hit_answer as answers
from chalicelib.core import metric
from chalicelib.core.token import Keys, Purpose

SALT = bytes(32)


class Parts(NamedTuple):
    """What a hit is served with."""

    keys: Keys
    dynamodb: Any
    table: str
    stage: str


@functools.cache
def _parts() -> Parts:
    own = settings.read().require("events_table", "token_keys")
    config = Config(parameter_validation=False, connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2})
    dynamodb = get_session().create_client("dynamodb", region_name=own.region, config=config)
    return Parts(own.keys, dynamodb, own.events_table, own.stage)


def handler(payload: Any, context: Any) -> dict[str, Any]:
    """The Lambda handler."""
    hit, parts = hits.from_payload(payload), _parts()
    said = hits.verified(hit, parts.keys)
    if said and (item := hits.item_of(hit, said, lambda _: SALT)):
        _record(item, "OpenRecorded" if said.purpose is Purpose.OPEN else "ClickRecorded", parts)
    is_link = hit.purpose is Purpose.CLICK
    answer = (answers.redirect(said.destination) if said else answers.NOT_FOUND) if is_link else answers.PIXEL
    return answers.response(answer, hit.method)


def _record(item: dict[str, dict[str, str]], name: metric.Count, parts: Parts) -> None:
    try:
        parts.dynamodb.put_item(
            TableName=parts.table, Item=item, ConditionExpression="attribute_not_exists(message_id)"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
    print(metric.line(name, stage=parts.stage, at_ms=time.time_ns() // 1_000_000), flush=True)
