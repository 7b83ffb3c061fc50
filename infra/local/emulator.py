"""ministack as a child process: the AWS services of the embedded default, on loopback, with its data kept on disk."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping

from infra.local.folder import Folder, open_locked
from infra.local.problem import CannotRun

HOST = "127.0.0.1"
REGION = "eu-west-1"
START_SECONDS = 30
STOP_SECONDS = 30
"""It writes its state when it stops: some seconds if there is much of it."""


def environment(folder: Folder, port: int, edition: str) -> dict[str, str]:
    """All that the emulator sees: nothing of ours, for its own Lambdas would inherit it.

    SFTP and IoT are off because they listen beyond loopback. Temporary files stay in the folder. `edition` is a name
    that its health page repeats: another emulator on this port would give another one.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder.temporary.absolute()),
        "TMPDIR": str(folder.temporary.absolute()),
        "LANG": "C.UTF-8",
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder.state.absolute()),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str((folder.state / "s3").absolute()),
        "LOG_LEVEL": "WARNING",
        "MINISTACK_EDITION": edition,
    }


@contextlib.contextmanager
def running(folder: Folder, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The emulator, answering on `port`, stopped with its state written at the end. Raises CannotRun."""
    for path in (folder.state / "s3", folder.temporary):
        path.mkdir(parents=True, exist_ok=True)
    forget_stream_positions(folder)
    edition = f"mailsight-{uuid.uuid4()}"
    process = _spawn(folder, environment(folder, port, edition))
    try:
        _wait_until_it_answers(process, folder, port, edition)
        yield process
    finally:
        _stop(process)
        folder.emulator_lock.write_text("")


def end_leftover(folder: Folder, stop_seconds: float = STOP_SECONDS) -> int | None:
    """Ends the emulator that a killed run left behind in this folder; its process id, or None if there is none.

    The emulator itself holds the lock, so the process in its file is no other. Ended by SIGTERM it writes its state.
    """
    descriptor = open_locked(folder.emulator_lock)
    if descriptor is not None:
        os.close(descriptor)
        return None
    process_id = int(folder.emulator_lock.read_text() or 0)
    if not process_id:
        raise CannotRun(f"an emulator is just starting or stopping in {folder.root}; try again in a few seconds")
    os.kill(process_id, signal.SIGTERM)
    deadline = time.monotonic() + stop_seconds
    while time.monotonic() < deadline:
        descriptor = open_locked(folder.emulator_lock)
        if descriptor is not None:
            os.close(descriptor)
            return process_id
        time.sleep(0.05)
    raise CannotRun(f"an emulator of an earlier run does not stop; end process {process_id} and start again")


def forget_stream_positions(folder: Folder) -> None:
    """Empties the positions in kept streams: the records themselves are not kept, so a position would skip new ones."""
    path = folder.state / "lambda.json"
    if not path.exists():
        return
    state = json.loads(path.read_text(encoding="utf-8"))
    positions = state.get("payload", {}).get("dynamodb_stream_positions", {})
    if positions.get("data"):
        positions["data"] = {}
        path.write_text(json.dumps(state), encoding="utf-8")


def _spawn(folder: Folder, variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Starts it in a session of its own, so that Ctrl-C reaches us alone and we stop it last."""
    lock = open_locked(folder.emulator_lock)
    if lock is None:
        raise CannotRun(f"another emulator is running in {folder.root}")
    try:
        with folder.emulator_log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                cwd=folder.temporary,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )
        os.truncate(lock, 0)
        os.pwrite(lock, str(process.pid).encode(), 0)
        return process
    finally:
        os.close(lock)


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", folder: Folder, port: int, edition: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            lines = folder.emulator_log.read_text(errors="replace").strip().splitlines()[-3:]
            raise CannotRun(f"the emulator ended at once; see {folder.emulator_log}: {' / '.join(lines)}")
        if _edition_on(port) == edition:
            return
        time.sleep(0.05)
    raise CannotRun(f"the emulator did not answer on port {port} within {START_SECONDS} s; see {folder.emulator_log}")


def _edition_on(port: int) -> str | None:
    """The name of the emulator that answers on this port, or None."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach our loopback
    try:
        with direct.open(f"http://{HOST}:{port}/_ministack/health", timeout=5) as answer:
            return str(json.load(answer)["edition"])
    except (OSError, ValueError, KeyError):  # nobody, or somebody else
        return None


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
