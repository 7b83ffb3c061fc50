"""A delivery: one notice on its way to one webhook, with every attempt that was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.notice import KEPT, Notice

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between one attempt and the next: ten attempts in 75 hours, as Standard Webhooks recommends."""

LONGEST_PAUSE = timedelta(hours=24)
"""The most that a receiver may ask for by Retry-After."""

JITTER = 0.1
"""By so much of itself a pause may be longer, so that what failed together does not come again together."""

LEASE = timedelta(minutes=2)
"""So long an attempt is its worker's; a worker has a minute."""

SKEW = timedelta(seconds=1)
"""By so much the clocks of two workers may differ."""

GONE = 410
"""With it a receiver says that it wants nothing any more."""

INTERRUPTED = "interrupted"
"""The error of an attempt whose worker died; nobody knows whether it got through."""


class Status(StrEnum):
    """How far a delivery is. All but the first are final."""

    WAITING = "waiting"  # for an attempt, or under way
    DELIVERED = "delivered"
    FAILED = "failed"  # after the last attempt
    CANCELLED = "cancelled"  # its webhook is off or gone
    WITHDRAWN = "withdrawn"  # what it tells is not so any more, or its mail was erased: nothing was sent


class Attempt(NamedTuple):
    """One POST: what the receiver answered, or why it did not. `error` is a word of gateways/webhook.py."""

    at: datetime
    status_code: int | None = None
    error: str | None = None
    milliseconds: int = 0

    @property
    def is_taken(self) -> bool:
        return self.error is None and self.status_code is not None and 200 <= self.status_code < 300


class Answer(NamedTuple):
    """What came of a POST. `retry_after` is the header's text; it is only looked at where the POST failed."""

    status_code: int | None = None
    error: str | None = None
    milliseconds: int = 0
    retry_after: str | None = None


@dataclass(frozen=True)
class Delivery:
    """`place` is the notice's key, with the mark of a replay behind it if it is one. `tries` counts attempts that were
    begun; one that was broken off stands among them without an `attempt`. `next_at` is when the next one is due."""

    account: str
    webhook_id: str
    place: str
    notice: Notice
    kept_until: datetime
    status: Status = Status.WAITING
    tries: int = 0
    attempts: tuple[Attempt, ...] = field(default=())
    next_at: datetime | None = None
    claim: str = ""

    @property
    def delivery_id(self) -> str:
        """Its id for the world: the notice's, with the mark of the replay."""
        run = run_of(self.place)
        return f"{self.notice.notice_id}~{run}" if run else self.notice.notice_id


class Task(NamedTuple):
    """What the queue of deliveries carries: ids only. `message_id` finds the notice of a delivery that is not there
    yet; `tries` says which attempt this is about, so that a task that comes twice does nothing the second time."""

    account: str
    webhook_id: str
    place: str
    message_id: str = ""
    tries: int = 0


class Replay(NamedTuple):
    """A range of time of which a webhook is told again; the queue carries it, too."""

    account: str
    webhook_id: str
    run: str
    start: datetime
    end: datetime


def place_of(notice_key: str, run: str = "") -> str:
    """The place of the delivery of a notice, or of its replay."""
    return f"{notice_key}~{run}" if run else notice_key


def notice_key_of(place: str) -> str:
    """The key of the notice that is delivered at this place."""
    return place.partition("~")[0]


def run_of(place: str) -> str:
    """The mark of the replay; empty if it is none."""
    return place.partition("~")[2]


def begun(notice: Notice, webhook_id: str, place: str, now: datetime) -> Delivery:
    """A delivery of which nothing was tried yet."""
    return Delivery(notice.account, webhook_id, place, notice, now + KEPT, next_at=now)


def held(delivery: Delivery, mark: str) -> Delivery:
    """The delivery as its next attempt begins. One that was broken off before is noted, at the time it was due."""
    return replace(delivery, tries=delivery.tries + 1, attempts=_with_broken(delivery), claim=mark)


def given_up(delivery: Delivery) -> Delivery:
    """The delivery when nobody came back from its last attempt."""
    return replace(delivery, status=Status.FAILED, attempts=_with_broken(delivery), next_at=None)


def _with_broken(delivery: Delivery) -> tuple[Attempt, ...]:
    lost = delivery.tries - len(delivery.attempts)
    broken = (Attempt(delivery.next_at, error=INTERRUPTED),) * lost if delivery.next_at else ()
    return (*delivery.attempts, *broken)


def is_over(delivery: Delivery) -> bool:
    """Whether its last attempt was begun."""
    return delivery.tries > len(PAUSES)


def is_resting(delivery: Delivery, now: datetime) -> bool:
    """Whether what came of its last attempt is known and the next one is not due yet. Where nobody came back from an
    attempt it is not: then the lease says when."""
    is_known = 0 < delivery.tries == len(delivery.attempts)
    return is_known and delivery.next_at is not None and now + SKEW < delivery.next_at


def settled(delivery: Delivery, answer: Answer, at: datetime, chance: float) -> Delivery:
    """The delivery after an attempt that began at this time. `chance` is from 0 to 1: how much of the jitter."""
    attempt = Attempt(at, answer.status_code, answer.error, answer.milliseconds)
    done = replace(delivery, attempts=(*delivery.attempts, attempt), next_at=None)
    if attempt.is_taken:
        return replace(done, status=Status.DELIVERED)
    if answer.status_code == GONE:
        return replace(done, status=Status.FAILED)
    pause = pause_after(delivery.tries, answer.retry_after, at, chance)
    return replace(done, next_at=at + pause) if pause else replace(done, status=Status.FAILED)


def pause_after(tries: int, retry_after: str | None, at: datetime, chance: float) -> timedelta | None:
    """From this attempt to the next; None if it was the last. A receiver may ask for more, not for less."""
    if tries > len(PAUSES):
        return None
    pause = PAUSES[tries - 1] * (1 + JITTER * chance)
    asked = _asked(retry_after, at) if retry_after else timedelta()
    return max(pause, min(asked, LONGEST_PAUSE))


def _asked(text: str, at: datetime) -> timedelta:
    """What a Retry-After asks for: seconds, or a date (RFC 9110 section 10.2.3); nothing if it is neither."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST_PAUSE.total_seconds()))
    try:
        return parsedate_to_datetime(text) - at
    except (TypeError, ValueError, OverflowError):  # TypeError: a date without a time zone
        return timedelta()


def show(delivery: Delivery) -> dict[str, Any]:
    """The object `delivery` of the API."""
    return {
        "object": "delivery",
        "id": delivery.delivery_id,
        "notice_id": delivery.notice.notice_id,
        "type": delivery.notice.type,
        "email_id": delivery.notice.message_id or None,
        "occurred_at": instant.show(delivery.notice.occurred_at),
        "status": delivery.status.value,
        "attempts": [_attempt(one) for one in delivery.attempts],
        "next_attempt_at": instant.show(delivery.next_at) if delivery.next_at else None,
    }


def _attempt(attempt: Attempt) -> Mapping[str, Any]:
    return {**attempt._asdict(), "at": instant.show(attempt.at)}
