"""What a run keeps on disk: one folder, one lock that says it is in use, one file that says how to reach it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra.local.problem import CannotRun


class Folder(NamedTuple):
    """The places under `.local`."""

    root: Path

    @property
    def state(self) -> Path:
        """The emulator's: tables, queues, objects."""
        return self.root / "state"

    @property
    def mail(self) -> Path:
        """The SES stand-in's: every mail that was sent."""
        return self.root / "mail"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def log(self) -> Path:
        return self.root / "mailsight.log"

    @property
    def emulator_log(self) -> Path:
        return self.root / "emulator.log"

    @property
    def emulator_lock(self) -> Path:
        """Held by the emulator for as long as it lives, by whomever it was started; contains its process id."""
        return self.root / "emulator.lock"

    @property
    def api_key(self) -> Path:
        """The key that is shown at every start; the table has only its hash."""
        return self.root / "api-key"

    @property
    def run(self) -> Path:
        """Address, key and environment of the run that answers now; there only while it does."""
        return self.root / "run.json"


def open_locked(path: Path) -> int | None:
    """A file descriptor of `path` that holds its lock, or None if another process does.

    A lock ends with the last process that has the descriptor, also by kill -9, so it is never stale.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextlib.contextmanager
def used_alone(folder: Folder) -> Iterator[None]:
    """Holds the folder for this process, made if it is not there. Raises CannotRun if it cannot be had."""
    try:
        folder.root.mkdir(parents=True, exist_ok=True)
        descriptor = open_locked(folder.root / "run.lock")
    except OSError as error:
        raise CannotRun(
            f"the folder {folder.root} cannot be used ({error.strerror}: {error.filename}). "
            "Name another one: make run FOLDER=.local-2"
        ) from None
    if descriptor is None:
        there = f" at {read_run(folder)['dashboard_url']}" if folder.run.exists() else ""
        raise CannotRun(
            f"mailsight is already running in {folder.root}{there}. "
            "Use that one or stop it there with Ctrl-C; for a second one: make run PORT=8700 FOLDER=.local-2"
        )
    try:
        folder.run.unlink(missing_ok=True)  # of a run that was killed
        yield
    finally:
        folder.run.unlink(missing_ok=True)
        os.close(descriptor)


def read_run(folder: Folder) -> dict[str, Any]:
    """What `write_run` wrote."""
    run = json.loads(folder.run.read_text(encoding="utf-8"))
    assert isinstance(run, dict)
    return run


def write_run(folder: Folder, run: Mapping[str, Any]) -> None:
    """Writes run.json in one step, readable by its owner only, for it holds an API key."""
    draft = folder.root / "run.json.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(run, file, indent=2)
        file.write("\n")
    draft.rename(folder.run)
