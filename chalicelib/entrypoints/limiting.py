"""The rate of each API key, in the memory of this process. Threads may share it."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from http import HTTPStatus

from aws_lambda_powertools import Logger

from chalicelib import settings
from chalicelib.core import rate_limit
from chalicelib.core.apikey import ApiKey
from chalicelib.core.rate_limit import Allowance, Decision
from chalicelib.entrypoints.counting import counting
from chalicelib.entrypoints.problems import Problem
from chalicelib.storage.rate_limits import CounterDown, RateLimits

Lease = Callable[[str, int, int], int]
"""Adds calls of a key (its id, the minute, so many) to those that are leased; the sum."""


class Limiter:
    """Counts calls by key. `lease` may raise CounterDown; then the calls of a lease are let through uncounted, for a
    counter must not stand in a caller's way, and `uncounted` is told."""

    def __init__(self, lease: Lease, uncounted: Callable[[Exception], None]) -> None:
        self._lease = lease
        self._uncounted = uncounted
        self._known: dict[str, Allowance] = {}
        self._window = 0
        self._lock = threading.Lock()

    def spend(self, key: ApiKey, now: datetime) -> Decision:
        """One call of this key."""
        lease = partial(self._leased, key.key_id)
        with self._lock:
            self._forget_before(rate_limit.window_of(now))
            known, decision = rate_limit.spend(self._known.get(key.key_id), key.rate_limit, now, lease)
            self._known[key.key_id] = known
        return decision

    def _leased(self, key_id: str, window: int, number: int) -> int:
        try:
            return self._lease(key_id, window, number)
        except CounterDown as error:
            self._uncounted(error)
            return number

    def _forget_before(self, window: int) -> None:
        """Drops what is known of minutes that are over, or it would fill the memory."""
        if window > self._window:
            self._window = window
            self._known = {key_id: known for key_id, known in self._known.items() if known.window >= window}


@cache
def _limiter() -> Limiter:
    own = settings.read().require("account_table")
    log = Logger(service="api")

    def uncounted(error: Exception) -> None:
        log.error("rate_uncounted", extra={"reason": str(error)})
        with counting(own.stage) as counts:
            counts.add("RateUncounted")

    return Limiter(RateLimits(own.account_table, own.region).lease, uncounted)


def within_rate(key: ApiKey, now: datetime) -> dict[str, str]:
    """Counts a call of this key; the headers that tell how many more it may make. Raises Problem where it is one too
    many."""
    decision = _limiter().spend(key, now)
    headers = headers_of(decision)
    if decision.is_allowed:
        return headers
    raise Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limited",
        f"this key may make {decision.limit:,} calls a minute: go on in {decision.reset_seconds} seconds",
        headers={**headers, "Retry-After": str(decision.reset_seconds)},
    )


def headers_of(decision: Decision) -> dict[str, str]:
    """RateLimit-… of the draft draft-ietf-httpapi-ratelimit-headers-05."""
    return {
        "RateLimit-Limit": str(decision.limit),
        "RateLimit-Remaining": str(decision.remaining),
        "RateLimit-Reset": str(decision.reset_seconds),
    }
