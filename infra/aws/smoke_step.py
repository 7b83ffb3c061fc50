"""One step of the smoke test: tried until it is so or patience ends, and told in a line."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from infra.aws.web import Unexpected


class Hopeless(Unexpected):
    """What will not become better by waiting."""


class Site(NamedTuple):
    """What is tested; URLs without a slash at the end."""

    stage: str
    tracking_url: str
    dashboard_url: str

    def log(self, function: str) -> str:
        """The log group of a function."""
        return f"/aws/lambda/mailsight-{self.stage}-{function}"


class Patience(NamedTuple):
    """How long each step is tried: what is new needs some seconds to be everywhere, and a mail more."""

    answer_seconds: float = 60
    mail_seconds: float = 180
    pause_seconds: float = 2


class Step(NamedTuple):
    """One thing that must be so. `check` raises Unexpected; `look_at` is where the reason may be found."""

    name: str
    look_at: str
    check: Callable[[], Any]

    def is_passed(self, say: Callable[[str], None], seconds: float, pause_seconds: float) -> bool:
        """Whether it is so within these seconds; says that, or what is instead."""
        try:
            self._until_it_is_so(time.monotonic() + seconds, pause_seconds)
        except Unexpected as error:
            say(f"  FAILED  {self.name}: {error}. Look at {self.look_at}")
            return False
        say(f"  ok      {self.name}")
        return True

    def _until_it_is_so(self, deadline: float, pause_seconds: float) -> None:
        while True:
            try:
                self.check()
                return
            except Unexpected as error:
                if isinstance(error, Hopeless) or time.monotonic() >= deadline:
                    raise
            time.sleep(pause_seconds)
