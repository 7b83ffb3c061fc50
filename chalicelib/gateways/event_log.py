"""The hot path's writer: one event is one PutItem, and an event that cannot be written is never lost.

The ladder: DynamoDB, tried twice; then the spill queue, tried twice; then a line on standard output. A schedule puts
spilled events back, `python -m infra.replay --log` reads the lines. Whoever loads a pixel or follows a link waits at
most for the timeouts of the two calls, some three seconds (and for the DNS, which has no timeout here).
"""

import json
import sys
import time
from collections.abc import Mapping
from enum import StrEnum
from json.encoder import encode_basestring_ascii
from typing import Any

from chalicelib.core import metric
from chalicelib.core.problem import MailsightError
from chalicelib.core.sigv4 import Signer
from chalicelib.core.stored_file import StoredFile, file_id
from chalicelib.core.token import link_id
from chalicelib.gateways.aws_json import AwsJson, CallFailed
from chalicelib.settings import Aws, Settings

Item = Mapping[str, Mapping[str, str]]
"""An item in DynamoDB's JSON, as `core.event.as_item` makes it."""


class LinksUnavailable(MailsightError):
    """A stored destination could not be read now; it may be in a moment."""


class LinkErased(MailsightError):
    """Where the link led was erased with its mail."""


class Kept(StrEnum):
    """Where an event is now."""

    TABLE = "table"
    QUEUE = "queue"
    LOG = "log"


class EventLog:
    """Appends events and reads where links lead that do not say it themselves. Threads may share it, and others its
    connection to DynamoDB."""

    def __init__(self, dynamodb: AwsJson, sqs: AwsJson, settings: Settings) -> None:
        self.dynamodb = dynamodb
        self._sqs = sqs
        self._events_table = settings.events_table
        self._links_table = settings.links_table
        self._spill_queue_url = settings.spill_queue_url
        new = {"TableName": settings.events_table, "ConditionExpression": "attribute_not_exists(message_id)"}
        self._put_behind = json.dumps(new).removeprefix("{")

    def record(self, item: Item) -> Kept:
        """Write an event once, or spill it. Never raises: the pixel and the redirect go on whatever happens here."""
        try:
            self._put(item)
        except Exception as error:  # whatever it is, the event goes down the ladder
            return self._spill(item, _reason(error))
        return Kept.TABLE

    def destination_of(self, message_id: str, position: int) -> str | None:
        """The stored destination of a link, None if there is none. Raises LinkErased, LinksUnavailable."""
        item = self._link(link_id(message_id, position))
        if item and "is_erased" in item:
            raise LinkErased(message_id)
        return str(item["destination"]["S"]) if item else None

    def file_of(self, message_id: str, position: int) -> StoredFile | None:
        """The file that went out as a link, None if there is none. Raises LinksUnavailable."""
        item = self._link(file_id(message_id, position))
        if item is None:
            return None
        key, filename, content_type = (
            str(item[name]["S"]) if name in item else "" for name in ("object_key", "filename", "content_type")
        )
        return StoredFile(key, filename, content_type, is_erased=item.get("is_erased", {}).get("BOOL") is True)

    def close(self) -> None:
        """Close the kept connections. A later call opens new ones."""
        self.dynamodb.close()
        self._sqs.close()

    def _link(self, key: str) -> Mapping[str, Any] | None:
        request = {"TableName": self._links_table, "Key": {"link_id": {"S": key}}}
        try:
            item: Mapping[str, Any] | None = self.dynamodb.call("DynamoDB_20120810.GetItem", request).get("Item")
        except Exception as error:
            raise LinksUnavailable(f"{self._links_table}: {_reason(error)}") from error
        return item

    def _put(self, item: Item) -> None:
        request = f'{{"Item":{_json(item)},{self._put_behind}'.encode("ascii")
        try:
            self.dynamodb.call("DynamoDB_20120810.PutItem", request)
        except CallFailed as failure:
            if failure.code != "ConditionalCheckFailedException":  # that one says: already there
                raise

    def _spill(self, item: Item, reason: str) -> Kept:
        request = {"QueueUrl": self._spill_queue_url, "MessageBody": json.dumps(item, separators=(",", ":"))}
        try:
            self._sqs.call("AmazonSQS.SendMessage", request)
        except Exception as error:
            reasons = [reason, _reason(error)]
            kept = {"reasons": reasons, "spilled_event": _without_source(item)}
            say({"level": "ERROR", "message": "spilled_event", **kept})
            return Kept.LOG
        say({"level": "WARNING", "message": "event_spilled", "reasons": [reason]})
        return Kept.QUEUE


def connect(settings: Settings, aws: Aws) -> EventLog:
    """The event log of this installation; nothing is sent before it is used."""
    return EventLog(_client("dynamodb", aws.dynamodb_endpoint, aws), _client("sqs", aws.sqs_endpoint, aws), settings)


def say(line: Mapping[str, Any]) -> None:
    """A structured line on standard output."""
    _print(json.dumps(line, separators=(",", ":")))


def count(name: metric.Count, stage: str) -> None:
    """One of this metric, in a line of its own, so that no metric stands beside what an event says."""
    _print(metric.line(name, stage=stage, at_ms=time.time_ns() // 1_000_000))


def _print(text: str) -> None:
    """One write, so that threads do not mix their lines."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        return  # a closed output: there is nowhere left to tell it


def _client(service: str, endpoint: str, aws: Aws) -> AwsJson:
    signer = Signer(
        service=service,
        region=aws.region,
        access_key_id=aws.access_key_id,
        secret_access_key=aws.secret_access_key,
        session_token=aws.session_token,
    )
    return AwsJson(endpoint, signer)


def _json(item: Item) -> str:
    """An item's JSON, in half the time that the encoder takes: names and types are plain words of ours."""
    quoted = encode_basestring_ascii
    pairs = [f'"{name}":{{"{kind}":{quoted(one[kind])}}}' for name, one in item.items() for kind in one]
    return f"{{{','.join(pairs)}}}"


def _without_source(item: Item) -> Item:
    """An item as a log may keep it: a hash of where a hit came from stays there longer than the hash's salt lives."""
    data = json.loads(item["data"]["S"])
    data.pop("from", None)
    return {**item, "data": {"S": json.dumps(data, separators=(",", ":"), sort_keys=True)}}


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, CallFailed) else f"{type(error).__name__}: {error}"
