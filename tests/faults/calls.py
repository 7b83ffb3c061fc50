"""Faults at any AWS call of a function: it dies, is throttled, or never hears the answer; before or after the call.

Botocore tells of each call before it goes out and when its answer is there, also for pynamodb. So every call is counted
and any of them can be struck, whatever client makes it.
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.handlers
from botocore.exceptions import ReadTimeoutError


class Killed(BaseException):
    """The function died; nothing in it can catch that and go on."""


KILLED_BEFORE, KILLED_AFTER = "killed before", "killed after"
THROTTLED, ANSWER_LOST = "throttled", "answer lost"
DEATHS = (KILLED_BEFORE, KILLED_AFTER)
FAULTS = (*DEATHS, THROTTLED, ANSWER_LOST)


def faults_at(number: int, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are worth a run at the call of this number: who dies before a call died after the one before it."""
    return tuple(fault for fault in wanted if fault != KILLED_BEFORE or number == 0)


def _at_work() -> set[str]:
    """The functions that make this call: modules of `entrypoints` in this thread."""
    found, frame = set(), sys._getframe()
    while frame:
        path = Path(frame.f_code.co_filename)
        if path.parent.name == "entrypoints" and path.parents[1].name == "chalicelib":
            found.add(path.stem)
        frame = frame.f_back  # type: ignore[assignment]  # None ends it
    return found


class Faults:
    """Counts calls, and strikes at one of them once it is told to. `struck` says how often it struck at a function."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: int | None = None
        self._fault = ""
        self._meanwhile: Callable[[], None] | None = None
        self.calls: list[str] = []
        self.struck: Counter[str] = Counter()
        self.is_counting = False

    def begin(self, at: int | None = None, fault: str = "") -> None:
        """Counts from now on; the call of this number, from 0, is struck."""
        self.calls, self._at, self._fault, self.is_counting = [], at, fault, True

    def meanwhile(self, at: int, happens: Callable[[], None]) -> None:
        """Counts from now on; before the call of this number, from 0, another worker does this."""
        self.begin()
        self._at, self._meanwhile = at, happens

    def end(self) -> None:
        """Counts no more; fails where there was to be a fault and was none."""
        self.is_counting = False
        assert self._at is None, f"no call of number {self._at} was made: {self.calls}"

    def before(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        """Botocore's `before-call`; what is answered here stands for the service's answer."""
        if not self.is_counting:
            return None
        with self._lock:
            context["number"] = len(self.calls)
            self.calls.append(model.name)
            happens = self._meanwhile if self._at == context["number"] else None
            if happens:
                self._at, self._meanwhile, self.is_counting = None, None, False
        if happens:
            happens()
            self.is_counting = True
            return None
        with self._lock:
            if self._at != context["number"] or self._fault not in (KILLED_BEFORE, THROTTLED):
                return None
            self._at = None
            self.struck.update(_at_work())
        if self._fault == KILLED_BEFORE:
            raise Killed
        response = type("Response", (), {"status_code": 400, "headers": {}, "content": b""})()
        return response, {"Error": {"Code": "ThrottlingException", "Message": "slow down"}, "ResponseMetadata": {}}

    def after(self, context: dict[str, Any], **_: Any) -> None:
        """Botocore's `after-call`: the service has done it."""
        with self._lock:
            if not self.is_counting or self._at is None or self._at != context.get("number"):
                return
            self._at = None
            self.struck.update(_at_work())
        if self._fault == KILLED_AFTER:
            if threading.current_thread() is not threading.main_thread():  # which keeps it to itself (s3transfer):
                self._at, self._fault = len(self.calls), KILLED_BEFORE  # whoever calls next is dead, too
            raise Killed
        raise ReadTimeoutError(endpoint_url="https://aws.example")


@contextmanager
def installed() -> Iterator[Faults]:
    """For every client that is made as long as the block runs."""
    faults = Faults()
    ours = [("before-call", faults.before), ("after-call", faults.after)]
    botocore.handlers.BUILTIN_HANDLERS.extend(ours)
    try:
        yield faults
    finally:
        for one in ours:
            botocore.handlers.BUILTIN_HANDLERS.remove(one)
