"""A notification of SES becomes stored events of one of our messages."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from chalicelib.core import sent_elsewhere
from chalicelib.core.event import GRACE, Event
from chalicelib.core.message import CAPTURE_WINDOW, Message
from chalicelib.core.notification import Notification
from chalicelib.core.problem import MailsightError
from chalicelib.core.sent_elsewhere import SentElsewhere

PATIENCE = timedelta(minutes=15)
"""So long after the sending, SES's id of the mail may still be on its way into the table of messages."""

KEPT_AT_LEAST = timedelta(days=30)
"""From now: a bounce that is told late, or with a wrong date, must live until it is folded and has been seen."""


class Outcome(StrEnum):
    """What became of a notification."""

    STORED = "stored"
    KNOWN = "known"  # every event of it was there already
    UNATTRIBUTED = "unattributed"  # no message of ours has this SES id: somebody else's mail
    EMPTY = "empty"  # it says nothing about any mail


class NotYetKnown(MailsightError):
    """No message has this SES id yet; it is to be tried again. The notification has no tag of ours."""


class Events(Protocol):
    """Where events are kept."""

    def put(self, one: Event, expires_at: datetime) -> bool: ...


class Messages(Protocol):
    """Who knows our id of a mail by that of SES, and how long a mail's events are kept."""

    def id_by_ses(self, ses_message_id: str) -> str | None: ...
    def until_of(self, message_id: str) -> datetime | None: ...
    def add(self, message: Message) -> None: ...


class Accounts(Protocol):
    """The register of accounts."""

    def exists(self, account: str) -> bool: ...


def ingest(
    notification: Notification, *, events: Events, messages: Messages, accounts: Accounts, now: datetime
) -> Outcome:
    """Stores the events of a notification, and before them the message of a mail that was sent past us for an account
    of ours. Doing it again changes nothing.

    Raises NotYetKnown for a mail without our tags that was sent a moment ago and is not known (yet).
    """
    if not notification.events:
        return Outcome.EMPTY
    message_id = notification.message_id or messages.id_by_ses(notification.ses_message_id)
    if message_id is None and notification.elsewhere:
        message_id = _taken_in(notification, notification.elsewhere, messages, accounts, now)
        if message_id is None:
            return Outcome.UNATTRIBUTED
    if message_id is None:
        if notification.sent_at and now - notification.sent_at < PATIENCE:
            raise NotYetKnown(f"no message has the SES id {notification.ses_message_id} yet")
        return Outcome.UNATTRIBUTED
    until = messages.until_of(message_id)  # set before SES could know the mail
    is_new = [events.put(one, _expires_at(one, until, now)) for one in notification.events_of(message_id)]
    return Outcome.STORED if any(is_new) else Outcome.KNOWN


def _taken_in(
    notification: Notification, mail: SentElsewhere, messages: Messages, accounts: Accounts, now: datetime
) -> str | None:
    """The id of the message that a mail is from now on, whichever of its events came first; None if the account that it
    names is none. One that is there already, stays as it is."""
    if not accounts.exists(mail.account):
        return None
    message = sent_elsewhere.message_of(mail, notification.ses_message_id, notification.sent_at or now)
    messages.add(message)
    return message.message_id


def _expires_at(one: Event, until: datetime | None, now: datetime) -> datetime:
    """As long as the hits of the mail, so that its history has no holes; of one that is not tracked as by default."""
    window = one.occurred_at + CAPTURE_WINDOW
    return max(window + GRACE, (until or window) + GRACE, now + KEPT_AT_LEAST)
