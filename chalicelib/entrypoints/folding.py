"""What folding needs, for the functions that fold."""

import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

from chalicelib.core.evidence import sources_of
from chalicelib.flow import fold
from chalicelib.settings import Settings
from chalicelib.storage.aggregates import Aggregates
from chalicelib.storage.cells import CellTable
from chalicelib.storage.consents import Consents
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.policies import Policies
from chalicelib.storage.salts import Salts
from chalicelib.storage.suppressions import Suppressions

FOLDING = ("messages_table", "events_table", "account_table", "salts_table", "reports_table", "outbox_table")
"""The settings that a function needs to fold."""

LONGEST_PAUSE = 0.5  # seconds


def folds_of(own: Settings) -> Folds:
    """Where this installation keeps messages and their folds."""
    messages, cells = Messages(own.messages_table, own.region), CellTable(own.reports_table, own.region)
    return Folds(messages, Events(own.events_table, own.region), cells, Notices(own.outbox_table, own.region))


def folding_of(own: Settings) -> fold.Parts:
    """The stores of this installation."""
    return fold.Parts(
        events=Events(own.events_table, own.region),
        folds=folds_of(own),
        policy_of=Policies(own.account_table, own.region).get,
        said_by=Consents(own.account_table, own.region).of,
        sources_of=_sources(Salts(own.salts_table, own.region)),
        suppressions=Suppressions(own.account_table, own.region),
        pause=_pause,
        note_received=Aggregates(own.messages_table, own.region).note_received,
    )


def _pause(tries: int) -> None:
    """A moment that is longer after each try and never the same, so that those who were in each other's way part."""
    time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**tries)))


def _sources(salts: Salts) -> Callable[[frozenset[str], date], frozenset[str]]:
    def of(networks: frozenset[str], day: date) -> frozenset[str]:
        salt = salts.of(day, datetime.now(UTC))
        return sources_of(networks, [salt]) if salt else frozenset()

    return of
