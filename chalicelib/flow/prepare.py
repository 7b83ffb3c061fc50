"""Preparing a mail that its caller hands to SES: it is taken in like any other, and given back as it is to go out.

The answer is made of what is stored, so a request that is repeated with its Idempotency-Key gets the same one. Before
it is given, all is stored that its links need.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.message import Content, Message, Sending
from chalicelib.core.problem import MailsightError
from chalicelib.core.submission import NewEmail
from chalicelib.flow import instrument
from chalicelib.flow.accept import Stores, accept

ROUTE = "emails/prepare"


class Gone(MailsightError):
    """What was prepared with this Idempotency-Key is not kept any more; use a new key for a new mail."""


class Contents(Protocol):
    """Where contents are kept."""

    def get(self, account: str, message_id: str) -> Content | None: ...


class Prepared(NamedTuple):
    """A message, what goes out of it, and whether it was made by this request."""

    message: Message
    going_out: Content
    is_new: bool


def prepare(
    mail: NewEmail,
    body: Mapping[str, Any],
    *,
    account: str,
    idempotency_key: str | None,
    stores: Stores,
    contents: Contents,
    making: instrument.Parts,
    new_id: Callable[[], str],
    now: datetime,
) -> Prepared:
    """Takes a mail in and makes what goes out, or finds what was made with this Idempotency-Key.

    Raises what `accept` raises; BadInput, too, for a mail that is to wait, as nobody here sends it; and Gone.
    """
    if mail.scheduled_at is not None:
        raise BadInput([wrong("/scheduled_at", "a prepared mail is sent by you, whenever you like")])
    accepted = accept(
        mail,
        body,
        account=account,
        idempotency_key=idempotency_key,
        stores=stores,
        new_id=new_id,
        now=now,
        route=ROUTE,
        sending=Sending.PREPARED,
    )
    message = stores.messages.get(account, accepted.message_id)
    content = contents.get(account, accepted.message_id)
    if message is None or content is None:
        raise Gone("what was prepared with this Idempotency-Key is not kept any more; use a new key for a new mail")
    return Prepared(message, instrument.instrumented(message, content, making), accepted.is_new)
