"""An account with mails to Anna and to Raj in real tables (in process), and what erasing and exporting need of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import boto3

from chalicelib.core import event, suppression
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.address_key import hash_of, hashes_of
from chalicelib.core.consent import given, withdrawn
from chalicelib.core.event import Kind
from chalicelib.core.job import Job
from chalicelib.core.job import Kind as JobKind
from chalicelib.core.message import Attachment, Content, Envelope, Message, Sending, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.soft_bounces import Fate, Outcome
from chalicelib.core.stored_file import StoredFile
from chalicelib.core.summary import summarise
from chalicelib.core.suppression import Cause, Reason
from chalicelib.core.token import Keys
from chalicelib.core.upload import KEPT, Upload
from chalicelib.core.user import User
from chalicelib.flow import erase, export
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.exports import Archive, Exports
from chalicelib.gateways.uploads import Uploads as BroughtFiles
from chalicelib.storage.consents import Consents
from chalicelib.storage.events import Events
from chalicelib.storage.every_mail import EveryMail
from chalicelib.storage.jobs import Jobs
from chalicelib.storage.links import Links
from chalicelib.storage.messages import Messages
from chalicelib.storage.report_schedules import ReportSchedules
from chalicelib.storage.suppressions import Suppressions
from chalicelib.storage.uploads import Uploads
from chalicelib.storage.users import Users
from tests import traces
from tests.moto_stack import REGION, Stack

ANNA, RAJ = "anna@example.com", "raj@example.com"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRETS = Keys({1: b"k" * 32, 2: b"l" * 32})
LONG = "https://example.com/?to=Anna%40example.com&" + "x" * 700


class Queue(list[tuple[str, str, int]]):
    """Jobs that were queued, and for how many seconds they wait."""

    def put(self, account: str, job_id: str, delay_seconds: int = 0) -> None:
        self.append((account, job_id, delay_seconds))

    def times(self, job_id: str) -> int:
        """How often a job was queued."""
        return sum(queued == job_id for _, queued, _ in self)


class Clock:
    """A time that stands still until somebody moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Killed(Exception):
    """The worker died."""


class Mortal:
    """A store whose worker dies after so many calls of all stores together."""

    def __init__(self, store: Any, life: list[int]) -> None:
        self._store = store
        self._life = life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not callable(method):
            return method

        def call(*args: Any, **named: Any) -> Any:
            result = method(*args, **named)
            self._life[0] -= 1
            if self._life[0] == 0:
                raise Killed(name)
            return result

        return call


class Office(NamedTuple):
    """The stores, and a clock and a queue that the test moves."""

    mails: EveryMail
    messages: Messages
    events: Events
    contents: Blobs
    links: Links
    consents: Consents
    suppressions: Suppressions
    users: Users
    jobs: Jobs
    exports: Exports
    schedules: ReportSchedules
    uploads: Uploads
    brought: BroughtFiles
    queue: Queue
    clock: Clock

    def erasing(self, life: list[int] | None = None) -> erase.Parts:
        """What erasing needs; with a `life`, its worker dies after so many calls."""

        def of(store: Any) -> Any:
            return Mortal(store, life) if life else store

        stores = {name: of(getattr(self, name)) for name in erase.Parts._fields if not name.endswith("_of")}
        hashes = partial(hashes_of, keys=SECRETS)
        return erase.Parts(**stores, hashes_of=hashes, policy_of=lambda account: AccountPolicy())

    def exporting(self) -> export.Parts:
        return export.Parts(
            **{name: getattr(self, name) for name in ("mails", "events", "contents", "suppressions", "users", "jobs")},
            **{"exports": self.exports, "queue": self.queue, "new_archive": Archive},
            said_by=self.consents.of,
            policy_of=lambda account: AccountPolicy(),
            new_id=iter([f"{number:032x}" for number in range(99)]).__next__,
        )

    def new_job(self, kind: JobKind = JobKind.ERASURE, address: str = ANNA, job_id: str = "1" * 32) -> Job:
        made = Job("acme", job_id, kind, self.clock.now, address, hash_of(address, "acme", SECRETS))
        saved = self.jobs.save(made)
        assert saved
        return saved

    def job(self, job_id: str = "1" * 32) -> Job:
        found = self.jobs.find("acme", job_id, self.clock.now)
        assert found
        return found

    def erase(self, job_id: str = "1" * 32, life: list[int] | None = None, between: Callable[[], None] = int) -> None:
        """Works on the job until nobody queues it anew; `between` two calls this is done."""
        while True:
            before = self.queue.times(job_id)
            erase.erase(self.job(job_id), self.erasing(life), clock=self.clock, may_go_on=lambda: True)
            if self.queue.times(job_id) == before:
                return
            between()
            self.clock.now += timedelta(seconds=self.queue[-1][2])

    def dump(self) -> list[tuple[str, bytes]]:
        names = ("events", "messages", "links", "account", "salts", "reports", "outbox")
        dynamodb, s3 = boto3.client("dynamodb", region_name=REGION), boto3.client("s3", region_name=REGION)
        return [*traces.tables(dynamodb, names), *traces.objects(s3, "blobs")]


