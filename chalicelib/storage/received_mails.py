"""Storing a mail that came in, together with what it makes known; both or neither."""

from collections.abc import Iterable

from chalicelib.core.message import Message
from chalicelib.core.received import Expiring
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.tables import is_done


class ReceivedMails:
    """Mails that came in; the stream of their events brings them to the fold."""

    def __init__(self, messages: Messages, events: Events) -> None:
        self._messages = messages
        self._events = events

    def get(self, account: str, message_id: str) -> Message | None:
        """The message, if it belongs to this account and is a mail."""
        return self._messages.get(account, message_id)

    def id_by_ses(self, ses_message_id: str) -> str | None:
        """Our id of the mail that SES knows by its own."""
        return self._messages.id_by_ses(ses_message_id)

    def add(self, message: Message, known: Iterable[Expiring]) -> bool:
        """Stores a message and these events; False if it is there already, or another one is at it right now."""

        def write() -> None:
            with self._messages.transaction() as transaction:
                self._messages.put_in(transaction, message)
                for one in known:
                    self._events.put_in(transaction, one.event, one.expires_at)

        return is_done(write)
