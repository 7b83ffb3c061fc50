"""Sending a queued message: ask again what may be done with it, claim it, hand it to SES once, note what came of it.

SES has no idempotency, so a message is never handed over twice where the first time may have worked: a worker that
died while it held the message, and an answer that leaves it open, both end in `unknown`, which SES's own Send event
settles. See docs/decisions/0004-unknown-is-not-sent-again.md.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.core import named_address, suppression
from chalicelib.core.message import GIVE_UP_AFTER, INTERRUPTED, Content, Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.status import sending_of
from chalicelib.core.tracking import Wish, until_of
from chalicelib.flow import instrument, permission
from chalicelib.flow.permission import Permission, permission_of, tracking_of
from chalicelib.gateways.queue import LONGEST_DELAY
from chalicelib.gateways.ses import Answer, Verdict

LEASE = timedelta(seconds=60)  # longer than the function may run
CONTENT_MISSING = Failure("content_missing", "what the mail says is not kept any more; hand it over again")


class Messages(Protocol):
    """Where messages and their states are."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def claim(
        self,
        message: Message,
        claim: str,
        *,
        lease_ends_at: datetime,
        until: datetime | None,
        narrowed: Tracking | None = None,
    ) -> bool: ...
    def settle(
        self,
        message: Message,
        sending: Sending,
        *,
        failure: Failure | None = None,
        ses_message_id: str | None = None,
        sent_at: datetime | None = None,
        next_try_at: datetime | None = None,
    ) -> bool: ...


class Contents(Protocol):
    """Where contents are kept."""

    def get(self, account: str, message_id: str) -> Content | None: ...


class Mailer(Protocol):
    """SES."""

    def send(
        self, raw: bytes, *, sender: str, recipients: list[str], message_id: str, tags: tuple[tuple[str, str], ...]
    ) -> Answer: ...


class Parts(NamedTuple):
    """What sending needs. `fail` notes why a message is not sent, for good; `new_id` returns 32 other hex digits each
    time."""

    messages: Messages
    contents: Contents
    ses: Mailer
    making: instrument.Parts
    permissions: permission.Stores
    fail: Callable[[Message, Failure, datetime], bool]
    new_id: Callable[[], str]


class Outcome(NamedTuple):
    """What came of a message: what was noted as its sending, None for nothing; and after what time it must be tried
    again, None for never. Of one that SES took also its recipients, and how long it had been due until then."""

    noted: Sending | None = None
    again_after: timedelta | None = None
    recipients: int = 0
    waited: timedelta | None = None


def send(message_id: str, parts: Parts, *, now: datetime) -> Outcome:
    """Sends a message if it is still to be sent.

    Errors of the stores pass through: the queue brings the message again.
    """
    found = parts.messages.find(message_id)
    message = found[0] if found else None
    if message is None or message.sending not in (Sending.QUEUED, Sending.SENDING):
        return Outcome()
    if message.is_abandoned(now):
        parts.messages.settle(message, Sending.UNKNOWN, failure=INTERRUPTED)
        return Outcome(Sending.UNKNOWN)
    if message.lease_ends_at:
        return Outcome(again_after=message.lease_ends_at - now)
    if message.next_try_at and now < message.next_try_at:
        return Outcome(again_after=message.next_try_at - now)
    if message.scheduled_at and now < message.scheduled_at:
        return Outcome(again_after=min(message.scheduled_at - now, LONGEST_DELAY))
    if sending_of(message) is not message.sending:
        return _believe(message, parts)
    content = parts.contents.get(message.account, message_id)
    if content is None:
        parts.fail(message, CONTENT_MISSING, now)
        return Outcome(Sending.FAILED)
    allowed = permission_of(message.account, message.envelope, parts.permissions)
    refused = _suppressed(message, allowed, now)
    if refused:
        parts.fail(message, refused, now)
        return Outcome(Sending.FAILED)
    return _hand_over(message, content, _tracking(message, content, allowed, now), parts, now)


