"""Exporting a person: all that is kept of them, in ZIPs that say it in JSON, with what their mails say beside it.

Each call goes on where the one before it stopped, and its ZIP is a part by itself: it says what all parts say of the
person, and of the mails those that it holds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import IO, Any, NamedTuple, Protocol

from chalicelib.core import consent, instant, mail_view, suppression, user
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.consent import Entry
from chalicelib.core.erased import is_about
from chalicelib.core.job import Job, Part, Status
from chalicelib.core.mail_context import verdicts_of
from chalicelib.core.message import Content, Message
from chalicelib.core.refold import Row
from chalicelib.core.soft_bounces import Row as SoftBounces
from chalicelib.core.suppression import Suppression
from chalicelib.core.user import User
from chalicelib.flow import export_part
from chalicelib.storage.every_mail import Stretch

PAGE = 50
LARGEST_PART = 300_000_000
"""Bytes; with one more mail it still fits on the function's disk."""


class Mails(Protocol):
    """All mails of an account."""

    def behind(self, account: str, place: str, limit: int) -> Stretch: ...


class Events(Protocol):
    """What happened to mails."""

    def after(self, message_id: str, event_key: str | None, *, now: datetime) -> Sequence[Row]: ...


class Contents(Protocol):
    """What mails say, and files that went out as links."""

    def get(self, account: str, message_id: str) -> Content | None: ...
    def file_chunks(self, account: str, message_id: str, position: int) -> Iterable[bytes] | None: ...


class Suppressions(Protocol):
    """Who gets no mail, and rows of soft bounces."""

    def get(self, account: str, address_key: str) -> Suppression | None: ...
    def row(self, account: str, address_key: str) -> SoftBounces: ...


class Users(Protocol):
    """The account's own people."""

    def of_address(self, account: str, address_key: str) -> Sequence[User]: ...


class Archive(Protocol):
    """A ZIP under way."""

    @property
    def size(self) -> int: ...
    @property
    def mails(self) -> int: ...
    def add_mail(self, shown: Mapping[str, Any]) -> None: ...
    def add_file(self, folder: str, name: str, chunks: Iterable[bytes]) -> None: ...
    def finish(self, person: Mapping[str, Any]) -> IO[bytes]: ...


class Exports(export_part.Exports, Protocol):
    """Where ZIPs are kept."""

    def put(self, account: str, folder: str, name: str, file: IO[bytes]) -> str: ...


class Queue(Protocol):
    """Where jobs wait."""

    def put(self, account: str, job_id: str, delay_seconds: int = 0) -> None: ...


class Parts(NamedTuple):
    """What exporting needs. `new_archive` begins a ZIP, `new_id` names it, `said_by` and `policy_of` as the fold has
    them."""

    mails: Mails
    events: Events
    contents: Contents
    said_by: Callable[[str, str], Iterable[Entry]]
    suppressions: Suppressions
    users: Users
    policy_of: Callable[[str], AccountPolicy]
    jobs: export_part.Jobs
    exports: Exports
    queue: Queue
    new_archive: Callable[[], AbstractContextManager[Archive]]
    new_id: Callable[[], str]


def export(job: Job, parts: Parts, *, clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> None:
    """Goes on with an export for as long as it may, and queues it anew if there is more to do.

    Another worker at the same job is harmless: only one of them gets on, and the other one's ZIP is deleted. So it is
    where the person was erased meanwhile, and with them the job.
    """
    with parts.new_archive() as archive:
        walked, is_done = _filled(archive, job, parts, clock, may_go_on)
        key = None
        if archive.mails or (is_done and not job.parts):
            file = archive.finish(_person(job, parts, clock()))
            size = file.seek(0, 2)
            file.seek(0)
            key = parts.exports.put(job.account, job.job_id, f"{parts.new_id()}.zip", file)
            walked = replace(walked, parts=(*job.parts, Part(key, size)))
    after = walked.ended(clock()) if is_done else replace(walked, status=Status.RUNNING)
    if export_part.saved(after, key, parts.jobs, parts.exports, clock()) and not is_done:
        parts.queue.put(job.account, job.job_id)


def _filled(
    archive: Archive, job: Job, parts: Parts, clock: Callable[[], datetime], may_go_on: Callable[[], bool]
) -> tuple[Job, bool]:
    """Puts mails into the archive until it is full or time is up: the job after them, and whether these were all."""
    while may_go_on() and archive.size < LARGEST_PART:
        stretch = parts.mails.behind(job.account, job.cursor, PAGE)
        for mail in stretch.mails:
            counts = Counter(looked_at=1)
            if job.address and not mail.message.erased_at and is_about(mail.message, job.address):
                counts += _add(mail.message, archive, parts, clock())
            job = replace(job.counting(counts), cursor=mail.place)
            if archive.size >= LARGEST_PART:
                break
        else:
            if stretch.end is None:
                return job, True
            job = replace(job, cursor=stretch.end)
    return job, False


def _add(message: Message, archive: Archive, parts: Parts, now: datetime) -> Counter[str]:
    """One mail: what is known of it, what happened to it, what it says."""
    events = [row.event for row in parts.events.after(message.message_id, None, now=now)]
    verdicts = verdicts_of(message, events, parts.policy_of(message.account))
    content = parts.contents.get(message.account, message.message_id)
    shown = mail_view.show(message, content.clickable if content else None)
    archive.add_mail(
        {**shown, "events": [mail_view.show_event(event, verdicts.get(event.key)) for event in events]},
    )
    if content:
        _add_content(message, content, archive, parts)
    return Counter(mails=1, events=len(events))


def _add_content(message: Message, content: Content, archive: Archive, parts: Parts) -> None:
    for ending, text in (("html", content.html), ("txt", content.text)):
        if text is not None:
            archive.add_file("mails", f"{message.message_id}.{ending}", [text.encode("utf-8", "replace")])
    position = 0
    for number, file in enumerate(content.attachments, start=1):
        chunks: Iterable[bytes] | None = [file.content]
        if file.is_linked:
            if file.stored_size is not None:  # it lies where its link leads
                chunks = parts.contents.file_chunks(message.account, message.message_id, position)
            position += 1
        if chunks is not None:
            archive.add_file(f"mails/{message.message_id}", f"{number} {file.filename}", chunks)


def _person(job: Job, parts: Parts, now: datetime) -> dict[str, Any]:
    """What person.json says beside the mails."""
    address = job.address or ""
    known = parts.suppressions.get(job.account, address)
    return {
        "object": "person",
        "address": address,
        "exported_at": instant.show(now),
        "part": len(job.parts) + 1,
        "consent": consent.show(address, parts.said_by(job.account, address), now),
        "suppression": suppression.show(known, now) if known else None,
        "users": [user.show(one) for one in parts.users.of_address(job.account, address)],
        "soft_bounces": [
            {
                "email": fate.message_id,
                "outcome": fate.outcome.name.lower(),
                "at": instant.show(fate.at),
                "reason": fate.reason,
            }
            for fate in parts.suppressions.row(job.account, address)
        ],
    }
