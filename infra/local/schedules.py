"""Schedules to functions, as EventBridge's `rate(…)` rules do it."""

import logging
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core import instant
from infra.local.emulator import REGION
from infra.local.functions import ACCOUNT, Call

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")

logger = logging.getLogger(__name__)


def interval(expression: str) -> timedelta:
    """The time between two calls of `rate(15 minutes)`. Raises ValueError for what EventBridge would refuse.

    Form: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html (a unit is in the singular
    for 1 and in the plural otherwise).
    """
    match = _RATE.fullmatch(expression)
    if not match or (match[1] == "1") == bool(match[3]):
        raise ValueError(f"{expression!r} is no rate such as rate(1 minute) or rate(15 minutes)")
    return timedelta(**{f"{match[2]}s": int(match[1])})


def scheduled_event(function: str, at: datetime, **detail: Any) -> dict[str, Any]:
    """The event of a rule named after its function; `at` must be aware."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": instant.show(at)[:19] + "Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{function}"],
        "detail": detail,
    }


def run_schedule(expression: str, function: str, call: Call, stop: threading.Event) -> None:
    """Calls the function at the rate until `stop` is set, first after one interval. A failure is for the next time."""
    seconds = interval(expression).total_seconds()
    while not stop.wait(seconds):
        try:
            call(scheduled_event(function, datetime.now(UTC)))
        except Exception:  # of any handler; Function has logged it
            logger.warning("%s failed; it is tried again in %s s", function, seconds)
