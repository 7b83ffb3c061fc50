"""Exports and erasures, in the table `account`: `job#<id>`, with TTL.

Access: one by its account and unguessable id; all of an account, to find what was exported of a person.
"""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.core import instant
from chalicelib.core.job import KEPT, Job, Kind, Part, Status
from chalicelib.storage import keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import is_as_read


class Jobs:
    """Reads and writes jobs. Of two workers at one job only one gets on."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def find(self, account: str, job_id: str, now: datetime) -> Job | None:
        """The job, if it belongs to this account."""
        try:
            row = self._rows.get(account, keys.job(job_id), consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        is_over = row.expires_at is None or row.expires_at <= now.timestamp()  # TTL deletes up to two days late
        return None if is_over else _job(row)

    def of(self, account: str) -> Iterator[Job]:
        """All jobs of an account."""
        jobs = self._rows.item.startswith(keys.JOBS)
        return (_job(row) for row in self._rows.query(account, jobs, consistent_read=True))

    def save(self, job: Job) -> Job | None:
        """The job as it is stored, one version later; None if it is not any more as this one was read, or is gone.

        Each save has a mark: where the first try of the call got through and its answer was lost, it tells whose it is.
        """
        mark = secrets.token_hex(16)
        row = self._rows(job.account, keys.job(job.job_id), data={**_data(job), "mark": mark}, version=job.version + 1)
        row.expires_at = int((job.created_at + KEPT).timestamp())
        before = self._rows(job.account, keys.job(job.job_id), version=job.version) if job.version else None
        is_stored = is_done(lambda: row.save(condition=is_as_read(self._rows, before))) or self._has(row, mark)
        return replace(job, version=job.version + 1) if is_stored else None

    def remove(self, job: Job) -> None:
        """Forgets a job; one that is gone is no error."""
        self._rows(job.account, keys.job(job.job_id)).delete()

    def _has(self, row: AccountRow, mark: str) -> bool:
        """Whether what is stored is this very row."""
        try:
            found = self._rows.get(row.account, row.item, consistent_read=True)
        except self._rows.DoesNotExist:
            return False
        return (found.version, found.data.get("mark")) == (row.version, mark)


def _data(job: Job) -> dict[str, Any]:
    return {
        "kind": job.kind.value,
        "created_at": instant.show(job.created_at),
        "address": job.address,
        "person": job.person,
        "status": job.status.value,
        "cursor": job.cursor,
        "rounds": job.rounds,
        "left": job.left,
        "is_unsettled": job.is_unsettled,
        "rests_until": instant.show(job.rests_until) if job.rests_until else None,
        "counts": dict(job.counts),
        "parts": [list(part) for part in job.parts],
        "error": job.error,
        "finished_at": instant.show(job.finished_at) if job.finished_at else None,
        "query": {name: list(values) for name, values in job.query.items()},
        "file_format": job.file_format,
        "span": job.span,
        "report": job.report,
    }


def _job(row: AccountRow) -> Job:
    data = row.data
    return Job(
        account=row.account,
        job_id=row.item.removeprefix(keys.JOBS),
        kind=Kind(data["kind"]),
        created_at=instant.parse(data["created_at"]),
        address=data["address"],
        person=data["person"],
        status=Status(data["status"]),
        cursor=data["cursor"],
        rounds=data["rounds"],
        left=data["left"],
        is_unsettled=data["is_unsettled"],
        rests_until=instant.parse(data["rests_until"]) if data["rests_until"] else None,
        counts=data["counts"],
        parts=tuple(Part(key, size) for key, size in data["parts"]),
        error=data["error"],
        finished_at=instant.parse(data["finished_at"]) if data["finished_at"] else None,
        version=int(row.version or 0),
        query=data.get("query", {}),  # jobs of versions that knew no lists have none
        file_format=data.get("file_format", "zip"),
        span=tuple(data["span"]) if data.get("span") else None,
        report=data.get("report"),
    )
