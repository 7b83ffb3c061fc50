"""Requests of the smoke test: no redirect is followed, no answer is an exception, and what differs has one error."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.core.problem import MailsightError

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36"
"""A pixel and a link must be asked for as a person does, or they do not count as a person's."""

TIMEOUT_SECONDS = 30


class Unexpected(MailsightError):
    """Something answers in another way than it should; the message says how."""


class Answer(NamedTuple):
    """An HTTP answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def json(self) -> Any:
        """The body as a JSON object. Raises Unexpected."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Unexpected(f"it answers {self.status} with {self.excerpt!r}, which is no JSON object")
        return found

    @property
    def excerpt(self) -> str:
        """The beginning of the body, for a message."""
        return self.body[:200].decode("utf-8", "replace")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def ask(url: str, method: str = "GET", body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a request; `body` is sent as JSON. Raises Unexpected if there is none."""
    given = {"User-Agent": BROWSER, "Accept": "*/*", **(headers or {})}
    data = None
    if body is not None:
        data, given["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(url, data, given, method=method)
    try:
        answer = urllib.request.build_opener(_Stay).open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    except (OSError, http.client.HTTPException) as error:
        raise Unexpected(f"{method} {url} gets no answer: {error}") from None
    with answer:
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, named, answer.read())


def expect(is_so: bool, text: str) -> None:
    """Raises Unexpected with this text unless it is so."""
    if not is_so:
        raise Unexpected(text)
