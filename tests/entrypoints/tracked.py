"""Payloads, keys and tokens for the tests of the tracking host."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.core.token import Keys, Mode, Purpose, Token

EVENTS = Path(__file__).parents[1] / "events" / "http_api"
KEYS = Keys({1: b"k" * 32, 2: b"l" * 32})
FOREIGN = Keys({1: b"f" * 32, 2: b"g" * 32})
MESSAGE_ID = "0123456789abcdef" * 2
UNTIL = datetime(2027, 3, 1, tzinfo=UTC)
DESTINATION = "https://crm.example/offers?id=4711&x=a%20b#top"
OPEN = Token(Purpose.OPEN, Mode.FULL, MESSAGE_ID, UNTIL)
CLICK = Token(Purpose.CLICK, Mode.FULL, MESSAGE_ID, UNTIL, 3, DESTINATION)
STORED = Token(Purpose.CLICK, Mode.FULL, MESSAGE_ID, UNTIL, 3, "", is_stored=True)


def payload(name: str, text: str, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text().replace("TOKEN", "token"))
    made["rawPath"] = made["requestContext"]["http"]["path"] = f"/{name[0]}/{text}"
    made["requestContext"]["http"]["method"] = changes.pop("method", "GET")
    made["requestContext"].update(changes)
    return made
