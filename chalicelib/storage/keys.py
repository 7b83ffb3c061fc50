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


def opened(at: str, message_id: str) -> str:
    """The place in the folder of opens of a mail that was opened last at this time."""
    return f"{at}#{message_id}"


def api_key(key_id: str) -> str:
    """An API key."""
    return f"key#{key_id}"


def idempotency(route: str, key: str) -> str:
    """A used Idempotency-Key; hashed, because callers put addresses and order numbers into it."""
    return f"idempotency#{route}#{hashlib.sha256(key.encode()).hexdigest()}"


def consents(address_key: str) -> str:
    """What begins the keys of all that one person said. An address ends with its domain, which has no `#`."""
    return f"consent#{address_key}#"


def consent(address_key: str, at: str, act: str, digest: str) -> str:
    """One thing that a person said. The digest of all of it lets two things stand at one time."""
    return f"{consents(address_key)}{at}#{act}#{digest[:16]}"


def suppression(address_key: str) -> str:
    """Why an address gets no mail."""
    return f"suppression#{address_key}"


def suppressed(place: str) -> str:
    """An entry in the list of suppressions, by its place."""
    return f"suppressed#{place}"


def suppressed_between(older: str | None, newer: str | None) -> tuple[str, str]:
    """The first and last key of the list of suppressions between two places, both included; None is either end."""
    return suppressed(older or ""), suppressed(newer or "~")  # places begin with the time, so all of them are smaller


def suppressed_place(at: str, address_key: str) -> str:
    """Where an address stands in the list of suppressions: by its latest news."""
    return f"{at}#{address_key}"


def outcomes(address_key: str) -> str:
    """The row of soft bounces of an address."""
    return f"outcomes#{address_key}"
