"""SES on loopback: takes any sender, keeps every mail, and tells what became of it as SES would.

Knows SendEmail and GetAccount of API v2 as the SDKs call them (`AWS_ENDPOINT_URL_SESV2`), the mailbox simulator's
addresses, and virus rejection by the EICAR file; what it kept is shown under `/inbox`. Its tests' friend: `fail_next`.
"""

import json
import logging
import smtplib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from chalicelib.core import instant
from infra.local import letter, ses_events, ses_request, ses_untold
from infra.local.inbox import Inbox, Response
from infra.local.mailbox import Kept, Mailbox
from infra.local.postman import Postman
from infra.local.ses_events import Accepted, Notification, Refusal
from infra.local.ses_http import Server
from infra.local.ses_request import Refused
from infra.local.ses_untold import Untold

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
_RELAY_SECONDS = 10
_PUBLISH_ATTEMPTS = 5
_FIRST_STEP = "POST /v1/emails, to whomever you like"

_Stage = Callable[[], list[Notification]]


class Fault(StrEnum):
    """What can go wrong with one SendEmail."""

    THROTTLED = "throttled"  # TooManyRequestsException
    REFUSED = "refused"  # MessageRejected
    BROKEN = "broken"  # an error of status 500, the mail not taken
    CUT = "cut"  # the mail is taken, the connection closed without an answer
    SLOW = "slow"  # the mail is taken, the answer late


_FAULTS = {
    Fault.THROTTLED: ("Maximum sending rate exceeded.", "TooManyRequestsException", 429),
    Fault.REFUSED: ("Email address is not verified.", "MessageRejected", 400),
    Fault.BROKEN: ("The service failed, as a test asked it to.", "InternalFailure", 500),
}


class _Telling:
    """How many stages and notifications of a mail are left; changed by the postman's thread only."""

    def __init__(self, accepted: Accepted, left: int) -> None:
        self.accepted = accepted
        self.left = left


