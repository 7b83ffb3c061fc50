"""What the figures of a report are called in a mail, in the order in which they are read there."""

from collections.abc import Iterator, Mapping
from typing import Any

LABELS: Mapping[str, str] = {
    "sent": "Sent",
    "delivered": "Delivered",
    "bounced": "Bounced",
    "bounced_hard": "Bounced, hard",
    "bounced_soft": "Bounced, soft",
    "tracked": "Tracked",
    "bounced_tracked": "Bounced, tracked",
    "opened": "Opened",
    "opened_by_proxy": "Loaded by a privacy proxy",
    "opened_by_machine": "Opened by a machine",
    "clicked": "Clicked",
    "clicked_by_machine": "Clicked by a machine",
    "unsubscribed": "Unsubscribed",
    "complained": "Spam",
    "received": "Received",
    "responded": "Responded",
    "calls": "Calls",
    "calls_outbound": "Outbound",
    "calls_inbound": "Inbound",
    "calls_missed": "Missed",
    "call_seconds": "Talked",
}
"""Of counts; a whole stands before its parts. A rate says by its name what it is a share of."""

SECONDS = frozenset({"call_seconds"})


def counts_of(figures: Mapping[str, Any]) -> Iterator[str]:
    """The names of the counts that there are."""
    return (name for name in LABELS if name in figures)


def label_of(name: str) -> str:
    """`Sent`; of a rate `Open rate of tracked`."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def count_in_words(name: str, value: int) -> str:
    """`1,204`; of seconds `2 h 05 min`, `5 min`, `40 s`."""
    if name not in SECONDS:
        return f"{value:,}"
    if value < 60:
        return f"{value} s"
    hours, minutes = divmod(value // 60, 60)
    return f"{hours:,} h {minutes:02d} min" if hours else f"{minutes} min"
