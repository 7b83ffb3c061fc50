"""What SES tells about a mail after it took it: a notification becomes events, one for each recipient it names.

SES speaks two dialects that differ in little: event publishing of a configuration set (`eventType`, with our tag) and
feedback of an identity (`notificationType`, without). Either arrives as it is or inside an envelope of SNS, in any
order and more than once, so an event's id is made from the fact and not from the delivery.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

import hashlib
import json
from datetime import datetime
from typing import NamedTuple

from chalicelib.core import event, fact, instant, sent_elsewhere
from chalicelib.core.event import Event, is_message_id
from chalicelib.core.fact import Fact, Json
from chalicelib.core.problem import MailsightError
from chalicelib.core.sent_elsewhere import SentElsewhere

TAG = "mailsight_message_id"
"""The name of the message tag that every mail of ours carries."""

_LONGEST_SES_ID = 200
_YEARS = range(1970, 2200)  # a server's clock may be wrong, but a date must leave room for arithmetic

# The only body that is not JSON; sent once, when a topic becomes an event destination.
_VALIDATED = "Successfully validated SNS topic for Amazon SES"
# Sent when a topic is set for an identity; it names the identity and no mail.
_ABOUT_NO_MAIL = frozenset({"AmazonSnsSubscriptionSucceeded"})


class BadNotification(MailsightError):
    """The body is no notification of SES. The text of the error holds no personal data; `body` may.

    `body` is cut to 1,000 characters; `ses_type` and `ses_message_id` are "" where they could not be read.
    """

    def __init__(self, problem: str, body: str, payload: Json) -> None:
        super().__init__(f"no notification of SES: {problem}")
        mail = payload.get("mail")
        self.body = body[:1_000]
        self.ses_type = fact.short(_type(payload), fact.LONGEST_WORD)
        self.ses_message_id = (
            fact.short(fact.text(mail, "messageId"), _LONGEST_SES_ID) if isinstance(mail, dict) else ""
        )


class Notification(NamedTuple):
    """One notification.

    `type` is SES's own word, such as "Bounce". `message_id` is ours, from the tag; None if the mail carries none, and
    then it is empty in `events` too, until `events_of` names it. `sent_at` is when SES took the mail. What says
    nothing about any mail (the validation of a topic) has no events and no `ses_message_id`. `elsewhere` is what is
    told of a mail that did not go through us and names an account of ours.
    """

    type: str
    message_id: str | None = None
    ses_message_id: str = ""
    sent_at: datetime | None = None
    events: tuple[Event, ...] = ()
    elsewhere: SentElsewhere | None = None

    def events_of(self, message_id: str) -> tuple[Event, ...]:
        """The events, as those of this message."""
        return tuple(one._replace(message_id=message_id) for one in self.events)


def parse(body: str) -> Notification:
    """The notification in the body of an SQS message: JSON of SES, or an SNS envelope with that in `Message`.

    An event has its own time, not the mail's; only Send, Reject and Rendering Failure have none of their own and take
    `mail.timestamp`. A type that is not documented, or one that should name recipients and names none, is one event
    of kind `unknown`. Raises BadNotification.
    """
    payload: Json = {}
    try:
        text = _unwrapped(body)
        if text.startswith(_VALIDATED):
            return Notification("validation")
        payload = _loaded(text)
        if _type(payload) in _ABOUT_NO_MAIL:
            return Notification(_type(payload))
        return _notification(payload)
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadNotification(str(error), body, payload) from None


def _unwrapped(body: str) -> str:
    """SES's own text, be it in an envelope of SNS or delivered raw."""
    if body.startswith(_VALIDATED):
        return body
    outer = _loaded(body)
    sns_type = fact.text(outer, "Type")
    if not sns_type:
        return body
    if sns_type != "Notification":
        raise ValueError(f"SNS sent a {fact.short(sns_type, fact.LONGEST_WORD)}, which somebody must confirm by hand")
    return fact.text(outer, "Message")


def _notification(payload: Json) -> Notification:
    mail = fact.object_(payload, "mail")
    ses_message_id = fact.text(mail, "messageId")
    if not (0 < len(ses_message_id) <= _LONGEST_SES_ID and ses_message_id.isascii()):
        raise ValueError("`mail.messageId` is missing or none of SES's")
    ses_type = _type(payload)
    if not ses_type:
        raise ValueError("neither `eventType` nor `notificationType`")
    own = fact.part(ses_type, payload)
    at = _instant(own if "timestamp" in own else mail)
    message_id = _message_id(mail)
    events = tuple(
        event.make(message_id or "", _event_id(ses_type, ses_message_id, one, at), one.kind, at, **one.data)
        for one in fact.read(ses_type, payload)
    )
    sent_at = _instant(mail) if "timestamp" in mail else at
    elsewhere = None if message_id else sent_elsewhere.read(mail)
    return Notification(fact.short(ses_type, fact.LONGEST_WORD), message_id, ses_message_id, sent_at, events, elsewhere)


def _event_id(ses_type: str, ses_message_id: str, one: Fact, at: datetime) -> str:
    """32 hex digits that are the same however often, and in whichever dialect, the fact is told."""
    parts = [ses_type, ses_message_id, one.recipient, one.own_id, instant.show(at)]
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()[:32]


def _message_id(mail: Json) -> str | None:
    tags = mail.get("tags")
    values = tags.get(TAG) if isinstance(tags, dict) else None
    value = values[0] if isinstance(values, list) and values else None
    return value if isinstance(value, str) and is_message_id(value) else None


def _type(payload: Json) -> str:
    return fact.text(payload, "eventType") or fact.text(payload, "notificationType")


def _instant(parent: Json) -> datetime:
    try:
        # the guide to identity notifications also shows `2018-10-08T14:05:45 +0000`
        at = instant.parse(fact.text(parent, "timestamp").replace(" ", ""))
    except (ValueError, OverflowError):
        raise ValueError("`timestamp` is missing or no time with an offset") from None
    if at.year not in _YEARS:
        raise ValueError(f"`timestamp` is in the year {at.year}")
    return at


def _loaded(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        raise ValueError("the text is no JSON") from None
    if not isinstance(value, dict):
        raise ValueError("the JSON is no object")
    return value
