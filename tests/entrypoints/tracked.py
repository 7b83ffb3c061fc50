"""Payloads, keys and tokens for the tests of the tracking host."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.core.stored_file import StoredFile
from chalicelib.core.token import Keys, Mode, Purpose, Token
from chalicelib.entrypoints.track import Parts

EVENTS = Path(__file__).parents[1] / "events" / "http_api"
KEYS = Keys({1: b"k" * 32, 2: b"l" * 32})
FOREIGN = Keys({1: b"f" * 32, 2: b"g" * 32})
MESSAGE_ID = "0123456789abcdef" * 2
UNTIL = datetime(2027, 3, 1, tzinfo=UTC)
DESTINATION = "https://crm.example/offers?id=4711&x=a%20b#top"
OPEN = Token(Purpose.OPEN, Mode.FULL, MESSAGE_ID, UNTIL)
CLICK = Token(Purpose.CLICK, Mode.FULL, MESSAGE_ID, UNTIL, 3, DESTINATION)
STORED = Token(Purpose.CLICK, Mode.FULL, MESSAGE_ID, UNTIL, 3, "", is_stored=True)
FILE = Token(Purpose.ATTACHMENT, Mode.FULL, MESSAGE_ID, UNTIL, 1, is_stored=True)
UNSUBSCRIBE = Token(Purpose.UNSUBSCRIBE, Mode.FULL, MESSAGE_ID, UNTIL)
SALT = b"s" * 32


def parts(log: Any, stage: str = "none") -> Parts:
    """What a hit is served with; a file is at its key, and every day has the same salt."""
    return Parts(KEYS, log, url_of, lambda _day: SALT, stage)


def url_of(file: StoredFile, method: str) -> str:
    return f"https://files.example/{file.key}?by={method}"


def payload(name: str, text: str, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text().replace("TOKEN", "token"))
    made["rawPath"] = made["requestContext"]["http"]["path"] = f"/{changes.pop('letter', name[0])}/{text}"
    made["requestContext"]["http"]["method"] = changes.pop("method", "GET")
    made["requestContext"].update(changes)
    return made