def _suppressed(message: Message, allowed: Permission, now: datetime) -> Failure | None:
    """Why it must not be sent: a recipient who gets no mail any more, as one may since it was taken in."""
    known = zip(message.envelope.recipients, allowed.suppressions, strict=True)
    causes = [(address, one.cause(now)) for address, one in known if one]
    sentences = [f"{suppression.sentence(cause)} ({address})" for address, cause in causes if cause]
    return Failure("suppressed", "; ".join(sentences)) if sentences else None


def _tracking(message: Message, content: Content, allowed: Permission, now: datetime) -> Tracking:
    """What is tracked of the mail that now goes out: what was decided when it was taken in, or less."""
    tracking = message.tracking
    if tracking.is_on:
        wish = Wish(tracking.opens, tracking.clicks, tracking.mode)
        tracking = tracking_of(message.envelope, content, wish, allowed, now)
    if not tracking.is_on:
        return replace(tracking, until=None)
    # counted anew with each try, for of an earlier one no mail is in the world
    until = until_of(tracking.mode, allowed.policy.capture_window, now=now, due_at=message.due_at)
    return replace(tracking, until=until)


def _hand_over(message: Message, content: Content, tracking: Tracking, parts: Parts, now: datetime) -> Outcome:
    """Claims the message and sends it. Everything that can fail is made before the claim; what only tracks may fail."""
    claim = parts.new_id()
    held = replace(message, sending=Sending.SENDING, claim=claim, tracking=tracking)
    narrowed = tracking if replace(tracking, until=message.tracking.until) != message.tracking else None
    raw = instrument.mail_of(held, content, parts.making)
    sender = named_address.bare(message.envelope.sender)
    recipients = [named_address.bare(text) for text in message.envelope.recipients]
    try:
        is_ours = parts.messages.claim(
            message, claim, lease_ends_at=now + LEASE, until=tracking.until, narrowed=narrowed
        )
    except Exception:  # it may be written all the same; SES was certainly not asked
        with suppress(Exception):
            parts.messages.settle(held, Sending.QUEUED)
        raise
    if not is_ours:
        return Outcome(again_after=LEASE)
    answer = parts.ses.send(raw, sender=sender, recipients=recipients, message_id=message.message_id, tags=message.tags)
    return _note(held, answer, parts, now)


def _believe(message: Message, parts: Parts) -> Outcome:
    """A message that waits although SES has told that it has it, whatever its answer seemed to be."""
    sent_at, ses_message_id = message.state.delivery.sent or (None, None)
    sending = sending_of(message)
    parts.messages.settle(message, sending, ses_message_id=ses_message_id, sent_at=sent_at)
    return _taken(message, sent_at) if sending is Sending.SENT else Outcome(sending)


def _taken(message: Message, sent_at: datetime | None) -> Outcome:
    waited = sent_at - message.due_at if sent_at else None
    return Outcome(Sending.SENT, recipients=len(message.envelope.recipients), waited=waited)


def _note(message: Message, answer: Answer, parts: Parts, now: datetime) -> Outcome:
    failure = Failure(answer.code, answer.detail)
    messages = parts.messages
    match answer.verdict:
        case Verdict.ACCEPTED:
            messages.settle(message, Sending.SENT, ses_message_id=answer.ses_message_id, sent_at=now)
            return _taken(message, now)
        case Verdict.UNCLEAR:
            messages.settle(message, Sending.UNKNOWN, failure=failure)
            return Outcome(Sending.UNKNOWN)
        case Verdict.LATER if now - message.due_at <= GIVE_UP_AFTER:
            delay = min(LONGEST_DELAY, timedelta(seconds=5 * 2 ** min(message.attempts, 10)))
            messages.settle(message, Sending.QUEUED, failure=failure, next_try_at=now + delay)
            return Outcome(Sending.QUEUED, again_after=delay)
        case Verdict.REFUSED | Verdict.LATER:
            parts.fail(message, failure, now)
            return Outcome(Sending.FAILED)
