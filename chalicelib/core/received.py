"""A mail that came in: what the CRM received and handed over, and who answered whom.

Its id is made of the account and its Message-ID. So the same mail handed over again is the same message; and a mail of
ours that answers it can be noted with it, whichever of the two is known here first. The id needs no secret: whatever is
asked for by id is looked for in the asker's account only.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core import event, rfc_message_id, source
from chalicelib.core.event import GRACE, Event, Kind
from chalicelib.core.message import CAPTURE_WINDOW, Envelope, Message, Sending, Tracking
from chalicelib.core.past import FURTHEST
from chalicelib.core.summary import Delivery
from chalicelib.core.token import Mode
from chalicelib.core.tracking import CAME_IN

ANSWER_KEPT = FURTHEST + GRACE
"""So long an answer waits for the mail that it answers, which may be handed over that much later."""

KEPT_AT_LEAST = timedelta(days=30)
"""From now: what is handed over late must live until it is folded and has been seen."""


class ReceivedMail(NamedTuple):
    """A mail as it came in. `rfc_message_id` has no angle brackets; `answers` are ids of mails that it may answer, the
    nearest first."""

    envelope: Envelope
    received_at: datetime
    rfc_message_id: str
    answers: tuple[str, ...] = ()
    source: str = "imap"
    record: tuple[str, str] | None = None
    user: str | None = None


class Expiring(NamedTuple):
    """An event, and until when it is kept."""

    event: Event
    expires_at: datetime


def id_of(account: str, rfc_message_id: str) -> str:
    """Our id of a mail that an account received: 32 hex digits, as every message has."""
    text = "\0".join(("mailsight/received", account, rfc_message_id))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def answered_by(account: str, headers: Mapping[str, str]) -> str | None:
    """Our id of the received mail that a mail with these headers answers, whether or not that was handed over here:
    the first of In-Reply-To, or where there is none, the last of References."""
    known = {name.lower(): value for name, value in headers.items()}
    named = rfc_message_id.ids_in(known.get("in-reply-to", ""))[:1]
    named = named or rfc_message_id.ids_in(known.get("references", ""))[-1:]
    return id_of(account, named[0]) if named else None


def message_of(mail: ReceivedMail, account: str, answered: Message | None) -> Message:
    """The message. What it does not say of record, user and template it has of the mail of ours that it answers."""
    return Message(
        message_id=id_of(account, mail.rfc_message_id),
        account=account,
        accepted_at=mail.received_at,
        envelope=mail.envelope,
        tracking=Tracking(opens=False, clicks=False, reason=CAME_IN, mode=Mode.OFF),
        source=mail.source,
        record=mail.record or (answered.record if answered else None),
        user=mail.user or (answered.user if answered else None),
        template=answered.template if answered else None,
        links=0,
        sending=Sending.RECEIVED,
        is_inbound=True,
        in_reply_to=answered.message_id if answered else None,
    )


def events_of(message: Message, answered: Message | None, window: timedelta, now: datetime) -> tuple[Expiring, ...]:
    """What a mail that came in makes known: that it did, and of the mail of ours that it answers, that it was answered.
    `window` is the account's capture window: they are kept as long as hits are."""
    at, own_id = message.accepted_at, message.message_id
    came = event.make(own_id, "received", Kind.RECEIVED, at)
    kept_until = max(at + window + GRACE, now + KEPT_AT_LEAST)
    if answered is None:
        return (Expiring(came, kept_until),)
    replied = event.make(answered.message_id, f"replied-{own_id}", Kind.REPLIED, at, email=own_id)
    of_answered = answered.tracking.until or answered.due_at + CAPTURE_WINDOW
    return Expiring(came, kept_until), Expiring(replied, max(of_answered + GRACE, kept_until))


def is_sent(delivery: Delivery) -> bool:
    """Whether it is known that a mail was sent, be it that something went wrong with it later."""
    return bool(delivery.sent or delivery.recipients)


def answer_of(message: Message, now: datetime) -> Expiring | None:
    """What a mail of ours that was sent makes known of the one that it answers; None if it answers none, as one that
    nobody wrote never does. It is the same whenever it is asked for: its time is that from which on the mail was to be
    sent."""
    if message.is_inbound or message.in_reply_to is None or not source.is_by_hand(message.source):
        return None
    own_id = message.message_id
    made = event.make(message.in_reply_to, f"responded-{own_id}", Kind.RESPONDED, message.due_at, email=own_id)
    return Expiring(made, now + ANSWER_KEPT)
