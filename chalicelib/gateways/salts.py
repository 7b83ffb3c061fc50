"""The salt of a day, for the tracking function: one read a sandbox and day, and one write by the first of all.

A hit must not wait for it: what cannot be had quickly is not had, and not asked for again for some seconds.
"""

import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.gateways.aws_json import AwsJson, CallFailed
from chalicelib.gateways.event_log import say

SALT_BYTES = 32
KEPT = timedelta(days=3)
"""From the beginning of the day: to the end of the second day after it."""

CALL_SECONDS = 0.5
PAUSE_SECONDS = 10.0
"""After a failure. Hits of that time are recorded without their network."""

_DAYS_KEPT = 2  # around midnight hits of two days come


class Salts:
    """Finds salts or makes them. Threads may share it: what two of them make, DynamoDB keeps once.

    `new` returns random bytes, `clock` steady seconds.
    """

    def __init__(
        self,
        dynamodb: AwsJson,
        table: str,
        *,
        new: Callable[[], bytes] = lambda: os.urandom(SALT_BYTES),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._new = new
        self._clock = clock
        self._known: dict[date, bytes] = {}  # replaced as a whole
        self._not_before = float("-inf")

    def of(self, day: date) -> bytes | None:
        """The salt of a day (UTC); None if it cannot be had now. Never raises."""
        known = self._known.get(day)
        if known or self._clock() < self._not_before:
            return known
        try:
            found = self._read(day) or self._write(day) or self._read(day)
        except Exception as error:  # whatever it is, the hit goes on
            self._pause(error.code if isinstance(error, CallFailed) else type(error).__name__)
            return None
        if found is None:
            self._pause("neither there nor to be written")
            return None
        kept = sorted({**self._known, day: found}.items())[-_DAYS_KEPT:]
        self._known = dict(kept)
        return found

    def _pause(self, reason: str) -> None:
        """Nothing but the error's name is told: an answer holds the salt."""
        self._not_before = self._clock() + PAUSE_SECONDS
        say({"level": "WARNING", "message": "no_salt", "reason": reason})

    def _read(self, day: date) -> bytes | None:
        request = {"TableName": self._table, "Key": _key(day), "ConsistentRead": True}
        item = self._dynamodb.call_once("DynamoDB_20120810.GetItem", request, CALL_SECONDS).get("Item")
        return b64decode(item["salt"]["B"]) if item else None

    def _write(self, day: date) -> bytes | None:
        """The salt that is now the day's; None if somebody else was faster."""
        salt = self._new()
        ends_at = datetime(day.year, day.month, day.day, tzinfo=UTC) + KEPT
        item = {
            **_key(day),
            "salt": {"B": b64encode(salt).decode()},
            "expires_at": {"N": str(int(ends_at.timestamp()))},
        }
        request = {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(#day)"}
        request["ExpressionAttributeNames"] = {"#day": "day"}  # a reserved word
        try:
            self._dynamodb.call_once("DynamoDB_20120810.PutItem", request, CALL_SECONDS)
        except CallFailed as failure:
            if failure.code == "ConditionalCheckFailedException":
                return None
            raise
        return salt


def _key(day: date) -> Mapping[str, Any]:
    return {"day": {"S": day.isoformat()}}
