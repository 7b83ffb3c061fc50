"""The mail as it goes out: signed links, the pixel, files as links and a way to unsubscribe; and what must be stored so
that they work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from chalicelib.core import linked_files, links, mime, unsubscribe_url
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


class StoredLinks(Protocol):
    """Where is kept what is too long for a token, and where files are."""

    def put(self, message_id: str, destinations: Mapping[int, str]) -> None: ...
    def put_files(self, message_id: str, files: Mapping[int, StoredFile]) -> None: ...


class Parts(NamedTuple):
    """What making a mail needs. `tracking_url` has no slash at its end; `new_id` returns another id each time."""

    contents: Contents
    stored_links: StoredLinks
    keys: Keys
    tracking_url: str
    new_id: Callable[[], str]


def mail_of(message: Message, content: Content, parts: Parts) -> bytes:
    """The whole mail. What has to be looked up later is stored first, so that no link goes out that leads nowhere."""
    files = _stored_files(message, content, parts)
    html, text = content.html, content.text
    if html is not None and (message.tracking.is_on or files):
        html = _instrumented(message, content, html, linked_files.in_html(files), parts)
    if text is not None and files:
        text += linked_files.in_text(files)
    going_out = replace(content, text=text)
    if message.has_unsubscribe:
        url = f"{parts.tracking_url}/u/{_clicked_token(message, Purpose.UNSUBSCRIBE, parts)}"
        going_out, html = _with_a_way_out(going_out, html, url)
    return mime.build(message.envelope, going_out, html, new_boundary=lambda: f"=_{parts.new_id()}")


def _instrumented(message: Message, content: Content, html: str, at_the_end: str, parts: Parts) -> str:
    """The HTML with signed links, the pixel and what comes before it; every other byte as it was."""
    split = links.split(html)
    if message.tracking.clicks and split.destinations != content.links:
        # the rewriter has changed since the mail was accepted: positions must mean what was sent
        parts.contents.put(message.account, message.message_id, replace(content, links=split.destinations))
    urls = pixel = None
    if message.tracking.clicks:
        urls = _urls(message, split.destinations, parts)
    if message.tracking.opens:
        pixel = f"{parts.tracking_url}/o/{_token(message, Purpose.OPEN, parts)}"
    return links.instrument(split, urls, pixel, at_the_end)


def _urls(message: Message, destinations: Sequence[str], parts: Parts) -> list[str]:
    """The signed link to each destination; those too long for their token are stored first."""
    long = {position: url for position, url in enumerate(destinations) if len(url) > LONGEST_DESTINATION}
    if long:
        parts.stored_links.put(message.message_id, long)
    tokens = (
        _token(message, Purpose.CLICK, parts, position, "" if position in long else url, is_stored=position in long)
        for position, url in enumerate(destinations)
    )
    return [f"{parts.tracking_url}/c/{token}" for token in tokens]


def _stored_files(message: Message, content: Content, parts: Parts) -> list[Listed]:
    """The files that go out as links, as they are listed in the mail; each is stored first, and where it is."""
    stored, listed = {}, []
    for position, file in enumerate(linked_files.files_of(content)):
        key = parts.contents.put_file(message.account, message.message_id, position, file.content)
        stored[position] = StoredFile(key, file.filename, file.content_type)
        token = _clicked_token(message, Purpose.ATTACHMENT, parts, position, is_stored=True)
        listed.append(Listed(file.filename, len(file.content), f"{parts.tracking_url}/a/{token}"))
    if stored:
        parts.stored_links.put_files(message.message_id, stored)
    return listed


def _with_a_way_out(content: Content, html: str | None, url: str) -> tuple[Content, str | None]:
    """The content with headers for unsubscribing by one click (RFC 8058), and the address where the author wants it."""
    headers = {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    html, text = (body and unsubscribe_url.fill(body, url) for body in (html, content.text))
    return replace(content, headers={**content.headers, **headers}, text=text), html


def _clicked_token(
    message: Message, purpose: Purpose, parts: Parts, position: int = 0, *, is_stored: bool = False
) -> str:
    """A token that works in mails of every kind, and by which a hit is kept where clicks are tracked."""
    if message.tracking.clicks:
        return _token(message, purpose, parts, position, is_stored=is_stored)
    return mint(Token(purpose, Mode.OFF, message.message_id, _NEVER, position, is_stored=is_stored), parts.keys)


def _token(
    message: Message, purpose: Purpose, parts: Parts, position: int = 0, url: str = "", *, is_stored: bool = False
) -> str:
    until = message.tracking.until
    assert until is not None, "a tracked message has a window when it is sent"
    return mint(Token(purpose, message.tracking.mode, message.message_id, until, position, url, is_stored), parts.keys)
