"""The handlers that bench/track.py compares, and a process for one of them.

    python -m bench.track_contenders NAME OPENS PORT < payload.json

Prints, behind what the handler prints itself, one number: with OPENS 0 the nanoseconds of the machine's steady clock at
which its first open was answered, else the nanoseconds of CPU, user code and kernel, of so many later ones. Every host
is at PORT of loopback; with PORT 0 there is no network (bench/track_network.py).
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

Handler = Callable[[Any, Any], Any]

WARM_UP = 100


class Context:
    """What Lambda hands over beside the payload."""

    function_name = "track"
    function_version = "1"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:track"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"


def mailsight() -> Handler:
    """The handler that is deployed."""
    return _handler_in("chalicelib.entrypoints.track")


def botocore() -> Handler:
    """The same with a botocore client."""
    return _handler_in("bench.track_botocore")


def usual() -> Handler:
    """Chalice, Powertools and pynamodb. Takes the payload of a REST API."""
    return _handler_in("bench.track_usual")


HANDLERS: dict[str, Callable[[], Handler]] = {"mailsight": mailsight, "botocore": botocore, "usual": usual}


def _handler_in(module: str) -> Handler:
    made: Handler = importlib.import_module(module).handler
    return made


def answer(handler: Handler, payload: Any) -> None:
    """One open. Who does not bring the pixel is out of the race."""
    response = handler(payload, Context)
    if response["statusCode"] != 200 or not response["body"].startswith("R0lGODlh"):
        raise SystemExit(f"{handler} answered {response}")


def cpu_of(handler: Handler, payload: Any, opens: int) -> int:
    """Nanoseconds of CPU of so many warm opens."""
    for _ in range(WARM_UP):
        handler(payload, Context)
    before = time.process_time_ns()
    for _ in range(opens):
        handler(payload, Context)
    return time.process_time_ns() - before


def main() -> None:
    """One process, one handler."""
    name, opens, port, payload = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.load(sys.stdin)
    network = importlib.import_module("bench.track_network")
    network.lead_to(port) if port else network.cut()
    handler = HANDLERS[name]()
    answer(handler, payload)
    print(cpu_of(handler, payload, opens) if opens else time.monotonic_ns())


if __name__ == "__main__":
    main()
