"""Whether a POST is the one by which a mail program unsubscribes its user: `List-Unsubscribe=One-Click` (RFC 8058).

The RFC asks mail programs for multipart/form-data and allows application/x-www-form-urlencoded; the button on our own
page sends the latter. Read by hand: a parser of mails would double the cold start of the tracking host.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from urllib.parse import parse_qsl

LONGEST = 4_000
"""Characters of a body that is looked at; the real ones have some 30, or 200 in parts."""

NAME = "List-Unsubscribe"
VALUE = "One-Click"

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAMED = re.compile(r'(?im)^content-disposition:[ ]*form-data;[ ]*name="?list-unsubscribe"?[ ]*(?:;|$)')


def is_one_click(content_type: object, body: object, *, is_base64: bool) -> bool:
    """Whether the body of a request says it. Takes anything, as it stands in the gateway's payload."""
    text = _decoded(body, is_base64)
    kind = content_type if isinstance(content_type, str) else ""
    if kind.lower().lstrip().startswith("multipart/form-data"):
        return (NAME, VALUE) in _parts(kind, text)
    return (NAME, VALUE) in parse_qsl(text.strip())


def _decoded(body: object, is_base64: bool) -> str:
    if not isinstance(body, str) or len(body) > LONGEST:
        return ""
    if not is_base64:
        return body
    try:
        return b64decode(body).decode("utf-8", "replace")
    except (Base64Error, ValueError):
        return ""


def _parts(content_type: str, text: str) -> list[tuple[str, str]]:
    """Names and values of a form in parts, as far as they are of ours (RFC 7578)."""
    boundary = _BOUNDARY.search(content_type)
    if not boundary:
        return []
    found = []
    for part in text.split(f"--{boundary[1] or boundary[2]}")[1:]:
        head, _, value = part.replace("\r\n", "\n").partition("\n\n")
        if _NAMED.search(head):
            found.append((NAME, value.strip()))
    return found
