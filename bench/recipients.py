"""The mail for one more recipient, by the core's functions as `chalicelib.flow.send` calls them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from chalicelib.core import links
from chalicelib.core.token import Keys, Mode, Purpose, Token, mint

KEYS = Keys({1: b"a secret that is only for benchmarks"})
TRACKING_URL = "https://t.example.net"
UNTIL = datetime(2099, 1, 1, tzinfo=UTC)
EVERY_MESSAGE = "so does `flow.send` with every message, for each is a mail of its own"


def minted(destinations: Sequence[str], message_id: str) -> tuple[list[str], str]:
    """Freshly signed: the link to each destination, and the URL of the pixel."""
    urls = [
        f"{TRACKING_URL}/c/{mint(Token(Purpose.CLICK, Mode.FULL, message_id, UNTIL, position, url), KEYS)}"
        for position, url in enumerate(destinations)
    ]
    return urls, f"{TRACKING_URL}/o/{mint(Token(Purpose.OPEN, Mode.FULL, message_id, UNTIL), KEYS)}"


def html_for(cut: links.Split, message_id: str) -> str:
    """A mail that was cut already, with the links and the pixel of this message."""
    return links.instrument(cut, *minted(cut.destinations, message_id))
