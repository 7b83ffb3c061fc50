"""Taking a mail in: keep what it says, note it, queue it.

A crash between any two calls does no harm: a content whose message was never stored costs its bytes and nothing else,
and a message that was never queued is queued by the sweep.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from chalicelib.core import links, mode, suppression
from chalicelib.core.linked_files import linked
from chalicelib.core.message import Content, Message
from chalicelib.core.problem import MailsightError
from chalicelib.core.submission import NewEmail
from chalicelib.flow import permission
from chalicelib.flow.permission import Permission, permission_of, tracking_of
from chalicelib.gateways.queue import QueueDown
from chalicelib.storage import keys
from chalicelib.storage.account import Account, Claim
from chalicelib.storage.messages import Messages

KEY_LASTS = timedelta(hours=24)
ROUTE = "emails"


class KeyReused(MailsightError):
    """The Idempotency-Key was used for another body in the last 24 hours; use a new one for a new mail."""


class UnderWay(MailsightError):
    """Another request with this Idempotency-Key is being worked on; send it again in a moment."""


class Contents(Protocol):
    """Where contents are kept."""

    def put(self, account: str, message_id: str, content: Content) -> None: ...
    def delete(self, account: str, message_id: str) -> None: ...


class Queue(Protocol):
    """Where messages wait for sending."""

    def put(self, message_id: str) -> None: ...


class Stores(NamedTuple):
    """What accepting asks and writes to."""

    messages: Messages
    accounts: Account
    contents: Contents
    queue: Queue
    permissions: permission.Stores


class Accepted(NamedTuple):
    """A mail that was taken in: now, or earlier by a request with the same Idempotency-Key."""

    message_id: str
    is_new: bool


def accept(
    mail: NewEmail,
    body: Mapping[str, Any],
    *,
    account: str,
    idempotency_key: str | None,
    stores: Stores,
    new_id: Callable[[], str],
    now: datetime,
) -> Accepted:
    """Takes a mail in, or finds the one that was made with this Idempotency-Key of the same body.

    Raises KeyReused, UnderWay, and BadInput for attachments that cannot be read, for a recipient who gets no mail any
    more, and for a mode wider than the account's. What was taken in once is answered as then, whatever is so now.
    """
    content = mail.read_content()
    claim = None
    if idempotency_key is not None:
        claim = Claim(keys.idempotency(ROUTE, idempotency_key), _hash(body), new_id(), now + KEY_LASTS)
        earlier = _earlier(claim, account, stores.accounts, now)
        if earlier:
            return Accepted(earlier, is_new=False)
    allowed = _permission(mail, account, stores.permissions, now)
    content = linked(content, allowed.policy.attachment_threshold_bytes, mail.asked_links)
    message, content = _message(mail, content, account, claim.message_id if claim else new_id(), allowed, now)
    stores.contents.put(account, message.message_id, content)
    if claim is None:
        stores.messages.add(message)
    elif not stores.accounts.accept(claim, message, stores.messages, now):
        earlier = _earlier(claim, account, stores.accounts, now)
        if earlier != message.message_id:  # it is ours where only the answer of the first try was lost
            stores.contents.delete(account, message.message_id)
            if earlier is None:
                raise UnderWay("another request with this Idempotency-Key is under way; send it again in a moment")
            return Accepted(earlier, is_new=False)
    with suppress(QueueDown):  # the mail is taken, and the sweep queues what waits too long
        stores.queue.put(message.message_id)
    return Accepted(message.message_id, is_new=True)


def _earlier(claim: Claim, account: str, accounts: Account, now: datetime) -> str | None:
    """The message that was made with this key before, if any. Raises KeyReused if it was another mail."""
    used = accounts.claim(account, claim.key, now)
    if used is None:
        return None
    if used.body_hash != claim.body_hash:
        raise KeyReused("this Idempotency-Key was used with another body; use a new key for a new mail")
    return used.message_id


def _permission(mail: NewEmail, account: str, stores: permission.Stores, now: datetime) -> Permission:
    """What is allowed, if the mail is. Raises BadInput."""
    found = permission_of(account, mail.envelope, stores)
    suppression.check(mail.envelope, found.suppressions, now)
    asked = mail.tracking.wish.mode
    if asked is not None:
        mode.check(asked, found.policy.mode, "/tracking/mode")
    return found


def _message(
    mail: NewEmail, content: Content, account: str, message_id: str, allowed: Permission, now: datetime
) -> tuple[Message, Content]:
    """The message, and its content with the links that are tracked."""
    envelope = mail.envelope
    tracking = tracking_of(envelope, content, mail.tracking.wish, allowed, now)
    found = links.split(content.html).destinations if content.html and tracking.clicks else ()
    message = Message(
        message_id=message_id,
        account=account,
        accepted_at=now,
        envelope=envelope,
        tracking=tracking,
        source=mail.source,
        record=(mail.record.module, mail.record.record_id) if mail.record else None,
        user=mail.user,
        tags=tuple((tag.name, tag.value) for tag in mail.tags),
        links=len(found),
        has_unsubscribe=mail.wants_unsubscribe,
    )
    return message, replace(content, links=found)


def _hash(body: Mapping[str, Any]) -> str:
    """Of the body's canonical JSON: the order of its fields does not make it another mail."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
