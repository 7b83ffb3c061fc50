"""A whole mail in MIME (RFC 5322, RFC 2045), read into what a submission takes.

The first HTML and the first plain text are its bodies, every other part is a file. Headers that a submission sets by
itself are left out; of others that stand twice the first counts.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from typing import NamedTuple

from chalicelib.core.foreign_files import File
from chalicelib.core.problem import MailsightError

MOST_PARTS = 500  # as SES has it


class UnreadableMail(MailsightError):
    """The octets are no mail that can be read."""


class RawMail(NamedTuple):
    """A mail as it was given. Addresses are texts with their display names, decoded; `tags` are those of
    X-SES-MESSAGE-TAGS."""

    sender: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    reply_to: tuple[str, ...]
    subject: str
    html: str | None
    text: str | None
    headers: dict[str, str]
    files: tuple[File, ...]
    tags: tuple[tuple[str, str], ...]


def read(octets: bytes) -> RawMail:
    """The mail. Raises UnreadableMail."""
    try:
        return _read(message_from_bytes(octets, _class=EmailMessage, policy=default))
    except UnreadableMail:
        raise
    except Exception as error:  # the standard library raises of many kinds where a header is broken
        raise UnreadableMail(f"the mail cannot be read: {type(error).__name__}") from None


def _read(mail: EmailMessage) -> RawMail:
    bodies: dict[str, str] = {}
    files = []
    for number, part in enumerate(_leaves(mail)):
        if number >= MOST_PARTS:
            raise UnreadableMail(f"the mail has more than {MOST_PARTS} parts")
        kind = part.get_content_type()
        is_body = kind in ("text/html", "text/plain") and kind not in bodies
        if is_body and not part.is_attachment() and not part.get_filename():
            bodies[kind] = _decoded(part)
        else:
            files.append(_file(part, kind))
    sender, to, cc, bcc, reply_to = (_addresses(mail, name) for name in ("From", "To", "Cc", "Bcc", "Reply-To"))
    return RawMail(
        *(sender, to, cc, bcc, reply_to),
        subject=_unfolded(mail.get("Subject", "")),
        html=bodies.get("text/html"),
        text=bodies.get("text/plain"),
        headers=_headers(mail),
        files=tuple(files),
        tags=_tags(_unfolded(mail.get("X-SES-MESSAGE-TAGS", ""))),
    )


def _leaves(part: MIMEPart) -> Iterator[MIMEPart]:
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.iter_parts():
            yield from _leaves(inner)
    elif part.get_content_maintype() != "multipart":
        yield part


def _decoded(part: MIMEPart) -> str:
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes), "a leaf has octets"
    try:
        return octets.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:  # an encoding that nobody knows
        return octets.decode("utf-8", "replace")


def _file(part: MIMEPart, kind: str) -> File:
    if kind == "message/rfc822":
        octets = part.get_payload(0).as_bytes()  # type: ignore[union-attr]  # a mail in a mail is a message, never a text
        name = part.get_filename() or "mail.eml"
    else:
        octets, name = part.get_payload(decode=True) or b"", part.get_filename() or ""
    assert isinstance(octets, bytes), "a leaf has octets"
    content_id = _unfolded(part.get("Content-ID", "")).strip("<>")
    return File(_unfolded(name), b64encode(octets).decode("ascii"), kind, content_id)


def _addresses(mail: EmailMessage, name: str) -> tuple[str, ...]:
    found = []
    for header in mail.get_all(name, []):
        for one in header.addresses:
            shown = _unfolded(one.display_name)
            found.append(f"{_quoted(shown)} <{one.addr_spec}>" if shown else one.addr_spec)
    return tuple(found)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _headers(mail: EmailMessage) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in mail.items():
        if name.lower() not in {known.lower() for known in kept}:
            kept[name] = _unfolded(value)
    return kept


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (pair.partition("=") for pair in re.split(r"[,;]", text) if "=" in pair)
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _unfolded(value: object) -> str:
    """On one line; what was 8-bit and cannot be known is replaced."""
    return " ".join(str(value).encode("utf-8", "replace").decode("utf-8").split("\n")).replace("\r", "").strip()
