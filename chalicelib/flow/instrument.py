"""The mail as it goes out: signed links, the pixel, and what must be stored so that they work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from chalicelib.core import links, mime
from chalicelib.core.message import Content, Message
from chalicelib.core.token import LONGEST_DESTINATION, Keys, Purpose, Token, mint


class Contents(Protocol):
    """Where contents are kept."""

    def put(self, account: str, message_id: str, content: Content) -> None: ...


class LongLinks(Protocol):
    """Where destinations lie that are too long for their token."""

    def put(self, message_id: str, destinations: Mapping[int, str]) -> None: ...


class Parts(NamedTuple):
    """What making a mail needs. `tracking_url` has no slash at its end; `new_id` returns another id each time."""

    contents: Contents
    long_links: LongLinks
    keys: Keys
    tracking_url: str
    new_id: Callable[[], str]


def mail_of(message: Message, content: Content, parts: Parts) -> bytes:
    """The whole mail. What has to be looked up later is stored first, so that no link goes out that leads nowhere."""
    html = content.html
    if html is not None and message.tracking.is_on:
        html = _instrumented(message, content, html, parts)
    return mime.build(message.envelope, content, html, new_boundary=lambda: f"=_{parts.new_id()}")


def _instrumented(message: Message, content: Content, html: str, parts: Parts) -> str:
    """The HTML with signed links and the pixel; every other byte as it was."""
    split = links.split(html)
    if message.tracking.clicks and split.destinations != content.links:
        # the rewriter has changed since the mail was accepted: positions must mean what was sent
        parts.contents.put(message.account, message.message_id, replace(content, links=split.destinations))
    urls = pixel = None
    if message.tracking.clicks:
        urls = _urls(message, split.destinations, parts)
    if message.tracking.opens:
        pixel = f"{parts.tracking_url}/o/{_token(message, Purpose.OPEN, parts)}"
    return links.instrument(split, urls, pixel)


def _urls(message: Message, destinations: Sequence[str], parts: Parts) -> list[str]:
    """The signed link to each destination; those too long for their token are stored first."""
    long = {position: url for position, url in enumerate(destinations) if len(url) > LONGEST_DESTINATION}
    if long:
        parts.long_links.put(message.message_id, long)
    tokens = (
        _token(message, Purpose.CLICK, parts, position, "" if position in long else url, is_stored=position in long)
        for position, url in enumerate(destinations)
    )
    return [f"{parts.tracking_url}/c/{token}" for token in tokens]


def _token(
    message: Message, purpose: Purpose, parts: Parts, position: int = 0, url: str = "", *, is_stored: bool = False
) -> str:
    until = message.tracking.until
    assert until is not None, "a tracked message has a window when it is sent"
    return mint(Token(purpose, message.tracking.mode, message.message_id, until, position, url, is_stored), parts.keys)
