"""A job that takes its time: it goes through the mails of an account and exports or erases all that is kept of a
person, or exports a list of mails; or it exports a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from chalicelib.core import instant

KEPT = timedelta(days=30)
FILES_KEPT = timedelta(days=7)
"""As the bucket's lifecycle has it (infra/data.yaml)."""

START = "0"
"""Before the place of any mail: places begin with a year."""


class Kind(StrEnum):
    """What is done."""

    EXPORT = "export"
    ERASURE = "erasure"
    MAILS = "mails"
    REPORT = "report"


OF = {Kind.EXPORT: "person", Kind.MAILS: "emails", Kind.REPORT: "report"}
"""What is exported, as the API says it."""


class Status(StrEnum):
    """How far it is. One that failed goes on when its dead letter is brought back."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Part(NamedTuple):
    """A file of an export: its object, and its size in bytes."""

    key: str
    size: int


class Link(NamedTuple):
    """Where a file of an export can be fetched, and until when."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Job:
    """`address` is the person's key, None once it is not needed any more; `person` is a keyed hash of it, by which an
    erasure finds what was exported. A list of mails has neither, but the `query` that says which mails, and the
    `file_format` of its files; so has a `report`, by its name. `span` are the newest and the oldest time that a list
    goes through, once that is known.

    `cursor` is the place of the mail up to which its walk came, `rounds` how often it came to the end. `left` is the
    first place in this round that must be looked at again, and `is_unsettled` says that something was erased in it.
    Nobody works on it before `rests_until`.
    """

    account: str
    job_id: str
    kind: Kind
    created_at: datetime
    address: str | None
    person: str | None
    status: Status = Status.QUEUED
    cursor: str = START
    rounds: int = 0
    left: str | None = None
    is_unsettled: bool = False
    rests_until: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    error: str | None = None
    finished_at: datetime | None = None
    version: int = 0
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    file_format: str = "zip"
    span: tuple[str, str] | None = None
    report: str | None = None

    def counting(self, counts: Mapping[str, int]) -> "Job":
        """With these added to its counts."""
        names = sorted({*self.counts, *counts})
        return replace(self, counts={name: self.counts.get(name, 0) + counts.get(name, 0) for name in names})

    def ended(self, at: datetime) -> "Job":
        """Done; whose job it was is forgotten, but for the hash by which an export can be erased."""
        person = self.person if self.kind is Kind.EXPORT else None
        return replace(self, status=Status.DONE, address=None, person=person, error=None, finished_at=at)

    def begun_anew(self) -> "Job":
        """As if nothing had been done yet; whoever works on it finds out when they save it."""
        again = replace(self, status=Status.QUEUED, cursor=START, counts={}, parts=(), span=None)
        return replace(again, error=None, finished_at=None)

    def taken_back(self) -> "Job":
        """Without its files, for good."""
        return replace(self.begun_anew(), status=Status.FAILED, error=TAKEN_BACK)

    @property
    def progress(self) -> float | None:
        """How much is done, 0 to 1, by the times of the mails; None where that is not known."""
        if self.status is Status.DONE:
            return 1.0
        if self.span is None or self.cursor == START:
            return 0.0 if self.kind in (Kind.MAILS, Kind.REPORT) else None
        newest, oldest, at = (instant.parse(text) for text in (*self.span, self.cursor.partition("#")[0]))
        share = (newest - at) / (newest - oldest) if newest > oldest else 0.0
        return round(min(max(share, 0.0), 0.99), 2)

    def has_files(self, now: datetime) -> bool:
        """Whether its files are there (still)."""
        return self.finished_at is not None and now < self.finished_at + FILES_KEPT


TAKEN_BACK = "a person was erased whom its files may have named; begin it anew"

COUNTS = {
    Kind.EXPORT: ("looked_at", "mails", "events"),
    Kind.MAILS: ("mails",),
    Kind.REPORT: ("rows",),
    Kind.ERASURE: ("looked_at", "mails", "events", "consents", "suppressions", "users", "exports"),
}
"""What is counted. A step that is repeated after a crash may count less than was done, never more."""


def show(job: Job, links: Sequence[Link] = ()) -> dict[str, Any]:
    """The object `export` or `erasure`; never the address. `links` are those of its parts, in their order."""
    shown: dict[str, Any] = {
        "object": "export" if job.kind in OF else job.kind.value,
        "id": job.job_id,
        "status": job.status.value,
        "created_at": instant.show(job.created_at),
        "finished_at": instant.show(job.finished_at) if job.finished_at else None,
        "counts": {name: job.counts.get(name, 0) for name in COUNTS[job.kind]},
        "error": job.error,
    }
    if job.kind in OF:
        shown["of"] = OF[job.kind]
        shown["format"], shown["progress"] = job.file_format, job.progress
        shown["files"] = [
            {"url": link.url, "url_expires_at": instant.show(link.expires_at), "size": part.size}
            for part, link in zip(job.parts, links, strict=False)
        ]
    return shown
