"""By what an address is found again: consents and suppressions are kept under it, also when the person is erased."""

import hashlib
import hmac

from chalicelib.core.token import Keys


def key_of(address: str) -> str:
    """The key of a bare ASCII address: all in lower case.

    RFC 5321 section 2.4 leaves the case of the local part to its host, and hosts ignore it. To take `Anna@` and `anna@`
    for one person is the safe side: whoever withdraws or complains is left alone however the address is written.
    """
    return address.lower()


def hash_of(key: str, account: str, keys: Keys) -> str:
    """What is kept of an erased person's address, made with the newest key: `<key id>.<64 hex digits>`.

    It holds the account, so that nobody can be followed from one account to another.
    """
    return _hash(key, account, keys, keys.newest)


def hashes_of(key: str, account: str, keys: Keys) -> tuple[str, ...]:
    """Under which hashes this address may have been kept, newest key first: keys change, what is kept stays."""
    return tuple(_hash(key, account, keys, key_id) for key_id in sorted(keys.secrets, reverse=True))


def _hash(key: str, account: str, keys: Keys, key_id: int) -> str:
    text = account.encode() + b"\x00" + key.encode("utf-8", "replace")
    return f"{key_id}.{hmac.digest(keys.derive(key_id, 'address'), text, hashlib.sha256).hex()}"
