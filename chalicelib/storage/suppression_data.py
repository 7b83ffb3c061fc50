"""Suppressions and rows of soft bounces as the JSON that is stored, and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.core import instant
from chalicelib.core.soft_bounces import Fate, Outcome, Row
from chalicelib.core.suppression import Cause, Reason, Suppression


def dump(known: Suppression) -> dict[str, Any]:
    """A suppression as a JSON object."""
    return {
        "address": known.address,
        "causes": [
            {
                "reason": cause.reason.value,
                "at": instant.show(cause.at),
                "expires_at": _show(cause.expires_at),
                "detail": cause.detail,
                "by": cause.by,
            }
            for cause in known.causes
        ],
        "lifted_at": _show(known.lifted_at),
        "lifted_by": known.lifted_by,
        "lifted": [[reason.value, instant.show(at)] for reason, at in known.lifted],
    }


def load(data: Mapping[str, Any]) -> Suppression:
    """The suppression of an object that `dump` made."""
    causes = (
        Cause(
            Reason(cause["reason"]),
            instant.parse(cause["at"]),
            _parse(cause["expires_at"]),
            cause["detail"],
            cause["by"],
        )
        for cause in data["causes"]
    )
    lifted = tuple((Reason(reason), instant.parse(at)) for reason, at in data["lifted"])
    return Suppression(data["address"], tuple(causes), _parse(data["lifted_at"]), data["lifted_by"], lifted)


def news_at(known: Suppression) -> str | None:
    """When the latest was heard of it; None for an address of which nothing holds and nothing was lifted."""
    times = [cause.at for cause in known.causes] + ([known.lifted_at] if known.lifted_at else [])
    return instant.show(max(times)) if times else None


def dump_row(row: Row) -> list[Any]:
    """A row as a JSON list."""
    return [
        [fate.message_id, instant.show(fate.sent_at), fate.outcome.value, instant.show(fate.at), fate.reason]
        for fate in row
    ]


def load_row(data: Sequence[Any]) -> Row:
    """The row of a list that `dump_row` made."""
    return tuple(
        Fate(message_id, instant.parse(sent_at), Outcome(outcome), instant.parse(at), reason)
        for message_id, sent_at, outcome, at, reason in data
    )


def _show(at: datetime | None) -> str | None:
    return instant.show(at) if at else None


def _parse(text: str | None) -> datetime | None:
    return instant.parse(text) if text else None
