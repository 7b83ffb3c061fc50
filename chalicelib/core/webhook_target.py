"""Where a webhook may lead: to the public internet by HTTPS, and nowhere into the networks that we stand in.

An operator may name what is allowed beside that: networks, and hosts with or without a port.
Which addresses are public: https://www.iana.org/assignments/iana-ipv4-special-registry/ and the one for IPv6.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from chalicelib.core.destination import is_safe_destination
from chalicelib.core.problem import MailsightError

LONGEST_URL = 2_000
FIRST_FREE_PORT = 1024
"""Below it only 443: nobody has a reason to have us speak to a mail server or a remote shell."""

Address = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_ALSO_PRIVATE = (  # which not every Python's `is_global` knows
    IPv4Network("192.0.0.0/24"),  # RFC 6890: of protocols
    IPv4Network("192.88.99.0/24"),  # RFC 7526: once the way into 6to4
    IPv6Network("3fff::/20"),  # RFC 9637: of documents
)
_DEFAULT_PORTS = {"https": 443, "http": 80}


class BadTargets(MailsightError):
    """The operator's setting of allowed targets cannot be read."""


class BadUrl(MailsightError):
    """The text is no address to which anything is posted; the message says what to mend."""


class Endpoint(NamedTuple):
    """An address, taken apart; `path` has the query. The host is a name or an IP address, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_plain(self) -> bool:
        return self.scheme == "http"

    @property
    def named(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class Targets(NamedTuple):
    """What is allowed beside the public internet."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[tuple[str, int | None]] = frozenset()

    def name(self, endpoint: Endpoint) -> bool:
        """Whether the endpoint's host stands in the setting, or its literal address in one of the networks."""
        literal = _literal(endpoint.host)
        if literal and self.hold(literal):
            return True
        return not self.hosts.isdisjoint({(endpoint.host, endpoint.port), (endpoint.host, None)})

    def hold(self, address: Address) -> bool:
        """Whether an address is in one of the networks."""
        return any(address in network for network in self.networks)


def targets_of(text: str) -> Targets:
    """The targets of a text such as `10.1.0.0/16, crm.internal:8080`. Raises BadTargets."""
    networks: list[IPv4Network | IPv6Network] = []
    hosts: set[tuple[str, int | None]] = set()
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError:
            hosts.add(_host(part))
    return Targets(tuple(networks), frozenset(hosts))


def endpoint_of(url: str) -> Endpoint:
    """The endpoint of an address in ASCII. Raises BadUrl."""
    if not is_safe_destination(url) or len(url) > LONGEST_URL or " " in url:
        raise BadUrl(f"must be like https://crm.example.com/hooks, with at most {LONGEST_URL:,} characters")
    parts = urlsplit(url)
    if "#" in url:
        raise BadUrl("must have no part behind a #, for that is never sent")
    try:
        port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port or not parts.hostname:
        raise BadUrl("must have a host, and a port from 1 to 65535 or none")
    query = f"?{parts.query}" if parts.query else ""
    return Endpoint(parts.scheme, parts.hostname, port, (parts.path or "/") + query)


def objection_to(endpoint: Endpoint, targets: Targets) -> str | None:
    """Why nothing is posted there, as far as its text tells; None if it may be tried."""
    if targets.name(endpoint):
        return None
    if endpoint.is_plain:
        return "must begin with https://"
    if endpoint.port != 443 and endpoint.port < FIRST_FREE_PORT:
        return f"must have the port 443, or one from {FIRST_FREE_PORT} on"
    literal = _literal(endpoint.host)
    if literal and not is_public(literal):
        return "must lead to a public address"
    return None


def may_reach(endpoint: Endpoint, address: Address, targets: Targets) -> bool:
    """Whether a connection to this address, which its host has, is allowed."""
    return is_public(address) or targets.hold(address) or targets.name(endpoint)


def is_public(address: Address) -> bool:
    """Whether this is an address of one machine on the internet."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or _behind_nat64(address)
        if inner:
            return is_public(inner)
        if address.sixtofour or address.teredo or address.is_site_local:  # tunnels, whose other end is anywhere
            return False
    if any(address in network for network in _ALSO_PRIVATE):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host(part: str) -> tuple[str, int | None]:
    host, colon, port = part.partition(":")
    if not host or not set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_") or (colon and not port.isdigit()):
        raise BadTargets(f"MAILSIGHT_WEBHOOK_TARGETS: {part!r} is no network like 10.0.0.0/8 and no host like crm:8080")
    return host, int(port) if colon else None
