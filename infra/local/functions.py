"""Which handler is fed by what; and a handler as Lambda runs it.

FEEDS says for this machine what app.py, .chalice/config.json and infra/data.yaml say for AWS; a test compares them.

A function is imported by its name and keeps its module between calls, as in a warm execution environment; unless it is
said to bear more, it is called by one thread at a time, for that is all that a handler may rely on.
"""

import importlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from infra.local.emulator import REGION

ACCOUNT = "000000000000"

logger = logging.getLogger(__name__)

Call = Callable[[Mapping[str, Any]], Any]
"""A function, called with an event."""


class QueueSource(NamedTuple):
    """`queue` is the output prefix in infra/data.yaml: SendQueue has SendQueueUrl and SendQueueArn."""

    queue: str
    batch_size: int = 10


class StreamSource(NamedTuple):
    """`stream` is an output of infra/data.yaml. Only records of these event names are handed over, and of these only
    those of which this attribute of the key begins so."""

    stream: str
    failures: str
    event_names: frozenset[str] = frozenset({"INSERT"})
    batch_size: int = 100
    window_seconds: float = 0.1
    retries: int = 5
    key_begins: tuple[str, str] | None = None


class Schedule(NamedTuple):
    """`rate(15 minutes)`, as EventBridge writes it."""

    expression: str


class Feed(NamedTuple):
    """A function, by the dotted name that Lambda imports, and what calls it."""

    name: str
    handler: str
    timeout_seconds: int
    source: QueueSource | StreamSource | Schedule


TRACK = "chalicelib.entrypoints.track.handler"

FEEDS = (
    Feed("send", "chalicelib.entrypoints.send.send", 30, QueueSource("SendQueue", batch_size=1)),
    Feed("ingest", "chalicelib.entrypoints.ingest.ingest", 30, QueueSource("NotificationsQueue")),
    Feed("fold", "chalicelib.entrypoints.fold.fold", 60, StreamSource("EventsStreamArn", "FoldFailedQueue")),
    Feed(
        "notify",
        "chalicelib.entrypoints.notify.notify",
        60,
        StreamSource("OutboxStreamArn", "NotifyFailedQueue", key_begins=("item", "notice#")),
    ),
    Feed("deliver", "chalicelib.entrypoints.deliver.deliver", 60, QueueSource("DeliveriesQueue", batch_size=1)),
    Feed("people", "chalicelib.entrypoints.people.people", 300, QueueSource("PeopleQueue", batch_size=1)),
    Feed("sweep", "chalicelib.entrypoints.sweep.sweep", 300, Schedule("rate(15 minutes)")),
    Feed("recount", "chalicelib.entrypoints.recount.recount", 900, Schedule("rate(1 day)")),
    Feed("report", "chalicelib.entrypoints.report.report", 300, Schedule("rate(1 minute)")),
    Feed("inform", "chalicelib.entrypoints.inform.inform", 300, Schedule("rate(15 minutes)")),
    Feed("remind", "chalicelib.entrypoints.remind.remind", 300, Schedule("rate(5 minutes)")),
    Feed("replay", "chalicelib.entrypoints.replay.replay", 60, Schedule("rate(5 minutes)")),
)


class Context(NamedTuple):
    """The second argument of a handler, as Lambda documents it for Python. `deadline` is of the monotonic clock."""

    function_name: str
    aws_request_id: str
    deadline: float
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    log_stream_name: str = "local"

    @property
    def invoked_function_arn(self) -> str:
        return function_arn(self.function_name)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Until the timeout, which nobody enforces here."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


def function_arn(name: str) -> str:
    """The ARN a function would have here."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def load(dotted: str) -> Callable[..., Any]:
    """The handler of this name: module, dot, function."""
    module, _, name = dotted.rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    assert callable(handler), dotted
    return handler  # type: ignore[no-any-return]  # callable() keeps Any


class Function:
    """A handler in its execution environment. What goes in and comes out is JSON, as over Lambda's runtime API."""

    def __init__(self, name: str, handler: Callable[..., Any], timeout_seconds: float, at_once: int = 1) -> None:
        self.name = name
        self._handler = handler
        self._timeout_seconds = timeout_seconds
        self._environments = threading.BoundedSemaphore(at_once)

    def __call__(self, event: Mapping[str, Any]) -> Any:
        """The handler's answer. What it raises is logged and raised on, as Lambda reports a function error."""
        context = Context(self.name, str(uuid.uuid4()), time.monotonic() + self._timeout_seconds)
        with self._environments:
            try:
                return json.loads(json.dumps(self._handler(json.loads(json.dumps(event)), context)))
            except Exception:
                logger.exception("%s failed (request %s)", self.name, context.aws_request_id)
                raise
