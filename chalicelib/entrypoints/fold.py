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
from chalicelib.entrypoints.folding import FOLDING, folding_of
from chalicelib.flow import fold as flow

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    folding: flow.Parts
    log: Logger
    stage: str


@cache
def _parts() -> Parts:
    own = settings.read().require(*FOLDING)
    return Parts(folding_of(own), Logger(service="fold"), own.stage)


@bp.on_dynamodb_record(stream_arn="arn:aws:dynamodb:::mailsight-events", batch_size=100)
def fold(event: DynamoDBEvent) -> dict[str, list[dict[str, str]]]:
    """Folds every message that the batch tells of; answers from which records on to bring again."""
    parts = _parts()
    folding = parts.folding.for_many()
    failed: list[str] = []
    folded: list[dict[str, Any]] = []
    with counting(parts.stage) as counts:
        records_of = _by_message(event.to_dict()["Records"])
        arrived = {message_id: [_key_of(record) for record in records] for message_id, records in records_of.items()}
        errors = flow.fold_all(arrived, folding, now=datetime.now(UTC))
        for message_id, records in records_of.items():
            if message_id in errors:
                parts.log.error("fold_failed", extra={"message_id": message_id}, exc_info=errors[message_id])
                counts.add("FoldFailed")
                failed.extend(record["dynamodb"]["SequenceNumber"] for record in records)
            else:
                folded.extend(records)
        if folded:
            counts.add("EventFolded", len(folded))
            counts.took("FoldLag", datetime.now(UTC) - _oldest(folded))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _key_of(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["Keys"]["event_key"]["S"])


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
