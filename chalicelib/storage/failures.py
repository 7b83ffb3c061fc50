"""Noting that a mail is not sent, and telling who listens; both or neither."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.message import Failure, Message, Sending
from chalicelib.core.notice import Notice, Type
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.tables import is_done


class Failures:
    """What we give up by ourselves. What SES gives up after it took it comes by its events, and the fold tells it."""

    def __init__(self, messages: Messages, notices: Notices, policy_of: Callable[[str], AccountPolicy]) -> None:
        self._messages = messages
        self._notices = notices
        self._policy_of = policy_of

    def note(self, message: Message, failure: Failure, now: datetime) -> bool:
        """Notes why a message is not sent, for good; False if it is not any more as `message` says."""
        if Type.FAILED not in self._policy_of(message.account).listening:
            return self._messages.settle(message, Sending.FAILED, failure=failure)
        notice = Notice(
            f"{message.message_id}-failed", message.account, message.message_id, Type.FAILED.value, now, now
        )

        def write() -> None:
            with self._messages.transaction() as transaction:
                self._messages.settle_in(transaction, message, Sending.FAILED, failure=failure)
                self._notices.put_in(transaction, notice)

        return is_done(write)
