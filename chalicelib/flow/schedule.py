"""Queueing mails that are scheduled, in time before they are due.

SQS can hold a message back for a quarter of an hour only, so a mail that is due later waits in the table, where its
place in its account's list is the time at which it is due. Each run looks further ahead than the next one comes, so a
run that is missed makes no mail late; and back to where the sweep finds what got stuck. A mail that is queued twice is
sent once, for the sender claims it.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core.message import Message, Sending
from chalicelib.core.refold import Fold
from chalicelib.gateways.queue import delay_until

EVERY = timedelta(minutes=15)
AHEAD = 2 * EVERY + timedelta(minutes=2)
BACK = EVERY + timedelta(minutes=2)

WORKERS = 16  # nearly all of the time is waiting for answers
BATCH = 1_000  # messages in hand at once


class Accounts(Protocol):
    """The register of accounts."""

    def all(self) -> Iterable[str]: ...


class Messages(Protocol):
    """Messages, listed by the time at which they are due."""

    def find(self, message_id: str, *, may_be_old: bool = False) -> tuple[Message, Fold] | None: ...
    def waiting_between(self, account: str, start: datetime, end: datetime) -> Iterator[str]: ...


class Queue(Protocol):
    """Where messages wait for sending."""

    def put(self, message_id: str, delay_seconds: int = 0) -> None: ...


class Parts(NamedTuple):
    """What this needs. `report` is told of each message, or account, that could not be looked at or queued."""

    accounts: Accounts
    messages: Messages
    queue: Queue
    report: Callable[[str, Exception], None]


class Queued(NamedTuple):
    """How many mails were queued, and how many mails or accounts could not be looked at; the next run tries again."""

    queued: int = 0
    failed: int = 0


def schedule(parts: Parts, *, now: datetime) -> Queued:
    """Queues what is due soon, or was just due and still waits."""
    unreadable: list[str] = []

    def found() -> Iterator[str]:
        for account in parts.accounts.all():
            try:
                yield from parts.messages.waiting_between(account, now - BACK, now + AHEAD)
            except Exception as error:  # of this account; the others' mails go out all the same
                parts.report(account, error)
                unreadable.append(account)

    message_ids, done = found(), Queued()
    with ThreadPoolExecutor(WORKERS) as workers:
        while batch := list(islice(message_ids, BATCH)):
            each = list(workers.map(lambda message_id: _queue_one(message_id, parts, now), batch))
            done = Queued(done.queued + each.count(True), done.failed + each.count(None))
    return done._replace(failed=done.failed + len(unreadable))


def _queue_one(message_id: str, parts: Parts, now: datetime) -> bool | None:
    """Whether it was to be queued; None if that failed."""
    try:
        found = parts.messages.find(message_id, may_be_old=True)
        if found is None or not _is_to_queue(found[0]):
            return False
        parts.queue.put(message_id, delay_until(found[0].due_at, now))
    except Exception as error:  # its own; the others are queued all the same
        parts.report(message_id, error)
        return None
    return True


def _is_to_queue(message: Message) -> bool:
    """Not one that was tried: that is in the queue."""
    return message.scheduled_at is not None and message.sending is Sending.QUEUED and not message.attempts
