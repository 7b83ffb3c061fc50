"""A part of an export: a file that its job names, or that nobody keeps.

Each call of a worker makes one and then says so in the job. Of two workers at one job only one gets on, and the other
one's file is deleted; so is one whose job was taken away or begun anew meanwhile.
"""

from datetime import datetime
from typing import Protocol

from chalicelib.core.job import Job


class Exports(Protocol):
    """Where files are kept."""

    def delete(self, key: str) -> None: ...


class Jobs(Protocol):
    """Jobs of accounts."""

    def find(self, account: str, job_id: str, now: datetime) -> Job | None: ...
    def save(self, job: Job) -> Job | None: ...


def saved(job: Job, key: str | None, jobs: Jobs, exports: Exports, now: datetime) -> Job | None:
    """The job as it is stored with the part of this key, if it has a new one; None if it was not to be."""
    stored = jobs.save(job)
    if stored is None and key and not _is_named(key, jobs.find(job.account, job.job_id, now)):
        exports.delete(key)
    return stored


def _is_named(key: str, stored: Job | None) -> bool:
    """Whether this file is a part of the job: it was saved, and another worker got on before that was answered."""
    return stored is not None and any(part.key == key for part in stored.parts)
