"""The month before today in a run: `make demo` fills it once, and the days since then whenever it is made again."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.message import Message
from chalicelib.core.status import bounce_of, complained_at
from chalicelib.settings import Settings
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from infra.demo_cast import TEMPLATES, USERS, Contact, Template
from infra.demo_month import Call as PhoneCall
from infra.demo_month import Day, Mail, plan
from infra.demo_past import COMPLAINED_AFTER, NotPlayed, Past, quiet, ses_message_id
from infra.local.emulator import REGION
from infra.local.functions import Function, load
from infra.local.key import ACCOUNT
from infra.local.schedules import scheduled_event

DAYS = 30
MARK = "demo-days.json"
"""In the folder of the run: the days of which nothing is left to be played."""

PATIENCE_SECONDS = 120
SAY_EVERY_SECONDS = 2

Call = Callable[[str, str, object], Any]
"""The run's API: method, path and body to the answer."""


class Filled(NamedTuple):
    """What was played now."""

    days: int = 0
    mails: int = 0


def fill(folder: Path, own: Settings, call: Call, say: Callable[[str], None], *, days: int, now: datetime) -> Filled:
    """Plays what is missing of so many days, today the last. Raises NotPlayed."""
    zone = Policies(own.account_table, own.region).get(ACCOUNT).zone
    today = now.astimezone(zone).date()
    marks = _marks(folder)
    wanted = [today - timedelta(days=number) for number in reversed(range(days))]
    missing = {day: plan(day, zone) for day in wanted if day.isoformat() not in marks}
    if not missing:
        return Filled()
    _introduce(call)
    mails = [mail for day in missing.values() for mail in day.mails if mail.at <= now]
    past = Past(own, ACCOUNT, now)
    progress = _Progress(len(mails), say)
    played = []
    for message_id in past.play((mail, body_of(mail)) for mail in mails):
        played.append(message_id)
        progress.at(len(played))
    for path, told in told_by_the_crm(missing.values(), set(played), now):
        call("POST", path, told)
    _wait(own, [mail for mail in mails if mail.message_id in set(played)], now)
    with quiet():
        _report(now)
    _mark(folder, marks | {day.isoformat() for day, one in missing.items() if _is_over(one, now)})
    return Filled(len(missing), len(played))


def body_of(mail: Mail) -> dict[str, Any]:
    """What a CRM hands over for it."""
    who, template = mail.contact, mail.template
    body: dict[str, Any] = {
        "from": f"{mail.user.name} <{mail.user.address}>",
        "to": f"{who.first} {who.last} <{mail.address}>",
        "user": mail.user.user_id,
        "source": template.source if template else "individual",
    }
    if mail.answers:
        answered = _answer_id(mail.answers, mail.contact)
        html = f"<p>Thank you, {who.first}!</p><p>{mail.user.name}</p>"
        return body | {"subject": "Re: Re: your mail", "html": html, "headers": {"In-Reply-To": answered}}
    if template is None:
        return body | _by_hand(mail)
    record = {"module": template.module, "record_id": who.address.partition("@")[0]}
    data = {"contact": {"first_name": who.first, "company": who.company.title()}}
    return body | {"template": template.template_id, "data": data, "record": record}


