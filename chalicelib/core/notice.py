"""A notice: what has become known of a mail and the outside may want to know.

It is written by the fold in the same transaction as the state that it comes from, so each is written once. It holds no
address and nothing of what the mail says; who tells it on looks these up, and finds nothing where they were erased.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.event import Kind

SETTLES = timedelta(seconds=60)
"""So long a notice of a hit waits: a scanner's sweep is over by then, and its clicks are known for a machine's."""

KEPT = timedelta(days=30)
"""So long a notice can be told again."""


class Type(StrEnum):
    """The closed vocabulary of notices; names as of the services that programs know, where they have one."""

    SENT = "email.sent"
    DELIVERED = "email.delivered"
    DELAYED = "email.delivery_delayed"
    BOUNCED = "email.bounced"
    COMPLAINED = "email.complained"
    FAILED = "email.failed"  # SES took it and then did not send it
    OPENED = "email.opened"  # by a person
    CLICKED = "email.clicked"
    DOWNLOADED = "email.downloaded"  # a file that went out as a link
    UNSUBSCRIBED = "email.unsubscribed"
    REPLIED = "email.replied"  # a first answer to it came in
    OPEN_RECLASSIFIED = "email.open.reclassified"  # what was told as a person's was none
    CLICK_RECLASSIFIED = "email.click.reclassified"
    DOWNLOAD_RECLASSIFIED = "email.download.reclassified"


OF_HITS: Mapping[Kind, tuple[Type, Type]] = {
    Kind.OPENED: (Type.OPENED, Type.OPEN_RECLASSIFIED),
    Kind.CLICKED: (Type.CLICKED, Type.CLICK_RECLASSIFIED),
    Kind.DOWNLOADED: (Type.DOWNLOADED, Type.DOWNLOAD_RECLASSIFIED),
}
"""What is told of a person's hit, and what if it turns out to be none."""

SETTLING = frozenset(one for pair in OF_HITS.values() for one in pair)
"""Notices that wait."""


class Notice(NamedTuple):
    """`about` is small JSON whose fields depend on `type`:

    delivered, bounced, complained   recipients: their places among the envelope's, null for another address; a list,
                                     because a mail to several may reach many at once: their times are in its state
    opened, clicked, downloaded      hit (the event's key), position (of the link or file)
    … reclassified                   also maker (`machine`, `proxy`, `internal`) and reasons, names of rules
    """

    notice_id: str
    account: str
    message_id: str
    type: str
    occurred_at: datetime
    written_at: datetime
    about: Mapping[str, Any] = MappingProxyType({})

    @property
    def key(self) -> str:
        """Its place in its account's list: by the time when it became known, then id."""
        return f"{instant.show(self.written_at)}#{self.notice_id}"


def at(key: str, like: Notice) -> Notice:
    """A notice like this one, at another place."""
    written_at, _, notice_id = key.partition("#")
    time = instant.parse(written_at)
    return like._replace(notice_id=notice_id, occurred_at=time, written_at=time)


def id_of(message_id: str, version: int, number: int) -> str:
    """The id of one of the notices that a version of a message's state brings."""
    return f"{message_id}-{version}-{number}"
