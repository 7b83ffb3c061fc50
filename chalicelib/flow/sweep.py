"""The sweep: what a lost stream record, a lost queue message or a dead worker left behind is put right.

It looks at every message of the last days, so nothing has to remember that something was lost.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.core.message import Failure, Message, Sending
from chalicelib.core.refold import Fold
from chalicelib.flow import fold
from chalicelib.flow.send import GIVE_UP_AFTER

STUCK_AFTER = timedelta(minutes=15)
"""A message that still waits after this is queued again; the queue itself tries for longer than most outages last."""


class Accounts(Protocol):
    """The register of accounts."""

    def all(self) -> Iterable[str]: ...


class Messages(Protocol):
    """Messages, listed by time."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def accepted_since(self, account: str, since: datetime) -> Iterator[str]: ...
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


def sweep(
    since: datetime,
    *,
    accounts: Accounts,
    messages: Messages,
    folds: fold.Folds,
    events: fold.Events,
    queue: Queue,
    now: datetime,
) -> Swept:
    """Refolds and unsticks every message accepted since then."""
    swept = Swept()
    for account in accounts.all():
        for message_id in messages.accepted_since(account, since):
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
