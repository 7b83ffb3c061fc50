"""Requests and answers of the pages, apart from any framework; and the headers that go with each kind of answer."""

import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from chalicelib.core.problem import MailsightError

HTML = "text/html; charset=utf-8"
MOST_FIELDS = 20  # of a form

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "frame-src": "'none'",
}
"""Content-Security-Policy of every page: our own files only, nothing inline."""

MAIL_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
"""What a mail that is shown may do: open its links in a new tab. No scripts, no forms, no moving of our page."""


class Asked(NamedTuple):
    """A request. `query` has the last value of each field and `every` all of them, where one may be given several
    times; header names are lower case; `body` is a form's."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""
    every: Mapping[str, Sequence[str]] | None = None

    @property
    def values(self) -> dict[str, list[str]]:
        """All values of each field of the query."""
        every = self.every or {}
        return {name: list(every.get(name) or [value]) for name, value in self.query.items()}

    @property
    def is_live(self) -> bool:
        """Whether the page itself asks for a part of it."""
        return self.headers.get("hx-request") == "true"

    def cookie(self, name: str) -> str:
        """The cookie's value, or "". Of several the first: browsers send the one of the longest path first."""
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return next((value for key, _, value in pairs if key == name), "")

    def form(self) -> dict[str, str]:
        """The form's fields; empty if the body is no form."""
        try:
            fields = parse_qs(self.body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            return {}
        return {name: values[-1] for name, values in fields.items()}


class Answer(NamedTuple):
    """An answer whose body is text; the entrypoint turns it into the framework's."""

    status: int
    headers: Mapping[str, str]
    body: str = ""


class NotHere(MailsightError):
    """There is no such page, or it is not the reader's."""


class Refused(MailsightError):
    """A form that did not come from our own page, or that its reader may not send; the text is for the reader."""


class TryAgain(MailsightError):
    """Something that can be done in a moment, and not now; the text is for the reader."""


def html(body: str, *, status: int = HTTPStatus.OK, has_frame: bool = False, **headers: str) -> Answer:
    """A page. `has_frame` lets it show a mail in a frame. Headers are given as `Set_Cookie=…`."""
    policy = {**POLICY, "frame-src": "'self'"} if has_frame else POLICY
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Cache-Control": "no-store", **_guards(policy), **given}, body)


def fragment(body: str, asked: Asked) -> Answer:
    """A part of a page that is asked for again and again: 304 if the reader has it already (RFC 9110, 13.1.2)."""
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": tag, "Vary": "Cookie", **_guards(POLICY)}
    known = {part.strip().removeprefix("W/") for part in asked.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Answer(HTTPStatus.NOT_MODIFIED, headers)
    return Answer(HTTPStatus.OK, headers, body)


def mail(body: str, *, may_load_images: bool) -> Answer:
    """A mail's own HTML for its frame: nothing runs, and nothing is loaded from elsewhere unless the reader asks."""
    policy = {
        "sandbox": MAIL_SANDBOX,
        "default-src": "'none'",
        "img-src": "data: https: http:" if may_load_images else "data:",
        "style-src": "'unsafe-inline'",
        "font-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    headers = {**_guards(policy), "Referrer-Policy": "no-referrer"}
    return Answer(HTTPStatus.OK, {"Cache-Control": "no-store", **headers}, body)


def redirect(location: str, **headers: str) -> Answer:
    """See there (303: always by GET)."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        HTTPStatus.SEE_OTHER,
        {"Location": location, "Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8", **given},
    )


def _guards(policy: Mapping[str, str]) -> dict[str, str]:
    return {
        "Content-Type": HTML,
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
