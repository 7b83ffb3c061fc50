"""One run of the embedded default: starts everything in its order, and ends it in the reverse order."""

import contextlib
import importlib
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from chalicelib.core.account_policy import LONGEST_WINDOW_DAYS
from chalicelib.core.event import GRACE
from infra.local import api_host, emulator, environment, folder, stack, tracking_host
from infra.local.environment import Ports
from infra.local.feeding import fed, fed_functions
from infra.local.folder import Folder
from infra.local.functions import TRACK, Function, load
from infra.local.http_host import served
from infra.local.key import ensure_key
from infra.local.logs import logging_to
from infra.local.problem import CannotRun
from infra.local.schedules import scheduled_event
from infra.local.ses import SesStandIn
from infra.local.stack import Stack

SWEEP_DAYS = LONGEST_WINDOW_DAYS + GRACE.days
"""The age of all that can still have events."""

TRACK_AT_ONCE = 16
"""The tracking function's connections are made to be shared by threads."""

ANSWER_SECONDS = 30

FIRST_MAIL = """\
curl {api_url}/v1/emails -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' \\
  -d '{{"from": "me@example.com", "to": "you@example.com", "subject": "Hello",
       "html": "<p>See <a href=\\"https://example.com/\\">this</a>.</p>"}}'"""

logger = logging.getLogger(__name__)


class Run(NamedTuple):
    """What run.json says. URLs have no slash at the end; `environment` is what the handlers see."""

    api_url: str
    tracking_url: str
    dashboard_url: str
    inbox_url: str
    api_key: str
    environment: dict[str, str]


class Running(NamedTuple):
    """A run that answers. `is_alive` turns false if its emulator ends by itself."""

    run: Run
    is_alive: Callable[[], bool]


@contextlib.contextmanager
def running(root: Path, ports: Ports, relay: str | None, say: Callable[[str], None]) -> Iterator[Running]:
    """Everything, answering; ended at the end, with its state kept. Raises CannotRun.

    `relay` is the "host:port" of an SMTP server for the mails, or None. `say` is told what a person should know.
    """
    place = Folder(root)
    with contextlib.ExitStack() as end:
        end.enter_context(folder.used_alone(place))
        end.enter_context(logging_to(place.log))
        left = emulator.end_leftover(place)
        if left:
            say(f"Ended the emulator that an earlier run left behind (process {left}); its data is kept.")
        environment.refuse_busy(ports)
        variables = environment.of_sdks(ports)
        environment.take_over(variables)
        process = end.enter_context(emulator.running(place, ports.emulator))
        data = stack.ensure(ports.url("emulator"))
        if data.has_changed:
            say(f"infra/data.yaml is newer than the data in {root}. To use it: stop, delete {root}, start again.")
        variables |= environment.of_handlers(ports, data.outputs)
        environment.take_over(variables)
        run = _run(ports, ensure_key(place), variables)
        end.enter_context(_ses(place, ports, data.outputs, relay, run))
        _feed(end, ports, data, say)
        _serve(end, ports)
        _wait_until_all_answer(run)
        folder.write_run(place, run._asdict())
        end.callback(place.run.unlink, missing_ok=True)  # first of all that ends
        yield Running(run, lambda: process.poll() is None)


def _run(ports: Ports, api_key: str, variables: dict[str, str]) -> Run:
    api = ports.url("api")
    return Run(api, ports.url("tracking"), api, f"{ports.url('inbox')}/inbox", api_key, variables)


def first_mail(run: Run) -> str:
    """A command to copy that sends a mail."""
    return FIRST_MAIL.format(api_url=run.api_url, api_key=run.api_key)


def _ses(place: Folder, ports: Ports, outputs: Mapping[str, str], relay: str | None, run: Run) -> SesStandIn:
    sns = stack.client("sns", ports.url("emulator"))

    def publish(notification: Mapping[str, Any]) -> None:
        sns.publish(TopicArn=outputs["NotificationsTopicArn"], Message=json.dumps(notification))

    return SesStandIn(emulator.HOST, ports.inbox, place.mail, publish, relay, first_step=first_mail(run))


def _feed(end: contextlib.ExitStack, ports: Ports, data: Stack, say: Callable[[str], None]) -> None:
    """Feeds every function from its queue, stream or schedule; in kept data, what was left undone comes first."""
    boto3.client("sqs")  # fills in what clients share before threads make theirs: boto3 does that without a lock
    functions = fed_functions()
    if not data.is_new:
        _sweep(functions["sweep"], say)
    end.enter_context(fed(functions, data.outputs, ports.url("emulator")))


def _sweep(sweep: Function, say: Callable[[str], None]) -> None:
    """Puts right what no stream tells again after a restart: the emulator keeps tables, but not their streams."""
    try:
        sweep(scheduled_event("sweep", datetime.now(UTC), days=SWEEP_DAYS))
    except Exception:  # Function has logged it
        say("The sweep of the kept data failed; it is tried again every 15 minutes. The log says why.")


def _serve(end: contextlib.ExitStack, ports: Ports) -> None:
    """Hosts the API with the dashboard, and the tracking function."""
    track = Function("track", load(TRACK), tracking_host.TIMEOUT_SECONDS, TRACK_AT_ONCE)
    end.enter_context(served(tracking_host.host((emulator.HOST, ports.tracking), track), "tracking"))
    app = api_host.for_threads(importlib.import_module("app").app)
    end.enter_context(served(api_host.host((emulator.HOST, ports.api), app), "api"))


def _wait_until_all_answer(run: Run) -> None:
    """Asks each host over HTTP; raises CannotRun if one does not answer, or answers with an error of its own."""
    deadline = time.monotonic() + ANSWER_SECONDS
    for url in (run.dashboard_url, f"{run.tracking_url}/o/ready", run.inbox_url):
        trouble = _trouble(url)
        while trouble and time.monotonic() < deadline:
            time.sleep(0.1)
            trouble = _trouble(url)
        if trouble:
            raise CannotRun(f"{url} does not answer as it should: {trouble}")


def _trouble(url: str) -> str | None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(url, timeout=10).close()
    except urllib.error.HTTPError as error:
        with error:
            return f"status {error.code}" if error.code >= 500 else None
    except OSError as error:
        return str(error)
    return None
