"""Keys for programs that speak SES's own API and sign as AWS wants: an access key id, and a secret that is derived.

A signature can only be checked with the secret itself, so a hash of it would not do. The secret is made of a master key
and the id (HKDF-Expand, RFC 5869), so nothing of it is stored; the id names the master key, which may be replaced.
"""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode, urlsafe_b64encode
from collections.abc import Callable

from chalicelib.core.token import Keys

KIND = "ses"

_FORM = re.compile(r"MSAK[A-Z2-7]{16}")
_SECRET_LENGTH = 40  # as long as those of AWS


def make(keys: Keys, random_bytes: Callable[[int], bytes]) -> str:
    """A new access key id: `MSAK`, then the id of the newest master key and 72 random bits in base32."""
    return "MSAK" + b32encode(bytes([keys.newest]) + random_bytes(9)).decode("ascii")


def is_access_key_id(text: str) -> bool:
    """Whether it has the form of one."""
    return _FORM.fullmatch(text) is not None


def secret_of(access_key_id: str, keys: Keys) -> str | None:
    """The secret of an access key id; None where its master key is not in use any more."""
    master = b32decode(access_key_id[4:])[0]
    if master not in keys.secrets:
        return None
    secret = hmac.digest(
        keys.derive(master, "ses-credential"), b"mailsight/" + access_key_id.encode() + b"\x01", hashlib.sha256
    )
    return urlsafe_b64encode(secret).decode("ascii")[:_SECRET_LENGTH]
