"""The programs that bench/loopback.py measures with: nginx, gunicorn and wrk, on loopback and in a temporary folder.

Nothing of the system is started or changed: each server is a child of this process, with a configuration of its own.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from string import Template
from tempfile import NamedTemporaryFile
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CONNECTIONS = 32
WRK_THREADS = 2
WORKERS = 2
GUNICORN = ("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60")
PATIENCE_SECONDS = 30
"""For a start, an end and an answer, on a machine that does other things too."""

TOOLS = ("nginx", "wrk")
INSTALL = "Debian, Ubuntu: `apt-get install nginx-light wrk`; macOS: `brew install nginx wrk`"

NGINX = Template("""
daemon off;
worker_processes $workers;
pid nginx.pid;
error_log error.log;
events { worker_connections 256; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server { listen 127.0.0.1:$port; $locations }
}
""")
STORE = """
location = / {
  default_type application/x-amz-json-1.0;
  if ($http_x_amz_target !~ "^DynamoDB_20120810[.](PutItem|GetItem)$") { return 400; }
  return 200 "{}";
}
location = /served { stub_status; }
"""
CEILING = "location /o/ { empty_gif; } location /c/ { return 302 %s; }"

Find = Callable[[str], str | None]


class NotMeasured(Exception):
    """There is no figure, and why: Markdown."""


class Answer(NamedTuple):
    """An HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Load(NamedTuple):
    """What wrk has seen."""

    requests: int
    per_second: float
    median_ms: float


def find(tool: str) -> str | None:
    """The path of a program; nginx is often where only root looks."""
    places = [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]
    return shutil.which(tool, path=os.pathsep.join(places))


def tools(find: Find) -> dict[str, str]:
    """The paths of all programs that are needed. Raises NotMeasured where one is not installed."""
    found = {tool: path for tool in TOOLS if (path := find(tool))}
    if missing := [tool for tool in TOOLS if tool not in found]:
        raise NotMeasured(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed. {INSTALL}.")
    return found


def environment(store_url: str, token_keys: str) -> dict[str, str]:
    """All that a Python host gets to know: nothing of this machine's AWS accounts and proxies."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "AWS_ENDPOINT_URL": store_url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MAILSIGHT_EVENTS_TABLE": "events",
        "MAILSIGHT_LINKS_TABLE": "links",
        "MAILSIGHT_SALTS_TABLE": "salts",
        "MAILSIGHT_BLOB_BUCKET": "blobs",
        "MAILSIGHT_SPILL_QUEUE_URL": "https://queue.example/spill",
        "MAILSIGHT_TOKEN_KEYS": token_keys,
    }


@contextmanager
def nginx(path: str, folder: Path, locations: str, workers: int = 1) -> Iterator[int]:
    """The port of an nginx with these locations."""
    folder.mkdir()
    port = free_port()
    text = NGINX.substitute(workers=workers, port=port, locations=locations)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [path, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with _running(command, folder, port):
        yield port


@contextmanager
def gunicorn(app: str, folder: Path, environ: Mapping[str, str]) -> Iterator[int]:
    """The port of a gunicorn that serves this application, by the name that gunicorn takes."""
    folder.mkdir()
    port = free_port()
    own = ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "warning", app]
    with _running([sys.executable, "-m", "gunicorn", *GUNICORN, *own], folder, port, environ):
        yield port


def wrk(path: str, port: int, asked: Sequence[str], seconds: int) -> Load:
    """Asks for these paths in turn. Raises NotMeasured if an answer failed or was missing."""
    options = [f"-t{WRK_THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", f"{PATIENCE_SECONDS}s"]
    script = str(Path(__file__).with_name("hits.lua"))
    with NamedTemporaryFile("w", encoding="ascii") as paths:
        paths.write("\n".join(asked))
        paths.flush()
        command = [path, *options, "-s", script, f"http://127.0.0.1:{port}", "--", paths.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 2 * PATIENCE_SECONDS)
    if done.returncode:
        raise NotMeasured(f"wrk ended with {done.returncode}: {done.stderr.strip()}")
    sums = json.loads(done.stdout.splitlines()[-1])
    if sums["failed"] or not sums["requests"]:
        raise NotMeasured(f"of {sums['requests']} requests {sums['failed']} failed")
    return Load(sums["requests"], sums["requests"] / sums["took"] * 1e6, sums["median"] / 1e3)


class Store:
    """The instant store's own count of what it has taken."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._asked = 0

    def writes(self) -> int:
        """Since it runs; as soon as nothing is under way any more."""
        count, before = self._count(), -1
        while count != before:
            time.sleep(0.05)
            count, before = self._count(), count
        return count

    def _count(self) -> int:
        self._asked += 1
        served = int(get(self.port, "/served").body.splitlines()[2].split()[2])
        return served - self._asked


def get(port: int, path: str) -> Answer:
    """The answer to one request."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    except (OSError, HTTPException) as error:
        raise NotMeasured(f"no answer from port {port}: {error!r}") from error
    finally:
        connection.close()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    command: Sequence[str], folder: Path, port: int, environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server, from when it takes connections. What it said last is told where it ended by itself."""
    errors = folder / "stderr.log"
    with (folder / "stdout.log").open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=err)
    try:
        _wait(process, port)
        yield
    except NotMeasured as error:
        if not _has_ended(process, 1):
            raise
        said = errors.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        raise NotMeasured(f"{error}; {folder.name} ended by itself and said: {said}") from error
    finally:
        process.terminate()
        if not _has_ended(process, PATIENCE_SECONDS):
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise NotMeasured(f"nobody listens on port {port}")


def _has_ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
