"""What stays of a mail whose person was erased: an anonymous row of its day, what reports tell it apart by, and counts.

No address, no subject, no text of anybody, none of the ids by which others know the mail. Who was reached is numbered,
so that its status and what reports have counted of it stay as they were.
"""

import re
from dataclasses import replace
from datetime import datetime
from unicodedata import normalize

from chalicelib.core.address_key import key_of
from chalicelib.core.message import Envelope, Failure, Message, Sending
from chalicelib.core.named_address import bare
from chalicelib.core.status import sending_of
from chalicelib.core.summary import Bounce, Delivery, RecipientState, State

NOBODY = Envelope("", ())
NOT_SENT = Failure("erased", "the mail was erased before it was sent")
SOMEBODY = "(erased)"


def is_about(message: Message, address_key: str) -> bool:
    """Whether this person wrote the mail, got it, or is to get the answers."""
    envelope = message.envelope
    people = (envelope.sender, *envelope.recipients, *envelope.reply_to)
    return any(key_of(bare(person)) == address_key for person in people)


def other_recipient(message: Message, address_key: str) -> str | None:
    """The key of a sole recipient's address, if it is not this person's: they may still unsubscribe or complain. Of a
    mail that came in nobody does."""
    if message.is_inbound:
        return None
    recipients = message.envelope.recipients
    key = key_of(bare(recipients[0])) if len(recipients) == 1 else None
    return None if key == address_key else key


def erased(message: Message, at: datetime, recipient_hash: str | None = None) -> Message:
    """The message without anything that tells of a person. One that still waited is not sent any more.

    `recipient_hash` is the keyed hash of `other_recipient`, if there is one.
    """
    sending = sending_of(message)
    is_waiting = sending is Sending.QUEUED
    return replace(
        message,
        envelope=NOBODY,
        record=(message.record[0], "") if message.record else None,  # reports tell mails apart by the module
        tags=(),
        has_unsubscribe=False,
        sending=Sending.FAILED if is_waiting else sending,
        failure=NOT_SENT if is_waiting else _without_words(message.failure),
        ses_message_id=None,
        claim=None,
        lease_ends_at=None,
        next_try_at=None,
        state=State(_nameless(message.state.delivery), replace(message.state.engagement, recent_opens=())),
        erased_at=at,
        recipient_hash=recipient_hash,
        in_reply_to=None,
    )


def without(text: str, address_key: str) -> str:
    """A text that was noted of somebody else, where this address stood in it however it was written, also with its
    domain in letters of its own; a longer address that has it at its end or beginning is another one."""
    local, _, domain = address_key.rpartition("@")
    host = r"\.".join(f"(?:{'|'.join(map(re.escape, _spellings(label)))})" for label in domain.split("."))
    address = f"{re.escape(local)}@{host}" if local else host
    return re.sub(rf"(?<![\w.+-]){address}(?![\w-]|\.\w)", SOMEBODY, text, flags=re.IGNORECASE)


def _spellings(label: str) -> tuple[str, ...]:
    """A part of a domain as DNS has it and, of an international one, as people write it (RFC 5890 section 2.3.2.1). By
    the codec of the standard library, for the tables of IDNA are slow to import, and the key was checked by them."""
    try:
        shown = label.removeprefix("xn--").encode("ascii").decode("punycode") if label.startswith("xn--") else ""
    except UnicodeError:
        shown = ""
    return (label, *(normalize(form, shown) for form in ("NFC", "NFD"))) if shown else (label,)


def _without_words(failure: Failure | None) -> Failure | None:
    """SES's words, and ours, name addresses."""
    return Failure(failure.code, "what was told of it is erased") if failure else None


def _nameless(delivery: Delivery) -> Delivery:
    known = enumerate(delivery.recipients.values(), start=1)
    return replace(
        delivery,
        sent=(delivery.sent[0], "") if delivery.sent else None,
        failure=(*delivery.failure[:2], "") if delivery.failure else None,
        recipients={str(number): _wordless(one) for number, one in known},
    )


def _wordless(recipient: RecipientState) -> RecipientState:
    bounce = recipient.bounce
    return replace(recipient, bounce=Bounce(bounce.severity, bounce.at)) if bounce else recipient
