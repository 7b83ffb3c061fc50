"""The function `report` in a replay: it is called now and then, dies before and after its calls, and meets others."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bench.replay_store import Store
from chalicelib.core.behind import SETTLED, Mark
from chalicelib.core.cell import Cells
from chalicelib.flow import report as flow

T = TypeVar("T")
LASTS = timedelta(minutes=5)
MOST_ROUNDS = 3
DEATH, ERROR, RIVAL = 0.01, 0.01, 0.02
"""How likely a call is the last one, or fails; and how likely another worker builds the same day meanwhile."""


class Died(BaseException):
    """The worker is gone; nothing in it can catch that and go on."""


class _Breaking:
    """Stores of which any call may fail, or be the last one, before or after it is done."""

    def __init__(self, store: object, strike: Callable[[Callable[[], Any]], Any]) -> None:
        self._store, self._strike = store, strike

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._store, name)
        return lambda *given: self._strike(lambda: call(*given))


class Builders:
    """Workers that build the tables of a store's reports."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._chance = random.Random(seed)
        self._is_calm = False
        self.happened: Counter[str] = Counter()
        self.failures: list[str] = []
        self._turn = 0

    def run(self, now: datetime) -> None:
        """What a schedule calls; what fails and dies is made up for by the next one."""
        self._store.reports.now = now
        self._turn += 1
        breaking: Any = _Breaking(self._store.reports, self._strike)
        parts = flow.Parts(breaking, self, breaking, breaking, self._clock, self._failed)
        try:
            built = flow.build_all(parts, holder=str(self._turn), lasts=LASTS)
            self.happened["built"] += built.days
        except (Died, OSError):
            self.happened["ended"] += 1

    def settle(self, now: datetime) -> None:
        """Runs on when nothing breaks and nothing changes any more."""
        self._is_calm = True
        for number in range(MOST_ROUNDS):
            self.run(now + number * SETTLED)

    def of_day(self, account: str, day: str) -> Cells:
        """The cells of a day; perhaps another worker, who should not be there, builds the same day meanwhile."""
        found: Cells = self._strike(lambda: self._store.of_day(account, day))
        if not self._is_calm and self._chance.random() < RIVAL:
            self.happened["rivals"] += 1
            tables = self._store.reports
            rival = flow.Parts(tables, self._store, tables, tables, self._clock, self._failed)
            now = self._clock()
            flow.build(tables.marks.get((account, day), Mark(account, day, now, now)), rival)
        return found

    def _clock(self) -> datetime:
        return self._store.reports.now

    def _failed(self, account: str, day: str, error: Exception) -> None:
        self.happened["failed"] += 1
        if self._is_calm or not isinstance(error, OSError):
            self.failures.append(f"report of {account} {day}: {type(error).__name__}: {error}")

    def _strike(self, call: Callable[[], T]) -> T:
        drawn = self._chance.random()
        if self._is_calm or drawn >= DEATH + ERROR:
            return call()
        if self._chance.random() < 0.5:
            call()
        if drawn < DEATH:
            raise Died
        raise OSError("no answer")