def office_of(stack: Stack) -> Office:
    table = "account", REGION
    s3 = boto3.client("s3", region_name=REGION)
    return Office(
        EveryMail("messages", REGION),
        Messages("messages", REGION),
        Events("events", REGION),
        Blobs(s3, "blobs"),
        Links("links", REGION),
        Consents(*table),
        Suppressions(*table, SECRETS),
        Users(*table),
        Jobs(*table),
        Exports(s3, "blobs"),
        ReportSchedules(*table),
        Uploads(*table),
        BroughtFiles(s3, "blobs"),
        Queue(),
        Clock(NOON + timedelta(hours=1)),
    )


def mail(number: int, to: str = ANNA, sending: Sending = Sending.SENT, **changes: Any) -> Message:
    """A mail of the account; its id tells its number."""
    at = NOON + timedelta(minutes=number)
    made = Message(
        message_id=f"{number:08x}" * 4,
        account="acme",
        accepted_at=at,
        envelope=Envelope("Kim <kim@acme.example>", (f"Anna Berg <{to}>",), subject=f"Quote for {to}"),
        tracking=Tracking(True, True, None, at + timedelta(days=100)),
        record=("leads", f"of-{to}"),
        user="kim",
        tags=(("whose", to),),
        links=2,
        sending=sending,
        ses_message_id=f"ses-{number}" if sending is Sending.SENT else None,
        sent_at=at if sending is Sending.SENT else None,
    )
    return replace(made, **changes)


def content(to: str) -> Content:
    file = Attachment(f"{to}.txt", to.encode(), "text/plain", is_linked=True)
    return Content(f"<p>Dear {to}</p>", f"Dear {to}", {}, (file,), ("https://example.com/", LONG))


def keep(office: Office, message: Message, to: str) -> None:
    """Stores a mail as accepting, sending, ingesting and folding leave it."""
    mid = message.message_id
    office.contents.put("acme", mid, content(to))
    office.messages.add(replace(message, sending=Sending.QUEUED))
    if message.sending is Sending.QUEUED:
        return
    held = replace(message, sending=Sending.SENDING, claim="c" * 32)
    until = message.tracking.until
    office.messages.claim(message, "c" * 32, lease_ends_at=message.accepted_at + timedelta(minutes=1), until=until)
    office.links.put(mid, {1: LONG})
    key = office.contents.put_file("acme", mid, 0, to.encode())
    office.links.put_files(mid, {0: StoredFile(key, f"{to}.txt", "text/plain")})
    if message.sending is Sending.SENDING:
        return
    office.messages.settle(held, Sending.SENT, ses_message_id=message.ses_message_id, sent_at=message.sent_at)
    at = message.accepted_at
    happened = [
        event.make(mid, "s", Kind.SENT, at, ses_message_id=message.ses_message_id),
        event.make(mid, "b", Kind.BOUNCED, at, recipient=to, type="soft", reason=f"{to} is full"),
        event.make(mid, "d", Kind.DELIVERED, at, recipient=to),
        event.make(mid, "o", Kind.OPENED, at + timedelta(minutes=5), method="GET"),
        event.make(mid, "c", Kind.CLICKED, at + timedelta(minutes=6), method="GET", position=1),
    ]
    for one in happened:
        office.events.put(one, at + timedelta(days=107))
    state = summarise(happened, until=until)
    office.messages.store_fold(message, Fold(state=state))


def settle_in(office: Office) -> None:
    """Two mails to Anna and one to Raj that were sent, one to Anna that waits, and what she said and suffered."""
    for number, to in ((1, ANNA), (2, RAJ), (3, ANNA)):
        keep(office, mail(number, to), to)
    keep(office, mail(4, ANNA, Sending.QUEUED), ANNA)
    bring(office, "a" * 32, f"{ANNA}.pdf", NOON)
    for address in (ANNA, RAJ):
        be_known(office, address)


def bring(office: Office, upload_id: str, filename: str, at: datetime) -> None:
    """A file that a program announced and brought, for a mail to come."""
    data = f"an offer for {filename}".encode()
    office.uploads.add("acme", Upload(upload_id, filename, "application/pdf", len(data), at + KEPT))
    s3 = boto3.client("s3", region_name=REGION)
    s3.put_object(Bucket="blobs", Key=f"_uploads/acme/{upload_id}", Body=data)


def note_with_others(office: Office) -> None:
    """Anna noted what Raj said, spoke for him, asked that he be left alone, and that Kim be written to again."""
    office.consents.add("acme", RAJ, given(NOON + HOUR, f"by word of <{ANNA.upper()}>, his assistant", "crm", NOON))
    office.consents.add("acme", RAJ, withdrawn(NOON, "a form", "Anna@Example.com"))
    raj, kim = (Cause(Reason.MANUAL, NOON, detail=f"{ANNA} asked for it", by=by) for by in (ANNA, "crm"))
    office.suppressions.change("acme", RAJ, lambda known: suppression.add(known, raj))
    office.suppressions.change(
        "acme", "kim@example.com", lambda known: suppression.lift(suppression.add(known, kim), NOON + HOUR, ANNA)
    )


def be_known(office: Office, address: str) -> None:
    """A consent, a suppression, a row of soft bounces; and a user of the account, who is them."""
    office.users.put("acme", User(address[:3], "Somebody", address, ("sales",)))
    office.consents.add("acme", address, given(NOON, f"a form of {address}", address, NOON))
    cause = Cause(Reason.HARD_BOUNCE, NOON, detail=f"{address} is unknown", by=address)
    fate = Fate(mail(1).message_id, NOON, Outcome.SOFT, NOON, f"{address} is full")
    office.suppressions.change_both("acme", address, lambda known, _: (suppression.add(known, cause), (fate,)))
