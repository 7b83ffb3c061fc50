"""Exporting a list of mails: files of rows, newest first, each of as many mails as a call has time for.

The list is as when it was asked for: it is walked from its newest mail to the oldest, so what comes in later is not
among them, and no place of a mail ever changes. A call that dies has left nothing, and the next one repeats it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import IO, NamedTuple, Protocol

from chalicelib.core import instant, mail_filter, mail_sheet, mail_view
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput
from chalicelib.core.job import START, Job, Part, Status
from chalicelib.core.mail_filter import Here, Only
from chalicelib.core.message import Message
from chalicelib.core.sheet import CONTENT_TYPES, MOST_ROWS, Head, Value
from chalicelib.flow import export_part

PAGE = 100


class Page(Protocol):
    """A page of a list; it may hold few and still have more."""

    @property
    def messages(self) -> Sequence[Message]: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def after(self) -> str | None: ...


class Messages(Protocol):
    """The mails of an account, newest first."""

    def page(self, account: str, limit: int, after: str | None, before: str | None, only: Only) -> Page: ...


class SheetFile(Protocol):
    """A file under way."""

    rows: int

    def add(self, row: Sequence[Value]) -> None: ...
    def finish(self) -> IO[bytes]: ...


class Exports(export_part.Exports, Protocol):
    """Where files are kept."""

    def put(self, account: str, folder: str, name: str, file: IO[bytes], content_type: str) -> str: ...
    def delete_all(self, account: str, folder: str, keep: Sequence[str]) -> None: ...


class Queue(Protocol):
    """Where jobs wait."""

    def put(self, account: str, job_id: str, delay_seconds: int = 0) -> None: ...


class Parts(NamedTuple):
    """What exporting needs. `users_of` (account, group) are the users of a group; `begin` begins a file of a format,
    `new_id` names it."""

    messages: Messages
    policy_of: Callable[[str], AccountPolicy]
    users_of: Callable[[str, str], frozenset[str]]
    jobs: export_part.Jobs
    exports: Exports
    queue: Queue
    begin: Callable[[str, Head], AbstractContextManager[SheetFile]]
    new_id: Callable[[], str]


def here_of(account: str, parts: Parts, now: datetime) -> Here:
    """What a filter of this account is read with."""
    return Here(now, lambda: _zone(account, parts), lambda group: parts.users_of(account, group))


def export_mails(job: Job, parts: Parts, *, clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> None:
    """Goes on with an export for as long as it may, and queues it anew if there is more to do."""
    try:
        only = mail_filter.parse(job.query, here_of(job.account, parts, job.created_at))
    except BadInput as error:  # it was right when it was asked for
        parts.jobs.save(replace(job, status=Status.FAILED, error=f"{error}; begin it anew"))
        return
    with parts.begin(job.file_format, mail_sheet.head_of(_lines(job))) as file:
        walked, is_done = _filled(file, _spanned(job, only, parts), only, parts, may_go_on)
        key = None
        if file.rows or (is_done and not job.parts):
            content = file.finish()
            size = content.seek(0, 2)
            content.seek(0)
            name = f"{parts.new_id()}.{job.file_format}"
            key = parts.exports.put(job.account, job.job_id, name, content, CONTENT_TYPES[job.file_format])
            walked = replace(walked, parts=(*job.parts, Part(key, size)))
    after = walked.ended(clock()) if is_done else replace(walked, status=Status.RUNNING)
    if not export_part.saved(after, key, parts.jobs, parts.exports, clock()):
        return
    if is_done:  # what workers left that died before they could say so
        parts.exports.delete_all(job.account, job.job_id, [part.key for part in after.parts])
    else:
        parts.queue.put(job.account, job.job_id)


def _filled(file: SheetFile, job: Job, only: Only, parts: Parts, may_go_on: Callable[[], bool]) -> tuple[Job, bool]:
    """Adds rows until the file is full or time is up: the job after them, and whether these were all."""
    while may_go_on() and file.rows < MOST_ROWS:
        place = None if job.cursor == START else job.cursor
        page = parts.messages.page(job.account, PAGE, place, None, only)
        for message in page.messages:
            file.add(mail_sheet.row_of(mail_view.show(message)))
        job = replace(job.counting({"mails": len(page.messages)}), cursor=page.after or job.cursor)
        if not page.has_more:
            return job, True
    return job, False


def _spanned(job: Job, only: Only, parts: Parts) -> Job:
    """The job with the times that it goes through, by which its progress is told."""
    if job.span:
        return job
    oldest = instant.show(job.created_at)
    if only.first:
        oldest = f"{only.first}T00:00:00.000Z"
    else:
        first = parts.messages.page(job.account, 1, None, START, mail_filter.ALL).messages
        oldest = instant.show(first[-1].due_at) if first else oldest
    return replace(job, span=(instant.show(job.created_at), oldest))


def _zone(account: str, parts: Parts) -> tzinfo:
    return parts.policy_of(account).zone


def _lines(job: Job) -> tuple[str, ...]:
    return f"of: {_in_words(job.query)}", f"as of: {instant.show(job.created_at)}"


def _in_words(query: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(values)}" for name, values in query.items()) or "all mails"
