"""A mail as its reader sees it: decoded headers, text, HTML, attachments. Takes whatever it is given."""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import unquote

CID = re.compile(r"\bcid:([^\s\"'<>)]+)", re.IGNORECASE)
"""A link in HTML to another part of the mail (RFC 2392)."""


class Part(NamedTuple):
    """A file in a mail. `content_id` is without angle brackets, empty if there is none."""

    filename: str
    content_type: str
    content_id: str
    data: bytes


class Letter(NamedTuple):
    """A mail, decoded. `text` and `html` are empty where the mail has no such part; `date` is None if unreadable."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Part, ...]
    inline: tuple[Part, ...]
    date: datetime | None

    def header(self, name: str) -> str:
        """The decoded value of the first header of this name, or nothing."""
        return next((value for given, value in self.headers if given.lower() == name.lower()), "")

    def addresses(self, name: str) -> list[str]:
        """The bare addresses in the headers of this name."""
        values = [value for given, value in self.headers if given.lower() == name.lower()]
        return [address for _, address in getaddresses(values) if address]


def read(raw: bytes) -> Letter:
    """The letter of an RFC 5322 message."""
    message = message_from_bytes(raw)
    bodies: dict[str, str] = {}
    files: list[Part] = []
    for part in leaves(message):
        kind = part.get_content_type()
        is_body = kind in ("text/plain", "text/html") and not _is_file(part)
        if is_body and kind not in bodies:
            bodies[kind] = decode(content(part), str(part.get_content_charset() or "utf-8"))
        else:
            files.append(_file(part, len(files) + 1))
    html = bodies.get("text/html", "")
    shown = {unquote(found) for found in CID.findall(html)} - {""}
    return Letter(
        headers=tuple((name, header_text(value)) for name, value in message.raw_items()),
        text=bodies.get("text/plain", ""),
        html=html,
        attachments=tuple(file for file in files if file.content_id not in shown),
        inline=tuple(file for file in files if file.content_id in shown),
        date=_date(str(message.get("Date", ""))),
    )


def leaves(mail: bytes | Message) -> list[Message]:
    """The parts of a mail that hold something themselves; a mail attached to it is one of them."""
    return list(_walk(message_from_bytes(mail) if isinstance(mail, bytes) else mail))


def content(part: Message) -> bytes:
    """The bytes of a leaf, its transfer encoding undone."""
    if part.is_multipart():
        return b"".join(child.as_bytes() for child in part.get_payload() if isinstance(child, Message))
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def decode(data: bytes, charset: str) -> str:
    """Text in the charset it claims, else UTF-8, else Latin-1, which takes every byte. It can be encoded again."""
    for name in (charset, "utf-8"):
        try:
            text = data.decode(name)
        except (LookupError, ValueError):
            continue
        return text.encode("utf-8", "replace").decode()  # UTF-7 and the like can decode to half a character
    return data.decode("latin-1")


def header_text(value: object) -> str:
    """A header's value on one line, encoded words (RFC 2047) decoded where they can be."""
    text = re.sub(r"[\r\n]+[ \t]*", " ", decode(str(value).encode("utf-8", "surrogateescape"), "utf-8")).strip()
    try:
        return "".join(
            piece if isinstance(piece, str) else decode(piece, charset or "latin-1")
            for piece, charset in decode_header(text)
        )
    except (HeaderParseError, ValueError):
        return text


def _walk(part: Message) -> Iterator[Message]:
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _walk(child)
    else:
        yield part


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _file(part: Message, number: int) -> Part:
    kind = part.get_content_type()
    return Part(
        filename=header_text(part.get_filename() or "") or f"part-{number}.{kind.partition('/')[2]}",
        content_type=kind,
        content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        data=content(part),
    )


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None
