"""The mail as it goes out: signed links, the pixel, files as links and a way to unsubscribe; and what must be stored so
that they work.

A mail goes out untracked rather than not at all: a link stays as it was where what it needs cannot be stored. Files
that go out as links are the mail's own, so without them it waits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol

from chalicelib.core import linked_files, links, mime, unsubscribe_url
from chalicelib.core.aggregate import aggregate_id, aggregate_of
from chalicelib.core.linked_files import Listed
from chalicelib.core.message import Content, Message
from chalicelib.core.stored_file import StoredFile
from chalicelib.core.token import LONGEST_DESTINATION, Keys, Mode, Purpose, Token, mint

_NEVER = datetime.fromtimestamp(0, UTC)
"""The end of the window of a mail that has none."""


class Contents(Protocol):
    """Where contents are kept, and files that go out as links."""

    def put(self, account: str, message_id: str, content: Content) -> None: ...
    def put_file(self, account: str, message_id: str, position: int, content: bytes) -> str: ...
    def file_key(self, account: str, message_id: str, position: int) -> str: ...


class StoredLinks(Protocol):
    """Where is kept what is too long for a token, and where files are."""

    def put(self, message_id: str, destinations: Mapping[int, str]) -> None: ...
    def put_files(self, message_id: str, files: Mapping[int, StoredFile]) -> None: ...


class Aggregates(Protocol):
    """What hits are kept under that are only added up."""

    def ensure(self, aggregate: Message) -> None: ...


def _unheard(message: Message, links: int, error: Exception) -> None:
    """Where nobody wants to know."""


class Parts(NamedTuple):
    """What making a mail needs. `tracking_url` has no slash at its end; `new_id` returns another id each time; `left`
    is told how many links of a mail stay as they were, and why."""

    contents: Contents
    stored_links: StoredLinks
    keys: Keys
    tracking_url: str
    new_id: Callable[[], str]
    aggregates: Aggregates
    left: Callable[[Message, int, Exception], None] = _unheard


def mail_of(message: Message, content: Content, parts: Parts) -> bytes:
    """The whole mail."""
    going_out = instrumented(message, content, parts)
    return mime.build(message.envelope, going_out, going_out.html, new_boundary=lambda: f"=_{parts.new_id()}")


def instrumented(message: Message, content: Content, parts: Parts) -> Content:
    """What goes out. What has to be looked up later is stored first, so that no link goes out that leads nowhere.

    Of the same message and content it is the same each time, as long as the keys are, and the stores work.
    """
    if message.tracking.is_added_up and not _has_aggregate(message, content, parts):
        message = replace(message, tracking=replace(message.tracking, opens=False, clicks=False))
    files = _stored_files(message, content, parts)
    html, text = content.html, content.text
    if html is not None and (message.tracking.is_on or files):
        html = _instrumented(message, content, html, linked_files.in_html(files), parts)
    if text is not None and files:
        text += linked_files.in_text(files)
    going_out = replace(content, html=html, text=text)
    if message.has_unsubscribe:
        url = f"{parts.tracking_url}/u/{_token_of_mail(message, Purpose.UNSUBSCRIBE, parts)}"
        return _with_a_way_out(going_out, url)
    return going_out


def _instrumented(message: Message, content: Content, html: str, at_the_end: str, parts: Parts) -> str:
    """The HTML with signed links, the pixel and what comes before it; every other byte as it was."""
    split = links.split(html)
    urls = pixel = None
    if message.tracking.clicks and _has_positions(message, content, split.destinations, parts):
        urls = _urls(message, split.destinations, parts)
    if message.tracking.opens:
        pixel = f"{parts.tracking_url}/o/{_token(message, Purpose.OPEN, parts)}"
    return links.instrument(split, urls, pixel, at_the_end)


def _has_aggregate(message: Message, content: Content, parts: Parts) -> bool:
    """Whether there is something that its hits can be kept under."""
    ensure = partial(parts.aggregates.ensure, aggregate_of(message))
    return _is_stored(ensure, message, len(content.links), parts)


def _has_positions(message: Message, content: Content, destinations: tuple[str, ...], parts: Parts) -> bool:
    """Whether positions mean what is sent: the rewriter may have changed since the mail was accepted."""
    if destinations == content.links:
        return True
    as_sent = replace(content, links=destinations)
    put = partial(parts.contents.put, message.account, message.message_id, as_sent)
    return _is_stored(put, message, len(destinations), parts)


def _urls(message: Message, destinations: Sequence[str], parts: Parts) -> list[str | None]:
    """The signed link to each destination; those too long for their token are stored first, or stay as they were."""
    long = {position: url for position, url in enumerate(destinations) if len(url) > LONGEST_DESTINATION}
    is_stored = not long or _is_stored(
        partial(parts.stored_links.put, message.message_id, long), message, len(long), parts
    )

    def token(position: int, url: str) -> str:
        if position in long:
            return _token_of_mail(message, Purpose.CLICK, parts, position, is_stored=True)
        return _token(message, Purpose.CLICK, parts, position, url)

    return [
        f"{parts.tracking_url}/c/{token(position, url)}" if is_stored or position not in long else None
        for position, url in enumerate(destinations)
    ]


def _is_stored(store: Callable[[], None], message: Message, number: int, parts: Parts) -> bool:
    """Whether it could be stored; else so many links stay as they were."""
    try:
        store()
    except Exception as error:  # whatever it is, the mail is worth more than knowing who clicks
        parts.left(message, number, error)
        return False
    return True


def _stored_files(message: Message, content: Content, parts: Parts) -> list[Listed]:
    """The files that go out as links, as they are listed in the mail; each is stored first, and where it is."""
    stored, listed = {}, []
    for position, file in enumerate(linked_files.files_of(content)):
        place = message.account, message.message_id, position
        is_there = file.stored_size is not None  # of an upload, since the mail was taken in
        key = parts.contents.file_key(*place) if is_there else parts.contents.put_file(*place, file.content)
        stored[position] = StoredFile(key, file.filename, file.content_type)
        token = _token_of_mail(message, Purpose.ATTACHMENT, parts, position, is_stored=True)
        listed.append(Listed(file.filename, file.size, f"{parts.tracking_url}/a/{token}"))
    if stored:
        parts.stored_links.put_files(message.message_id, stored)
    return listed


def _with_a_way_out(content: Content, url: str) -> Content:
    """The content with headers for unsubscribing by one click (RFC 8058), and the address where the author wants it."""
    headers = {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    html, text = (body and unsubscribe_url.fill(body, url) for body in (content.html, content.text))
    return replace(content, headers={**content.headers, **headers}, html=html, text=text)


def _token_of_mail(
    message: Message, purpose: Purpose, parts: Parts, position: int = 0, *, is_stored: bool = False
) -> str:
    """A token that names the mail, for what is looked up by that or is the mail's own. It works in mails of every kind,
    and a hit is kept where clicks on this very mail are."""
    if message.tracking.clicks and not message.tracking.is_added_up:
        return _token(message, purpose, parts, position, is_stored=is_stored)
    return mint(Token(purpose, Mode.OFF, message.message_id, _NEVER, position, is_stored=is_stored), parts.keys)


def _token(
    message: Message, purpose: Purpose, parts: Parts, position: int = 0, url: str = "", *, is_stored: bool = False
) -> str:
    """A token by which a hit is kept: under the mail, or under what it is added up in."""
    tracking = message.tracking
    assert tracking.until is not None, "a tracked message has a window when it is sent"
    kept_under = aggregate_id(message) if tracking.is_added_up else message.message_id
    return mint(Token(purpose, tracking.mode, kept_under, tracking.until, position, url, is_stored), parts.keys)
