"""Sending a queued message: claim it, make the mail, hand it to SES once, note what came of it.

SES has no idempotency, so a message is never handed over twice where the first time may have worked: a worker that
died while it held the message, and an answer that leaves it open, both end in `unknown`, which SES's own Send event
settles. See docs/decisions/0004-unknown-is-not-sent-again.md.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.core import address, links, mime
from chalicelib.core.message import CAPTURE_WINDOW, GIVE_UP_AFTER, INTERRUPTED, Content, Failure, Message, Sending
from chalicelib.core.refold import Fold
from chalicelib.core.status import sending_of
from chalicelib.core.token import LONGEST_DESTINATION, Keys, Mode, Purpose, Token, mint
from chalicelib.gateways.ses import Answer, Verdict

LEASE = timedelta(seconds=60)  # longer than the function may run
LONGEST_DELAY = timedelta(minutes=15)  # as long as SQS can hold a message back
CONTENT_MISSING = Failure("content_missing", "what the mail says is not kept any more; hand it over again")


class Messages(Protocol):
    """Where messages and their states are."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def claim(self, message: Message, claim: str, *, lease_ends_at: datetime, until: datetime | None) -> bool: ...
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
    def put(self, account: str, message_id: str, content: Content) -> None: ...


class LongLinks(Protocol):
    """Where destinations lie that are too long for their token."""

    def put(self, message_id: str, destinations: Mapping[int, str]) -> None: ...


class Mailer(Protocol):
    """SES."""

    def send(
        self, raw: bytes, *, sender: str, recipients: list[str], message_id: str, tags: tuple[tuple[str, str], ...]
    ) -> Answer: ...


class Parts(NamedTuple):
    """What sending needs. `tracking_url` has no slash at its end; `new_id` returns 32 other hex digits each time."""

    messages: Messages
    contents: Contents
    long_links: LongLinks
    ses: Mailer
    keys: Keys
    tracking_url: str
    new_id: Callable[[], str]


class Outcome(NamedTuple):
    """What came of a message: what was noted as its sending, None for nothing; and after what time it must be tried
    again, None for never. Of one that SES took also its recipients, and how long after its acceptance that was."""

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
    if sending_of(message) is not message.sending:
        return _believe(message, parts)
    content = parts.contents.get(message.account, message_id)
    if content is None:
        parts.messages.settle(message, Sending.FAILED, failure=CONTENT_MISSING)
        return Outcome(Sending.FAILED)
    return _hand_over(message, content, parts, now)


def _hand_over(message: Message, content: Content, parts: Parts, now: datetime) -> Outcome:
    """Claims the message and sends it. Everything that can fail is made before the claim."""
    claim = parts.new_id()
    # whole seconds, as the tokens say it; counted anew with each try, for of an earlier one no mail is in the world
    until = (now + CAPTURE_WINDOW).replace(microsecond=0) if message.tracking.is_on else None
    held = replace(message, sending=Sending.SENDING, claim=claim, tracking=replace(message.tracking, until=until))
    raw = _mail(held, content, parts)
    sender = address.bare(message.envelope.sender)
    recipients = [address.bare(text) for text in message.envelope.recipients]
    try:
        is_ours = parts.messages.claim(message, claim, lease_ends_at=now + LEASE, until=until)
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
    waited = sent_at - message.accepted_at if sent_at else None
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
        case Verdict.LATER if now - message.accepted_at <= GIVE_UP_AFTER:
            delay = min(LONGEST_DELAY, timedelta(seconds=5 * 2 ** min(message.attempts, 10)))
            messages.settle(message, Sending.QUEUED, failure=failure, next_try_at=now + delay)
            return Outcome(Sending.QUEUED, again_after=delay)
        case Verdict.REFUSED | Verdict.LATER:
            messages.settle(message, Sending.FAILED, failure=failure)
            return Outcome(Sending.FAILED)


def _mail(message: Message, content: Content, parts: Parts) -> bytes:
    html = content.html
    if html is not None and message.tracking.is_on:
        html = _instrumented(message, content, html, parts)
    return mime.build(message.envelope, content, html, new_boundary=lambda: f"=_{parts.new_id()}")


def _instrumented(message: Message, content: Content, html: str, parts: Parts) -> str:
    """The HTML with signed links and the pixel; every other byte as it was."""
    split = links.split(html)
    if message.tracking.clicks and split.destinations != content.links:
        # the rewriter has changed since the mail was accepted: positions must mean what was sent
        parts.contents.put(message.account, message.message_id, replace(content, links=split.destinations))
    urls = pixel = None
    if message.tracking.clicks:
        urls = _urls(message, split.destinations, parts)
    if message.tracking.opens:
        pixel = f"{parts.tracking_url}/o/{_token(message, Purpose.OPEN, parts)}"
    return links.instrument(split, urls, pixel)


def _urls(message: Message, destinations: Sequence[str], parts: Parts) -> list[str]:
    """The signed link to each destination; those too long for their token are stored first."""
    long = {position: url for position, url in enumerate(destinations) if len(url) > LONGEST_DESTINATION}
    if long:
        parts.long_links.put(message.message_id, long)
    tokens = (
        _token(message, Purpose.CLICK, parts, position, "" if position in long else url, is_stored=position in long)
        for position, url in enumerate(destinations)
    )
    return [f"{parts.tracking_url}/c/{token}" for token in tokens]


def _token(
    message: Message, purpose: Purpose, parts: Parts, position: int = 0, url: str = "", *, is_stored: bool = False
) -> str:
    until = message.tracking.until
    assert until is not None, "a tracked message has a window when it is sent"
    return mint(Token(purpose, Mode.FULL, message.message_id, until, position, url, is_stored), parts.keys)
