"""The recipients' mailbox of the embedded default, as pages and JSON. Needs no key and plays the recipient.

Whatever a mail says is hostile: pages escape it, and its own HTML is served only under a `sandbox` policy, where it can
load images and open links but run nothing and read nothing of ours.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.local import letter
from infra.local.letter import Letter
from infra.local.mailbox import Kept, Mailbox

PAGE_SIZE = 100
MOST = 1_000

_HERE = Path(__file__).parent
_STATIC = {"inbox.css": "text/css; charset=utf-8", "inbox.js": "text/javascript; charset=utf-8"}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; "
    "style-src 'unsafe-inline' *; font-src *"
)
_FILE_POLICY = "sandbox; default-src 'none'"
_DOCTYPE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<!doctype[^>]*>", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,4}")
_ROUTE = re.compile(r"/inbox/messages/([^/]+)(?:/(html|raw|attachments|parts)(?:/([^/]+))?)?")


class Response(NamedTuple):
    """An HTTP answer, without Content-Length."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Inbox:
    """Answers requests for `/inbox` and below it. `base_url` has no slash at its end."""

    def __init__(self, mailbox: Mailbox, base_url: str, clock: Callable[[], datetime], first_step: str) -> None:
        self._mailbox = mailbox
        self._base_url = base_url
        self._clock = clock
        self._first_step = first_step
        self._pages = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters["moment"] = self._moment
        self._pages.filters["whole_moment"] = lambda at: (
            f"{datetime.fromisoformat(at).astimezone():%a %d %b %Y, %H:%M:%S}"
        )

    def answer(self, method: str, path: str, query: Mapping[str, str], known_etag: str = "") -> Response:
        """The answer to a request. `known_etag` is its If-None-Match."""
        if path == "/inbox/messages" and method == "DELETE":
            return _json(200, {"deleted": self._mailbox.empty()})
        if method not in ("GET", "HEAD"):
            return self._missing(405, f"{method} does nothing here.")
        if path in ("/inbox", "/inbox/"):
            return self._list(query, known_etag)
        if path == "/inbox/messages":
            return self._json_list(query)
        if path.startswith("/inbox/static/"):
            return self._static(path.rpartition("/")[2])
        return self._message(path)

    def _list(self, query: Mapping[str, str], known_etag: str) -> Response:
        ids = self._mailbox.newest(PAGE_SIZE + 1, query.get("before", ""))
        envelopes = [(mail_id, self._mailbox.envelope(mail_id)) for mail_id in ids[:PAGE_SIZE]]
        page = self._pages.get_template("inbox.html").render(
            mails=[{"id": mail_id, **envelope} for mail_id, envelope in envelopes if envelope],
            count=len(self._mailbox),
            older=ids[PAGE_SIZE - 1] if len(ids) > PAGE_SIZE else "",
            first_step=self._first_step,
        )
        etag = f'"{sha256(page.encode()).hexdigest()[:32]}"'
        if etag == known_etag:
            return Response(304, "text/html; charset=utf-8", b"", (("ETag", etag),))
        return _html(200, page, ("ETag", etag), ("Cache-Control", "no-cache"))

    def _json_list(self, query: Mapping[str, str]) -> Response:
        wanted = query.get("limit", str(PAGE_SIZE))
        if not _NUMBER.fullmatch(wanted) or not 1 <= int(wanted) <= MOST:
            return _json(422, {"detail": f"limit must be a number from 1 to {MOST}"})
        mails = (self._mailbox.read(mail_id) for mail_id in self._mailbox.newest(int(wanted), query.get("before", "")))
        return _json(200, [self._as_json(mail) for mail in mails if mail])

    def _message(self, path: str) -> Response:
        route = _ROUTE.fullmatch(path)
        mail = self._mailbox.read(unquote(route[1])) if route else None
        if not route or not mail:
            return self._missing(404, "There is no such mail here. It may have been deleted: the inbox can be emptied.")
        view, item = route[2], unquote(route[3] or "")
        if view == "raw" and not item:
            return _file(mail.raw, "text/plain; charset=utf-8")
        opened = letter.read(mail.raw)
        if view is None:
            return self._show(mail, opened)
        if view == "html" and not item and opened.html:
            return _own_html(self._url_of(mail), opened)
        return _part(opened, view, item) or self._missing(404, f"This mail has no such part: {view} {item}".strip())

    def _show(self, mail: Kept, opened: Letter) -> Response:
        page = self._pages.get_template("mail.html").render(
            id=mail.mail_id,
            envelope=mail.envelope,
            letter=opened,
            attachments=[{"filename": part.filename, "size": _size(len(part.data))} for part in opened.attachments],
        )
        return _html(200, page)

    def _as_json(self, mail: Kept) -> dict[str, Any]:
        opened = letter.read(mail.raw)
        url = self._url_of(mail)
        return {
            "id": mail.mail_id,
            "url": url,
            "from": opened.header("From"),
            "to": opened.addresses("To"),
            "cc": opened.addresses("Cc"),
            "recipients": mail.envelope["recipients"],
            "subject": opened.header("Subject"),
            "date": mail.envelope["accepted_at"],
            "html": opened.html,
            "text": opened.text,
            "attachments": [
                {
                    "filename": part.filename,
                    "content_type": part.content_type,
                    "size": len(part.data),
                    "url": f"{url}/attachments/{number}",
                }
                for number, part in enumerate(opened.attachments)
            ],
            "configuration_set": mail.envelope["configuration_set"],
            "tags": mail.envelope["tags"],
            "overrides": mail.envelope["overrides"],
            "raw": letter.decode(mail.raw, "utf-8"),
        }

    def _url_of(self, mail: Kept) -> str:
        return f"{self._base_url}/inbox/messages/{mail.mail_id}"

    def _static(self, name: str) -> Response:
        if name not in _STATIC:
            return self._missing(404, "There is no such file.")
        return Response(200, _STATIC[name], (_HERE / "static" / name).read_bytes(), (("Cache-Control", "no-cache"),))

    def _missing(self, status: int, explanation: str) -> Response:
        return _html(status, self._pages.get_template("missing.html").render(explanation=explanation))

    def _moment(self, rfc3339: str) -> str:
        """A time as a mail program shows it, in this machine's zone: the hour today, else the day."""
        at, now = datetime.fromisoformat(rfc3339).astimezone(), self._clock().astimezone()
        if at.date() == now.date():
            return f"{at:%H:%M}"
        return f"{at:%d %b %H:%M}" if at.year == now.year else f"{at:%d %b %Y}"


