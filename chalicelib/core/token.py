"""The signed text in every pixel and link: all that a hit needs to know, so that nothing is looked up.

Layout before base64url (RFC 4648 section 5, no padding), integers big-endian:

    version 1 | key id 1 | purpose 1 | mode 1 | message id 16 | until 4 | position 2 | flags 1 | destination n | MAC 16

`until` is the end of the capture window in Unix seconds. The MAC is HMAC-SHA256 over everything before it, cut to 128
bits, with a key derived for this use and purpose, so that a token never passes for one of another purpose.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from chalicelib.core.mac import Mac
from chalicelib.core.problem import MailsightError

VERSION = 1
MAC_BYTES = 16
LONGEST_DESTINATION = 650  # some clients cut links at 1,024 characters; host and base64 need the rest
LONGEST_TOKEN = 1_000

_HEAD = Struct(">BBBB16sIHB")
_IS_STORED = 1


class Purpose(IntEnum):
    """What a token may be used for; also the first letter of its path on the tracking host."""

    OPEN = ord("o")
    CLICK = ord("c")
    ATTACHMENT = ord("a")
    UNSUBSCRIBE = ord("u")


class Mode(IntEnum):
    """How much of a hit is kept."""

    OFF = 0
    FULL = 1
    LAST_OPEN_DATE = 2
    AGGREGATE = 3


class BadToken(MailsightError):
    """The text is no token that this installation minted for this purpose."""


class Token(NamedTuple):
    """What a verified token says.

    `message_id` is 32 lower-case hex digits. `destination` is ASCII and empty where `is_stored` is true: then it
    lies in the table of links.
    """

    purpose: Purpose
    mode: Mode
    message_id: str
    until: datetime
    position: int = 0
    destination: str = ""
    is_stored: bool = False


class Keys(NamedTuple):
    """Master secrets by key id (0-255). The highest id signs; every one verifies."""

    secrets: Mapping[int, bytes]

    @property
    def newest(self) -> int:
        return max(self.secrets)

    def derive(self, key_id: int, use: str) -> bytes:
        """A 256-bit key for one use, by HKDF-Expand of one block (RFC 5869); the master is random already."""
        return _derived(self.secrets[key_id], use)


@lru_cache(maxsize=64)  # a mail has up to a thousand links, all signed with one key
def _derived(master: bytes, use: str) -> bytes:
    return hmac.digest(master, b"mailsight/" + use.encode() + b"\x01", hashlib.sha256)


def link_id(message_id: str, position: int) -> str:
    """Under what a destination lies that is too long for its token."""
    return f"{message_id}#{position}"


def mint(token: Token, keys: Keys) -> str:
    """The text of a token, signed with the newest key. Raises ValueError for a destination that cannot be carried."""
    destination = token.destination.encode("ascii")
    if len(destination) > LONGEST_DESTINATION:
        raise ValueError(f"a destination of {len(destination)} characters must be stored, not carried")
    key_id = keys.newest
    head = _HEAD.pack(
        VERSION,
        key_id,
        token.purpose,
        token.mode,
        bytes.fromhex(token.message_id),
        int(token.until.timestamp()),
        token.position,
        _IS_STORED if token.is_stored else 0,
    )
    body = head + destination
    return urlsafe_b64encode(body + _mac(body, keys, key_id, token.purpose)).rstrip(b"=").decode("ascii")


def verify(text: str, purpose: Purpose, keys: Keys) -> Token:
    """The token of a text. Raises BadToken for whatever was not minted here, for this purpose, in exactly this form."""
    raw = _decode(text)
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if len(body) < _HEAD.size:
        raise BadToken("shorter than any token")
    version, key_id, said_purpose, mode, message_id, until, position, flags = _HEAD.unpack_from(body)
    if version != VERSION or said_purpose != purpose or key_id not in keys.secrets:
        raise BadToken("another version, purpose or key")
    if not hmac.compare_digest(mac, _mac(body, keys, key_id, purpose)):
        raise BadToken("the signature does not match")
    return Token(
        purpose,
        _MODES.get(mode) or Mode.OFF,  # of a later version: redirect, record nothing
        message_id.hex(),
        datetime.fromtimestamp(until, UTC),
        position,
        body[_HEAD.size :].decode("ascii"),
        bool(flags & _IS_STORED),
    )


def _mac(body: bytes, keys: Keys, key_id: int, purpose: Purpose) -> bytes:
    return _keyed(keys.secrets[key_id], purpose).digest(body)[:MAC_BYTES]


@lru_cache(maxsize=64)
def _keyed(master: bytes, purpose: int) -> Mac:
    return Mac(_derived(master, f"token/{chr(purpose)}"))


def _decode(text: str) -> bytes:
    """Canonical base64url only: one text for one token, so that a mutated text never verifies."""
    if len(text) > LONGEST_TOKEN:
        raise BadToken("longer than any token")
    try:
        standard = text.encode("ascii").translate(_TO_STANDARD) + b"=" * (-len(text) % 4)
        raw = a2b_base64(standard)
    except (UnicodeEncodeError, Base64Error):
        raise BadToken("not base64url") from None
    if b2a_base64(raw, newline=False) != standard:
        raise BadToken("not canonical base64url")
    return raw


_MODES = {mode.value: mode for mode in Mode}
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")  # what is only of standard base64 becomes what is of neither
