"""What is stored at once when a message's state changes: its next fold, the difference for the report cells, and what
is to be told. All or nothing, and only if the message is still as it was read."""

from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.core import cell, telling
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import Cells
from chalicelib.core.message import Message
from chalicelib.core.notice import Notice
from chalicelib.core.refold import Fold, Step


class Change(NamedTuple):
    """`message` has the state from before the step."""

    message: Message
    step: Step
    cells: Cells = MappingProxyType({})
    notices: tuple[Notice, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the message is written, which needs no transaction and costs half."""
        return not (self.step.marks or self.cells or self.notices)

    @property
    def actions(self) -> int:
        """How many of a transaction's actions it takes, without those of the cells, which others may share."""
        return 1 + len(self.step.marks) + len(self.notices)


def change_of(message: Message, before: Fold, step: Step, policy: AccountPolicy, now: datetime) -> Change:
    """What is to be stored of a step."""
    counted = cell.counted_of(message, step.fold.state, policy.zone)
    notices = telling.notices_of(message, step.fold.state.delivery, step.news, policy.listening, now)
    step = step._replace(fold=step.fold._replace(counted=counted))
    return Change(message, step, cell.difference(message, before.counted, counted), tuple(notices))