def _own_html(url: str, opened: Letter) -> Response:
    """The mail's HTML with its inline images, by their whole addresses below `url`: a mail may bring a `<base href>`.

    Our own `<base>` comes right after the doctype, where a parser takes it for the head's first, so that it counts and
    the page does not fall into quirks mode.
    """
    known = {part.content_id for part in opened.inline}

    def resolve(found: re.Match[str]) -> str:
        content_id = unquote(found[1])
        return f"{url}/parts/{quote(content_id, safe='')}" if content_id in known else found[0]

    html = letter.CID.sub(resolve, opened.html)
    doctype = _DOCTYPE.match(html)
    at = doctype.end() if doctype else 0
    page = f'{html[:at]}<base target="_blank">{html[at:]}'
    return Response(200, "text/html; charset=utf-8", page.encode(), _policy(_MAIL_POLICY))


def _part(opened: Letter, view: str, item: str) -> Response | None:
    if view == "attachments" and _NUMBER.fullmatch(item) and int(item) < len(opened.attachments):
        part = opened.attachments[int(item)]
        return _file(part.data, part.content_type, ("Content-Disposition", _disposition(part.filename)))
    if view == "parts":
        return next((_file(part.data, part.content_type) for part in opened.inline if part.content_id == item), None)
    return None


def _disposition(filename: str) -> str:
    """RFC 6266, with the name in both forms; nothing in it can end the header."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename.encode('utf-8', 'replace'), safe='')}"


def _policy(policy: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Security-Policy", policy), ("Cache-Control", "no-store"))


def _file(data: bytes, content_type: str, *headers: tuple[str, str]) -> Response:
    is_sane = re.fullmatch(r"[\x20-\x7e]+", content_type)
    return Response(
        200, content_type if is_sane else "application/octet-stream", data, (*_policy(_FILE_POLICY), *headers)
    )


def _html(status: int, page: str, *headers: tuple[str, str]) -> Response:
    policy = () if any(name == "Cache-Control" for name, _ in headers) else (("Cache-Control", "no-store"),)
    own = ("Content-Security-Policy", _PAGE_POLICY)
    return Response(status, "text/html; charset=utf-8", page.encode(), (own, *policy, *headers))


def _json(status: int, value: object) -> Response:
    return Response(status, "application/json", json.dumps(value).encode(), (("Cache-Control", "no-store"),))


def _size(count: int) -> str:
    return (
        f"{count} B" if count < 1024 else f"{count / 1024:.0f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"
    )
