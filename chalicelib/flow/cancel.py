"""Cancelling a mail that waits for sending.

Who comes first wins, the caller or the sender: both write on condition that the mail is still queued.
"""

from typing import Protocol

from chalicelib.core.message import Message, Sending
from chalicelib.core.problem import MailsightError
from chalicelib.core.status import SCHEDULED, shown_sending
from chalicelib.storage.versions import until_done


class NotCancellable(MailsightError):
    """It is too late: the mail does not wait for sending any more."""


class Messages(Protocol):
    """Where messages and their states are."""

    def get(self, account: str, message_id: str) -> Message | None: ...
    def cancel(self, message: Message) -> bool: ...


def cancel(account: str, message_id: str, messages: Messages) -> Message | None:
    """The mail, cancelled now or before; None if there is none in this account. Raises NotCancellable."""

    def attempt() -> tuple[Message | None] | None:  # a message that is not there is an end, too
        message = messages.get(account, message_id)
        if message is None or message.sending is Sending.CANCELLED:
            return (message,)
        sending = shown_sending(message)
        if message.sending is not Sending.QUEUED or sending not in _WAITING:
            raise NotCancellable(f"only a mail that waits can be cancelled, and this one is {sending}")
        messages.cancel(message)
        return None  # and look what became of it

    return until_done(attempt)[0]


_WAITING = {SCHEDULED, Sending.QUEUED.value}
