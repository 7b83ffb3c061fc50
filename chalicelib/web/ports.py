"""What the pages need from the outside, as small as they need it; the entrypoint hands it in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from chalicelib.core import phone_call
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.apikey import ApiKey
from chalicelib.core.consent import Entry
from chalicelib.core.event import Event
from chalicelib.core.job import Job
from chalicelib.core.mail_filter import ALL, Only
from chalicelib.core.message import Clickable, Content, Message
from chalicelib.core.phone_call import PhoneCall
from chalicelib.core.token import Keys
from chalicelib.web.urls import Site


class Page(Protocol):
    """A part of a list, newest first. It may be short and still have more: there may be more that match."""

    @property
    def messages(self) -> Sequence[Message]: ...

    @property
    def has_more(self) -> bool:
        """Whether there are more in the direction that was asked for."""

    @property
    def after(self) -> str | None:
        """The place from which to go on to older ones."""

    @property
    def before(self) -> str | None:
        """The place from which to go on to newer ones."""


class Messages(Protocol):
    """The mails of an account."""

    def page(
        self, account: str, limit: int, after: str | None = None, before: str | None = None, only: Only = ALL
    ) -> Page:
        """`limit` mails next to a place, older than `after` or newer than `before`; the newest without either."""

    def opened_page(self, account: str, limit: int, after: str | None = None, before: str | None = None) -> Page:
        """The same by the latest open by a person; mails that nobody opened are not in it."""

    def get(self, account: str, message_id: str) -> Message | None: ...


class PhoneCallPage(Protocol):
    """A part of the list of calls, as a `Page` is of mails."""

    @property
    def calls(self) -> Sequence[PhoneCall]: ...

    @property
    def has_more(self) -> bool: ...

    @property
    def after(self) -> str | None: ...

    @property
    def before(self) -> str | None: ...


class PhoneCalls(Protocol):
    """The telephone calls of an account."""

    def page(
        self, account: str, limit: int, after: str | None, before: str | None, only: phone_call.Only
    ) -> PhoneCallPage:
        """As `Messages.page` does."""


class ListExports(Protocol):
    """Lists of mails that become files, which takes its time."""

    def begin(self, account: str, export_id: str, query: Mapping[str, Sequence[str]], file_format: str) -> None:
        """Begins the export of this id; again, it is the same one. Raises BadInput, Refused for the id of another list
        or format, and TryAgain if it cannot now."""

    def find(self, account: str, export_id: str) -> Job | None:
        """How far it is; None if there is no such export of a list."""

    def url_of(self, export: Job, number: int) -> str:
        """Where its file of this number, from 0, can be fetched for the next minutes."""


class Directory(NamedTuple):
    """Whom and what reports can be narrowed to: users and templates with their names, by id, and groups of users."""

    users: Sequence[tuple[str, str]] = ()
    groups: Sequence[str] = ()
    templates: Sequence[tuple[str, str]] = ()


class Parts(NamedTuple):
    """`policy` is an account's; `consents` are all that a person said, by account and the key of their address;
    `events` are oldest first, of a great many the first and the latest; `clickable` is what of the content is tracked,
    which never changes; `report` is what the API answers of an account's report to a query, or raises BadInput;
    `report_file` makes a file of it, in the format of the last argument, and is where that can be fetched;
    `users_of` are the ids of those who are in a group of an account; `random_hex` are 32 unguessable digits."""

    site: Site
    keys: Keys
    find_key: Callable[[str], ApiKey | None]
    messages: Messages
    phone_calls: PhoneCalls
    policy: Callable[[str], AccountPolicy]
    consents: Callable[[str, str], Iterable[Entry]]
    events: Callable[[Message], Sequence[Event]]
    content: Callable[[Message], Content | None]
    clickable: Callable[[Message], Clickable]
    report: Callable[[str, str, Mapping[str, Sequence[str]]], Mapping[str, Any]]
    directory: Callable[[str], Directory]
    users_of: Callable[[str, str], frozenset[str]]
    report_file: Callable[[str, str, Mapping[str, Sequence[str]], str], str]
    exports: ListExports
    now: Callable[[], datetime]
    random_hex: Callable[[], str]
