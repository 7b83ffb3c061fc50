"""A run of the embedded default as a process of its own, started as `make run` starts it, and asked over HTTP."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
REPORT_SECONDS = 240
"""Reports are built once a minute. A change that comes just after a build waits until its mark, which is kept for a
minute, is two minutes old, and then for the next build."""

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36"
"""Whoever asks otherwise for a pixel or a link is no person."""

HOSTILE = {
    "AWS_PROFILE": "one-that-does-not-exist",
    "AWS_SESSION_TOKEN": "of-a-real-account",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
    "MAILSIGHT_EVENTS_TABLE": "of-production",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
"""What a developer's shell may hold; a run must not be touched by it, and must touch nothing that it leads to."""


class Answer(NamedTuple):
    """An HTTP answer; redirects are not followed. Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def ask(url: str, method: str = "GET", body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a request; `body` is sent as JSON."""
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    given = {"Content-Type": "application/json", "User-Agent": BROWSER, **(headers or {})}
    request = urllib.request.Request(url, data, given, method=method)
    try:
        answer = opener.open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())


def until(look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """What `look` finds, as soon as that is anything true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {seconds} s")


def stay_in_a_day() -> None:
    """Lets a midnight (UTC) pass that would come in the middle of a test."""
    left = 86_400 - time.time() % 86_400
    if left < 60:
        time.sleep(left)


def free_ports() -> int:
    """The first of four consecutive ports that nobody listens on, below those that the system gives to anybody. Each
    process of tests that runs beside others (xdist calls them gw0, gw1 …) has 1,000 of its own to choose from."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
    for _ in range(100):
        first = 20_000 + 1_000 * worker + random.randrange(997)
        if all(is_free(first + step) for step in range(4)):
            return first
    raise AssertionError("no four consecutive free ports in 100 tries")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class LocalRun:
    """The process. As a context it is ended at the end, if it still runs."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._output = (folder.parent / f"{folder.name}.output").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "--port", str(port), "--folder", str(folder)],
            cwd=ROOT,
            env={**os.environ, **HOSTILE},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> "LocalRun":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
        self._output.close()

    @property
    def output(self) -> str:
        """What it has said on the terminal."""
        self._output.seek(0)
        return self._output.read()

    def wait_until_it_answers(self) -> dict[str, Any]:
        """run.json, when it is there."""
        path = self.folder / "run.json"

        def there() -> dict[str, Any] | None:
            assert self.process.poll() is None, self.output
            run: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
            return run

        found = until(there, "run.json")
        assert found is not None
        return found

    def end(self, number: signal.Signals) -> int:
        """The exit code after this signal."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(PATIENCE_SECONDS)
