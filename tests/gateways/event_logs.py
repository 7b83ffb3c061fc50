"""Event logs for tests, and what is put into them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import settings
from chalicelib.core import event
from chalicelib.core.event import Kind
from chalicelib.core.sigv4 import Signer
from chalicelib.gateways.aws_json import AwsJson
from chalicelib.gateways.event_log import EventLog
from tests.gateways.aws_on_loopback import AwsOnLoopback

AT = datetime(2026, 11, 21, 8, 30, 0, 123000, UTC)
MESSAGE_ID = "0123456789abcdef" * 2
NOWHERE = "http://nowhere.invalid:9"
OWN = settings.Settings(events_table="events", links_table="links", spill_queue_url="https://queue.example/spill")


PATIENT = 20.0
HASTY = 0.6


def an_item(event_id: str = "JKJaXmPLvHcESHA=", origin: str | None = None) -> dict[str, dict[str, str]]:
    """A hit; `origin` is the hash of where it came from."""
    source = {"from": origin} if origin else {}
    opened = event.make(MESSAGE_ID, event_id, Kind.OPENED, AT, method="GET", **source)
    return event.as_item(opened, AT + timedelta(days=107))


def log_for(dynamodb: str, sqs: str, patience: float = PATIENT) -> EventLog:
    """An event log that waits so many seconds for DynamoDB, and long enough for SQS on the busiest machine."""

    def client(service: str, endpoint: str, seconds: float) -> AwsJson:
        signer = Signer(service=service, region="eu-central-1", access_key_id="id", secret_access_key="secret")
        return AwsJson(endpoint, signer, attempt_seconds=seconds, call_seconds=4 * seconds)

    return EventLog(client("dynamodb", dynamodb, patience), client("sqs", sqs, PATIENT), OWN)


def spilled_to(sqs: AwsOnLoopback) -> list[Any]:
    return [json.loads(call.request["MessageBody"]) for call in sqs.calls if call.operation == "SendMessage"]
