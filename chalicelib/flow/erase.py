"""Erasing a person: of every mail from, to or for them an anonymous row stays, and of themselves nothing but a hash
of their address, if they must get no mail.

All of it is found by walking through the account's mails. Each step can be repeated, and what a worker left half done
carries a mark that the next walk finds. After a walk comes another one over what may have come in meanwhile, after a
pause in which everybody has finished who had read a mail before it was erased: senders, folds, requests. What was
written or noted after the job began is a new fact and stays, so a job ends however much the account goes on sending.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.core import instant
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.erased import erased, is_about, other_recipient
from chalicelib.core.job import Job, Kind, Status
from chalicelib.core.message import INTERRUPTED, Clickable, Failure, Message, Sending
from chalicelib.core.refold import Row
from chalicelib.core.summary import Delivery, delivery_of
from chalicelib.core.token import LONGEST_DESTINATION
from chalicelib.flow import erase_files, suppress
from chalicelib.storage.every_mail import Mail, Stretch

SETTLED = timedelta(seconds=30)
"""Longer than a request to the API, a try to send, or a step of a fold takes."""

TOLD_LATE = timedelta(days=4)
"""So long may the notification wait (infra/data.yaml) that makes a mail known which was sent elsewhere; its place is
when it was sent."""

MADE_ANEW = timedelta(hours=25)
"""Longer than a prepared mail can be asked for again, which stores its links and files each time: an Idempotency-Key
lasts a day."""

PAGE = 50  # mails; what a crash repeats


class Mails(Protocol):
    """All mails of an account."""

    def behind(self, account: str, place: str, limit: int) -> Stretch: ...
    def erase(self, before: Message, erased: Message) -> bool: ...
    def forget_recipient(self, erased: Message) -> None: ...
    def finish(self, message_id: str) -> bool: ...


class Messages(Protocol):
    """Where it is noted what came of an attempt to send."""

    def settle(self, message: Message, sending: Sending, *, failure: Failure | None = None) -> bool: ...


class Events(Protocol):
    """What happened to mails."""

    def after(self, message_id: str, event_key: str | None, *, now: datetime) -> Sequence[Row]: ...
    def delete_all(self, message_id: str) -> int: ...


class Contents(Protocol):
    """What mails say, and files that went out as links."""

    def clickable(self, account: str, message_id: str) -> Clickable: ...
    def delete(self, account: str, message_id: str) -> None: ...
    def delete_file(self, account: str, message_id: str, position: int) -> None: ...


class Links(Protocol):
    """Where long links lead, and where files are."""

    def erase_destination(self, message_id: str, position: int) -> None: ...
    def erase_file(self, message_id: str, position: int) -> None: ...


class Consents(Protocol):
    """What people said."""

    def erase(self, account: str, address_key: str, until: datetime) -> int: ...
    def unname(self, account: str, address_key: str, until: datetime) -> None: ...


class Suppressions(suppress.Suppressions, Protocol):
    """Who gets no mail."""

    def erase(self, account: str, address_key: str, now: datetime) -> int: ...
    def unname(self, account: str, address_key: str) -> None: ...


class Users(Protocol):
    """The account's own people."""

    def erase(self, account: str, address_key: str) -> int: ...


class Schedules(Protocol):
    """Reports that go out by mail, each from an address."""

    def erase(self, account: str, address_key: str) -> int: ...


class Jobs(erase_files.Jobs, Protocol):
    """Jobs of accounts."""

    def remove(self, job: Job) -> None: ...


class Exports(Protocol):
    """What was exported."""

    def delete_all(self, account: str, folder: str) -> None: ...


class Queue(Protocol):
    """Where jobs wait."""

    def put(self, account: str, job_id: str, delay_seconds: int = 0) -> None: ...


class Parts(NamedTuple):
    """What erasing needs. `hashes_of` (address key, account) are all hashes a person may be known by; `policy_of` an
    account."""

    mails: Mails
    messages: Messages
    events: Events
    contents: Contents
    links: Links
    consents: Consents
    suppressions: Suppressions
    users: Users
    jobs: Jobs
    exports: Exports
    schedules: Schedules
    uploads: erase_files.Uploads
    brought: erase_files.Brought
    queue: Queue
    hashes_of: Callable[[str, str], tuple[str, ...]]
    policy_of: Callable[[str], AccountPolicy]


class Step(NamedTuple):
    """What was done with a mail: what to count, whether it was erased just now, whether to look at it again."""

    counts: Counter[str]
    is_new: bool = False
    is_left: bool = False


