"""A hit: one request to the tracking host, and what is kept of it. Pure: from the gateway's payload to the event.

The payload is format 2.0 of API Gateway's HTTP APIs, page "Create AWS Lambda proxy integrations for HTTP APIs". Its
`rawPath` is percent-decoded already, unlike that of a function URL (seen in hotsock/voker#8); a token has no character
that a second decoding would change.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

from chalicelib.core import event, instant, token
from chalicelib.core.event import Event, Kind
from chalicelib.core.evidence import evidence_of
from chalicelib.core.network import KNOWN, Networks
from chalicelib.core.one_click import is_one_click
from chalicelib.core.token import BadToken, Keys, Mode, Purpose, Token

METHODS = ("GET", "HEAD")

SaltOf = Callable[[date], bytes | None]
"""The salt of a day (UTC), None where there is none now."""

UNSUBSCRIBED_KEPT = timedelta(days=30)
"""At least: the window of the mail may be over long ago, and what is told by nothing else must not be lost."""

_OPEN, _UNSUBSCRIBE, _FULL = Purpose.OPEN, Purpose.UNSUBSCRIBE, Mode.FULL  # looked up once: an enum takes its time
_PURPOSES = {chr(purpose): purpose for purpose in Purpose}
_KINDS = {
    Purpose.OPEN: Kind.OPENED,
    Purpose.CLICK: Kind.CLICKED,
    Purpose.ATTACHMENT: Kind.DOWNLOADED,
    Purpose.UNSUBSCRIBE: Kind.UNSUBSCRIBE_SEEN,
}
_NO_PEOPLE = frozenset({"privacy_proxy", "prefetcher", "scanner", "unfurler", "tool", "crawler"})
"""Clients by which alone an open is known to be nobody's."""


class Hit(NamedTuple):
    """A request. `purpose` is None for a path that is none of ours, `at` where the payload has no usable time.

    `headers` have names in lower case. They and the address are for `event_of`, which keeps neither, and must be
    written nowhere. `is_one_click` says that a mail program, or our own page, unsubscribes somebody.
    """

    method: str
    purpose: Purpose | None
    text: str
    request_id: str
    at: datetime | None
    headers: Mapping[str, Any] = MappingProxyType({})
    source_ip: str = ""
    is_one_click: bool = False


def from_payload(payload: Any) -> Hit:
    """The hit of a payload. Takes anything: what is missing or malformed stays empty."""
    request = _mapping(payload)
    context = _mapping(request.get("requestContext"))
    http = _mapping(context.get("http"))
    first, slash, text = _path(_text(request.get("rawPath")), _text(context.get("stage"))).partition("/")
    purpose = _PURPOSES.get(first) if slash else None
    method, headers = _text(http.get("method")), _mapping(request.get("headers"))
    return Hit(
        method,
        purpose,
        unquote(text) if "%" in text else text,
        _text(context.get("requestId")),
        _moment(context.get("timeEpoch")),
        headers,
        _text(http.get("sourceIp")),
        method == "POST" and purpose is Purpose.UNSUBSCRIBE and _is_one_click(request, headers),
    )


def verified(hit: Hit, keys: Keys) -> Token | None:
    """The hit's token; None for garbage, for another installation's token, and for one of another purpose."""
    if hit.purpose is None:
        return None
    try:
        return token.verify(hit.text, hit.purpose, keys)
    except BadToken:
        return None


def no_salt(_day: date) -> None:
    """Where no hit is to be told from another by its network."""


def event_of(hit: Hit, said: Token, salt_of: SaltOf = no_salt, networks: Networks = KNOWN) -> Event | None:
    """What to record of a hit with a verified token, None for nothing. `networks` are those whose class is known.

    An unsubscribing always, in every mode and for ever. Anything else until the end of the window, and in the mode
    `full` only; in `last_open_date` no more than that there was an open on this day, by whoever may be a person. In
    `aggregate` opens and clicks with their day, and nothing by which one of them is told from another.
    """
    if hit.at is None or not hit.request_id:
        return None
    if hit.is_one_click:
        return event.make(said.message_id, hit.request_id, Kind.UNSUBSCRIBED, hit.at, method=hit.method)
    if hit.at > said.until or hit.method not in METHODS:
        return None
    if said.mode is _FULL:
        data = evidence_of(hit.method, hit.headers, hit.source_ip, salt=salt_of(hit.at.date()), networks=networks)
        if said.purpose is _UNSUBSCRIBE:
            data["page"] = "unsubscribe"
        elif said.purpose is not _OPEN:
            data["position"] = said.position
        return event.make(said.message_id, hit.request_id, _KINDS[said.purpose], hit.at, **data)
    if said.mode is Mode.LAST_OPEN_DATE and said.purpose is Purpose.OPEN and _may_be_a_person(hit, networks):
        return event.make(said.message_id, event.LAST_OPEN, Kind.OPENED, _day(hit.at))
    if said.mode is Mode.AGGREGATE and said.purpose in (Purpose.OPEN, Purpose.CLICK):
        data = evidence_of(hit.method, hit.headers, hit.source_ip, networks=networks)  # without a salt: no origin
        if said.purpose is Purpose.CLICK:
            data["position"] = said.position
        return event.make(said.message_id, hit.request_id, _KINDS[said.purpose], _day(hit.at), **data)
    return None


def item_of(
    hit: Hit, said: Token, salt_of: SaltOf = no_salt, networks: Networks = KNOWN
) -> dict[str, dict[str, str]] | None:
    """The same as an item of the table of events, which stays for the grace after the window."""
    made = event_of(hit, said, salt_of, networks)
    if made is None:
        return None
    expires_at = said.until + event.GRACE
    if hit.is_one_click:
        expires_at = max(expires_at, made.occurred_at + UNSUBSCRIBED_KEPT)
    return event.as_item(made, expires_at)


def _may_be_a_person(hit: Hit, networks: Networks) -> bool:
    """Whether nothing in the hit itself says otherwise; what other hits would tell of it is not kept in that mode."""
    found = evidence_of(hit.method, hit.headers, hit.source_ip, networks=networks)
    is_machine = found.get("client") in _NO_PEOPLE or "prefetch" in found or found.get("network") == "filter"
    return hit.method == "GET" and not is_machine


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _is_one_click(request: Mapping[str, Any], headers: Mapping[str, Any]) -> bool:
    return is_one_click(
        headers.get("content-type"), request.get("body"), is_base64=request.get("isBase64Encoded") is True
    )


def _path(path: str, stage: str) -> str:
    """The path behind its first slash, and behind the stage, which the gateway puts there unless it is `$default`."""
    begin = f"/{stage}/"
    return path[len(begin) :] if stage and path.startswith(begin) else path.removeprefix("/")


def _moment(epoch_ms: object) -> datetime | None:
    if type(epoch_ms) is not int:  # nor a bool
        return None
    try:
        return instant.from_milliseconds(epoch_ms)
    except (ValueError, OverflowError, OSError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
