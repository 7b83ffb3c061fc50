"""Mails of the past, played to a run by the real handlers: taken in and sent as of their time, told of as SES tells it,
and hit with requests as the gateway hands them over.

Every id is made from the plan, so whatever is played again changes nothing; a mail that was being played when the demo
was ended is played to its end by the next.
"""

import contextlib
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3

from chalicelib.core import submission
from chalicelib.core.bad_input import BadInput
from chalicelib.core.message import Failure, Message
from chalicelib.core.notification import TAG
from chalicelib.entrypoints import accepting
from chalicelib.flow import accept, instrument
from chalicelib.flow import send as sending
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.ses import Answer, Verdict
from chalicelib.settings import Settings
from chalicelib.storage.aggregates import Aggregates
from chalicelib.storage.links import Links
from infra.demo_cast import CHROME
from infra.demo_mail import Urls
from infra.demo_month import DELIVERED_AFTER, Hit, Mail
from infra.local import letter as letters
from infra.local import pumps, ses_events, tracking_host
from infra.local.emulator import HOST, REGION
from infra.local.functions import TRACK, Function, load
from infra.local.letter import Letter
from infra.local.ses_events import Accepted, Notification, Refusal
from infra.local.ses_request import Outgoing
from infra.local.tracking_host import Request

SETTINGS = (*accepting.SETTINGS, "links_table", "configuration_set", "tracking_url")
"""The settings that playing asks for."""

REFUSALS = {"hard": Refusal(550, "5.1.1 user unknown"), "soft": Refusal(452, "4.2.2 mailbox full")}
COMPLAINED_AFTER = timedelta(minutes=40)
BATCH = 10
_READER = "198.51.100.7"
"""Where all of them sit: an address for documentation (RFC 5737), which no list of networks has."""
_ONE_CLICK = b"List-Unsubscribe=One-Click"


class NotPlayed(Exception):
    """A handler of the run did not do what it should; its log, or the environment, says more."""


class _Nowhere:
    """Where mails wait for being sent: here none does, for it is sent at once."""

    def put(self, message_id: str, delay_seconds: int = 0) -> None: ...


class _Kept:
    """A store of which what was read once is not read again: nobody changes it while mails are played."""

    def __init__(self, store: object) -> None:
        self._store = store
        self._known: dict[tuple[str, ...], Any] = {}

    def get(self, *asked: str) -> Any:
        if asked not in self._known:
            self._known[asked] = self.__getattr__("get")(*asked)
        return self._known[asked]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Ses:
    """Takes every mail, and keeps the last one as it went out. Its ids are made from ours."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], message_id: str, tags: Sequence[tuple[str, str]]
    ) -> Answer:
        self.taken = {message_id: raw}
        return Answer(Verdict.ACCEPTED, ses_message_id=ses_message_id(message_id))


def ses_message_id(message_id: str) -> str:
    """SES's id of a mail of the past."""
    return ses_events.message_id(0, str(uuid.uuid5(uuid.NAMESPACE_OID, message_id)))


class _Parts(NamedTuple):
    stores: accept.Stores
    sending: sending.Parts
    ses: _Ses
    ingest: Function
    track: Function


def _parts(own: Settings) -> _Parts:
    stores = accepting.accepting_of(own)
    policies: Any = _Kept(stores.permissions.policies)
    register: Any = _Kept(stores.templates.register)
    contents_of: Any = _Kept(stores.templates.contents)
    stores = stores._replace(
        queue=_Nowhere(),
        permissions=stores.permissions._replace(policies=policies),
        templates=stores.templates._replace(register=register, contents=contents_of),
    )
    ses, contents = _Ses(), Blobs(boto3.client("s3"), own.blob_bucket)
    links, aggregates = Links(own.links_table, own.region), Aggregates(own.messages_table, own.region)
    making = instrument.Parts(contents, links, own.keys, own.tracking_url, lambda: uuid.uuid4().hex, aggregates)
    parts = sending.Parts(stores.messages, contents, ses, making, stores.permissions, _fail, making.new_id)
    ingest = Function("ingest", load("chalicelib.entrypoints.ingest.ingest"), 30)
    return _Parts(stores, parts, ses, ingest, Function("track", load(TRACK), tracking_host.TIMEOUT_SECONDS))


def _fail(message: Message, failure: Failure, now: datetime) -> bool:
    raise NotPlayed(f"the mail {message.message_id} was not sent: {failure.detail}")


