"""What the hand-made hot path is worth: `python -m bench.track [ROUNDS]`.

Cold start: a fresh interpreter until its first open is written and answered. CPU: of one warm open, user code and
kernel apart. The store is a process of its own on loopback, without TLS, the same for all; a handler that the tracking
host could have instead is measured beside ours in the same run. Medians of all rounds, and ratios.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

from bench.track_contenders import HANDLERS
from chalicelib.core.token import Keys, Mode, Purpose, Token, mint

ROUNDS = 15
OPENS = 1_000
SECRET = "a secret that is only for benchmarks"
NAMES = {
    "mailsight": "mailsight: plain handler, SigV4 by hand, http.client",
    "botocore": "the same with a botocore client",
    "chalice": "Chalice route, boto3 resource",
}
TLS = "import chalicelib.entrypoints.track, ssl; ssl.create_default_context()"


class Store(BaseHTTPRequestHandler):
    """Takes every PutItem."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer

    def do_POST(self) -> None:
        """Answers `{}`."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _serve(tell: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    tell.send(server.server_port)
    server.serve_forever()


def _environment(port: int) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "MAILSIGHT_EVENTS_TABLE": "events",
        "MAILSIGHT_LINKS_TABLE": "links",
        "MAILSIGHT_SPILL_QUEUE_URL": "https://queue.example/spill",
        "MAILSIGHT_TOKEN_KEYS": json.dumps({"1": SECRET}),
    }


def _payload(name: str) -> dict[str, Any]:
    """An open as its gateway would hand it over: an HTTP API's, or a REST API's for Chalice."""
    said = Token(Purpose.OPEN, Mode.FULL, "0123456789abcdef" * 2, datetime(2099, 1, 1, tzinfo=UTC))
    text = mint(said, Keys({1: SECRET.encode()}))
    agent = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    headers = {"accept": "*/*", "host": "track.crm.example", "user-agent": agent}
    if name == "chalice":
        context = {"httpMethod": "GET", "resourcePath": "/o/{token}", "requestId": "JKJ="}
        rest = {"headers": headers, "multiValueHeaders": {key: [value] for key, value in headers.items()}}
        rest |= {"pathParameters": {"token": text}, "multiValueQueryStringParameters": None, "body": None}
        rest |= {"stageVariables": None}
        return {**rest, "requestContext": {**context, "requestTimeEpoch": 1795249800123}, "isBase64Encoded": False}
    http = {"method": "GET", "path": f"/o/{text}", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": agent}
    context2 = {"http": http, "requestId": "JKJ=", "stage": "$default", "timeEpoch": 1795249800123}
    return {"version": "2.0", "rawPath": f"/o/{text}", "headers": headers, "requestContext": context2}


def _run(command: list[str], environment: dict[str, str], text: str = "") -> tuple[float, str]:
    """Milliseconds of a fresh interpreter, and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, *command], env=environment, input=text, capture_output=True, text=True)
    took = (time.perf_counter() - begun) * 1_000
    if done.returncode:
        raise SystemExit(done.stderr)
    return took, done.stdout


def _cold(environment: dict[str, str], rounds: int) -> None:
    """The contenders take turns, so that a busy machine is busy for all."""
    commands = {name: ["-m", "bench.track_contenders", name, "1"] for name in HANDLERS}
    commands |= {"an empty interpreter": ["-c", ""], "mailsight's imports and a TLS context": ["-c", TLS]}
    payloads = {name: json.dumps(_payload(name)) for name in HANDLERS}
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            took[name].append(_run(command, environment, payloads.get(name, ""))[0])
    _table("cold start until the first open is answered", "ms", took)


def _warm(environment: dict[str, str], rounds: int) -> None:
    took: dict[str, list[float]] = {f"{name}, {part}": [] for part in ("user", "kernel") for name in HANDLERS}
    for _ in range(max(1, rounds // 5)):
        for name in HANDLERS:
            command = ["-m", "bench.track_contenders", name, str(OPENS)]
            user, kernel = json.loads(_run(command, environment, json.dumps(_payload(name)))[1])
            took[f"{name}, user"].append(user)
            took[f"{name}, kernel"].append(kernel)
    _table("CPU of a warm open", "µs", took)


def _table(title: str, unit: str, took: dict[str, list[float]]) -> None:
    print(f"\n{title}: median {unit} (least), and mailsight's share of it")
    for name, values in took.items():
        median = statistics.median(values)
        own, _, part = name.partition(", ")
        ours = statistics.median(took["mailsight" + (f", {part}" if part else "")])
        share = f"{ours / median:5.2f}x" if own in HANDLERS else ""
        print(f"  {median:8.1f} ({min(values):7.1f})  {share:7} {NAMES.get(own, own)}{f', {part}' if part else ''}")


def main() -> None:
    """Both tables."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    listen, tell = multiprocessing.Pipe(duplex=False)
    store = multiprocessing.Process(target=_serve, args=(tell,), daemon=True)
    store.start()
    environment = _environment(listen.recv())
    try:
        _cold(environment, rounds)
        _warm(environment, rounds)
    finally:
        store.terminate()
        store.join()


if __name__ == "__main__":
    main()
