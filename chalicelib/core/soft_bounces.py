"""How often in a row mails to one address bounced softly: too often, and it is left alone for a while.

The row holds what became of the latest mails to an address, one fate a mail. Adding is a union of which the newest
stay, so mails and events may come in any order and however often. When a rest has ended one mail may try again: a
delivery breaks the row, one more soft bounce means another rest.
"""

from datetime import datetime, timedelta
from enum import IntEnum
from itertools import takewhile
from typing import NamedTuple

from chalicelib.core.account_policy import MOST_SOFT_BOUNCES, AccountPolicy
from chalicelib.core.summary import RecipientState
from chalicelib.core.suppression import Cause, Reason

KEPT = timedelta(days=100)
"""What is so much older than the newest mail of a row belongs to it no more."""


class Outcome(IntEnum):
    """What became of one mail at one address. Servers may take a mail and bounce it later: the highest counts."""

    ARRIVED = 0
    SOFT = 1
    HARD = 2


class Fate(NamedTuple):
    """What became of one mail at an address, told first at `at`. Its `sent_at` must be the same each time."""

    message_id: str
    sent_at: datetime
    outcome: Outcome
    at: datetime
    reason: str = ""


Row = tuple[Fate, ...]  # newest first, at most MOST_SOFT_BOUNCES


def fate_of(message_id: str, sent_at: datetime, known: RecipientState) -> Fate | None:
    """What became of a mail at one recipient; None as long as nothing is known. An automatic answer is an arrival."""
    if known.bounce:
        outcome = Outcome.HARD if known.bounce.type == "hard" else Outcome.SOFT
        return Fate(message_id, sent_at, outcome, known.bounce.at, known.bounce.reason)
    times = [at for at in (known.delivered_at, known.auto_replied_at, known.complained_at) if at]
    return Fate(message_id, sent_at, Outcome.ARRIVED, min(times)) if times else None


def added(row: Row, fate: Fate) -> Row:
    """The row with this mail, too."""
    fates = {one.message_id: one for one in row}
    fates[fate.message_id] = max(fates.get(fate.message_id, fate), fate, key=_weight)
    newest_first = sorted(fates.values(), key=lambda one: (one.sent_at, one.message_id), reverse=True)
    return tuple(one for one in newest_first[:MOST_SOFT_BOUNCES] if one.sent_at > newest_first[0].sent_at - KEPT)


def streak(row: Row, since: datetime | None = None) -> Row:
    """The latest mails that bounced softly, newest first, up to the first that did not.

    `since` is when the address's suppression was lifted: what bounced until then does not count.
    """
    soft = takewhile(lambda fate: fate.outcome is Outcome.SOFT, row)
    return tuple(fate for fate in soft if since is None or fate.at > since)


def cause_of(row: Row, policy: AccountPolicy, since: datetime | None = None) -> Cause | None:
    """Why the address is to be left alone for a while, counted from the latest of its bounces; None if it is not."""
    soft = streak(row, since)
    if len(soft) < policy.soft_bounce_limit:
        return None
    latest = max(soft, key=lambda fate: fate.at)
    detail = f"{len(soft)} in a row" + (f"; the latest: {latest.reason}" if latest.reason else "")
    return Cause(Reason.SOFT_BOUNCES, latest.at, latest.at + policy.soft_bounce_rest, detail)


def _weight(fate: Fate) -> tuple[Outcome, float, str]:
    """The gravest outcome, then the first time it was told."""
    return fate.outcome, -fate.at.timestamp(), fate.reason
