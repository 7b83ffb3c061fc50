"""Taking in a mail that the CRM received: keep what it says, then note it with what it makes known.

A crash between the two calls costs the bytes of what it says and nothing else; handing it over again finishes it. What
follows from it (the day that it counts on, that it was answered before it was handed over) the fold does, which the
events bring it to.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core import received, rfc_message_id
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.message import Content, Message
from chalicelib.core.problem import MailsightError
from chalicelib.core.received import Expiring, ReceivedMail

MOST_LOOKED_UP = 10
"""So many of the mails that it names are looked for; what stands further off in the thread is not what it answers."""


class UnderWay(MailsightError):
    """The same mail is being taken in by another request; send it again in a moment."""


class Mails(Protocol):
    """Where mails are, and are found by SES's ids."""

    def get(self, account: str, message_id: str) -> Message | None: ...
    def id_by_ses(self, ses_message_id: str) -> str | None: ...
    def add(self, message: Message, known: Iterable[Expiring]) -> bool: ...


class Contents(Protocol):
    """Where contents are kept."""

    def put(self, account: str, message_id: str, content: Content) -> None: ...
    def delete(self, account: str, message_id: str) -> None: ...


class Parts(NamedTuple):
    """What taking in needs."""

    mails: Mails
    contents: Contents
    policy_of: Callable[[str], AccountPolicy]


class Received(NamedTuple):
    """The id of a mail, and whether it was taken in by this request."""

    message_id: str
    is_new: bool


def receive(mail: ReceivedMail, content: Content, account: str, parts: Parts, *, now: datetime) -> Received:
    """Takes a mail in; one with this Message-ID that is there already stays as it is, also one that was erased.

    Raises UnderWay.
    """
    message_id = received.id_of(account, mail.rfc_message_id)
    if parts.mails.get(account, message_id):
        return Received(message_id, is_new=False)
    answered = _answered(mail, account, parts.mails)
    message = received.message_of(mail, account, answered)
    known = received.events_of(message, answered, parts.policy_of(account).capture_window, now)
    parts.contents.put(account, message_id, content)
    if parts.mails.add(message, known):
        return Received(message_id, is_new=True)
    first = parts.mails.get(account, message_id)
    if first is None:
        raise UnderWay("another request with this mail is being worked on; send it again in a moment")
    if first.erased_at:
        parts.contents.delete(account, message_id)
    return Received(message_id, is_new=False)


def _answered(mail: ReceivedMail, account: str, mails: Mails) -> Message | None:
    """The nearest of the mails that it names that went out from this account."""
    named = (rfc_message_id.ses_id_of(one) for one in mail.answers)
    for ses_message_id in [one for one in named if one][:MOST_LOOKED_UP]:
        message_id = mails.id_by_ses(ses_message_id)
        message = mails.get(account, message_id) if message_id else None
        if message and not message.is_inbound and not message.erased_at:
            return message
    return None
