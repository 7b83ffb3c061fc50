"""The sweep: what a lost stream record, a lost queue message or a dead worker left behind is put right.

It looks at messages of certain ages, so nothing has to remember that something was lost, and each message is looked at
some ten times in its life, most often when it is young. See docs/decisions/0007-sweep-by-age.md.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple, Protocol

from chalicelib.core.message import GIVE_UP_AFTER, Failure, Message, Sending
from chalicelib.core.refold import Fold
from chalicelib.flow import fold

AGES = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(days=2),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=99),
    timedelta(days=106),  # the last chance before the events vanish
)
BAND = timedelta(minutes=20)  # the schedule runs every 15 minutes, not always on the second

STUCK_AFTER = timedelta(minutes=15)
"""A message that still waits after this is queued again; the queue itself tries for longer than most outages last."""


class Accounts(Protocol):
    """The register of accounts."""

    def all(self) -> Iterable[str]: ...


class Messages(Protocol):
    """Messages, listed by time."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def accepted_between(self, account: str, start: datetime, end: datetime) -> Iterator[str]: ...
    def settle(
        self,
        message_id: str,
        sending: Sending,
        *,
        failure: Failure | None = None,
        was: Sending = Sending.SENDING,
    ) -> bool: ...


class Queue(Protocol):
    """Where messages wait for sending."""

    def put(self, message_id: str) -> None: ...


class Swept(NamedTuple):
    """How many messages were looked at, how many had events that their state did not know, how many were stuck."""

    seen: int = 0
    refolded: int = 0
    unstuck: int = 0


def bands(now: datetime) -> list[tuple[datetime, datetime]]:
    """The times of acceptance whose messages a run looks at."""
    return [(now - age - BAND, now - age) for age in AGES]


def sweep(
    spans: Iterable[tuple[datetime, datetime]],
    *,
    accounts: Accounts,
    messages: Messages,
    folds: fold.Folds,
    events: fold.Events,
    queue: Queue,
    now: datetime,
) -> Swept:
    """Refolds and unsticks every message accepted in these spans of time."""
    swept = Swept()
    for account, (start, end) in product(list(accounts.all()), list(spans)):
        for message_id in messages.accepted_between(account, start, end):
            is_refolded = fold.fold(message_id, None, events=events, folds=folds, now=now)
            is_unstuck = _unstick(message_id, messages, queue, now)
            swept = Swept(swept.seen + 1, swept.refolded + is_refolded, swept.unstuck + is_unstuck)
    return swept


def _unstick(message_id: str, messages: Messages, queue: Queue, now: datetime) -> bool:
    found = messages.find(message_id)
    if found is None or now - found[0].accepted_at < STUCK_AFTER:
        return False
    message: Message = found[0]
    if message.sending is Sending.SENDING and message.lease_until and now > message.lease_until:
        failure = Failure("interrupted", "the worker died while it handed the mail to SES; SES's Send event will tell")
        return messages.settle(message_id, Sending.UNKNOWN, failure=failure)
    if message.sending is not Sending.QUEUED:
        return False
    if now - message.accepted_at > GIVE_UP_AFTER:
        failure = message.failure or Failure("not_sent", "the mail could not be handed to SES for 24 hours")
        return messages.settle(message_id, Sending.FAILED, failure=failure, was=Sending.QUEUED)
    queue.put(message_id)
    return True
