"""Exporting a report: one file with every row of it, as it was when it was asked for.

A call that dies has left nothing but perhaps a file that nobody knows of, and the next one begins it anew.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import IO, Any, NamedTuple, Protocol

from chalicelib.core import report_sheet
from chalicelib.core.bad_input import BadInput
from chalicelib.core.job import Job, Part, Status
from chalicelib.core.sheet import CONTENT_TYPES, MOST_ROWS, Head, Value
from chalicelib.flow import export_part


class SheetFile(Protocol):
    """A file under way."""

    def add(self, row: Sequence[Value]) -> None: ...
    def finish(self) -> IO[bytes]: ...


class Exports(export_part.Exports, Protocol):
    """Where files are kept."""

    def put(self, account: str, folder: str, name: str, file: IO[bytes], content_type: str) -> str: ...
    def delete_all(self, account: str, folder: str, keep: Sequence[str]) -> None: ...


class Parts(NamedTuple):
    """What exporting needs. `report_of` (account, name, query, most rows, time) makes a report as the API shows it;
    `begin` begins a file of a format, `new_id` names it."""

    report_of: Callable[[str, str, Mapping[str, Sequence[str]], int, datetime], Mapping[str, Any]]
    jobs: export_part.Jobs
    exports: Exports
    begin: Callable[[str, Head], AbstractContextManager[SheetFile]]
    new_id: Callable[[], str]


def export_report(job: Job, parts: Parts, *, clock: Callable[[], datetime]) -> None:
    """Makes the file of a report, which is read and written faster than a call lasts."""
    try:
        report = parts.report_of(job.account, job.report or "", job.query, MOST_ROWS, job.created_at)
    except BadInput as error:  # it was right when it was asked for
        _failed(job, f"{error}; begin it anew", parts)
        return
    count = len(report["rows"]) + (len(report["before"]["rows"]) if report["before"] else 0)
    left = report["others"]["rows"] if report["others"] else 0
    if left or count > MOST_ROWS:
        _failed(
            job, f"it has {count + left:,} rows, and a file takes {MOST_ROWS:,}: ask for fewer days or users", parts
        )
        return
    sheet = report_sheet.sheet_of(report)
    with parts.begin(job.file_format, sheet.head) as file:
        for row in sheet.rows:
            file.add(row)
        content = file.finish()
        size = content.seek(0, 2)
        content.seek(0)
        name = f"{parts.new_id()}.{job.file_format}"
        key = parts.exports.put(job.account, job.job_id, name, content, CONTENT_TYPES[job.file_format])
    done = replace(job.counting({"rows": count}), parts=(Part(key, size),)).ended(clock())
    if export_part.saved(done, key, parts.jobs, parts.exports, clock()):
        parts.exports.delete_all(job.account, job.job_id, [key])  # what workers left that died before they said so


def _failed(job: Job, why: str, parts: Parts) -> None:
    parts.jobs.save(replace(job, status=Status.FAILED, error=why))
