"""Storing a fold: the state of a message, and the marks on the events that it closed, all or nothing."""

from chalicelib.core.message import Message
from chalicelib.core.refold import Fold, Step
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.tables import is_done


class Folds:
    """Finds and stores folds; one that closes no events is a plain conditional write, which costs half."""

    def __init__(self, messages: Messages, events: Events) -> None:
        self._messages = messages
        self._events = events

    def find(self, message_id: str) -> tuple[Message, Fold] | None:
        """The message and its fold, as they are now."""
        return self._messages.find(message_id)

    def store(self, message: Message, step: Step) -> bool:
        """Stores the step's fold and marks; False if another fold of this message came first."""
        if not step.marks:
            return self._messages.store_fold(message, step.fold)

        def write() -> None:
            with self._messages.transaction() as transaction:
                self._messages.store_fold_in(transaction, message, step.fold)
                for key in step.marks:
                    self._events.mark_in(transaction, message.message_id, key)

        return is_done(write)
