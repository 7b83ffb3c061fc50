"""The pages with an account of fakes behind them, and a reader who keeps cookies as a browser does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlencode

from chalicelib.core import apikey, event, instant, phone_call
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.apikey import ApiKey
from chalicelib.core.cell import counted_of
from chalicelib.core.consent import Entry
from chalicelib.core.event import Event, Kind
from chalicelib.core.job import Job
from chalicelib.core.job import Kind as JobKind
from chalicelib.core.mail_context import context_of
from chalicelib.core.mail_filter import ALL, Only
from chalicelib.core.message import Content, Envelope, Message, Sending, Tracking
from chalicelib.core.phone_call import ANY, PhoneCall, counts_as
from chalicelib.core.status import opened_at, status_of
from chalicelib.core.summary import summarise
from chalicelib.core.token import Keys
from chalicelib.web import signin
from chalicelib.web.answer import Answer, Asked
from chalicelib.web.ports import Parts
from chalicelib.web.problems import answered
from chalicelib.web.urls import site_of
from tests.web import filled
from tests.web.filled import FilledReports

NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
SECRETS = {1: b"k" * 32}


class FakePage(NamedTuple):
    messages: list[Message]
    has_more: bool
    after: str | None
    before: str | None


class FakeMessages:
    """What storage promises, in a dict. With a filter it looks at no more than `looks` mails at a time."""

    def __init__(self) -> None:
        self.by_id: dict[str, Message] = {}
        self.looks = 1000

    def page(
        self, account: str, limit: int, after: str | None = None, before: str | None = None, only: Only = ALL
    ) -> FakePage:
        places = {one.key: one for one in self.by_id.values() if one.account == account}
        if only.is_all:
            return page_of(places, limit, after, before)
        looked_at = page_of(places, self.looks, after, before)
        wanted = {one.key: one for one in looked_at.messages if _is_wanted(one, only)}
        found = page_of(wanted, limit, after, before)
        if found.has_more or not looked_at.has_more:
            return found
        onward = {"before": looked_at.before} if before else {"after": looked_at.after}
        return found._replace(has_more=True, **onward)

    def opened_page(self, account: str, limit: int, after: str | None = None, before: str | None = None) -> FakePage:
        opened = ((opened_at(one.state.engagement), one) for one in self.by_id.values() if one.account == account)
        places = {f"{instant.show(at)}#{one.message_id}": one for at, one in opened if at}
        return page_of(places, limit, after, before)

    def get(self, account: str, message_id: str) -> Message | None:
        found = self.by_id.get(message_id)
        return found if found and found.account == account else None


def page_of(places: Mapping[str, Message], limit: int, after: str | None, before: str | None) -> FakePage:
    """The page of what has these places, next to one of them, newest first."""
    there = [one for one in sorted(places) if (not after or one < after) and (not before or one > before)]
    chosen = (there[:limit] if before else there[-limit:])[::-1]
    first, last = (chosen[0], chosen[-1]) if chosen else (None, None)
    return FakePage([places[place] for place in chosen], len(there) > limit, last, first)


def _is_wanted(message: Message, only: Only) -> bool:
    has = (status_of(message), message.source, message.tracking.reason, message.template or "")
    named = zip((only.status, only.source, only.reason, only.template), has, strict=True)
    is_of_users = only.users is None or (message.user or "") in only.users
    module = message.record[0] if message.record else ""
    is_there = is_of_users and only.module in (None, module) and all(want in (None, value) for want, value in named)
    return is_there and (not only.is_of_counted or only.holds_for(counted_of(message, message.state, UTC)))


class FakeCallPage(NamedTuple):
    calls: list[PhoneCall]
    has_more: bool
    after: str | None
    before: str | None


class FakePhoneCalls:
    """What storage promises, in a list."""

    def __init__(self) -> None:
        self.all: list[PhoneCall] = []

    def page(
        self,
        account: str,
        limit: int,
        after: str | None = None,
        before: str | None = None,
        only: phone_call.Only = ANY,
    ) -> FakeCallPage:
        wanted = [one for one in self.all if one.account == account and _is_call_wanted(one, only)]
        there = [one for one in sorted(wanted, key=lambda one: one.place) if _is_between(one, after, before)]
        chosen = (there[:limit] if before else there[-limit:])[::-1]
        first, last = (chosen[0].place, chosen[-1].place) if chosen else (None, None)
        return FakeCallPage(chosen, len(there) > limit, last, first)


def _is_between(call: PhoneCall, after: str | None, before: str | None) -> bool:
    return (not after or call.place < after) and (not before or call.place > before)


def _is_call_wanted(call: PhoneCall, only: phone_call.Only) -> bool:
    named = [(only.module, call.module), (only.direction, call.direction), (only.outcome, call.outcome)]
    is_of_days = (only.first or "") <= call.day <= (only.last or "~")
    is_named = all(want in (None, value) for want, value in named) and call.user in (only.users or {call.user})
    return is_of_days and is_named and (only.column is None or counts_as(call, only.column))


class FakeExports:
    """Jobs in a dict, which nobody works at; `error` is raised at the next beginning."""

    def __init__(self) -> None:
        self.by_id: dict[str, Job] = {}
        self.error: Exception | None = None

    def begin(self, account: str, export_id: str, query: Mapping[str, Sequence[str]], file_format: str) -> None:
        if self.error:
            raise self.error
        new = Job(account, export_id, JobKind.MAILS, NOW, None, None, query=query, file_format=file_format)
        self.by_id.setdefault(export_id, new)

    def find(self, account: str, export_id: str) -> Job | None:
        found = self.by_id.get(export_id)
        return found if found and found.account == account else None

    def url_of(self, export: Job, number: int) -> str:
        return f"https://files.example.com/{export.parts[number].key}"


class Desk:
    """An account `acme` with one key, and the parts of the pages. `now` may be set."""

    def __init__(self, dashboard_url: str = "https://app.example.com") -> None:
        self.now = NOW
        self.keys: dict[str, ApiKey] = {}
        self.messages = FakeMessages()
        self.phone_calls = FakePhoneCalls()
        self.exports = FakeExports()
        self.numbers = count(1)
        self.events: dict[str, list[Event]] = {}
        self.contents: dict[str, Content] = {}
        self.policy = AccountPolicy()
        self.consents: dict[str, list[Entry]] = {}
        self.reports = FilledReports(NOW)
        self.groups: dict[str, frozenset[str]] = {}
        self.key = self.add_key("acme")
        self.parts = Parts(
            site=site_of(dashboard_url),
            keys=Keys(SECRETS),
            find_key=self.keys.get,
            messages=self.messages,
            phone_calls=self.phone_calls,
            policy=lambda _account: self.policy,
            consents=lambda _account, address_key: self.consents.get(address_key, []),
            events=lambda message: self.events[message.message_id],
            content=lambda message: self.contents.get(message.message_id),
            clickable=lambda message: self.contents[message.message_id].clickable,
            report=lambda account, name, query: self.reports(account, name, query),
            directory=lambda _account: filled.DIRECTORY,
            users_of=lambda _account, group: self.groups.get(group, frozenset()),
            report_file=lambda *_asked: "https://files.example.com/",
            exports=self.exports,
            now=lambda: self.now,
            random_hex=lambda: f"{next(self.numbers):032x}",
        )

    def add_key(self, account: str, *scopes: str) -> str:
        """The text of a new key; it may read and send if nothing else is said."""
        key_id, text, secret_hash = apikey.make(lambda size: bytes([len(self.keys) + 1]) * size)
        self.keys[key_id] = ApiKey(key_id, account, "Sales", frozenset(scopes or ("read", "send")), secret_hash, NOW)
        return text

    def revoke_all(self) -> None:
        for key_id, key in self.keys.items():
            self.keys[key_id] = replace(key, revoked_at=NOW)

    def add(self, subject: str = "Quote", *, minutes_ago: float = 10, **changes: object) -> str:
        """A tracked mail to Anna, sent, in the list; its id."""
        message_id = f"{len(self.messages.by_id) + 1:032x}"
        at = self.now - timedelta(minutes=minutes_ago)
        envelope = Envelope("Max <max@acme.example>", ("Anna Berg <anna@example.com>",), subject=subject)
        tracking = Tracking(True, True, None, at + timedelta(days=100))
        message = Message(message_id, "acme", at, envelope, tracking, sending=Sending.SENT, sent_at=at)
        self.messages.by_id[message_id] = replace(message, **changes)
        self.events[message_id] = []
        self.contents[message_id] = Content("<p>Hello</p>", None)
        return message_id

    def call(self, user: str = "max", *, minutes_ago: float = 10, **changes: Any) -> str:
        """An answered call that somebody made, in the list; its id."""
        call_id = f"{len(self.phone_calls.all) + 1:032x}"
        at = self.now - timedelta(minutes=minutes_ago)
        made = PhoneCall(call_id, "acme", user, "outbound", at, 65, "answered", at.date().isoformat())
        self.phone_calls.all.append(made._replace(**changes))
        return call_id

    def happen(self, message_id: str, kind: Kind, at: datetime | None = None, **data: object) -> None:
        """An event, folded into the mail's state."""
        events = self.events[message_id]
        events.append(event.make(message_id, f"{len(events):04}", kind, at or self.now, **data))
        message = self.messages.by_id[message_id]
        context = context_of(message, self.policy)
        self.messages.by_id[message_id] = replace(message, state=summarise(events, context=context))

    def reader(self) -> "Reader":
        """A signed-in reader."""
        reader = Reader(self)
        reader.sign_in(self.key)
        return reader


class Reader:
    """Asks for pages, and keeps cookies."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cookies: dict[str, str] = {}

    def ask(self, show, *args, query=None, form=None, **headers) -> Answer:
        """What a page of `chalicelib.web` answers; further headers are given as `if_none_match=…`."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = {"cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        every = {name: [value] if isinstance(value, str) else value for name, value in (query or {}).items()}
        last = {name: values[-1] for name, values in every.items()}
        asked = Asked(given, last, urlencode(form).encode() if form else b"", every)
        answer = answered(self.desk.parts.site, lambda: show(*args, asked, self.desk.parts))
        if "Set-Cookie" in answer.headers:
            name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sign_in(self, key: str, **fields: str) -> Answer:
        """What the sign-in form answers to a key."""
        shown = self.ask(signin.show_signin)
        return self.ask(signin.sign_in, form={"form_token": token_in(shown), "key": key, **fields})


def token_in(answer: Answer) -> str:
    """The token of the first form."""
    found = re.search(r'name="form_token" value="([^"]+)"', answer.body)
    assert found, answer.body
    return found[1]


def text_of(answer: Answer) -> str:
    """What a person reads: without tags, spaces made one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.body))
