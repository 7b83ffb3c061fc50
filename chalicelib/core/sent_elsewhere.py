"""A mail that somebody sent through SES directly, with our configuration set and a tag that names an account of ours.

What SES tells about it is all that is known of it.

What is written in tags and headers is anybody's: what cannot be used is left out or cut, and never an error, for the
event must be stored all the same.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from chalicelib.core.cell import NONE
from chalicelib.core.fact import Json
from chalicelib.core.line import is_line, is_seen
from chalicelib.core.message import MOST_RECIPIENTS, Envelope, Message, Sending, Tracking
from chalicelib.core.named_address import bare
from chalicelib.core.source import SENDABLE
from chalicelib.core.token import Mode
from chalicelib.core.tracking import SENT_ELSEWHERE

ACCOUNT_TAG = "mailsight_account"
SOURCE_TAG = "mailsight_source"
USER_TAG = "mailsight_user"
SOURCE = "api"
"""Where a mail comes from that does not say so, or says what there is not."""

LONGEST_ADDRESS = 450  # with its display name
LONGEST_SUBJECT = 900
LONGEST_USER = 200
_ACCOUNT = re.compile(r"[a-z0-9-]{1,40}")


class SentElsewhere(NamedTuple):
    """What SES tells of such a mail. Addresses and subject are as they stand in its headers, cut to sane lengths."""

    account: str
    envelope: Envelope
    source: str = SOURCE
    user: str | None = None


def read(mail: Json) -> SentElsewhere | None:
    """What the object `mail` of an event tells; None if it names no account."""
    account = _tag(mail, ACCOUNT_TAG)
    if not _ACCOUNT.fullmatch(account):
        return None
    source, user = _tag(mail, SOURCE_TAG), _tag(mail, USER_TAG)
    is_user = 0 < len(user) <= LONGEST_USER and is_line(user) and is_seen(user) and user != NONE
    return SentElsewhere(account, _envelope(mail), source if source in SENDABLE else SOURCE, user if is_user else None)


def message_of(mail: SentElsewhere, ses_message_id: str, sent_at: datetime) -> Message:
    """The message; always the same of the same mail, whichever event tells of it."""
    return Message(
        message_id=message_id_of(ses_message_id),
        account=mail.account,
        accepted_at=sent_at,
        envelope=mail.envelope,
        tracking=Tracking(opens=False, clicks=False, reason=SENT_ELSEWHERE, mode=Mode.OFF),
        source=mail.source,
        user=mail.user,
        links=0,
        sending=Sending.SENT,
        sent_at=sent_at,
        ses_message_id=ses_message_id,
    )


def message_id_of(ses_message_id: str) -> str:
    """32 hex digits, as every message has."""
    return hashlib.sha256(b"ses/" + ses_message_id.encode()).hexdigest()[:32]


def _envelope(mail: Json) -> Envelope:
    """Of its headers, where SES tells them; who got it beside these, or where it does not, stands in `destination`."""
    headers = mail.get("commonHeaders")
    headers = headers if isinstance(headers, dict) else {}
    to, cc = _addresses(headers.get("to")), _addresses(headers.get("cc"))
    shown = {bare(text).lower() for text in (*to, *cc)}
    others = tuple(text for text in _addresses(mail.get("destination")) if bare(text).lower() not in shown)
    if not shown:
        to, others = others, ()
    sender = _addresses(headers.get("from")) or _addresses(mail.get("source"))
    to, cc, bcc = _at_most(to, cc, others)
    subject = _line(headers.get("subject"), LONGEST_SUBJECT)
    return Envelope(sender[0] if sender else "", to, cc, bcc, _addresses(headers.get("replyTo"))[:25], subject)


def _at_most(*lists: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """No more than SES sends to at once, counted through all of them."""
    left, kept = MOST_RECIPIENTS, []
    for one in lists:
        kept.append(one[:left])
        left -= len(kept[-1])
    return tuple(kept)


def _addresses(value: object) -> tuple[str, ...]:
    texts: Iterable[object] = value if isinstance(value, list) else (value,)
    return tuple(line for text in texts if (line := _line(text, LONGEST_ADDRESS)))


def _line(value: object, longest: int) -> str:
    """On one line, without what breaks or turns it."""
    if not isinstance(value, str):
        return ""
    return "".join(letter if is_line(letter) else " " for letter in value[: 4 * longest]).strip()[:longest]


def _tag(mail: Json, name: str) -> str:
    tags = mail.get("tags")
    values = tags.get(name) if isinstance(tags, dict) else None
    value = values[0] if isinstance(values, list) and values else None
    return value if isinstance(value, str) else ""
