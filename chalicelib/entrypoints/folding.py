"""What folding needs, for the functions that fold."""

from collections.abc import Callable
from datetime import date

from chalicelib.core.evidence import sources_of
from chalicelib.flow import fold
from chalicelib.settings import Settings
from chalicelib.storage.consents import Consents
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from chalicelib.storage.salts import Salts
from chalicelib.storage.suppressions import Suppressions


def folding_of(own: Settings) -> fold.Parts:
    """The stores of this installation."""
    events = Events(own.events_table, own.region)
    return fold.Parts(
        events=events,
        folds=Folds(Messages(own.messages_table, own.region), events),
        policy_of=Policies(own.account_table, own.region).get,
        said_by=Consents(own.account_table, own.region).of,
        sources_of=_sources(Salts(own.salts_table, own.region)),
        suppressions=Suppressions(own.account_table, own.region),
    )


def _sources(salts: Salts) -> Callable[[frozenset[str], date], frozenset[str]]:
    def of(networks: frozenset[str], day: date) -> frozenset[str]:
        salt = salts.of(day)
        return sources_of(networks, [salt]) if salt else frozenset()

    return of
