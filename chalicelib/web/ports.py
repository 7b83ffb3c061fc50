"""What the pages need from the outside, as small as they need it; the entrypoint hands it in."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core.apikey import ApiKey
from chalicelib.core.event import Event
from chalicelib.core.message import Content, Message
from chalicelib.core.token import Keys
from chalicelib.web.urls import Site


class Page(Protocol):
    """A part of a list, newest first."""

    @property
    def messages(self) -> Sequence[Message]: ...

    @property
    def has_more(self) -> bool:
        """Whether there are more in the direction that was asked for."""


class Messages(Protocol):
    """The mails of an account."""

    def page(self, account: str, limit: int, after: str | None = None, before: str | None = None) -> Page:
        """`limit` mails next to a place, older than `after` or newer than `before`; the newest without either."""

    def get(self, account: str, message_id: str) -> Message | None: ...


class Parts(NamedTuple):
    """`events` are oldest first, of a great many the first and the latest; `links` are the content's tracked ones,
    which never change; `random_hex` are 32 unguessable digits."""

    site: Site
    keys: Keys
    find_key: Callable[[str], ApiKey | None]
    messages: Messages
    events: Callable[[Message], Sequence[Event]]
    content: Callable[[Message], Content | None]
    links: Callable[[Message], Sequence[str]]
    now: Callable[[], datetime]
    random_hex: Callable[[], str]
