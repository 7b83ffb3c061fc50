"""An address as people write it, made ASCII so that a `Location` can carry it (RFC 3987 section 3.1).

Apart from `destination`, because the tables of IDNA are slow to import and the redirect does not need them.
"""

import re
from functools import lru_cache
from urllib.parse import quote_from_bytes

import idna

from chalicelib.core import destination

_LONGEST_HOST = 253  # RFC 1035 section 2.3.4, without the last dot; some releases of idna are slow with more
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
_PARTS = re.compile(r"([A-Za-z]+://)([^:/?#]*)(.*)")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def to_ascii(address: str) -> str | None:
    """The destination of an address, or None if it is not one that we redirect to.

    What is ASCII stays as it is. A host with other characters becomes IDNA 2008 with the mapping of UTS 46, the rest
    percent-encoded UTF-8. None for control characters, lone surrogates, and whatever `is_safe_destination` refuses.
    """
    if not address.isascii():
        address = _encode(address) or ""
    return address if destination.is_safe_destination(address) else None


def _encode(address: str) -> str | None:
    parts = _PARTS.fullmatch(address)
    if parts is None or _REFUSED.search(address):
        return None
    scheme, host, rest = parts.groups()
    ascii_host = _encode_host(host)
    return ascii_host and scheme + ascii_host + _NOT_ASCII.sub(_percent_encode, rest)


@lru_cache(maxsize=1_000)  # a mail mostly has one host
def _encode_host(host: str) -> str | None:
    if host.isascii():
        return host
    if len(host) > _LONGEST_HOST:
        return None
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None


def _percent_encode(found: re.Match[str]) -> str:
    return quote_from_bytes(found[0].encode())
