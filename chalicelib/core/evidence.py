"""What is kept of a hit so that it can be judged later; its IP address and user agent are forgotten here.

Every value is a word of a short list, or a keyed hash of the /24 or /48 with a salt that is deleted after two days.
What is usual is left out, so most hits carry a method and a hash.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core import network
from chalicelib.core.client import client_of
from chalicelib.core.mac import Mac
from chalicelib.core.network import BadNetworks, Networks

PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
PREFETCH_WORDS = ("prefetch", "preview", "prerender")

_PREFETCH = frozenset(PREFETCH_HEADERS)
_SOURCE_BYTES = 8
_MOST_SOURCES = 1_024


def evidence_of(
    method: str, headers: object, source_ip: object, *, salt: bytes | None = None, networks: Networks = network.KNOWN
) -> dict[str, Any]:
    """The fields of a hit's event, of which all but `method` may be missing:

    method     as it was asked; whoever calls has checked it
    client     a value of core/client.py
    prefetch   true, if the hit says that nobody looks yet
    network    a value of core/network.py
    from       16 hex digits that are the same for hits from one /24 or /48 on one day; needs a salt

    `headers` are a mapping with names in lower case. Takes anything for all but the method, and never raises.
    """
    said: Mapping[Any, Any] = headers if isinstance(headers, (dict, Mapping)) else {}  # a dict is told at once
    found: dict[str, Any] = {"method": method}
    if client := client_of(said.get("user-agent")):
        found["client"] = client
    if not _PREFETCH.isdisjoint(said) and any(_is_prefetch(said.get(name)) for name in PREFETCH_HEADERS):
        found["prefetch"] = True
    address = network.address_of(source_ip)
    if kind := network.network_of(address, networks):
        found["network"] = kind
    if salt and address is not None:
        found["from"] = _source(network.neighbourhood(address), salt)
    return found


def sources_of(ranges: Iterable[str], salts: Iterable[bytes]) -> frozenset[str]:
    """What `from` can be in hits from these ranges, such as an account's own networks.

    A range that is narrower than a /24 or /48 stands for all of it. Raises BadNetworks for what is no range, and for
    one with more than 1,024 of them.
    """
    neighbourhoods = [one for text in ranges for one in _neighbourhoods(text)]
    return frozenset(_source(one, salt) for salt in salts for one in neighbourhoods)


def _neighbourhoods(text: str) -> range:
    first, bits = network.range_of(text)
    step = 1 << (8 if first >> 32 == 0xFFFF else 80)
    start = network.neighbourhood(first)
    found = range(start, max(start + 1, first + (1 << bits)), step)
    if len(found) > _MOST_SOURCES:
        raise BadNetworks(f"{text!r} is too wide to be somebody's own network; write the parts that are")
    return found


def _source(neighbourhood: int, salt: bytes) -> str:
    return _keyed(salt).digest(neighbourhood.to_bytes(16))[:_SOURCE_BYTES].hex()


@functools.lru_cache(maxsize=2)  # each hit makes one; around midnight hits of two days come
def _keyed(salt: bytes) -> Mac:
    return Mac(salt)


def _is_prefetch(value: object) -> bool:
    return isinstance(value, str) and any(word in value.lower() for word in PREFETCH_WORDS)