def told_by_the_crm(
    days: Iterable[Day], played: AbstractSet[str], now: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What came in and who was called, as the CRM tells of it: path and body."""
    for day in days:
        for mail in day.mails:
            if mail.answered_at and mail.answered_at <= now and mail.message_id in played:
                yield "/v1/emails/received", _answer(mail, mail.answered_at)
        yield from (("/v1/calls", _call(one)) for one in day.calls if one.at <= now)


def _answer(mail: Mail, at: datetime) -> dict[str, Any]:
    return {
        "from": f"{mail.contact.first} {mail.contact.last} <{mail.address}>",
        "to": mail.user.address,
        "subject": "Re: your mail",
        "text": "Sounds good. Can you tell me more?",
        "message_id": _answer_id(mail.message_id, mail.contact),
        "in_reply_to": f"<{ses_message_id(mail.message_id)}@{REGION}.amazonses.com>",
        "received_at": instant.show(at),
    }


def _answer_id(message_id: str, contact: Contact) -> str:
    """The Message-ID of the answer to a mail."""
    return f"<{message_id}@{contact.company}.example>"


def _call(call: PhoneCall) -> dict[str, Any]:
    return {
        "call_id": call.call_id,
        "user": call.user.user_id,
        "record": {"module": "contacts", "record_id": call.contact.address.partition("@")[0]},
        "direction": call.direction,
        "started_at": instant.show(call.at),
        "seconds": call.seconds,
        "outcome": call.outcome,
    }


def _by_hand(mail: Mail) -> dict[str, str]:
    """What somebody wrote without a template, one time in three as plain text, which cannot be tracked."""
    hello, text = f"Hi {mail.contact.first},", f"as I said: Thursday at ten is fine.\n\n{mail.user.name}"
    if int(mail.message_id[0], 16) % 3 == 0:
        return {"subject": "Thursday", "text": f"{hello}\n\n{text}"}
    return {"subject": "Thursday", "html": f"<p>{hello}</p><p>{text}</p>"}


def _introduce(call: Call) -> None:
    """Tells of users and templates; telling it again changes nothing."""
    for user in USERS:
        told = {"name": user.name, "address": user.address, "groups": list(user.groups)}
        call("PUT", f"/v1/users/{user.user_id}", told)
    for one in TEMPLATES:
        call("PUT", f"/v1/templates/{one.template_id}", template_of(one))


def template_of(one: Template) -> dict[str, str]:
    """The body that makes a template."""
    return {"name": one.name, "subject": one.subject, "html": one.html}


class _Progress:
    """Says now and then how far it is, how fast it goes and how long it takes."""

    def __init__(self, all_of_them: int, say: Callable[[str], None]) -> None:
        self._all, self._say = all_of_them, say
        self._begun = self._said = time.monotonic()

    def at(self, number: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if now - self._said < SAY_EVERY_SECONDS and number < self._all:
            return
        self._said = now
        rate = number / max(now - self._begun, 0.001)
        left = (self._all - number) / rate
        self._say(f"  {number:,} of {self._all:,} mails of the past, {rate:.0f}/s, {left:.0f} s left")


def _wait(own: Settings, mails: Sequence[Mail], now: datetime) -> None:
    """Until all that was played is folded."""
    messages = Messages(own.messages_table, own.region)
    deadline = time.monotonic() + PATIENCE_SECONDS
    for mail in mails:
        while not _is_told(mail, messages.find(mail.message_id), now):
            if time.monotonic() > deadline:
                raise NotPlayed(f"what became of the mail {mail.message_id} was not folded within {PATIENCE_SECONDS} s")
            time.sleep(0.2)


def _report(now: datetime) -> None:
    """Builds the tables of reports, as the run does every minute."""
    build = Function("report", load("chalicelib.entrypoints.report.report"), PATIENCE_SECONDS)
    build(scheduled_event("report", now))


def _is_told(mail: Mail, found: tuple[Message, Any] | None, now: datetime) -> bool:
    """Whether the message knows all that became of the mail until now."""
    if found is None:
        return True  # somebody has deleted it
    state = found[0].state
    if mail.fate in ("hard", "soft"):
        return bounce_of(state.delivery) is not None
    hits = sum(hit.at <= now for hit in mail.hits) if found[0].tracking.is_individual else 0
    opens, clicks = state.engagement.opens, state.engagement.clicks
    seen = opens.count + opens.proxy + opens.machine + clicks.count + clicks.machine
    is_over = mail.fate != "complaint" or mail.at + COMPLAINED_AFTER > now or complained_at(state.delivery) is not None
    return state.delivery.delivered_at is not None and seen >= hits and is_over


def _is_over(day: Day, now: datetime) -> bool:
    return day.last_at is None or day.last_at <= now


def _marks(folder: Path) -> set[str]:
    try:
        return set(json.loads((folder / MARK).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # it only saves time
        return set()


def _mark(folder: Path, days: set[str]) -> None:
    (folder / MARK).write_text(json.dumps(sorted(days)) + "\n", encoding="utf-8")
