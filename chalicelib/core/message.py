"""A message: one mail as handed over. One id, one SES call, one to fifty recipients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core import instant
from chalicelib.core.summary import EMPTY, State
from chalicelib.core.token import Mode

MOST_RECIPIENTS = 50
CAPTURE_WINDOW = timedelta(days=100)
GIVE_UP_AFTER = timedelta(hours=24)
"""A mail that SES has not taken by then is failed: what comes a day late is seldom welcome."""


class Sending(StrEnum):
    """How far we are with handing a message to SES."""

    QUEUED = "queued"
    SENDING = "sending"  # a worker holds it
    SENT = "sent"
    UNKNOWN = "unknown"  # SES gave no clear answer; its Send event settles it, and it is never sent twice
    FAILED = "failed"
    PREPARED = "prepared"  # whoever asked for it hands it to SES; SES tells whether they did
    CANCELLED = "cancelled"  # by the caller, before a worker took it
    RECEIVED = "received"  # it came in: there is nothing to send


@dataclass(frozen=True)
class Tracking:
    """What of a message is tracked and how much of a hit is kept; `reason` says why nothing is, and `until`, the end of
    the capture window, is set when it is sent."""

    opens: bool
    clicks: bool
    reason: str | None = None
    until: datetime | None = None
    mode: Mode = Mode.FULL

    @property
    def is_on(self) -> bool:
        return self.opens or self.clicks

    @property
    def is_individual(self) -> bool:
        """Whether it is known of a hit that it is of this mail."""
        return self.is_on and not self.is_added_up

    @property
    def is_added_up(self) -> bool:
        """Whether hits are only added up with those of the day's other mails, under its aggregate."""
        return self.is_on and self.mode is Mode.AGGREGATE


@dataclass(frozen=True)
class Envelope:
    """Who writes to whom about what. Addresses are as they stand in the header: `Anna Berg <anna@example.com>`."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    subject: str = ""

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.to + self.cc + self.bcc


@dataclass(frozen=True)
class Attachment:
    """A file in a mail. With a `content_id` it stands inline in the HTML as `cid:…`; one that `is_linked` goes out as a
    link to where it is kept.

    `upload_id` names the upload that it is, until that is looked up. Of a link to one, `stored_size` is its size in
    bytes: they lie where the link leads, and `content` is empty.
    """

    filename: str
    content: bytes
    content_type: str
    content_id: str | None = None
    is_linked: bool = False
    upload_id: str | None = None
    stored_size: int | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content) if self.stored_size is None else self.stored_size


class LinkedFile(NamedTuple):
    """A file that went out as a link; its size is in bytes."""

    filename: str
    size: int


class Clickable(NamedTuple):
    """What of a mail can be clicked, by position: destinations of links, and files that went out as links."""

    links: tuple[str, ...] = ()
    files: tuple[LinkedFile, ...] = ()


@dataclass(frozen=True)
class Content:
    """What a mail says, as handed over: without pixel and tracked links.

    `links` are the destinations by position, found at acceptance and corrected at sending.
    """

    html: str | None
    text: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def clickable(self) -> Clickable:
        """Its links, and the files that go out as links."""
        linked = (LinkedFile(file.filename, file.size) for file in self.attachments if file.is_linked)
        return Clickable(self.links, tuple(linked))


@dataclass(frozen=True)
class Failure:
    """Why a message was not sent, or not yet: a stable code and a sentence that says what to mend."""

    code: str
    detail: str


INTERRUPTED = Failure("interrupted", "the worker died while it handed the mail to SES; SES's Send event will tell")


@dataclass(frozen=True)
class Message:
    """A message with its folded state. `version` grows by one each time the state is stored.

    `links` is how many tracked links it was accepted with, None if that is unknown. `has_unsubscribe` says that it
    goes out with headers for unsubscribing.

    While a worker sends it, `claim` is the worker's mark and `lease_ends_at` says until when it is theirs; while it
    waits for another try, `next_try_at` says when that is. `scheduled_at` is when it is to go out, None for at once.
    Of one with `erased_at` there is nothing left that tells of a person (core/erased.py), but the `recipient_hash` of a
    sole recipient who was not the one that was erased, so that they can still unsubscribe. One that `is_aggregate` is
    no mail, but what a day's mails have in common (core/aggregate.py). One that `is_inbound` came in, at `accepted_at`.
    `in_reply_to` is our id of the mail that it answers: an inbound one one that we sent, and the other way round.
    """

    message_id: str
    account: str
    accepted_at: datetime
    envelope: Envelope
    tracking: Tracking
    source: str = "individual"
    record: tuple[str, str] | None = None  # module, record id
    user: str | None = None
    template: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    links: int | None = None
    has_unsubscribe: bool = False
    scheduled_at: datetime | None = None
    sending: Sending = Sending.QUEUED
    failure: Failure | None = None
    sent_at: datetime | None = None
    ses_message_id: str | None = None
    attempts: int = 0
    claim: str | None = None
    lease_ends_at: datetime | None = None
    next_try_at: datetime | None = None
    version: int = 0
    state: State = EMPTY
    erased_at: datetime | None = None
    recipient_hash: str | None = None
    is_aggregate: bool = False
    is_inbound: bool = False
    in_reply_to: str | None = None

    @property
    def key(self) -> str:
        """Its place in its account's list: by the time from which on it is due, then id."""
        return f"{instant.show(self.due_at)}#{self.message_id}"

    @property
    def due_at(self) -> datetime:
        """From when on it is to be sent; how long it waits counts from then."""
        return self.scheduled_at or self.accepted_at

    def is_abandoned(self, now: datetime) -> bool:
        """Whether the worker that held it for sending has died."""
        return self.sending is Sending.SENDING and self.lease_ends_at is not None and now >= self.lease_ends_at
