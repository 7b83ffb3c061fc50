"""The status of a mail, as people see it: bounced > clicked > opened > delivered > sent, by what is known so far."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chalicelib.core.message import Failure, Message, Sending
from chalicelib.core.summary import Bounce, Delivery, Engagement, Hits


class Status(StrEnum):
    """Of a mail that was sent lowest first; `received` is one that came in."""

    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    RECEIVED = "received"


def status_of(message: Message) -> Status | None:
    """The status of a message; None as long as it is not known to have been sent."""
    if message.is_inbound:
        return Status.RECEIVED
    delivery, engagement = message.state.delivery, message.state.engagement
    if bounce_of(delivery):
        return Status.BOUNCED
    if engagement.clicks.count:
        return Status.CLICKED
    if engagement.opens.count:
        return Status.OPENED
    if delivery.delivered_at:
        return Status.DELIVERED
    return Status.SENT if sending_of(message) is Sending.SENT else None


def sending_of(message: Message) -> Sending:
    """How far the sending is: what SES told later settles what its answer left open."""
    if message.state.delivery.failure:
        return Sending.FAILED
    delivery, engagement = message.state.delivery, message.state.engagement
    if delivery.sent or delivery.recipients or engagement.opens.count or engagement.clicks.count:
        return Sending.SENT
    return message.sending


SCHEDULED = "scheduled"
SENDINGS = (SCHEDULED, *(sending.value for sending in Sending))


def shown_sending(message: Message) -> str:
    """The same for people: until it is first tried, a mail that was scheduled is not queued but scheduled."""
    sending = sending_of(message)
    if sending is Sending.QUEUED and message.scheduled_at and not message.attempts:
        return SCHEDULED
    return sending.value


def failure_of(message: Message) -> Failure | None:
    """Why it was not sent, or not yet; None once it is known to be sent."""
    dropped = message.state.delivery.failure
    if dropped:
        return Failure(dropped[1], dropped[2] or "SES took the mail and then did not send it")
    return None if sending_of(message) is Sending.SENT else message.failure


def bounce_of(delivery: Delivery) -> Bounce | None:
    """The bounce to show for the whole mail: the gravest, then the first."""
    return min((recipient.bounce for recipient in delivery.recipients.values() if recipient.bounce), default=None)


def complained_at(delivery: Delivery) -> datetime | None:
    """The first complaint."""
    times = (recipient.complained_at for recipient in delivery.recipients.values())
    return min((at for at in times if at), default=None)


def opened_at(engagement: Engagement) -> datetime | None:
    """The latest open by a person, as `opens_of` tells it."""
    return opens_of(engagement)[0].last_at


def opens_of(engagement: Engagement) -> tuple[Hits, tuple[datetime, ...]]:
    """Opens and the latest of them. Who clicked has read, also where images are switched off: a person's click without
    any open counts as one open at the time of the click, and no open is first seen after the first click."""
    opens, clicked_at = engagement.opens, engagement.clicks.first_at
    if clicked_at is None:
        return opens, engagement.recent_opens
    if opens.first_at is None:
        return replace(opens, count=1, first_at=clicked_at, last_at=clicked_at), (clicked_at,)
    return replace(opens, first_at=min(opens.first_at, clicked_at)), engagement.recent_opens
