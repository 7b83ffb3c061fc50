"""Every key string of the tables, made in one place.

Keys begin with the account, except what is found by an id that nobody can guess: messages, links, API keys.
"""

import hashlib

SHARDS = 4
"""Over how many partitions the list of an account's messages is spread: 4,000 mails a second. Only ever raise it."""

ACCOUNTS = "accounts"  # hash key of the register of accounts
SETTINGS = "settings"
API_KEY = "key"


def account_shard(account: str, message_id: str) -> str:
    """The partition of the account's list in which this message stands."""
    return f"{account}#{int(message_id[:8], 16) % SHARDS}"


def account_shards(account: str) -> list[str]:
    """All partitions of the account's list."""
    return [f"{account}#{shard}" for shard in range(SHARDS)]


def api_key(key_id: str) -> str:
    """An API key."""
    return f"key#{key_id}"


def idempotency(route: str, key: str) -> str:
    """A used Idempotency-Key; hashed, because callers put addresses and order numbers into it."""
    return f"idempotency#{route}#{hashlib.sha256(key.encode()).hexdigest()}"
