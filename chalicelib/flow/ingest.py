"""A notification of SES becomes stored events of one of our messages."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from chalicelib.core.event import GRACE, Event
from chalicelib.core.message import CAPTURE_WINDOW
from chalicelib.core.notification import Notification
from chalicelib.core.problem import MailsightError

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


def ingest(notification: Notification, *, events: Events, messages: Messages, now: datetime) -> Outcome:
    """Stores the events of a notification. Doing it again changes nothing.

    Raises NotYetKnown for a mail without our tag that was sent a moment ago and is not known (yet).
    """
    if not notification.events:
        return Outcome.EMPTY
    message_id = notification.message_id or messages.id_by_ses(notification.ses_message_id)
    if message_id is None:
        if notification.sent_at and now - notification.sent_at < PATIENCE:
            raise NotYetKnown(f"no message has the SES id {notification.ses_message_id} yet")
        return Outcome.UNATTRIBUTED
    until = messages.until_of(message_id)  # set before SES could know the mail
    is_new = [events.put(one, _expires_at(one, until, now)) for one in notification.events_of(message_id)]
    return Outcome.STORED if any(is_new) else Outcome.KNOWN


def _expires_at(one: Event, until: datetime | None, now: datetime) -> datetime:
    """As long as the hits of the mail, so that its history has no holes; of one that is not tracked as by default."""
    window = one.occurred_at + CAPTURE_WINDOW
    return max(window + GRACE, (until or window) + GRACE, now + KEPT_AT_LEAST)
