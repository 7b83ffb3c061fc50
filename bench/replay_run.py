"""A run of the embedded default for a replay: a process of its own, asked over HTTP, with its tables at hand."""

import argparse
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.notification import TAG
from chalicelib.settings import Settings
from chalicelib.storage.account import Account
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.suppressions import Suppressions
from infra import installation
from infra.account import MOST_CALLS, new_key
from infra.local import letter, stack
from infra.local.emulator import HOST, REGION
from infra.local.folder import Folder
from infra.local.mailbox import Mailbox
from infra.local.ses_events import Accepted, Notification
from infra.local.ses_request import Outgoing

START_SECONDS, STOP_SECONDS = 300, 120
"""A start over kept data sweeps all of it first."""
LAST_LINES = 20
FIELDS = ("events_table", "messages_table", "account_table", "reports_table", "salts_table", "outbox_table")
SCOPES = frozenset({"send", "read", "admin"})


class RunFailed(Exception):
    """The run did not do what it should; its log says more."""


class Arrived(NamedTuple):
    """A mail as SES took it; `raw` as its recipient has it."""

    message_id: str
    accepted: Accepted
    raw: bytes

    @property
    def html(self) -> str:
        return letter.read(self.raw).html


class Process:
    """The process of a run, and how much memory it and its emulator took at most."""

    def __init__(self, folder: Folder, port: int) -> None:
        self._folder, self._port = folder, port
        self.kills = 0
        self.most_mb = self.most_of_emulator_mb = 0.0

    def start(self) -> dict[str, Any]:
        """What run.json says, as soon as it answers. Raises RunFailed."""
        command = [sys.executable, "-m", "infra.local", "--folder", str(self._folder.root), "--port", str(self._port)]
        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return _said(self._folder, self._child)

    def kill(self) -> None:
        """Kills it in the midst of what it does; its emulator goes on until the next start."""
        self.look_at_memory()
        self._child.kill()
        self._child.wait()
        self._folder.run.unlink()  # nobody who was killed does that
        self.kills += 1

    def end(self) -> None:
        """Ends it as a person does, so that its emulator ends, too."""
        self._child.send_signal(signal.SIGINT)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def look_at_memory(self) -> None:
        """Notes the peaks so far; each process has its own."""
        self.most_mb = max(self.most_mb, _peak_mb(self._child.pid))
        self.most_of_emulator_mb = max(self.most_of_emulator_mb, _peak_mb(int(self._folder.emulator_lock.read_text())))


def _peak_mb(process_id: int) -> float:
    """Of its resident memory, as Linux tells; 0 elsewhere."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


class Run:
    """What is done to the run, and what is read of it; threads may share it."""

    def __init__(self, folder: Folder, own: Settings, api_url: str, emulator_url: str, process: Process) -> None:
        self._folder, self._api_url = folder, api_url
        self.process = process
        self.own = own
        self.accounts = Account(own.account_table, own.region)
        self.events, self.messages = Events(own.events_table, own.region), Messages(own.messages_table, own.region)
        self.cells = CellTable(own.reports_table, own.region)
        self.suppressions = Suppressions(own.account_table, own.region)
        self._sns, self._sqs = stack.client("sns", emulator_url), stack.client("sqs", emulator_url)
        described = stack.client("cloudformation", emulator_url).describe_stacks(StackName=stack.NAME)["Stacks"][0]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
        self._topic_arn = outputs["NotificationsTopicArn"]
        self._api_keys: dict[str, str] = {}

    def open_account(self, account: str, time_zone: str) -> None:
        """Makes an account with a key, and sets its time zone."""
        key = new_key(self.accounts, account, name="replay", scopes=SCOPES, expires_at=None, rate=MOST_CALLS)
        self._api_keys[account] = key
        self.call(account, "PUT", "/v1/account", {"time_zone": time_zone})

    def call(self, account: str, method: str, path: str, body: object = None) -> Any:
        """The API's answer to this account. Raises RunFailed."""
        headers = {"Authorization": f"Bearer {self._api_keys[account]}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        status, answer = asked(self._api_url + path, method, headers, data)
        if status >= 300:
            raise RunFailed(f"{method} {path} was answered {status}: {answer[:500]!r}")
        return json.loads(answer)

    def publish(self, notification: Notification) -> None:
        """Tells what SES would tell."""
        self._sns.publish(TopicArn=self._topic_arn, Message=json.dumps(notification))

    def arrived(self) -> Iterator[Arrived]:
        """Every mail that SES took, in the order of their time."""
        mailbox = Mailbox(self._folder.mail)
        for mail_id in reversed(mailbox.newest(len(mailbox))):
            kept = mailbox.read(mail_id)
            if kept:
                accepted = _accepted(mail_id, kept.envelope)
                yield Arrived(str(kept.envelope["tags"][TAG][0]), accepted, kept.raw)

    def arrived_count(self) -> int:
        """How many they are."""
        return len(Mailbox(self._folder.mail))

    def waiting(self) -> dict[str, int]:
        """How many messages there are in the queues that are not empty, those of dead letters too."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = {}
        for url in self._sqs.list_queues().get("QueueUrls", []):
            known = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
            if number := sum(int(known[name]) for name in names):
                found[url.rpartition("/")[2]] = number
        return found


def asked(url: str, method: str, headers: Mapping[str, str], data: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of an answer; redirects are not followed, and no proxy is asked."""
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(urllib.request.Request(url, data, dict(headers), method=method), timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read()


@contextlib.contextmanager
def started(root: Path) -> Iterator[Run]:
    """A new run in this folder, on free ports, ended at the end. This process has its environment afterwards."""
    folder = Folder(root)
    process = Process(folder, _free_ports())
    try:
        said = process.start()
        own = installation.find(argparse.Namespace(local=root, stage=None), *FIELDS, "send_queue_url")
        yield Run(folder, own, said["api_url"], said["environment"]["AWS_ENDPOINT_URL"], process)
    finally:
        process.end()


def last_of_log(root: Path) -> str:
    """The last lines of what the run has logged."""
    try:
        lines = Folder(root).log.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "it has logged nothing"
    return "\n".join(lines[-LAST_LINES:])


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def _said(folder: Folder, child: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """run.json, as soon as the run answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            said: dict[str, Any] = json.loads(folder.run.read_text(encoding="utf-8"))
            return said
        time.sleep(0.1)
    raise RunFailed("mailsight did not start")


def _accepted(ses_message_id: str, envelope: Mapping[str, Any]) -> Accepted:
    """The mail as the stand-in took it, without its header fields and its body."""
    mail = Outgoing(
        source=envelope["from"],
        sender=envelope["sender"],
        recipients=tuple(envelope["recipients"]),
        fields=(),
        body=b"",
        configuration_set=envelope["configuration_set"],
        tags=envelope["tags"],
        overrides={},
        has_virus=False,
    )
    return Accepted(ses_message_id, instant.parse(envelope["accepted_at"]), HOST, REGION, mail)


def _free_ports() -> int:
    """The first of four ports that nobody listens on."""
    for _ in range(100):
        with contextlib.ExitStack() as held:
            first = 0
            try:
                for step in range(4):
                    probe = held.enter_context(socket.socket())
                    probe.bind((HOST, first + step if first else 0))
                    first = first or int(probe.getsockname()[1])
            except (OSError, OverflowError):
                continue
            return first
    raise RunFailed("there are no four free ports in a row")
