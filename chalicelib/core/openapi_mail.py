"""Mails and what happened to them, as models for the API's document."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from chalicelib.core import mode as modes
from chalicelib.core.event import Kind
from chalicelib.core.openapi_answer import Answer, ListAnswer
from chalicelib.core.status import SENDINGS, Status
from chalicelib.core.tracking import REASONS
from chalicelib.core.verdict import Maker


class Accepted(Answer):
    """A mail that was taken."""

    object: Literal["email"]
    id: str


class Failure(Answer):
    """Why a mail was not sent, or not yet."""

    code: str
    detail: str


class Record(Answer):
    """The CRM's record that a mail belongs to."""

    module: str
    record_id: str


class Tag(Answer):
    """A label of a mail."""

    name: str
    value: str


class Tracking(Answer):
    """What of a mail is tracked, how much of a hit is kept, until when; or why not."""

    tracked: bool
    opens: bool
    clicks: bool
    reason: Literal[REASONS] | None  # type: ignore[valid-type]  # the tuple is the one place of the names
    mode: Literal[modes.NAMES]  # type: ignore[valid-type]  # as above
    until: datetime | None


class PreparedEmail(Answer):
    """A mail as its caller is to hand it to SES: with these headers as MIME, or by SES's API with these tags and this
    configuration set."""

    object: Literal["prepared_email"]
    id: str
    subject: str
    html: str | None
    text: str | None
    headers: dict[str, str]
    tags: list[Tag]
    configuration_set: str
    tracking: Tracking
    until: datetime | None


class RecipientBounce(Answer):
    """How a mail bounced at one recipient."""

    type: Literal["hard", "soft"]
    reason: str


class Recipient(Answer):
    """What became of a mail at one recipient."""

    address: str
    status: Literal["sent", "delivered", "bounced"]
    bounce: RecipientBounce | None
    auto_replied_at: datetime | None


class Bounce(RecipientBounce):
    """The gravest bounce of a mail."""

    at: datetime
    recipients: list[str]


class Opens(Answer):
    """`count` by people; `proxy` (privacy proxies, whether or not anybody reads) and `machine` beside it."""

    count: int
    proxy: int
    machine: int
    first_at: datetime | None
    last_at: datetime | None
    recent: list[datetime] = Field(description="the ten latest, newest first")
    more_than_ten: bool


class Link(Answer):
    """One link of a mail, by its position from 0."""

    position: int
    url: str
    count: int
    machine: int


class File(Answer):
    """One attachment that went out as a link, by its position among these from 0; `size` in bytes."""

    position: int
    filename: str
    size: int
    count: int
    machine: int


class Clicks(Answer):
    """Clicks on links and downloads of files: `count` by people, `machine` beside it."""

    count: int
    machine: int
    first_at: datetime | None
    last_at: datetime | None
    links: list[Link] | None = Field(default=None, description="in the single mail only")
    files: list[File] | None = Field(default=None, description="in the single mail only")


class Email(Answer):
    """A mail with what became of it."""

    object: Literal["email"]
    id: str
    status: Status | None
    sending: Literal[SENDINGS]  # type: ignore[valid-type]  # the enumeration is the one place of the names
    error: Failure | None
    direction: Literal["outbound", "inbound"]
    source: str
    sender: str | None = Field(alias="from", description="null once the mail is erased, and then nobody is named")
    to: list[str]
    cc: list[str]
    bcc: list[str]
    reply_to: list[str]
    subject: str
    accepted_at: datetime
    received_at: datetime | None = Field(description="of a mail that came in")
    scheduled_at: datetime | None
    sent_at: datetime | None
    record: Record | None
    user: str | None
    template: str | None
    dispatch: None
    tags: list[Tag]
    tracking: Tracking
    recipients: list[Recipient]
    bounce: Bounce | None
    complained_at: datetime | None
    unsubscribed_at: datetime | None
    in_reply_to: str | None = Field(description="the mail that it answers; one that came in may not be known here yet")
    replied_at: datetime | None = Field(description="the first mail that came in and answers it")
    responded_at: datetime | None = Field(description="of a mail that came in: our first answer")
    erased_at: datetime | None
    opens: Opens
    clicks: Clicks


class VerdictReason(Answer):
    """A rule that found something, in words."""

    name: str
    words: str


class Verdict(Answer):
    """Who made a hit, and why that is thought; `internal` is one of the account's own people."""

    maker: Maker
    reasons: list[VerdictReason]
    rules_version: int


class Event(Answer):
    """One fact about a mail. Only hits have a verdict."""

    object: Literal["event"]
    id: str
    type: Kind
    occurred_at: datetime
    data: dict[str, Any]
    verdict: Verdict | None


class EmailList(ListAnswer):
    """A page of mails, newest first."""

    data: list[Email]


class EventList(ListAnswer):
    """A page of events, newest first."""

    data: list[Event]
