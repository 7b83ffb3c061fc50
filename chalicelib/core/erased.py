"""What stays of a mail whose person was erased: an anonymous row of its day, what reports tell it apart by, and counts.

No address, no subject, no text of anybody, none of the ids by which others know the mail. Who was reached is numbered,
so that its status and what reports have counted of it stay as they were.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.core.address_key import key_of
from chalicelib.core.message import Envelope, Failure, Message, Sending
from chalicelib.core.named_address import bare
from chalicelib.core.status import sending_of
from chalicelib.core.summary import Bounce, Delivery, RecipientState, State

NOBODY = Envelope("", ())
NOT_SENT = Failure("erased", "the mail was erased before it was sent")


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
