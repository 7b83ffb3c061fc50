"""Storing folds: states of messages, the marks on the events that they closed, what is added to the report cells, and
what is to be told; all or nothing."""

import random
from collections.abc import Sequence
from typing import Protocol

from chalicelib.core import cell
from chalicelib.core.cell import Cells, Counted
from chalicelib.core.change import Change
from chalicelib.core.message import Message
from chalicelib.core.refold import Fold
from chalicelib.storage import keys
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.tables import is_done


class Recounting(Protocol):
    """What a message is to count for, and what that adds to the cells."""

    @property
    def message(self) -> Message: ...
    @property
    def counted(self) -> Counted: ...
    @property
    def cells(self) -> Cells: ...


class Folds:
    """Finds and stores folds; a change of nothing but a message is a plain conditional write, which costs half."""

    def __init__(self, messages: Messages, events: Events, cells: CellTable, notices: Notices) -> None:
        self._messages = messages
        self._events = events
        self._cells = cells
        self._notices = notices

    def find(self, message_id: str) -> tuple[Message, Fold] | None:
        """The message and its fold, as they are now."""
        return self._messages.find(message_id)

    def store(self, changes: Sequence[Change]) -> bool:
        """Stores the changes of different messages; False if of one of them another fold came first, and then nothing
        is stored of any. Their sums go to one shard of the cells, whichever: it is the shards' sum that counts."""
        if len(changes) == 1 and changes[0].is_plain:
            return self._messages.store_fold(changes[0].message, changes[0].step.fold)
        shard = random.randrange(keys.CELL_SHARDS)
        cells = cell.total(change.cells for change in changes)

        def write() -> None:
            with self._messages.transaction() as transaction:
                for change in changes:
                    self._messages.store_fold_in(transaction, change.message, change.step.fold)
                    for key in change.step.marks:
                        self._events.mark_in(transaction, change.message.message_id, key)
                    for notice in change.notices:
                        self._notices.put_in(transaction, notice)
                self._cells.add_in(transaction, cells, shard)

        with self._cells.changing(cells):
            return is_done(write)

    def recount(self, changes: Sequence[Recounting]) -> bool:
        """Stores what different messages count for now, and nothing else of them, with the difference for the cells;
        False if one of them was folded meanwhile, and then nothing is stored of any."""
        shard = random.randrange(keys.CELL_SHARDS)
        cells = cell.total(change.cells for change in changes)

        def write() -> None:
            with self._messages.transaction() as transaction:
                for change in changes:
                    self._messages.store_counted_in(transaction, change.message, change.counted)
                self._cells.add_in(transaction, cells, shard)

        with self._cells.changing(cells):
            return is_done(write)
