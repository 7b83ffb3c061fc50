"""Idempotency-Keys: a program names its request, and the same request again makes nothing new for a day."""

import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib.core.problem import MailsightError

KEY_LASTS = timedelta(hours=24)


class KeyReused(MailsightError):
    """The Idempotency-Key was used for another body in the last 24 hours; use a new one for another request."""

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used with another body; use a new key for another request")


def body_hash(key: str, body: Mapping[str, Any]) -> str:
    """HMAC-SHA256 of the body's canonical JSON: the order of its fields does not make it another body.

    Its key is the Idempotency-Key, of which only a hash is stored: who does not know it cannot try whom a body named.
    """
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()
