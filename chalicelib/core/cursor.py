"""Cursors of lists: opaque and signed, so that a reader cannot step into another account's keys."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from chalicelib.core.problem import MailsightError
from chalicelib.core.token import Keys

_MAC_BYTES = 12


class BadCursor(MailsightError):
    """The text is no cursor of this account; take `after` and `before` from an answer of the same list."""


def seal(keys: Keys, account: str, place: str) -> str:
    """The cursor that stands for a place (a sort key) in a list; `account` says whose, and which list."""
    raw = place.encode()
    return urlsafe_b64encode(_mac(keys, keys.newest, account, raw) + bytes([keys.newest]) + raw).rstrip(b"=").decode()


def open_(keys: Keys, account: str, cursor: str) -> str:
    """The place that a cursor stands for. Raises BadCursor."""
    try:
        sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        mac, key_id, raw = sealed[:_MAC_BYTES], sealed[_MAC_BYTES], sealed[_MAC_BYTES + 1 :]
    except (ValueError, IndexError):
        raise BadCursor("not a cursor of this list") from None
    if key_id not in keys.secrets or not hmac.compare_digest(mac, _mac(keys, key_id, account, raw)):
        raise BadCursor("not a cursor of this list")
    return raw.decode()


def _mac(keys: Keys, key_id: int, account: str, raw: bytes) -> bytes:
    key = keys.derive(key_id, "cursor")
    return hmac.digest(key, account.encode() + b"\x00" + raw, hashlib.sha256)[:_MAC_BYTES]
