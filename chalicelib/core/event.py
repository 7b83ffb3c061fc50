"""An event: one immutable fact about one message.

Its id is made from the fact itself, so writing it twice changes nothing. Its key begins with the time of the fact,
so a reader can take the latest ones only.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from chalicelib.core import instant

GRACE = timedelta(days=7)
"""How long after its window a message's events are kept, so that spilled ones can be replayed."""


LAST_OPEN = "last_open"
"""The id of an open of which only the day may be known: its time is the day's start, and nothing else is kept."""


class Kind(StrEnum):
    """The closed vocabulary of events, in the past tense. Values are stored and shown by the API."""

    SENT = "sent"  # SES took it from us
    DELIVERED = "delivered"  # the recipient's server took it
    DELAYED = "delayed"
    BOUNCED = "bounced"
    RECEIVED = "received"  # it came in
    REPLIED = "replied"  # a mail that came in answers it
    RESPONDED = "responded"  # of one that came in: a mail of ours answers it
    AUTO_REPLIED = "auto_replied"  # an out-of-office answer, which SES reports as a bounce
    COMPLAINED = "complained"
    REJECTED = "rejected"  # SES found a virus
    RENDERING_FAILED = "rendering_failed"
    SUBSCRIPTION_CHANGED = "subscription_changed"
    OPENED = "opened"  # a request for our pixel
    CLICKED = "clicked"  # a request for one of our links
    DOWNLOADED = "downloaded"  # a request for an attachment that went out as a link
    UNSUBSCRIBE_SEEN = "unsubscribe_seen"  # a look at the page for unsubscribing, which changes nothing
    UNSUBSCRIBED = "unsubscribed"  # the recipient wants no more mail
    SES_OPENED = "ses_opened"  # SES's own tracking, switched off for our mails; kept, counted nowhere
    SES_CLICKED = "ses_clicked"
    UNKNOWN = "unknown"  # a notification of a type that was not documented when this was written


ENGAGEMENT = frozenset({Kind.OPENED, Kind.CLICKED, Kind.DOWNLOADED, Kind.UNSUBSCRIBE_SEEN})
"""Captured only until the end of the window; everything else for ever."""

HITS = ENGAGEMENT | {Kind.UNSUBSCRIBED}
"""What the tracking host writes."""


class Event(NamedTuple):
    """`data` is small JSON whose fields depend on `kind`:

    hits                   what core/evidence.py keeps; clicked also position (of the link, from 0), downloaded also
                           position (of the file among those that went out as links, from 0), unsubscribe_seen also
                           page (`unsubscribe`)
    unsubscribed           method
    sent                   ses_message_id
    replied, responded     email (our id of the mail that answers)
    delivered              recipient
    delayed                recipient, type, reason
    bounced, auto_replied  recipient, type (hard, soft, auto_reply), reason, ses_type, ses_subtype
    complained             recipient, reason
    rejected, rendering_failed   reason
    unknown and the rest   payload (cut to 2,000 characters)
    """

    message_id: str
    event_id: str
    kind: Kind
    occurred_at: datetime
    data: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Sort key: time, then id."""
        return f"{instant.show(self.occurred_at)}#{self.event_id}"


def is_message_id(text: str) -> bool:
    """Whether the text has the form of our message ids: 32 lower-case hex digits."""
    return len(text) == 32 and _HEX.issuperset(text)


def make(message_id: str, event_id: str, kind: Kind, occurred_at: datetime, **data: Any) -> Event:
    """An event whose time is cut to the milliseconds that its key can hold."""
    at = occurred_at if occurred_at.tzinfo is UTC else occurred_at.astimezone(UTC)
    if below := at.microsecond % 1000:
        at = at.replace(microsecond=at.microsecond - below)
    return Event(message_id, event_id, kind, at, data)


def as_item(event: Event, expires_at: datetime) -> dict[str, dict[str, str]]:
    """The event as an item of the table `events`, in DynamoDB's JSON; also the form in which it is spilled."""
    return {
        "message_id": {"S": event.message_id},
        "event_key": {"S": event.key},
        "kind": {"S": str(event.kind)},
        "data": {"S": _text_of(event.data)},
        "expires_at": {"N": str(int(expires_at.timestamp()))},
    }


def from_item(item: Mapping[str, Mapping[str, Any]]) -> Event:
    """The event of an item in DynamoDB's JSON. Raises ValueError or KeyError for what `as_item` did not make."""
    occurred_at, _, event_id = str(item["event_key"]["S"]).partition("#")
    data = json.loads(item["data"]["S"])
    if not event_id or not isinstance(data, dict):
        raise ValueError(f"no event: {item['event_key']}")
    kind = Kind(item["kind"]["S"]) if item["kind"]["S"] in _KINDS else Kind.UNKNOWN  # of a later version
    return Event(str(item["message_id"]["S"]), event_id, kind, instant.parse(occurred_at), data)


def _text_of(data: Mapping[str, Any]) -> str:
    """JSON with sorted names; for what a hit mostly has, texts and numbers, in half the time that the encoder takes."""
    quoted = encode_basestring_ascii
    pairs = [
        f"{quoted(name)}:{quoted(one) if type(one) is str else one if type(one) is int else _to_json(one)}"
        for name, one in sorted(data.items())
    ]
    return f"{{{','.join(pairs)}}}"


# json.dumps would make one for each event, and look for circles in what was made here or read from JSON
_to_json = json.JSONEncoder(separators=(",", ":"), sort_keys=True, check_circular=False).encode
_KINDS = frozenset(Kind)
_HEX = frozenset("0123456789abcdef")
