"""Files that may name a person who is erased: lists of mails, reports, and files that were brought for mails to come.
What they hold is not looked for, they go.

Lists under way begin anew, for they may have read a mail before it was erased.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from chalicelib.core.job import Job, Kind, Status
from chalicelib.core.upload import Upload
from chalicelib.gateways.exports import REPORTS
from chalicelib.storage.versions import until_done


class Jobs(Protocol):
    """Jobs of accounts."""

    def of(self, account: str) -> Iterable[Job]: ...
    def find(self, account: str, job_id: str, now: datetime) -> Job | None: ...
    def save(self, job: Job) -> Job | None: ...


class Exports(Protocol):
    """What was exported."""

    def delete_all(self, account: str, folder: str) -> None: ...


class Uploads(Protocol):
    """What is known of files that were brought for mails to come."""

    def of(self, account: str) -> Iterable[Upload]: ...
    def forget(self, account: str, upload_id: str) -> None: ...


class Brought(Protocol):
    """These files, by the ids of their uploads."""

    def brought(self, account: str) -> Iterable[str]: ...
    def delete(self, account: str, upload_id: str) -> None: ...


class Queue(Protocol):
    """Where jobs wait."""

    def put(self, account: str, job_id: str, delay_seconds: int = 0) -> None: ...


def erase_files(account: str, jobs: Jobs, exports: Exports, queue: Queue, now: datetime) -> int:
    """Takes back all lists and reports of an account: how many jobs these were of. Doing it again is harmless."""
    exports.delete_all(account, REPORTS)
    lists = [job for job in jobs.of(account) if job.kind in (Kind.MAILS, Kind.REPORT) and job != job.taken_back()]
    return sum(_taken_back(job, jobs, exports, queue, now) for job in lists)


def erase_uploads(account: str, until: datetime, uploads: Uploads, files: Brought) -> None:
    """Deletes all files that were announced until then, and what is known of them. Doing it again is harmless.

    What is announced is known before its file can come; so a file that was here before of which nothing is known is an
    old one. One that is just being brought under its URL stays until the bucket deletes it.
    """
    here = list(files.brought(account))
    known = list(uploads.of(account))
    newer = {upload.upload_id for upload in known if upload.announced_at > until}
    for upload_id in here:
        if upload_id not in newer:
            files.delete(account, upload_id)
    for upload in known:
        if upload.upload_id not in newer:
            uploads.forget(account, upload.upload_id)


def _taken_back(job: Job, jobs: Jobs, exports: Exports, queue: Queue, now: datetime) -> bool:
    def attempt() -> Job | None:
        latest = jobs.find(job.account, job.job_id, now)
        if latest is None:  # it is too old to be shown, and so are its files
            return job.taken_back()
        is_over = latest.status in (Status.DONE, Status.FAILED)
        return jobs.save(latest.taken_back() if is_over else latest.begun_anew())

    after = until_done(attempt)  # first, so that a worker at it finds out and deletes what it has written
    exports.delete_all(job.account, job.job_id)
    if after.status is Status.QUEUED:
        queue.put(job.account, job.job_id)
    return True
