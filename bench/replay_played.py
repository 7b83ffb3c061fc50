"""A made-up mail as it is played to a run: how it is handed over, what is told of it, and what must come of that.

What SES tells of a mail is what its stand-in tells, word for word: a repeated notification is built here once more.
"""

import base64
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bench.replay_mails import LINKS, Mail, Truth
from chalicelib.core import event, instant, notification
from chalicelib.core.event import Event, Kind
from infra.demo_cast import APPLE, CHROME, GMAIL
from infra.local import ses_events
from infra.local.ses_events import SIMULATOR, Accepted, Notification, Refusal
from infra.local.ses_request import EICAR

LATER = timedelta(hours=1)
"""What is made up comes so long after the mail, far behind what is asked for over HTTP meanwhile."""
ANSWERED, COMPLAINED = timedelta(seconds=0.3), timedelta(seconds=0.6)
"""When the stand-in of SES tells what became of a mail (infra/local/ses.py, `delay`)."""
SCANNER = "Barracuda Sentinel (EE)"
HTML = "<p>Hello</p>" + "".join(f'<p><a href="https://example.com/{link}">{link}</a></p>' for link in range(LINKS))
REFUSALS = {"hard": Refusal(550, "5.1.1 user unknown"), "soft": Refusal(452, "4.2.2 mailbox full")}


class Request(NamedTuple):
    """A request to the tracking host. `who` it is counted for: person, proxy or machine."""

    kind: Kind
    method: str
    user_agent: str
    who: str
    position: int | None = None


_OPENS = (
    Request(Kind.OPENED, "GET", CHROME, "person"),
    Request(Kind.OPENED, "GET", GMAIL, "person"),
    Request(Kind.OPENED, "GET", APPLE, "proxy"),
    Request(Kind.OPENED, "HEAD", CHROME, "machine"),
    Request(Kind.OPENED, "GET", SCANNER, "machine"),
)
_CLICKS = (
    Request(Kind.CLICKED, "GET", CHROME, "person"),
    Request(Kind.CLICKED, "HEAD", CHROME, "machine"),
    Request(Kind.CLICKED, "GET", SCANNER, "machine"),
)


class Played(NamedTuple):
    """A mail in the run: what must be known of it, the hits to write, what SES is still to tell and what it told by
    itself. `event_keys` are those of all of this."""

    message_id: str
    address: str
    truth: Truth
    hits: list[Event]
    to_tell: list[Notification]
    told: list[Notification]
    event_keys: set[str]


def without_foreign(made: Mail) -> Mail:
    """The mail, of no template, for it says what it says by itself; one that was not sent from here is none that can be
    handed over."""
    source = "individual" if made.message.source == "external" else made.message.source
    return made._replace(message=replace(made.message, source=source, template=None))


def address_of(made: Mail, number: int) -> str:
    """A recipient who gets no other mail, so that no suppression stands in its way."""
    kinds = {one.kind for one in made.events}
    if Kind.COMPLAINED in kinds:
        return f"complaint+{number}@{SIMULATOR}"
    is_unknown = made.truth.bounce == "hard" and Kind.DELIVERED not in kinds
    return f"bounce+{number}@{SIMULATOR}" if is_unknown else f"person{number}@example.com"


def body_of(made: Mail, number: int) -> dict[str, Any]:
    """What is handed to `POST /v1/emails`."""
    message, is_on = made.message, made.message.tracking.is_on
    body: dict[str, Any] = {
        "from": "sales@example.com",
        "to": address_of(made, number),
        "subject": f"Replay {number}",
        "html": HTML,
        "source": message.source,
        "tracking": {"opens": is_on, "clicks": is_on},
    }
    if message.record:
        body["record"] = {"module": message.record[0], "record_id": message.record[1]}
    if message.user:
        body["user"] = message.user
    if made.truth.is_dropped:
        body["attachments"] = [{"filename": "a.txt", "content": base64.b64encode(EICAR).decode()}]
    return body


