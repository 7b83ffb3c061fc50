"""What a hit gets: the pixel, a redirect or a small page. Pure: from the hit to the gateway's response, format 2.0."""

import functools
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.core.hit import METHODS, Hit
from chalicelib.core.one_click import NAME, VALUE
from chalicelib.core.token import Purpose

GIF = bytes.fromhex(
    "474946383961"  # GIF89a
    "01000100800000"  # 1 by 1, two colours
    "000000ffffff"
    "21f90401000000 00"  # the first colour is transparent
    "2c0000000001000100000202440100"  # one pixel of it
    "3b"
)


class Answer(NamedTuple):
    """An HTTP answer, the same for GET and HEAD."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def refusal(hit: Hit) -> Answer | None:
    """The answer to what is no pixel and no link of ours: 404 or 405; None for a hit that is one."""
    if hit.purpose is None:
        return NOT_FOUND
    if hit.method in METHODS:
        return None
    if hit.purpose is not Purpose.UNSUBSCRIBE:
        return NOT_ALLOWED
    return None if hit.method == "POST" else NOT_ALLOWED_HERE


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


@functools.lru_cache(maxsize=16)  # one pixel and a few pages
def _carried(body: bytes) -> tuple[str, bool]:
    """A body as JSON can carry it, and whether that is base64."""
    return (body.decode("ascii"), False) if body.isascii() else (b64encode(body).decode("ascii"), True)


STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:12vh auto 0;padding:0 1rem}"
    "button{min-height:44px;padding:0 1.5rem;border:0;border-radius:8px;background:#0b66a8;color:#fff;"
    "font:600 1rem system-ui,sans-serif}"
)
STYLE_HASH = "sha256-cLA1L/XLnhFSGab5EwMMHZ8CYdOLVtJVxiQeWk6ypFk="
"""Of the style, by which the policy lets it in. Written down, so that no start of the function computes it."""


def _page(title: str, text: str, rest: str = "") -> bytes:
    meta = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">'
    head = f"{meta}\n<title>{title}</title>\n<style>{STYLE}</style>"
    return f'<!doctype html>\n<html lang="en">\n{head}\n<h1>{title}</h1>\n<p>{text}</p>\n{rest}'.encode("ascii")


def _policy(form_action: str) -> str:
    sources = f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'"
    return f"{sources}; form-action {form_action}; frame-ancestors 'none'"


_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_HTML = {
    **_PRIVATE,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _policy("'none'"),
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
NOT_ALLOWED_HERE = Answer(
    405, {**_HTML, "Allow": ", ".join((*METHODS, "POST"))}, _page("Not possible", "Only GET, HEAD and POST work here.")
)
GONE = Answer(410, _HTML, _page("Not here any more", "This file was deleted."))
LINK_GONE = Answer(410, _HTML, _page("Not here any more", "Where this link led was deleted with its mail."))
_NO_MORE = "You will get no more mail from this sender, of any kind."
_FIELD = f'<input type="hidden" name="{NAME}" value="{VALUE}">'
_BUTTON = f'<form method="post">{_FIELD}<button>Unsubscribe</button></form>\n'
ASK = Answer(
    200,
    {**_HTML, "Content-Security-Policy": _policy("'self'")},
    _page("Unsubscribe", f"Press the button to unsubscribe. {_NO_MORE}", _BUTTON),
)
NOT_ONE_CLICK = Answer(400, _HTML, _page("Nothing done", "Open the link in your mail again and press its button."))
DONE = Answer(200, _HTML, _page("Unsubscribed", f"{_NO_MORE} One that is on its way already may still reach you."))
