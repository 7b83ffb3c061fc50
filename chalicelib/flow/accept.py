"""Taking a mail in: keep what it says, note it, queue it.

A crash between any two calls does no harm: a content whose message was never stored costs its bytes and nothing else,
and a message that was never queued is queued by the sweep.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from chalicelib.core import from_template, links, mode, received, schedule, suppression
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.idempotency import KEY_LASTS, KeyReused, body_hash
from chalicelib.core.linked_files import linked
from chalicelib.core.message import Content, Message, Sending
from chalicelib.core.problem import MailsightError
from chalicelib.core.submission import NewEmail
from chalicelib.core.tracking import until_of
from chalicelib.flow import attach, permission
from chalicelib.flow import template as templates
from chalicelib.flow.permission import Permission, permission_of, tracking_of
from chalicelib.gateways.queue import LONGEST_DELAY, QueueDown, delay_until
from chalicelib.storage import keys
from chalicelib.storage.account import Account, Claim
from chalicelib.storage.messages import Messages

ROUTE = "emails"


class UnderWay(MailsightError):
    """Another request with this Idempotency-Key is being worked on; send it again in a moment."""


class Contents(Protocol):
    """Where contents are kept, and files that go out as links."""

    def put(self, account: str, message_id: str, content: Content) -> None: ...
    def delete(self, account: str, message_id: str) -> None: ...
    def file_key(self, account: str, message_id: str, position: int) -> str: ...
    def delete_file(self, account: str, message_id: str, position: int) -> None: ...


class Queue(Protocol):
    """Where messages wait for sending."""

    def put(self, message_id: str, delay_seconds: int = 0) -> None: ...


class Stores(NamedTuple):
    """What accepting asks and writes to."""

    messages: Messages
    accounts: Account
    contents: Contents
    queue: Queue
    permissions: permission.Stores
    uploads: attach.Uploads
    templates: templates.Stores


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
    route: str = ROUTE,
    sending: Sending = Sending.QUEUED,
) -> Accepted:
    """Takes a mail in, or finds the one that was made with this Idempotency-Key of the same body on the same route.
    One that is `prepared` is kept and not queued; its capture window begins now.

    Raises KeyReused, UnderWay, and BadInput for attachments that cannot be read, for a recipient who gets no mail any
    more, for a time that cannot be waited for, for a mode wider than the account's, and for a template that is not
    there or lacks values. What was taken in once is answered as then, whatever is so now.
    """
    content = mail.read_content()
    claim = None
    if idempotency_key is not None:
        digest = body_hash(idempotency_key, body)
        claim = Claim(keys.idempotency(route, idempotency_key), digest, new_id(), now + KEY_LASTS)
        earlier = _earlier(claim, account, stores.accounts, now)
        if earlier:
            return Accepted(earlier, is_new=False)
    mail = _written(mail, account, stores.templates)
    content = replace(content, html=mail.html or None, text=mail.text or None)
    allowed = _permission(mail, account, stores.permissions, now)
    content = attach.looked_up(content, account, stores.uploads, now)
    content = linked(content, allowed.policy.attachment_threshold_bytes, mail.asked_links)
    message, content = _message(mail, content, account, claim.made_id if claim else new_id(), allowed, now, sending)
    earlier = _stored(message, content, claim, stores, now)
    if earlier:
        return Accepted(earlier, is_new=False)
    _queue(message, stores.queue, now)
    return Accepted(message.message_id, is_new=True)


def _written(mail: NewEmail, account: str, stores: templates.Stores) -> NewEmail:
    """The mail with all that it says, be it its own or its template's. Raises BadInput."""
    if mail.template is None:
        return mail
    find = stores.register.get if mail.brings_all else partial(templates.whole, stores=stores)
    template = find(account, mail.template)
    if template is None:
        raise BadInput([wrong("/template", "there is no template with this id; PUT /v1/templates/{id} makes one")])
    return from_template.written(mail, template)


def _stored(message: Message, content: Content, claim: Claim | None, stores: Stores, now: datetime) -> str | None:
    """Stores a message with what it says; the id of the one that another request with its key has stored first, and
    then nothing of this one stays. Raises UnderWay."""
    account, message_id = message.account, message.message_id
    content = attach.brought(content, account, message_id, stores.uploads, stores.contents)
    stores.contents.put(account, message_id, content)
    if claim is None:
        stores.messages.add(message)
        return None
    if stores.accounts.accept(claim, message, stores.messages, now):
        return None
    earlier = _earlier(claim, account, stores.accounts, now)
    if earlier == message_id:  # it is ours: only the answer of the first try was lost
        return None
    stores.contents.delete(account, message_id)
    attach.forget(content, account, message_id, stores.contents)
    if earlier is None:
        raise UnderWay("another request with this Idempotency-Key is under way; send it again in a moment")
    return earlier


def _queue(message: Message, queue: Queue, now: datetime) -> None:
    """Queues what is due soon; what is due later is queued by the schedule, and what waits too long by the sweep."""
    if message.sending is Sending.QUEUED and message.due_at - now <= LONGEST_DELAY:
        with suppress(QueueDown):  # the mail is taken in
            queue.put(message.message_id, delay_until(message.due_at, now))


def _earlier(claim: Claim, account: str, accounts: Account, now: datetime) -> str | None:
    """The message that was made with this key before, if any. Raises KeyReused if it was another mail."""
    used = accounts.claim(account, claim.key, now)
    if used is None:
        return None
    if used.body_hash != claim.body_hash:
        raise KeyReused
    return used.made_id


def _permission(mail: NewEmail, account: str, stores: permission.Stores, now: datetime) -> Permission:
    """What is allowed, if the mail is. Raises BadInput."""
    found = permission_of(account, mail.envelope, stores)
    suppression.check(mail.envelope, found.suppressions, now)
    asked = mail.tracking.wish.mode
    if asked is not None:
        mode.check(asked, found.policy.mode, "/tracking/mode")
    return found


def _message(
    mail: NewEmail,
    content: Content,
    account: str,
    message_id: str,
    allowed: Permission,
    now: datetime,
    sending: Sending,
) -> tuple[Message, Content]:
    """The message, and its content with the links that are tracked."""
    envelope = mail.envelope
    tracking = tracking_of(envelope, content, mail.tracking.wish, allowed, now)
    if sending is Sending.PREPARED and tracking.is_on:
        until = until_of(tracking.mode, allowed.policy.capture_window, now=now, due_at=now)
        tracking = replace(tracking, until=until)
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
        template=mail.template,
        tags=tuple((tag.name, tag.value) for tag in mail.tags),
        links=len(found),
        has_unsubscribe=mail.wants_unsubscribe,
        scheduled_at=schedule.due(mail.scheduled_at, now),
        in_reply_to=received.answered_by(account, content.headers),
        sending=sending,
    )
    return message, replace(content, links=found)
