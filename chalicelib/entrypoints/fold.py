"""The function `fold`: fed by the stream of the table `events`, new items only.

Lambda brings a batch again from the lowest failed record on, so records may come several times: folding is
repeatable. After five retries a record's metadata goes to the failure queue, and the sweep folds its message.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, DynamoDBEvent

from chalicelib import settings
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.folding import folding_of
from chalicelib.flow import fold as flow

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    folding: flow.Parts
    log: Logger
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require("messages_table", "events_table", "account_table", "salts_table")
    return Parts(folding_of(own), Logger(service="fold"), own.stage)


@bp.on_dynamodb_record(stream_arn="arn:aws:dynamodb:::mailsight-events", batch_size=100)
def fold(event: DynamoDBEvent) -> dict[str, list[dict[str, str]]]:
    """Folds every message that the batch tells of; answers from which records on to bring again."""
    parts = _parts()
    folding = parts.folding.for_many()
    failed: list[str] = []
    folded: list[dict[str, Any]] = []
    with counting(parts.stage) as counts:
        for message_id, records in _by_message(event.to_dict()["Records"]).items():
            keys = [record["dynamodb"]["Keys"]["event_key"]["S"] for record in records]
            try:
                flow.fold(message_id, keys, folding, now=datetime.now(UTC))
            except Exception:
                parts.log.exception("fold_failed", extra={"message_id": message_id})
                counts.add("FoldFailed")
                failed.extend(record["dynamodb"]["SequenceNumber"] for record in records)
            else:
                folded.extend(records)
        if folded:
            counts.add("EventFolded", len(folded))
            counts.took("FoldLag", datetime.now(UTC) - _oldest(folded))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _oldest(records: Iterable[dict[str, Any]]) -> datetime:
    """When the first of them was written, to the second."""
    return datetime.fromtimestamp(min(record["dynamodb"]["ApproximateCreationDateTime"] for record in records), UTC)


def _by_message(records: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """New items by their message. Marks that fold itself sets, and deletions by TTL, are no news."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record["eventName"] == "INSERT":
            grouped.setdefault(record["dynamodb"]["Keys"]["message_id"]["S"], []).append(record)
    return grouped
