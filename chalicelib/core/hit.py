"""A hit: one request to the tracking host, and what it gets. Pure: from the gateway's payload to event and response.

The payload is format 2.0 of API Gateway's HTTP APIs, page "Create AWS Lambda proxy integrations for HTTP APIs". Its
`rawPath` is percent-decoded already, unlike that of a function URL (seen in hotsock/voker#8); a token has no character
that a second decoding would change.
"""

import functools
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from chalicelib.core import event, instant, token
from chalicelib.core.event import Event, Kind
from chalicelib.core.token import BadToken, Keys, Mode, Purpose, Token

METHODS = ("GET", "HEAD")

GIF = bytes.fromhex(
    "474946383961"  # GIF89a
    "01000100800000"  # 1 by 1, two colours
    "000000ffffff"
    "21f90401000000 00"  # the first colour is transparent
    "2c0000000001000100000202440100"  # one pixel of it
    "3b"
)

_PURPOSES = {"o": Purpose.OPEN, "c": Purpose.CLICK}
_KINDS = {Purpose.OPEN: Kind.OPENED, Purpose.CLICK: Kind.CLICKED}


class Hit(NamedTuple):
    """A request. `purpose` is None for a path that is none of ours, `at` where the payload has no usable time."""

    method: str
    purpose: Purpose | None
    text: str
    request_id: str
    at: datetime | None


class Answer(NamedTuple):
    """An HTTP answer, the same for GET and HEAD."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def from_payload(payload: Any) -> Hit:
    """The hit of a payload. Takes anything: what is missing or malformed stays empty."""
    request = _mapping(payload)
    context = _mapping(request.get("requestContext"))
    first, slash, text = _path(_text(request.get("rawPath")), _text(context.get("stage"))).partition("/")
    return Hit(
        _text(_mapping(context.get("http")).get("method")),
        _PURPOSES.get(first) if slash else None,
        unquote(text) if "%" in text else text,
        _text(context.get("requestId")),
        _moment(context.get("timeEpoch")),
    )


def refusal(hit: Hit) -> Answer | None:
    """The answer to what is no pixel and no link of ours: 404 or 405; None for a hit that is one."""
    if hit.purpose is None:
        return NOT_FOUND
    return None if hit.method in METHODS else NOT_ALLOWED


def verified(hit: Hit, keys: Keys) -> Token | None:
    """The hit's token; None for garbage, for another installation's token, and for one of another purpose."""
    if hit.purpose is None:
        return None
    try:
        return token.verify(hit.text, hit.purpose, keys)
    except BadToken:
        return None


def event_of(hit: Hit, said: Token) -> Event | None:
    """What to record of a hit with a verified token, None for nothing.

    Nothing after the end of the window, and nothing in a mode other than `full`: the smaller modes keep less than an
    event, and to keep nothing is the safe side until they are built.
    """
    if said.mode is not Mode.FULL or hit.at is None or not hit.request_id or hit.at > said.until:
        return None
    position = {"position": said.position} if said.purpose is Purpose.CLICK else {}
    return event.make(said.message_id, hit.request_id, _KINDS[said.purpose], hit.at, method=hit.method, **position)


def item_of(hit: Hit, said: Token) -> dict[str, dict[str, str]] | None:
    """The same as an item of the table of events, which stays for the grace after the window."""
    made = event_of(hit, said)
    return event.as_item(made, said.until + event.GRACE) if made else None


def redirect(destination: str) -> Answer:
    """To the destination, byte for byte; whoever calls has checked it."""
    return Answer(302, {"Location": destination, **_PRIVATE})


def fallback(hit: Hit) -> Answer:
    """When nothing else can be said: the pixel as always; a link asks to come back."""
    return PIXEL if hit.purpose is Purpose.OPEN else refusal(hit) or UNAVAILABLE


def response(answer: Answer, method: str) -> dict[str, Any]:
    """The answer as the gateway takes it, payload format 2.0. HEAD has the length of what GET would bring."""
    text, is_base64 = _carried(b"" if method == "HEAD" else answer.body)
    return {
        "statusCode": answer.status,
        "headers": {**answer.headers, "Content-Length": str(len(answer.body))},
        "body": text,
        "isBase64Encoded": is_base64,
    }


@functools.lru_cache(maxsize=8)  # one pixel and a few pages
def _carried(body: bytes) -> tuple[str, bool]:
    """A body as JSON can carry it, and whether that is base64."""
    return (body.decode("ascii"), False) if body.isascii() else (b64encode(body).decode("ascii"), True)


def _page(title: str, text: str) -> bytes:
    head = f'<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>{title}</title>'
    return f'<!doctype html>\n<html lang="en">\n{head}\n<h1>{title}</h1>\n<p>{text}</p>\n'.encode("ascii")


def _path(path: str, stage: str) -> str:
    """The path behind its first slash, and behind the stage, which the gateway puts there unless it is `$default`."""
    begin = f"/{stage}/"
    return path[len(begin) :] if stage and path.startswith(begin) else path.removeprefix("/")


def _moment(epoch_ms: object) -> datetime | None:
    if not isinstance(epoch_ms, int) or isinstance(epoch_ms, bool):
        return None
    try:
        return instant.from_milliseconds(epoch_ms)
    except (ValueError, OverflowError, OSError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_HTML = {
    **_PRIVATE,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

PIXEL = Answer(
    200,
    {
        "Content-Type": "image/gif",
        # Gmail's image proxy fetches again when it is told not to keep, so that a second reading is seen.
        "Cache-Control": "no-store, no-cache, max-age=0, must-revalidate",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",  # mail is read on other sites, some of which ask for this
    },
    GIF,
)
NOT_FOUND = Answer(404, _HTML, _page("Nothing here", "This link is not complete, or it was never one of ours."))
NOT_ALLOWED = Answer(405, {**_HTML, "Allow": ", ".join(METHODS)}, _page("Not possible", "Only GET and HEAD work here."))
UNAVAILABLE = Answer(
    503, {**_HTML, "Retry-After": "5"}, _page("Please try again", "The link works, but not at this moment.")
)
