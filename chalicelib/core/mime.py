"""A mail as bytes: RFC 5322 headers and the MIME tree that every client understands.

    mixed ( alternative ( text, related ( html, inline files ) ), attached files )

with every level left out that would hold one part only, and without files that go out as links. Bodies are UTF-8 in
base64, joined by hand: the standard library's generator takes seven to ten times as long for a mail of 100 KB.
"""

import re
from base64 import encodebytes
from collections.abc import Callable, Sequence
from email.header import Header
from typing import NamedTuple
from urllib.parse import quote

from chalicelib.core import address
from chalicelib.core.message import Attachment, Content, Envelope

HEADER_NAME = re.compile(r"[!-9;-~]{1,76}")  # RFC 5322 section 2.2
CRLF = b"\r\n"
LINE_END = "\r\n"


class Part(NamedTuple):
    """One node of the MIME tree: its header lines, and its body already encoded."""

    headers: bytes
    body: bytes


def build(envelope: Envelope, content: Content, html: str | None, *, new_boundary: Callable[[], str]) -> bytes:
    """The whole mail. `html` is the instrumented one; bcc recipients stand in no header.

    `new_boundary` returns a text that stands nowhere else, other at each call.
    """
    part = _tree(content, html, new_boundary)
    return b"".join((_mail_headers(envelope, content), b"MIME-Version: 1.0\r\n", part.headers, CRLF, part.body))


def _tree(content: Content, html: str | None, new_boundary: Callable[[], str]) -> Part:
    files = [file for file in content.attachments if not file.is_linked]
    inline = [file for file in files if file.content_id and html is not None]
    attached = [file for file in files if file not in inline]
    bodies = [] if content.text is None else [_text("plain", content.text)]
    if html is not None:
        bodies.append(_join("related", [_text("html", html), *map(_file, inline)], new_boundary))
    return _join("mixed", [_join("alternative", bodies, new_boundary), *map(_file, attached)], new_boundary)


def _join(subtype: str, parts: Sequence[Part], new_boundary: Callable[[], str]) -> Part:
    """These parts as one; a single part needs no wrapping."""
    if len(parts) == 1:
        return parts[0]
    boundary = new_boundary().encode("ascii")
    pieces = [piece for part in parts for piece in (b"--", boundary, CRLF, part.headers, CRLF, part.body, CRLF)]
    headers = b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n' % (subtype.encode(), boundary)
    return Part(headers, b"".join([*pieces, b"--", boundary, b"--", CRLF]))


def _text(subtype: str, text: str) -> Part:
    headers = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    return Part(headers.encode(), _base64(text.encode("utf-8", "replace")))


def _file(file: Attachment) -> Part:
    disposition = "inline" if file.content_id else "attachment"
    lines = [
        f"Content-Type: {file.content_type}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {disposition}{_filename(file.filename)}",
    ]
    if file.content_id:
        lines.append(f"Content-ID: <{file.content_id}>")
    return Part("\r\n".join([*lines, ""]).encode(), _base64(file.content))


def _filename(name: str) -> str:
    """The parameter; in the numbered pieces of RFC 2231 when it is not short and plain ASCII."""
    if name.isascii() and len(name) < 60 and not set(name) & set('"\\'):
        return f'; filename="{name}"'
    letters = [quote(bytes([byte]), safe="") for byte in name.encode()]
    rows = ["".join(letters[at : at + 20]) for at in range(0, len(letters), 20)]
    rows[0] = "UTF-8''" + rows[0]
    return "".join(f";\r\n filename*{number}*={row}" for number, row in enumerate(rows))


def _base64(raw: bytes) -> bytes:
    return encodebytes(raw).replace(b"\n", CRLF)


def _mail_headers(envelope: Envelope, content: Content) -> bytes:
    lines = [_addresses("From", (envelope.sender,)), _addresses("To", envelope.to), _addresses("Cc", envelope.cc)]
    lines.append(_addresses("Reply-To", envelope.reply_to))
    lines.append(_line("Subject", envelope.subject))
    lines.extend(_line(name, value) for name, value in content.headers.items())
    return "".join(lines).encode("ascii")


def _line(name: str, value: str) -> str:
    """A header of free text, folded. The standard library's newer policies lose spaces where they fold encoded words
    (CPython issue 92081), its older `Header` does not."""
    if "\r" in value or "\n" in value or not HEADER_NAME.fullmatch(name):
        raise ValueError(f"a header cannot hold a line break: {name}")
    is_plain = value.isascii() and "=?" not in value
    if is_plain and value and " " not in value and "\t" not in value:
        return f"{name}: {value}{LINE_END}"  # `Header` would begin with an empty line, on which some readers stumble
    charset = "us-ascii" if is_plain else "utf-8"
    return f"{name}: {Header(value, charset, header_name=name).encode(linesep=LINE_END)}{LINE_END}"


def _addresses(name: str, texts: Sequence[str]) -> str:
    """A header of addresses, one on each line; nothing if there are none."""
    if not texts:
        return ""
    return f"{name}: " + f",{LINE_END} ".join(_mailbox(*address.parse(text)) for text in texts) + LINE_END


def _mailbox(name: str, addr_spec: str) -> str:
    if not name:
        return addr_spec
    if name.isascii() and len(name) < 60 and "=?" not in name:
        return f"{_quoted(name)} <{addr_spec}>"
    return f"{Header(name, 'utf-8').encode(linesep=LINE_END)}{LINE_END} <{addr_spec}>"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
