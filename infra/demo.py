"""`make demo`: a month of mails that lies behind us (infra/demo_history.py), then six mails of now, their recipients
played over HTTP, and the table of what mailsight says of them.

Uses the run that answers already (`make run`), or starts one; on a terminal that one goes on until Ctrl-C.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core import named_address
from chalicelib.settings import BadSettings
from infra import demo_history, installation
from infra.demo_cast import APPLE, CHROME, GMAIL, SCANNER
from infra.demo_mail import Urls
from infra.demo_past import SETTINGS, NotPlayed
from infra.local.folder import Folder

PATIENCE_SECONDS = 60

HTML = """\
<!DOCTYPE html>
<html><body style="font-family: sans-serif">
<h1>Your quote for {month}</h1>
<p>Dear {name}, <a href="https://example.com/quote?customer=4711&amp;copy=2">here is your quote</a>.</p>
<p><a href="https://example.com/calendar">Book a call</a>
or see <a href="https://example.com/imprint">who we are</a>.</p>
</body></html>
"""


class DemoFailed(Exception):
    """The demo cannot go on; the message says why and what to do."""


class RunFailed(DemoFailed):
    """The run did not do what it should; its log says more."""


class Run(NamedTuple):
    """What run.json says of a run that answers."""

    api_url: str
    tracking_url: str
    dashboard_url: str
    inbox_url: str
    api_key: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The API's answer as JSON."""
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return json.loads(_fetch(self.api_url + path, method, headers, data))

    def mail(self, address: str, subject: str) -> dict[str, Any] | None:
        """The newest mail of this subject that the inbox holds for the address."""
        messages = json.loads(_fetch(f"{self.inbox_url}/messages"))
        return next((one for one in messages if address in json.dumps(one["to"]) and one["subject"] == subject), None)


class Scene(NamedTuple):
    """One recipient: who it is, what they do with the mail, and when their story is told to its end. In the address
    `demo` is replaced by the time, for who bounces or complains is written to once only."""

    who: str
    name: str
    address: str
    play: Callable[[Urls], None]
    is_told: Callable[[dict[str, Any]], bool]


def _person(urls: Urls) -> None:
    _hit(urls.images[0], CHROME)
    _hit(urls.links[0], CHROME)


def _apple(urls: Urls) -> None:
    _hit(urls.images[0], APPLE)


def _gmail(urls: Urls) -> None:
    _hit(urls.images[0], GMAIL)


def _scanner(urls: Urls) -> None:
    """Asks for each link without its content, then follows all of them, within a second."""
    for link in urls.links:
        _hit(link, SCANNER, "HEAD")
    for link in urls.links:
        _hit(link, SCANNER)


def _nobody(urls: Urls) -> None:
    """The mail is not looked at."""


SIMULATOR = "simulator.amazonses.com"
SCENES = (
    Scene("a person", "Anna", "anna@example.com", _person, lambda mail: mail["clicks"]["count"] == 1),
    Scene(
        "Apple's privacy proxy",
        "Raj",
        "raj@icloud.example.com",
        _apple,
        lambda mail: mail["opens"]["proxy"] == 1 and mail["status"] == "delivered",
    ),
    Scene("Gmail's image proxy", "Mia", "mia@gmail.example.com", _gmail, lambda mail: mail["opens"]["count"] == 1),
    Scene(
        "a scanner's sweep",
        "Tom",
        "tom@corp.example.com",
        _scanner,
        lambda mail: mail["clicks"]["machine"] == 6 and mail["status"] == "delivered",
    ),
    Scene("nobody: hard bounce", "Old", f"bounce+demo@{SIMULATOR}", _nobody, lambda mail: bool(mail["bounce"])),
    Scene(
        "a complaint",
        "Max",
        f"complaint+demo@{SIMULATOR}",
        _nobody,
        lambda mail: bool(mail["complained_at"]) and mail["status"] == "delivered",
    ),
)


