"""The sweep: what a lost stream record, a lost queue message or a dead worker left behind is put right.

It looks at messages of certain ages, so nothing has to remember that something was lost, and each message is looked at
some eight times in its life, most often when it is young. See docs/decisions/0007-sweep-by-age.md.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core.event import GRACE
from chalicelib.core.message import CAPTURE_WINDOW, GIVE_UP_AFTER, INTERRUPTED, Failure, Message, Sending
from chalicelib.core.refold import Fold
from chalicelib.flow import fold

AGES = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(days=7),
    timedelta(days=30),
)
BEFORE_THE_END = GRACE - timedelta(days=1)
"""So long after the capture window is the last chance: a day later the events vanish."""
BAND = timedelta(minutes=17)  # the schedule runs every 15 minutes, not always on the second

WORKERS = 16  # nearly all of the time is waiting for answers
BATCH = 1_000  # messages in hand at once

STUCK_AFTER = timedelta(minutes=15)
"""A message that still waits after this is queued again; the queue itself tries for longer than most outages last."""


Span = tuple[datetime, datetime]


class Accounts(Protocol):
    """The register of accounts."""

    def all(self) -> Iterable[str]: ...


class Messages(Protocol):
    """Messages, listed by time."""

    def find(self, message_id: str, *, may_be_old: bool = False) -> tuple[Message, Fold] | None: ...
    def accepted_between(self, account: str, start: datetime, end: datetime) -> Iterator[str]: ...
    def settle(self, message: Message, sending: Sending, *, failure: Failure | None = None) -> bool: ...


class Queue(Protocol):
    """Where messages wait for sending."""

    def put(self, message_id: str) -> None: ...


class Swept(NamedTuple):
    """How many messages were looked at; of them: how many had events that their state did not know, were stuck, could
    not be swept; and how many messages, or whole lists of an account and age, were left for want of time."""

    seen: int = 0
    refolded: int = 0
    unstuck: int = 0
    failed: int = 0
    left: int = 0


LEFT = Swept(left=1)
FAILED = Swept(failed=1)


class Parts(NamedTuple):
    """What the sweep needs. `report` is told of each message, or account, that could not be swept; `fail` notes why a
    message is not sent, for good."""

    accounts: Accounts
    messages: Messages
    folding: fold.Parts
    queue: Queue
    report: Callable[[str, Exception], None]
    fail: Callable[[Message, Failure, datetime], bool]


def bands(now: datetime, window: timedelta) -> list[Span]:
    """Of the messages that a run looks at, the times at which they were due, in an account that has this capture window
    now, and may have had the usual one."""
    ages = {*AGES, *(one + BEFORE_THE_END for one in (window, CAPTURE_WINDOW))}
    return [(now - age - BAND, now - age) for age in sorted(ages)]


def sweep(
    spans_of: Callable[[str], Sequence[Span]], parts: Parts, *, now: datetime, may_go_on: Callable[[], bool]
) -> Swept:
    """Refolds and unsticks every message that was due in the account's spans of time, several at once.

    In another order each time, so that nobody is always the last where time runs out, as `may_go_on` says.
    """
    swept, places = Swept(), []
    for account in parts.accounts.all():
        try:
            places += [(account, span) for span in spans_of(account)]
        except Exception as error:  # of this account's settings; the others are swept all the same
            parts.report(account, error)
            swept = _sum(swept, FAILED)
    random.shuffle(places)

    def found() -> Iterator[str]:
        nonlocal swept
        for account, (start, end) in places:
            if may_go_on():
                yield from parts.messages.accepted_between(account, start, end)
            else:
                swept = _sum(swept, LEFT)

    def one(message_id: str) -> Swept:
        return _sweep_one(message_id, parts, now) if may_go_on() else LEFT

    message_ids = found()
    with ThreadPoolExecutor(WORKERS) as workers:
        while batch := list(islice(message_ids, BATCH)):
            swept = _sum(swept, *workers.map(one, batch))
    return swept


def _sum(*each: Swept) -> Swept:
    return Swept(*map(sum, zip(*each, strict=True)))


def _sweep_one(message_id: str, parts: Parts, now: datetime) -> Swept:
    """One message. Whatever is wrong with it is its own: the others are swept all the same."""
    try:
        found = parts.messages.find(message_id, may_be_old=True)
        if found is None:
            return Swept(seen=1)
        is_known = fold.is_folded(found, parts.folding, now=now)
        is_refolded = not is_known and fold.fold(message_id, None, parts.folding, now=now)
        return Swept(1, is_refolded, _unstick(found[0], parts, now))
    except Exception as error:
        parts.report(message_id, error)
        return Swept(seen=1, failed=1)


def _unstick(message: Message, parts: Parts, now: datetime) -> bool:
    """Nothing that is written here is written to a message that has moved on since it was found."""
    if message.is_abandoned(now):
        return parts.messages.settle(message, Sending.UNKNOWN, failure=INTERRUPTED)
    if message.sending is not Sending.QUEUED:
        return False
    if now - (message.next_try_at or message.due_at) < STUCK_AFTER:
        return False  # it is in line
    if now - message.due_at > GIVE_UP_AFTER:
        failure = message.failure or Failure("not_sent", "the mail could not be handed to SES for 24 hours")
        return parts.fail(message, failure, now)
    parts.queue.put(message.message_id)
    return True
