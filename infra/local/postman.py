"""Jobs that run later, one after another, in a thread of their own."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Postman:
    """Runs jobs in the order of their time. A job that fails is logged and forgotten.

    Nothing waits when it stops: what is left is run at once, so that no notification is lost in an orderly end.
    """

    def __init__(self) -> None:
        self._jobs: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def post(self, seconds: float, job: Callable[[], None]) -> None:
        """Run a job after so many seconds."""
        with self._changed:
            heapq.heappush(self._jobs, (time.monotonic() + seconds, next(self._order), job))
            self._changed.notify()

    def stop(self) -> None:
        """Run what is left, then return."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while job := self._next():
            try:
                job()
            except Exception:
                logger.exception("a job of the local SES failed")

    def _next(self) -> Callable[[], None] | None:
        """The next job when its time has come; None when there is none left and there will be none."""
        with self._changed:
            while True:
                if self._jobs and (self._is_stopping or self._jobs[0][0] <= time.monotonic()):
                    return heapq.heappop(self._jobs)[2]
                if self._is_stopping:
                    return None
                self._changed.wait(self._jobs[0][0] - time.monotonic() if self._jobs else None)
