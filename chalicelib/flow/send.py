"""Sending a queued message: claim it, make the mail, hand it to SES once, note what came of it.

SES has no idempotency, so a message is never handed over twice where the first time may have worked: a worker that
died while it held the message, and an answer that leaves it open, both end in `unknown`, which SES's own Send event
settles. See docs/decisions/0004-unknown-is-not-sent-again.md.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.core import address, links, mime
from chalicelib.core.message import CAPTURE_WINDOW, GIVE_UP_AFTER, Content, Failure, Message, Sending
from chalicelib.core.refold import Fold
from chalicelib.core.token import LONGEST_DESTINATION, Keys, Mode, Purpose, Token, mint
from chalicelib.gateways.ses import Answer, Verdict

LEASE = timedelta(seconds=60)  # longer than the function may run


class Outcome(StrEnum):
    """What the queue should do: forget the message, or bring it again."""

    DONE = "done"
    LATER = "later"


class Messages(Protocol):
    """Where messages and their states are."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def claim(self, message_id: str, *, now: datetime, lease_until: datetime, until: datetime | None) -> bool: ...
    def settle(
        self,
        message_id: str,
        sending: Sending,
        *,
        failure: Failure | None = None,
        ses_message_id: str | None = None,
        sent_at: datetime | None = None,
    ) -> bool: ...


class Contents(Protocol):
    """Where contents are kept."""

    def get(self, account: str, message_id: str) -> Content | None: ...
    def put(self, account: str, message_id: str, content: Content) -> None: ...


class LongLinks(Protocol):
    """Where destinations lie that are too long for their token."""

    def put(self, message_id: str, position: int, destination: str) -> None: ...


class Mailer(Protocol):
    """SES."""

    def send(
        self, raw: bytes, *, sender: str, recipients: list[str], message_id: str, tags: tuple[tuple[str, str], ...]
    ) -> Answer: ...


class Parts(NamedTuple):
    """What sending needs. `tracking_url` has no slash at its end."""

    messages: Messages
    contents: Contents
    long_links: LongLinks
    ses: Mailer
    keys: Keys
    tracking_url: str
    new_boundary: Callable[[], str]


def send(message_id: str, parts: Parts, *, now: datetime) -> Outcome:
    """Sends a message if it is still to be sent. Errors of the stores pass through: the queue brings it again."""
    found = parts.messages.find(message_id)
    if found is None:
        return Outcome.DONE
    message, _ = found
    if message.sending is Sending.SENDING:
        return _look_after(message, parts, now)
    if message.sending is not Sending.QUEUED:
        return Outcome.DONE
    content = parts.contents.get(message.account, message_id)
    if content is None:
        return _give_up(message, parts, now)
    until = now + CAPTURE_WINDOW if message.tracking.is_on else None
    until = message.tracking.until or until
    raw = _mail(replace(message, tracking=replace(message.tracking, until=until)), content, parts)
    if not parts.messages.claim(message_id, now=now, lease_until=now + LEASE, until=until):
        return Outcome.LATER
    answer = parts.ses.send(
        raw,
        sender=address.bare(message.envelope.sender),
        recipients=[address.bare(text) for text in message.envelope.recipients],
        message_id=message_id,
        tags=message.tags,
    )
    return _note(message, answer, parts, now)


def _give_up(message: Message, parts: Parts, now: datetime) -> Outcome:
    """A message whose content is gone can never be sent."""
    if parts.messages.claim(message.message_id, now=now, lease_until=now + LEASE, until=None):
        failure = Failure("content_missing", "what the mail says is not kept any more; hand it over again")
        parts.messages.settle(message.message_id, Sending.FAILED, failure=failure)
    return Outcome.DONE


def _look_after(message: Message, parts: Parts, now: datetime) -> Outcome:
    """A message that a worker holds: wait for it, or give it up as unclear when the worker has died."""
    if message.lease_until and now < message.lease_until:
        return Outcome.LATER
    failure = Failure("interrupted", "the worker died while it handed the mail to SES; SES's Send event will tell")
    parts.messages.settle(message.message_id, Sending.UNKNOWN, failure=failure)
    return Outcome.DONE


def _note(message: Message, answer: Answer, parts: Parts, now: datetime) -> Outcome:
    failure = Failure(answer.code, answer.detail)
    messages, message_id = parts.messages, message.message_id
    match answer.verdict:
        case Verdict.ACCEPTED:
            messages.settle(message_id, Sending.SENT, ses_message_id=answer.ses_message_id, sent_at=now)
        case Verdict.REFUSED:
            messages.settle(message_id, Sending.FAILED, failure=failure)
        case Verdict.UNCLEAR:
            messages.settle(message_id, Sending.UNKNOWN, failure=failure)
        case Verdict.LATER if now - message.accepted_at > GIVE_UP_AFTER:
            messages.settle(message_id, Sending.FAILED, failure=failure)
        case Verdict.LATER:
            messages.settle(message_id, Sending.QUEUED, failure=failure)
            return Outcome.LATER
    return Outcome.DONE


def _mail(message: Message, content: Content, parts: Parts) -> bytes:
    html = content.html
    if html is not None and message.tracking.is_on:
        html = _instrumented(message, content, html, parts)
    return mime.build(message.envelope, content, html, new_boundary=parts.new_boundary)


def _instrumented(message: Message, content: Content, html: str, parts: Parts) -> str:
    """The HTML with signed links and the pixel; every other byte as it was."""
    split = links.split(html)
    if message.tracking.clicks and split.destinations != content.links:
        # the rewriter has changed since the mail was accepted: positions must mean what was sent
        parts.contents.put(message.account, message.message_id, replace(content, links=tuple(split.destinations)))
    urls = pixel = None
    if message.tracking.clicks:
        urls = [_link(message, position, url, parts) for position, url in enumerate(split.destinations)]
    if message.tracking.opens:
        pixel = f"{parts.tracking_url}/o/{_token(message, Purpose.OPEN, parts)}"
    return links.instrument(split, urls, pixel)


def _link(message: Message, position: int, url: str, parts: Parts) -> str:
    if len(url) > LONGEST_DESTINATION:
        parts.long_links.put(message.message_id, position, url)
        return f"{parts.tracking_url}/c/{_token(message, Purpose.CLICK, parts, position, is_stored=True)}"
    return f"{parts.tracking_url}/c/{_token(message, Purpose.CLICK, parts, position, url)}"


def _token(
    message: Message, purpose: Purpose, parts: Parts, position: int = 0, url: str = "", *, is_stored: bool = False
) -> str:
    until = message.tracking.until
    assert until is not None, "a tracked message has a window when it is sent"
    return mint(Token(purpose, Mode.FULL, message.message_id, until, position, url, is_stored), parts.keys)