class SesStandIn:
    """The server. `publish` is given each notification, from one thread, in the order of their time.

    Port 0 picks a free one. A mail's answers come `delay` seconds after it, complaints and out-of-office answers after
    twice that. `relay` ("host:port") names an SMTP server that is handed every mail for those of its recipients that
    the simulator does not play; what it refuses bounces. With `duplicate`, what SNS may do to notifications is done to
    all: each comes twice, the first time in reverse order. `first_step` is what an empty inbox tells a person to do.
    """

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        publish: Callable[[Notification], None],
        relay: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        delay: float = 0.3,
        slow_seconds: float = 5.0,
        duplicate: bool = False,
        region: str = "eu-west-1",
        daily_quota: float = 50_000,
        rate: float = 100,
        first_step: str = _FIRST_STEP,
    ) -> None:
        self.mailbox = Mailbox(folder)
        self._publish = publish
        self._relay = relay
        self._clock = clock
        self._delay = delay
        self._slow_seconds = slow_seconds
        self._duplicate = duplicate
        self._region = region
        self._quota = {"Max24HourSend": daily_quota, "MaxSendRate": rate}
        self._faults: deque[Fault] = deque()
        self._sent: deque[tuple[datetime, int]] = deque()
        self._lock = threading.Lock()
        self._last_ms = self.mailbox.newest_epoch_ms
        self._postman = Postman()
        self._stopping = threading.Event()
        self._server = Server(host, port, self)
        self._inbox = Inbox(self.mailbox, self.url, clock, first_step)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self._server.url

    def start(self) -> None:
        """Begin; first with what a run before, that was killed, has not told any more."""
        for text in self.mailbox.untold():
            self._plan_again(text)
        self._postman.start()
        self._server.start()

    def stop(self) -> None:
        """Publish what is still to be told, now, and close every connection."""
        self._stopping.set()
        self._server.stop()
        self._postman.stop()

    def __enter__(self) -> "SesStandIn":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fail_next(self, count: int, kind: Fault | str) -> None:
        """The next so many SendEmail calls go wrong in this way, after those already asked for."""
        self._faults.extend([Fault(kind)] * count)

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, peer: str
    ) -> Response | None:
        """The answer to any HTTP request; None means: close the connection without one."""
        if path == "/":
            return Response(302, "text/plain", b"", (("Location", "/inbox"),))
        if not path.startswith("/v2/"):
            return self._inbox.answer(method, path, query, headers.get("If-None-Match", ""))
        try:
            if (method, path) == ("POST", "/v2/email/outbound-emails"):
                return self._send_email(body, peer)
            if (method, path) == ("GET", "/v2/email/account"):
                return _answer(200, self._account())
            raise Refused(
                f"The local SES knows SendEmail and GetAccount, not {method} {path}", "NotImplementedException", 501
            )
        except Refused as refused:
            return error(refused)

    def _send_email(self, body: bytes, peer: str) -> Response | None:
        fault = self._faults.popleft() if self._faults else None
        if fault and fault in _FAULTS:
            raise Refused(*_FAULTS[fault])
        accepted = self._accept(ses_request.read(body), peer)
        if fault is Fault.CUT:
            return None
        if fault is Fault.SLOW:
            self._stopping.wait(self._slow_seconds)
        return _answer(200, {"MessageId": accepted.ses_message_id})

    def _accept(self, mail: ses_request.Outgoing, peer: str) -> Accepted:
        now = self._clock()
        with self._lock:
            # strictly rising, so that the order of mails is never a draw
            epoch_ms = self._last_ms = max(int(now.timestamp() * 1000), self._last_ms + 1)
            self._sent.append((now, len(mail.recipients)))
        accepted = Accepted(ses_events.message_id(epoch_ms, str(uuid4())), now, peer, self._region, mail)
        raw = ses_request.stamp(mail, accepted.ses_message_id, now, self._region)
        is_ours_to_tell = mail.has_virus or all(map(ses_events.is_simulated, mail.recipients))
        is_relayed = bool(self._relay) and not is_ours_to_tell
        untold = ses_untold.show(Untold(accepted, is_relayed))
        self.mailbox.keep(Kept(accepted.ses_message_id, epoch_ms, raw, _envelope(accepted)), untold)
        # many may wait to be told, and nothing of the body is told
        lean = accepted._replace(mail=mail._replace(body=b""))
        self._plan(lean, partial(self._hand_on, lean, raw) if is_relayed else _no_refusals)
        return accepted

    def _plan(self, accepted: Accepted, hand_on: Callable[[], Mapping[str, Refusal]]) -> None:
        first, late = timedelta(seconds=self._delay), timedelta(seconds=2 * self._delay)
        stages: list[tuple[timedelta, _Stage]] = [(timedelta(0), lambda: [ses_events.sent(accepted)])]
        if accepted.mail.has_virus:
            stages.append((first, lambda: [ses_events.rejected(accepted)]))
        else:
            stages.append((first, lambda: ses_events.first_answers(accepted, first, hand_on())))
            stages.append((late, lambda: ses_events.late_answers(accepted, late)))
        self._post(accepted, stages)

    def _plan_again(self, text: str) -> None:
        """Of a mail that a run before took. All of it, for what was published is not known, and twice is harmless.

        With a relay only that it was sent: whether the relay has it is not known, and nobody is to get a mail twice.
        """
        try:
            accepted, is_relayed = ses_untold.parse(text)
        except (ValueError, KeyError, TypeError):  # of a disk that was full, or another version
            logger.exception("what was to be told of a kept mail cannot be read")
            return
        if is_relayed:
            self._post(accepted, [(timedelta(0), lambda: [ses_events.sent(accepted)])])
        else:
            self._plan(accepted, _no_refusals)

    def _post(self, accepted: Accepted, stages: list[tuple[timedelta, _Stage]]) -> None:
        if self._duplicate:
            stages = [(stages[-1][0], partial(_all, [ask for _, ask in stages]))]
        telling = _Telling(accepted, len(stages))
        for after, ask in stages:
            self._postman.post(after.total_seconds(), partial(self._tell, telling, ask))

    def _tell(self, telling: _Telling, ask: _Stage) -> None:
        notifications = ask()
        if not telling.accepted.mail.configuration_set:
            notifications = []  # without one there is nobody to tell
        if self._duplicate:
            notifications = [*reversed(notifications), *notifications]
        telling.left += len(notifications)
        for notification in notifications:
            self._tell_one(telling, notification, 1)
        self._done(telling)

    def _tell_one(self, telling: _Telling, notification: Notification, attempt: int) -> None:
        try:
            self._publish(notification)
        except Exception:
            logger.exception("publishing a notification failed, attempt %d of %d", attempt, _PUBLISH_ATTEMPTS)
            if attempt < _PUBLISH_ATTEMPTS:
                self._postman.post(attempt, lambda: self._tell_one(telling, notification, attempt + 1))
        else:
            self._done(telling)

    def _done(self, telling: _Telling) -> None:
        telling.left -= 1
        if not telling.left:
            self.mailbox.told(telling.accepted.ses_message_id)

    def _hand_on(self, accepted: Accepted, raw: bytes) -> dict[str, Refusal]:
        """Give a mail to the relay; says which recipients it refused."""
        assert self._relay
        recipients = [address for address in accepted.mail.recipients if not ses_events.is_simulated(address)]
        host, _, port = self._relay.rpartition(":")
        try:
            with smtplib.SMTP(host, int(port), timeout=_RELAY_SECONDS) as smtp:
                refused = smtp.sendmail(accepted.mail.sender, recipients, raw)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except smtplib.SMTPResponseException as error:
            refused = {address: (error.smtp_code, _bytes(error.smtp_error)) for address in recipients}
        except (OSError, smtplib.SMTPException) as error:
            logger.warning("the relay %s cannot be used: %s", self._relay, error)
            refused = {address: (421, f"4.4.1 {self._relay}: {error}".encode()) for address in recipients}
        return {address: Refusal(code, text.decode("utf-8", "replace")) for address, (code, text) in refused.items()}

    def _account(self) -> dict[str, Any]:
        now = self._clock()
        with self._lock:
            while self._sent and self._sent[0][0] <= now - DAY:
                self._sent.popleft()
            sent = float(sum(count for _, count in self._sent))
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "SendQuota": {**self._quota, "SentLast24Hours": sent},
        }


def error(refused: Refused) -> Response:
    """An error as SES v2 answers it."""
    return _answer(refused.status, {"message": str(refused)}, ("x-amzn-ErrorType", refused.kind))


def _no_refusals() -> Mapping[str, Refusal]:
    return {}


def _all(stages: Iterable[_Stage]) -> list[Notification]:
    return [notification for ask in stages for notification in ask()]


def _answer(status: int, value: object, *headers: tuple[str, str]) -> Response:
    request_id = ("x-amzn-RequestId", str(uuid4()))
    return Response(status, "application/json", json.dumps(value).encode(), (request_id, *headers))


def _envelope(accepted: Accepted) -> dict[str, Any]:
    """What is remembered beside a mail; the inbox's list shows it without opening the mail."""
    mail = accepted.mail
    return {
        "accepted_at": instant.show(accepted.accepted_at),
        "from": letter.header_text(mail.header("From")),
        "subject": letter.header_text(mail.header("Subject")),
        "sender": mail.sender,
        "recipients": list(mail.recipients),
        "configuration_set": mail.configuration_set,
        "tags": dict(mail.tags),
        "overrides": dict(mail.overrides),
    }


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
