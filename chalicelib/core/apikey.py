"""API keys: `ms_<key id>_<secret>`, shown once, stored as a hash; or of another kind (ses_credential.py), without one.

The secret has 256 bits from the system's generator, so a fast hash is enough: there is nothing to guess.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.core import rate_limit

SCOPES = frozenset({"send", "read", "admin"})
BEARER = "bearer"

_FORM = re.compile(r"ms_([0-9a-f]{16})_([0-9a-f]{64})")


@dataclass(frozen=True)
class ApiKey:
    """A key as stored. `scopes`: send hands over mails, read sees them, admin changes the account. Of the kind `ses`
    there is no `secret_hash`, and it is never taken for one of the others."""

    key_id: str
    account: str
    name: str
    scopes: frozenset[str]
    secret_hash: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    kind: str = BEARER
    rate_limit: int = rate_limit.USUAL  # calls a minute

    def is_valid(self, now: datetime) -> bool:
        """Whether it may be used now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def make(random_bytes: Callable[[int], bytes]) -> tuple[str, str, str]:
    """A new key: its id, the text to show once, and the hash to store. `random_bytes` is `secrets.token_bytes`."""
    key_id, secret = random_bytes(8).hex(), random_bytes(32).hex()
    return key_id, f"ms_{key_id}_{secret}", hash_of(secret)


def parse(text: str) -> tuple[str, str] | None:
    """The key id and secret of a key's text; None for what is no key."""
    match = _FORM.fullmatch(text)
    return (match[1], match[2]) if match else None


def hash_of(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_right(key: ApiKey, secret: str) -> bool:
    """Whether this is the key's secret, compared in constant time."""
    return hmac.compare_digest(key.secret_hash, hash_of(secret))


def checked(text: str, find: Callable[[str], ApiKey | None], now: datetime) -> ApiKey | None:
    """The key of this text, if it is known, right, and valid now; `find` looks a key up by its id."""
    key_id, secret = parse(text) or ("", "")
    key = find(key_id) if key_id else None
    return key if key and key.kind == BEARER and is_right(key, secret) and key.is_valid(now) else None
