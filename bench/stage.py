"""The functions in this process, as Lambda runs them, and the books of the AWS that they call."""

import io
import json
import os
import subprocess
import sys
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from bench import acts, recorder
from bench.dynamodb import REGION
from bench.recorder import Call

Handler = Callable[[Any, Any], Any]
_ROOT = Path(__file__).parents[1]


class Step(NamedTuple):
    """One call of a function. `metrics` are the names of those that its log lines carry; bytes are of bodies."""

    name: str
    function: str
    calls: list[Call]
    cpu_ms: float
    log_lines: int
    log_bytes: int
    metrics: list[str]
    answer_bytes: int

    @property
    def write_units(self) -> float:
        return sum(sum(call.writes.values()) for call in self.calls)

    @property
    def read_units(self) -> float:
        return sum(sum(call.reads.values()) for call in self.calls)

    @property
    def bytes(self) -> int:
        """Sent to AWS and received from it."""
        return sum(call.sent + call.received for call in self.calls)

    def count(self, service: str, operation: str = "") -> int:
        """Requests of a service, or of one operation of it."""
        return sum(call.service == service and operation in ("", call.operation) for call in self.calls)


class Stage:
    """`steps` has every call of a function by its name, in order."""

    def __init__(self, url: str, output: io.StringIO) -> None:
        self._url = url
        self._output = output
        self.steps: dict[str, list[Step]] = {}

    def call(self, name: str, function: str, handler: Handler, event: Any) -> list[Call]:
        """One call of a function, noted under a name; what it asked of AWS."""
        self.drained()
        written, begun = self._output.tell(), time.process_time()
        answer = handler(event, acts.Context())
        cpu_ms = (time.process_time() - begun) * 1_000
        self._output.seek(written)
        lines = self._output.read().splitlines()
        if isinstance(answer, dict) and (answer.get("batchItemFailures") or answer.get("statusCode", 200) >= 400):
            raise RuntimeError(f"{name} failed: {answer} {lines}")
        calls = self.drained()
        logged = sum(len(line.encode()) for line in lines)
        step = Step(name, function, calls, cpu_ms, len(lines), logged, _metrics(lines), _answer_bytes(answer))
        self.steps.setdefault(name, []).append(step)
        return calls

    def drained(self) -> list[Call]:
        """What was asked since this was asked before."""
        return [Call(*call) for call in self._read(recorder.DRAIN)]

    def stored(self) -> dict[str, int]:
        """Bytes by table and index, overhead included."""
        found: dict[str, int] = self._read(recorder.STORED)
        return found

    def _read(self, path: str) -> Any:
        with urllib.request.urlopen(self._url + path) as answer:
            return json.loads(answer.read())


def in_a_process(module: str, *arguments: str) -> Any:
    """What a module prints as JSON when it runs by itself."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=_ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr}")
    return json.loads(done.stdout)


@contextmanager
def set_up() -> Iterator[Stage]:
    """A stage with empty tables, a queue and a bucket. Of this process it takes the environment and standard output."""
    output = io.StringIO()
    with recorder.running() as url:
        os.environ.update(_environment(url))
        boto3.client("s3").create_bucket(Bucket=os.environ["MAILSIGHT_BLOB_BUCKET"])
        for queue in ("send", "spill", "deliveries", "people"):
            made = boto3.client("sqs").create_queue(QueueName=queue)
            os.environ[f"MAILSIGHT_{queue.upper()}_QUEUE_URL"] = made["QueueUrl"]
        with redirect_stdout(output):
            yield Stage(url, output)


def _environment(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
        "MAILSIGHT_STAGE": "prod",
        "MAILSIGHT_EVENTS_TABLE": "events",
        "MAILSIGHT_MESSAGES_TABLE": "messages",
        "MAILSIGHT_LINKS_TABLE": "links",
        "MAILSIGHT_SALTS_TABLE": "salts",
        "MAILSIGHT_ACCOUNT_TABLE": "account",
        "MAILSIGHT_REPORTS_TABLE": "reports",
        "MAILSIGHT_OUTBOX_TABLE": "outbox",
        "MAILSIGHT_BLOB_BUCKET": "mailsight-prod-blobs",
        "MAILSIGHT_CONFIGURATION_SET": "mailsight-prod",
        "MAILSIGHT_TOKEN_KEYS": json.dumps({"1": "a secret that is only for benchmarks, 48 characters"}),
        "MAILSIGHT_TRACKING_URL": "https://t.crm.example",
        "MAILSIGHT_DASHBOARD_URL": "https://mail.crm.example",
    }


def _metrics(lines: Sequence[str]) -> list[str]:
    """The names of the metrics in lines of the embedded metric format."""
    found = (json.loads(line) for line in lines if '"_aws"' in line)
    directives = (directive for line in found for directive in line["_aws"]["CloudWatchMetrics"])
    return sorted({metric["Name"] for directive in directives for metric in directive["Metrics"]})


def _answer_bytes(answer: Any) -> int:
    """Headers and body of an answer over HTTP, as far as they are ours."""
    if not isinstance(answer, Mapping) or "statusCode" not in answer:
        return 0
    body = answer.get("body") or ""
    octets = b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = {**(answer.get("headers") or {}), **{k: v[0] for k, v in (answer.get("multiValueHeaders") or {}).items()}}
    return len(octets) + sum(len(name) + len(str(value)) + 4 for name, value in headers.items())
