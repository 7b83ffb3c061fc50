"""Threads that feed every function from its queue, its stream or its schedule."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Mapping

from infra.local.functions import FEEDS, Call, Feed, Function, QueueSource, StreamSource, load
from infra.local.pumps import pump_queue
from infra.local.schedules import run_schedule
from infra.local.stack import client
from infra.local.stream import StreamPump

STOP_SECONDS = 20
"""For what a function is just doing when the run ends."""


def fed_functions() -> dict[str, Function]:
    """Every function that is fed, by name; imports their modules."""
    return {feed.name: Function(feed.name, load(feed.handler), feed.timeout_seconds) for feed in FEEDS}


@contextlib.contextmanager
def fed(functions: Mapping[str, Call], outputs: Mapping[str, str], endpoint_url: str) -> Iterator[None]:
    """Feeds the functions for as long as the context lasts; `outputs` are those of the data stack."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=_pump(feed, functions[feed.name], outputs, endpoint_url, stop), name=feed.name)
        for feed in FEEDS
    ]
    for thread in threads:
        thread.daemon = True
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(STOP_SECONDS)


def _pump(
    feed: Feed, call: Call, outputs: Mapping[str, str], endpoint_url: str, stop: threading.Event
) -> Callable[[], None]:
    """What feeds this function until `stop` is set."""
    source = feed.source
    sqs = client("sqs", endpoint_url)
    if isinstance(source, QueueSource):
        url, arn = outputs[f"{source.queue}Url"], outputs[f"{source.queue}Arn"]
        return functools.partial(pump_queue, sqs, url, arn, call, stop, source.batch_size)
    if isinstance(source, StreamSource):
        failures = outputs[f"{source.failures}Url"]

        def tell(message: str) -> None:
            sqs.send_message(QueueUrl=failures, MessageBody=message)

        streams = client("dynamodbstreams", endpoint_url)
        return StreamPump(streams, outputs[source.stream], feed.name, call, tell, source, stop).run
    return functools.partial(run_schedule, source.expression, feed.name, call, stop)
