"""What is known of a mail because it counts in a column of cells, so that a list of these mails looks at few others.

What counts often follows from the status, by which mails are found anyway. What is rare is kept with the mail where
lists see it (`notable`), for which no ordinary mail pays anything.
"""

from collections.abc import Mapping
from datetime import timedelta

from chalicelib.core.cell import COLUMNS, HOURS, NOTHING, Counted, sent_at_of
from chalicelib.core.message import Message
from chalicelib.core.source import Kind
from chalicelib.core.summary import State

BOUNCED = "bounced"
"""Both columns of bounces together."""

COUNTED_AS = (*COLUMNS, BOUNCED)
"""As what a mail may count; beside them stand the hours of the week of a first open."""

INCOMING = ("received", "responded")

STATUSES: Mapping[str, frozenset[str]] = {
    "delivered": frozenset({"delivered", "opened", "clicked"}),
    "bounced_hard": frozenset({"bounced"}),
    "bounced_soft": frozenset({"bounced"}),
    "bounced_tracked": frozenset({"bounced"}),
    BOUNCED: frozenset({"bounced"}),
    "opened": frozenset({"opened", "clicked", "bounced"}),
    "clicked": frozenset({"clicked", "bounced"}),
    **dict.fromkeys(INCOMING, frozenset({"received"})),
    **dict.fromkeys(HOURS, frozenset({"opened", "clicked", "bounced"})),
}
"""The statuses that a mail may have which counts in a column; in those that are not named here any."""

RARE = frozenset({"unsubscribed", "complained", "responded"})
LATE = "late"
PROMPT = timedelta(minutes=10)
"""Of nearly all mails it is told within that time from when they were due that they were sent."""


def is_column(name: str) -> bool:
    """Whether mails can count as this."""
    return name in COUNTED_AS or name in HOURS


def counts_as(counted: Counted, column: str) -> bool:
    """Whether a mail counts in this column."""
    if column == BOUNCED:
        return not counted.columns.isdisjoint(("bounced_hard", "bounced_soft"))
    return column in counted.columns or column == counted.hour


def can_count_as(kind: Kind, column: str) -> bool:
    """Whether a mail of such a source can count in this column."""
    return "received" in kind.statuses if column in INCOMING else kind.is_sent_from_system


def notable_of(message: Message, counted: Counted, state: State) -> frozenset[str]:
    """The rare columns in which a mail counts, and LATE where it may count for a day later than that on which it was
    due (but for the minutes of PROMPT): others need not be looked at for another day than that."""
    if counted == NOTHING:
        return frozenset()
    sent_at = sent_at_of(message, state)
    is_prompt = message.is_inbound or (sent_at is not None and sent_at <= message.due_at + PROMPT)
    return (counted.columns & RARE) | (frozenset() if is_prompt else {LATE})