def erase(job: Job, parts: Parts, *, clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> None:
    """Goes on with an erasure for as long as it may, and queues it anew if there is more to do.

    Another worker at the same job is harmless: only one of them gets on.
    """
    while may_go_on() and not _rest(job, clock()):
        stretch = parts.mails.behind(job.account, job.cursor, PAGE)
        walked = _walked(job, stretch, parts, clock)
        is_over = stretch.end is None and _is_over(walked)
        is_turned = stretch.end is None and not is_over
        saved = parts.jobs.save(_turned(walked, clock()) if is_turned else walked)
        if saved is None:
            return
        job = saved
        if is_over:
            _finish(job, parts, clock())
            return
    parts.queue.put(job.account, job.job_id, _rest(job, clock()))


def _rest(job: Job, now: datetime) -> int:
    """For how many seconds nobody is to work on it, 0 for none."""
    return max(0, math.ceil((job.rests_until - now).total_seconds())) if job.rests_until else 0


def _walked(job: Job, stretch: Stretch, parts: Parts, clock: Callable[[], datetime]) -> Job:
    """The job after these mails."""
    counts, left, is_unsettled = Counter(looked_at=len(stretch.mails)), job.left, job.is_unsettled
    for mail in stretch.mails:
        step = _one(mail, job, parts, clock())
        counts.update(step.counts)
        is_unsettled = is_unsettled or step.is_new
        left = left or (mail.place if step.is_left else None)
    return replace(
        job.counting(counts),
        status=Status.RUNNING,
        cursor=stretch.end or job.cursor,
        left=left,
        is_unsettled=is_unsettled,
    )


def _is_over(job: Job) -> bool:
    """Whether its last walk found nothing to do, and so nothing is under way any more that could undo it."""
    return job.rounds > 0 and job.left is None and not job.is_unsettled


def _turned(job: Job, now: datetime) -> Job:
    """At the end of a walk, after a rest: back to where mails may have come in since, or to the first mail left."""
    newer = instant.show(job.created_at - 2 * SETTLED - TOLD_LATE)
    cursor = min(newer, job.left[:-1]) if job.left else newer
    rounds, rests_until = job.rounds + 1, now + SETTLED
    return replace(job, cursor=cursor, rounds=rounds, rests_until=rests_until, left=None, is_unsettled=False)


def _one(mail: Mail, job: Job, parts: Parts, now: datetime) -> Step:
    message = mail.message
    if message.erased_at:
        if message.recipient_hash and message.recipient_hash in parts.hashes_of(job.address or "", job.account):
            parts.mails.forget_recipient(message)
        if not mail.has_remains:
            return Step(Counter())
        if now - message.erased_at < SETTLED:
            return Step(Counter(), is_left=True)
        return Step(_cleared(message, parts, now))
    if job.address is None or message.accepted_at > job.created_at or not is_about(message, job.address):
        return Step(Counter())
    if message.sending is Sending.SENDING:
        if message.is_abandoned(now):
            parts.messages.settle(message, Sending.UNKNOWN, failure=INTERRUPTED)
        return Step(Counter(), is_left=True)
    _heed(message, parts, now)
    other = other_recipient(message, job.address)
    recipient_hash = parts.hashes_of(other, job.account)[0] if other else None
    if not parts.mails.erase(message, erased(message, now, recipient_hash)):
        return Step(Counter(), is_left=True)  # somebody was faster; the next walk sees what they did
    if _may_be_made(message, now):
        return Step(Counter(), is_new=True, is_left=True)
    return Step(_cleared(message, parts, now), is_new=True)


def _may_be_made(message: Message, now: datetime) -> bool:
    """Whether a worker or a request that read it before may still be storing links and files for it."""
    made_within = MADE_ANEW if message.sending is Sending.PREPARED else SETTLED
    is_young = message.accepted_at > now - made_within
    return message.sending is Sending.QUEUED or message.is_inbound or is_young


def _heed(message: Message, parts: Parts, now: datetime) -> None:
    """Notes who is to get no further mail by events that no fold has read yet, which are about to be deleted.

    Before the mail is erased, for then nothing says any more who its recipients were; and again before its events go,
    for what came in meanwhile.
    """
    if message.erased_at and not message.recipient_hash:
        return
    known = Delivery() if message.erased_at else message.state.delivery
    events = [row.event for row in parts.events.after(message.message_id, None, now=now)]
    delivery = delivery_of(events, known)
    if message.erased_at:
        suppress.suppress_unnamed(message, delivery, suppressions=parts.suppressions)
    elif delivery != known:
        policy = parts.policy_of(message.account)
        suppress.suppress(message, delivery, suppressions=parts.suppressions, policy=policy)


def _cleared(message: Message, parts: Parts, now: datetime) -> Counter[str]:
    """Deletes all but the row. What says what there is to delete goes last."""
    account, message_id = message.account, message.message_id
    _heed(message, parts, now)
    found = parts.contents.clickable(account, message_id)
    for position, url in enumerate(found.links):
        if len(url) > LONGEST_DESTINATION:
            parts.links.erase_destination(message_id, position)
    for position in range(len(found.files)):
        parts.links.erase_file(message_id, position)
        parts.contents.delete_file(account, message_id, position)
    parts.contents.delete(account, message_id)
    events = parts.events.delete_all(message_id)
    return Counter(mails=int(parts.mails.finish(message_id)), events=events)


def _finish(job: Job, parts: Parts, now: datetime) -> None:
    """What is kept of the person beside mails, also with others, and then their address in the job itself."""
    assert job.address, "a job that is not done knows whom it is about"
    parts.schedules.erase(job.account, job.address)
    erase_files.erase_uploads(job.account, job.created_at, parts.uploads, parts.brought)
    counts = Counter(
        consents=parts.consents.erase(job.account, job.address, job.created_at),
        suppressions=parts.suppressions.erase(job.account, job.address, now),
        users=parts.users.erase(job.account, job.address),
        exports=_forget_jobs(job, job.address, parts, now)
        + erase_files.erase_files(job.account, parts.jobs, parts.exports, parts.queue, now),
    )
    parts.consents.unname(job.account, job.address, job.created_at)
    parts.suppressions.unname(job.account, job.address)
    parts.jobs.save(job.counting(counts).ended(now))


def _forget_jobs(job: Job, address_key: str, parts: Parts, now: datetime) -> int:
    """Deletes what was exported of the person, and ends earlier erasures of them: this one has done their work."""
    count, hashes = 0, parts.hashes_of(address_key, job.account)
    for other in list(parts.jobs.of(job.account)):
        if other.job_id == job.job_id or other.person not in hashes:
            continue
        if other.kind is Kind.EXPORT:
            parts.jobs.remove(other)  # first, so that a worker at it finds that it is gone
            parts.exports.delete_all(other.account, other.job_id)
            count += 1
        elif other.created_at <= job.created_at:
            parts.jobs.save(other.ended(now))
    return count