def play(run: Run, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Sends the mails, plays their recipients, and returns the mails as the API shows them then."""
    stamp, number = time.strftime("%H:%M:%S"), str(time.time_ns() // 1_000_000)
    ids: dict[Scene, tuple[str, str, str]] = {}
    for scene in SCENES:
        address = scene.address.replace("+demo@", f"+{number}@")
        subject = f"Your quote, {scene.name} ({stamp})"
        mail = {
            "from": "Sales <sales@example.com>",
            "to": f"{scene.name} <{address}>",
            "subject": subject,
            "html": HTML.format(name=scene.name, month="March"),
            "record": {"module": "leads", "record_id": scene.name.lower()},
            "user": "demo",
        }
        ids[scene] = (run.call("POST", "/v1/emails", mail)["id"], address, subject)
        say(f"  sent to {address}")
    for scene, (_, address, subject) in ids.items():
        look = partial(run.mail, address, subject)
        arrived = _until(look, f"the mail to {address} in the inbox")
        scene.play(Urls(arrived["html"]))
    return [_told(run, scene, message_id) for scene, (message_id, _, _) in ids.items()]


def _told(run: Run, scene: Scene, message_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        mail: dict[str, Any] = run.call("GET", f"/v1/emails/{message_id}")
        return mail if scene.is_told(mail) else None

    mail: dict[str, Any] = _until(look, f"what happened to the mail for {scene.who}")
    return mail


def table(mails: Sequence[dict[str, Any]]) -> str:
    """The mails' statuses and counts, a line each."""
    rows = [("recipient", "played by", "status", "opens", "clicks", "also")]
    for scene, mail in zip(SCENES, mails, strict=True):
        also = [f"{mail['bounce']['type']} bounce"] if mail["bounce"] else []
        also += ["complaint"] if mail["complained_at"] else []
        also += [f"{mail['opens']['proxy']} open by a privacy proxy"] if mail["opens"]["proxy"] else []
        also += [f"{mail['clicks']['machine']} clicks by a machine"] if mail["clicks"]["machine"] else []
        counts = (str(mail["opens"]["count"]), str(mail["clicks"]["count"]))
        rows.append(
            (named_address.bare(mail["to"][0]), scene.who, str(mail["status"]), *counts, ", ".join(also) or "-")
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _fill(folder: Path, run: Run, days: int) -> None:
    """Plays what is missing of the month that lies behind. This process has the run's environment afterwards."""
    own = installation.find(argparse.Namespace(local=folder, stage=None), *SETTINGS)
    try:
        filled = demo_history.fill(folder, own, run.call, print, days=days, now=datetime.now(UTC))
    except (NotPlayed, PynamoDBException, BotoCoreError, ClientError) as error:
        raise RunFailed(f"the month could not be played: {error}") from error
    if filled.mails:
        print(f"  {filled.mails:,} mails of {filled.days} days are in the reports: {run.dashboard_url}/reports")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: where a link leads is not asked in a demo."""

    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def _fetch(url: str, method: str = "GET", headers: dict[str, str] | None = None, data: bytes | None = None) -> bytes:
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        raise DemoFailed(f"{url} is not on this machine; the demo asks nobody else")
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data, headers or {}, method=method)
    with opener.open(request, timeout=30) as answer:
        return bytes(answer.read())


def _hit(url: str, user_agent: str, method: str = "GET") -> None:
    """Loads a pixel or asks for a link, as this client."""
    try:
        _fetch(url, method, {"User-Agent": user_agent, "Accept": "*/*"})
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 302:
                raise RunFailed(f"the tracking host answered {error.code}") from error


def _until(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(0.2)
    raise RunFailed(f"{what} did not come within {PATIENCE_SECONDS} s")


@contextmanager
def _running(folder: Path, port: int) -> Iterator[tuple[Run, subprocess.Popen[bytes] | None]]:
    """The run that answers already, or one that is started here and ended at the end."""
    found = _read(folder)
    if found:
        yield found, None
        return
    command = [sys.executable, "-m", "infra.local", "--folder", str(folder), "--port", str(port)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    has_answered = False
    try:
        run = _started(folder, child)
        has_answered = True
        yield run, child
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(60)
        if has_answered:
            print("Stopped; `make run` starts it again.")


def _started(folder: Path, child: subprocess.Popen[bytes]) -> Run:
    def look() -> Run | None:
        if child.poll() is not None:
            raise DemoFailed("mailsight did not start; the reason stands above")
        return _read(folder)

    run: Run = _until(look, "the start of mailsight")
    return run


def _read(folder: Path) -> Run | None:
    try:
        said = json.loads((folder / "run.json").read_text())
        run = Run(**{field: said[field] for field in Run._fields})
        _fetch(f"{run.inbox_url}/messages")
    except (OSError, ValueError, KeyError):
        return None
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays the demo; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description="A month of mails, and six of now.")
    parser.add_argument("--folder", type=Path, default=Path(".local"), help="where data is kept (default: .local)")
    parser.add_argument("--port", type=int, default=8600, help="first of four ports, if one must be started")
    parser.add_argument("--days", type=int, default=demo_history.DAYS, help="days of mails to look back on; 0 for none")
    parser.add_argument("--once", action="store_true", help="end after the table also on a terminal")
    asked = parser.parse_args(arguments)
    try:
        with _running(asked.folder, asked.port) as (run, child):
            if asked.days:
                _fill(asked.folder, run, asked.days)
            print(f"\n{table(play(run, print))}\n")
            print(f"Dashboard {run.dashboard_url}   API key {run.api_key}\nInbox     {run.inbox_url}")
            if child and sys.stdout.isatty() and not asked.once:
                print("Ctrl-C stops; the data stays.")
                child.wait()
    except KeyboardInterrupt:
        return 0
    except (DemoFailed, BadSettings, urllib.error.URLError) as error:
        more = f"; see {Folder(asked.folder).log}" if isinstance(error, RunFailed) else ""
        print(f"python -m infra.demo: {error}{more}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
