"""What a function's answer to a batch means to Lambda, and what comes next. Pure: no queue, no stream, no clock.

Sources, of the Lambda developer guide: "Handling errors for an SQS event source" and "Configuring partial batch
response with DynamoDB and Lambda" (how an answer is read), "Parameters for Amazon DynamoDB event source mappings"
(retries, bisect, failure destination).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple


def failures(answer: object, identifiers: Collection[str]) -> frozenset[str]:
    """The identifiers that the function reports as failed with `ReportBatchItemFailures`.

    No answer, no `batchItemFailures`, or an empty or null one, is success. A malformed one, or one that names what was
    not in the batch, is the failure of the whole batch: then all identifiers come back.
    """
    if answer is None or answer == {}:
        return frozenset()
    if not isinstance(answer, Mapping):
        return frozenset(identifiers)
    items = answer.get("batchItemFailures")
    if items is None:
        return frozenset()
    if not isinstance(items, Sequence) or isinstance(items, str):
        return frozenset(identifiers)
    named = [item.get("itemIdentifier") if isinstance(item, Mapping) else None for item in items]
    if not all(isinstance(name, str) and name in identifiers for name in named):
        return frozenset(identifiers)
    return frozenset(str(name) for name in named)


class Part(NamedTuple):
    """A run of records of one shard, oldest first, and how often they were tried together and failed."""

    records: tuple[Mapping[str, Any], ...]
    tries: int = 0


class Step(NamedTuple):
    """What follows a try: parts to go on with, in order, and records that are given up. Records in neither are done."""

    next_parts: tuple[Part, ...] = ()
    given_up: tuple[Mapping[str, Any], ...] = ()


def sequence_number(record: Mapping[str, Any]) -> str:
    """The place of a stream record in its shard, in Lambda's record."""
    return str(record["dynamodb"]["SequenceNumber"])


def after(part: Part, failed: Collection[str], retries: int) -> Step:
    """The step after `part` was handed over and the records of these sequence numbers failed.

    The lowest failed number is where the stream goes on: what lies before it is done, all from there on comes again.
    Where that is the first record, the part is bisected. Neither counts as a try. A record alone is tried `retries`
    times more and then given up. So a poisonous record ends alone, and its neighbours are handed over without it.
    """
    if not failed:
        return Step()
    first = min(index for index, record in enumerate(part.records) if sequence_number(record) in failed)
    if first:
        return Step((Part(part.records[first:]),))
    if len(part.records) > 1:
        middle = len(part.records) // 2
        return Step((Part(part.records[:middle]), Part(part.records[middle:])))
    if part.tries < retries:
        return Step((Part(part.records, part.tries + 1),))
    return Step(given_up=part.records)