def played(made: Mail, message_id: str, accepted: Accepted) -> Played:
    """What happens to a mail that SES took, at times after that."""
    assert made.truth.sent_at
    away = accepted.accepted_at + LATER - made.truth.sent_at
    away -= timedelta(microseconds=away.microseconds % 1000)  # events have milliseconds
    truth = _moved(made.truth, accepted.accepted_at, away)
    hits = [
        event.make(message_id, one.event_id, one.kind, one.occurred_at + away, **one.data)
        for one in made.events
        if one.kind in event.HITS
    ]
    told, to_tell = _told(made, accepted), _to_tell(made, accepted, away)
    keys = {one.key for one in hits} | {key for one in [*told, *to_tell] for key in _keys(one)}
    return Played(message_id, accepted.mail.recipients[0], truth, hits, to_tell, told, keys)


def drawn_requests(chance: random.Random, number: int) -> list[Request]:
    """So many requests of one mail, which never follow three of its links: a sweep is known by that."""
    links = chance.sample(range(LINKS), 2)
    clicks = [one._replace(position=position) for one in _CLICKS for position in links]
    return [chance.choice(_OPENS if chance.random() < 0.6 else clicks) for _ in range(number)]


def note(truth: Truth, request: Request, at: datetime) -> None:
    """Adds a request to what must be known of its mail."""
    if request.position is not None:
        both = truth.clicks.setdefault(request.position, [0, 0])
        both[request.who != "person"] += 1
        if request.who == "person":
            truth.clicked.append(at)
    elif request.who == "person":
        truth.opened.append(at)
    elif request.who == "proxy":
        truth.proxies += 1
    else:
        truth.machines += 1


def _moved(truth: Truth, accepted_at: datetime, away: timedelta) -> Truth:
    """As it must be in the run. The stand-in delivers whatever it has not refused at once."""
    is_unknown = truth.bounce == "hard" and not truth.is_delivered
    return replace(
        truth,
        sent_at=accepted_at,
        is_delivered=not (truth.is_dropped or is_unknown),
        complained_at=truth.complained_at and accepted_at + COMPLAINED,
        unsubscribed_at=truth.unsubscribed_at and truth.unsubscribed_at + away,
        opened=[at + away for at in truth.opened],
        clicked=[at + away for at in truth.clicked],
        clicks={position: list(both) for position, both in truth.clicks.items()},
    )


def _told(made: Mail, accepted: Accepted) -> list[Notification]:
    """What the stand-in tells by itself."""
    if made.truth.is_dropped:
        return [ses_events.sent(accepted), ses_events.rejected(accepted)]
    first, late = ses_events.first_answers(accepted, ANSWERED, {}), ses_events.late_answers(accepted, COMPLAINED)
    return [ses_events.sent(accepted), *first, *late]


def _to_tell(made: Mail, accepted: Accepted, away: timedelta) -> list[Notification]:
    """What else happened to the mail by what was made up: delays, and bounces after the delivery."""
    address = accepted.mail.recipients[0]
    found = [_delay(accepted, address) for one in made.events if one.kind is Kind.DELAYED]
    if ses_events.scenario(address) == "success":
        for one in made.events:
            if one.kind is Kind.BOUNCED:
                after, refusal = one.occurred_at + away - accepted.accepted_at, REFUSALS[one.data["type"]]
                found += ses_events.first_answers(accepted, after, {address: refusal})
    return found


def _delay(accepted: Accepted, address: str) -> Notification:
    """Shape: developer guide, "Contents of event data that Amazon SES publishes to Amazon SNS", deliveryDelay."""
    recipient = {"emailAddress": address, "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 Unable to connect"}
    delay = {
        "delayType": "TransientCommunicationFailure",
        "delayedRecipients": [recipient],
        "expirationTime": instant.show(accepted.accepted_at + timedelta(hours=14)),
        "timestamp": instant.show(accepted.accepted_at + ANSWERED / 2),
    }
    return {"eventType": "DeliveryDelay", "mail": ses_events.sent(accepted)["mail"], "deliveryDelay": delay}


def _keys(told: Notification) -> Sequence[str]:
    return [one.key for one in notification.parse(json.dumps(told)).events]
