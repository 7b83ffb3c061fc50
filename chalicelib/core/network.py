"""Where a hit came from: whether its network only filters mail, and of the address no more than its /24 or /48.

Addresses are integers of 128 bits, IPv4 as ::ffff:a.b.c.d, parsed by the operating system: `ipaddress` takes ten times
as long for one.
"""

from collections.abc import Iterable
from socket import AF_INET, AF_INET6, inet_pton
from typing import Literal, get_args

from chalicelib.core.problem import MailsightError

Network = Literal[
    "filter",  # mail is filtered there and nobody reads any: decides alone
    "probable",  # people are there too, such as behind a vendor's browser isolation: a weak sign
    "cloud",  # the same for clicks; of an open it says nothing, because web mails load pictures from there
]
"""What a range tells; it is stored, and is what an operator writes behind a range."""

Networks = tuple[tuple[int, dict[int, Network]], ...]
"""Ranges by their host bits, the most specific first: (bits, {first address without them: class})."""


class BadNetworks(MailsightError):
    """A list of networks that cannot be read; the message names the entry."""


SHIPPED: tuple[tuple[Network, str, tuple[str, ...]], ...] = (
    (
        "filter",
        "Exchange Online Protection: endpoint sets 9 and 10 of learn.microsoft.com/microsoft-365/enterprise/"
        "urls-and-ip-address-ranges, 2026-08",
        (
            "40.92.0.0/15",
            "40.107.0.0/16",
            "52.100.0.0/14",
            "52.238.78.88/32",
            "104.47.0.0/17",
            "2a01:111:f400::/48",
            "2a01:111:f403::/48",
        ),
    ),
    (
        "filter",
        "Barracuda Email Gateway Defense: campus.barracuda.com, IP ranges by region, 2026-08",
        (
            "209.222.82.0/24",
            "3.24.133.128/25",
            "15.222.16.128/25",
            "35.157.190.224/27",
            "18.185.115.192/26",
            "18.184.203.224/27",
            "13.200.136.128/25",
            "35.176.92.96/27",
            "18.133.136.128/26",
            "18.133.136.96/27",
        ),
    ),
)
"""Class, source and date, ranges. The whole clouds of Microsoft and Google are not here: their web mails load pictures
for people from there. Neither are Proofpoint (AS 22843, 26211, 52129), Mimecast (30031, 39588, 42427, 60492) and Cisco
IronPort (16417), which are probable at most and known by AS number only: an operator adds the prefixes of the day."""

_MAPPED = bytes(10) + b"\xff\xff"
_BITS = 128
_V4_BITS = 32


def network_of(address: int | None, known: Networks) -> Network | None:
    """The class of the narrowest range that holds the address."""
    if address is not None:
        for bits, prefixes in known:
            if found := prefixes.get(address >> bits):
                return found
    return None


def address_of(text: object) -> int | None:
    """The address in a text, also with port, brackets or zone; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return _parsed(text)  # nearly all are nothing but an address
    except (OSError, ValueError):  # not an address; not even encodable, or with NUL
        pass
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return _parsed(text.partition("%")[0])
    except (OSError, ValueError):
        return None


def _parsed(text: str) -> int:
    return int.from_bytes(inet_pton(AF_INET6, text) if ":" in text else _MAPPED + inet_pton(AF_INET, text))


def neighbourhood(address: int) -> int:
    """The /24 of an IPv4 address, the /48 of an IPv6 one: the rest is set to zero."""
    bits = 8 if address >> _V4_BITS == 0xFFFF else 80
    return address >> bits << bits


def is_narrow(first: int, bits: int) -> bool:
    """Whether a range is less than the whole neighbourhood that it is in."""
    return bits < (8 if first >> _V4_BITS == 0xFFFF else 80)


def range_of(text: str) -> tuple[int, int]:
    """The first address of a CIDR range and its number of host bits. Raises BadNetworks."""
    first, _, length = text.partition("/")
    address = address_of(first)
    most = _V4_BITS if "." in first else _BITS
    is_number = length.isascii() and length.isdigit() and len(length) < 4 and int(length) <= most
    if address is None or first != first.strip("[] ") or not is_number:
        raise BadNetworks(f"{text!r} is no range; write it as 198.51.100.0/24 or 2001:db8::/32")
    if not int(length):
        raise BadNetworks(f"{text!r} is too wide: it is the whole net")
    bits = most - int(length)
    if address >> bits << bits != address:
        raise BadNetworks(f"{text!r} is an address within a range; the bits behind /{length} must be zero")
    return address, bits


def networks(added: Iterable[tuple[str, Network]] = ()) -> Networks:
    """The shipped ranges and an operator's own, which win where they are the same. Raises BadNetworks."""
    found: dict[int, dict[int, Network]] = {}
    shipped = ((text, network) for network, _, ranges in SHIPPED for text in ranges)
    for text, network in (*shipped, *added):
        address, bits = range_of(text)
        found.setdefault(bits, {})[address >> bits] = network
    return tuple(sorted(found.items()))


def read(text: str) -> tuple[tuple[str, Network], ...]:
    """An operator's setting such as `198.51.100.0/24 filter, 2001:db8::/32 probable`. Raises BadNetworks."""
    added = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        cidr, *words = entry.split()
        range_of(cidr)
        named: tuple[Network, ...] = tuple(word for word in get_args(Network) if words == [word])
        if not named:
            raise BadNetworks(f"{entry!r} needs one of {', '.join(get_args(Network))} behind the range")
        added.append((cidr, named[0]))
    return tuple(added)


KNOWN = networks()
"""The shipped ranges alone."""