class Past:
    """Plays mails to the run that the settings are of, as of this account. Nothing after `now` is played."""

    def __init__(self, own: Settings, account: str, now: datetime) -> None:
        self._parts, self._account, self._now = _parts(own), account, now

    def play(self, mails: Iterable[tuple[Mail, dict[str, Any]]]) -> Iterator[str]:
        """Plays each mail with the body that it is handed over as, and gives its id. What may not be sent is left
        out."""
        told: list[Notification] = []
        for mail, body in mails:
            if not self._is_sent(mail, body):
                continue
            told += self._told(mail)
            with quiet():
                if len(told) >= BATCH:
                    self._tell(told[:BATCH])
                    told = told[BATCH:]
                self._hit(mail)
            yield mail.message_id
        with quiet():
            self._tell(told)

    def _is_sent(self, mail: Mail, body: dict[str, Any]) -> bool:
        """Takes a mail in and sends it, unless that is done already; False where its person gets no mail any more."""
        if self._parts.stores.messages.get(self._account, mail.message_id) is None:
            try:
                self._accept(mail, body)
            except BadInput:
                return False
        sending.send(mail.message_id, self._parts.sending, now=mail.at)
        return True

    def _accept(self, mail: Mail, body: dict[str, Any]) -> None:
        accept.accept(
            submission.parse(body),
            body,
            account=self._account,
            idempotency_key=None,
            stores=self._parts.stores,
            new_id=lambda: mail.message_id,
            now=mail.at,
        )

    def _told(self, mail: Mail) -> list[Notification]:
        """What SES tells of it."""
        accepted = _accepted(mail)
        told = [ses_events.sent(accepted)]
        refusals = {accepted.mail.recipients[0]: REFUSALS[mail.fate]} if mail.fate in REFUSALS else {}
        told += ses_events.first_answers(accepted, DELIVERED_AFTER, refusals)
        if mail.at + COMPLAINED_AFTER <= self._now:
            told += ses_events.late_answers(accepted, COMPLAINED_AFTER)
        return told

    def _tell(self, told: Sequence[Notification]) -> None:
        """Hands the notifications to the function as the queue does."""
        for begin in range(0, len(told), BATCH):
            records = [
                {"MessageId": str(number), "ReceiptHandle": str(number), "Body": json.dumps(one)}
                for number, one in enumerate(told[begin : begin + BATCH])
            ]
            if len(pumps.hand_over(records, f"arn:aws:sqs:{REGION}:000000000000:demo", self._parts.ingest)) < len(
                records
            ):
                raise NotPlayed("the function ingest did not take what SES tells")

    def _hit(self, mail: Mail) -> None:
        """All that its reader, and what reads for them, does until now."""
        due = [(number, hit) for number, hit in enumerate(mail.hits) if hit.at <= self._now]
        gone = mail.unsubscribed_at if mail.unsubscribed_at and mail.unsubscribed_at <= self._now else None
        if not due and not gone:
            return
        letter = self._letter(mail.message_id)
        urls = Urls(letter.html)
        for number, hit in due:
            url = _url(urls, hit)
            if url:  # else the account's settings are that nothing is tracked
                self._ask(f"{mail.message_id[:16]}-{number}", hit, url)
        if gone:
            way_out = letter.header("List-Unsubscribe").strip("<>")
            self._ask(f"{mail.message_id[:16]}-gone", Hit(gone, CHROME, method="POST"), way_out)

    def _letter(self, message_id: str) -> Letter:
        """The mail as its reader has it."""
        raw = self._parts.ses.taken.get(message_id)
        if raw is None:  # it was sent by a demo that was ended then; its links are made the same again
            message = self._parts.stores.messages.get(self._account, message_id)
            content = self._parts.sending.contents.get(self._account, message_id)
            if message is None or content is None:
                raise NotPlayed(f"what the mail {message_id} says is not kept any more")
            raw = instrument.mail_of(message, content, self._parts.sending.making)
        return letters.read(raw)

    def _ask(self, request_id: str, hit: Hit, url: str) -> None:
        """Makes a request to the tracking function, as its gateway hands it over."""
        headers = [("User-Agent", hit.user_agent), ("Accept", "*/*"), ("Host", urlsplit(url).netloc)]
        body = _ONE_CLICK if hit.method == "POST" else b""
        headers += [("Content-Type", "application/x-www-form-urlencoded")] if body else []
        request = Request(hit.method, urlsplit(url).path, "HTTP/1.1", headers, _READER, body)
        event = tracking_host.event_of(request, request_id, int(hit.at.timestamp() * 1000))
        answer = self._parts.track(event) if event else {}
        if answer.get("statusCode") not in (200, 302):
            raise NotPlayed(f"the function track answered {answer.get('statusCode')} to a hit")


def _url(urls: Urls, hit: Hit) -> str | None:
    if hit.position is None:
        return next((url for url in urls.images if "/o/" in url), None)
    tracked = [url for url in urls.links if "/c/" in url]
    return tracked[hit.position] if hit.position < len(tracked) else None


def _accepted(mail: Mail) -> Accepted:
    """The mail as SES took it, without its header fields and its body."""
    outgoing = Outgoing(
        source=mail.user.address,
        sender=mail.user.address,
        recipients=(mail.address,),
        fields=(),
        body=b"",
        configuration_set="mailsight",
        tags={TAG: [mail.message_id]},
        overrides={},
        has_virus=False,
    )
    return Accepted(ses_message_id(mail.message_id), mail.at, HOST, REGION, outgoing)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what handlers write for CloudWatch from the terminal."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
