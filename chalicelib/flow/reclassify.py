"""Judging every hit that is kept anew, after rules about machines were changed, switched off or on.

Repeatable: what is judged anew already does not change. It runs beside the fold, and whoever is overtaken begins again.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.flow import fold

WORKERS = 16  # nearly all of the time is waiting for answers
BATCH = 200  # messages between two words about how far it is


class Accounts(Protocol):
    """The register of accounts."""

    def all(self) -> Iterable[str]: ...


class Messages(Protocol):
    """Messages, listed by time."""

    def accepted_between(self, account: str, start: datetime, end: datetime) -> Iterator[str]: ...


class Tally(NamedTuple):
    """How many messages were looked at; of them: how many have another state now, and how many could not be judged."""

    seen: int = 0
    changed: int = 0
    failed: int = 0


class Parts(NamedTuple):
    """What judging anew needs. `report` is told of each message that could not be judged, `progress` how far it is."""

    accounts: Accounts
    messages: Messages
    folding: fold.Parts
    report: Callable[[str, Exception], None]
    progress: Callable[[Tally], None]


def reclassify(span: tuple[datetime, datetime], parts: Parts, *, now: datetime, batch_size: int = BATCH) -> Tally:
    """Judges every message accepted in this span of time anew, several at once."""
    message_ids = (
        message_id for account in parts.accounts.all() for message_id in parts.messages.accepted_between(account, *span)
    )
    tally = Tally()
    with ThreadPoolExecutor(WORKERS) as workers:
        while batch := list(islice(message_ids, batch_size)):
            folding = parts.folding.for_many()  # anew: settings that change meanwhile must hold for what comes then
            each = workers.map(partial(_one, parts=parts, folding=folding, now=now), batch)
            tally = Tally(*map(sum, zip(tally, *each, strict=True)))
            parts.progress(tally)
    return tally


def _one(message_id: str, parts: Parts, folding: fold.Parts, now: datetime) -> Tally:
    """One message. Whatever is wrong with it is its own: the others are judged all the same."""
    try:
        return Tally(1, int(fold.reclassify(message_id, folding, now=now)))
    except Exception as error:
        parts.report(message_id, error)
        return Tally(1, failed=1)
