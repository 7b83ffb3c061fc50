"""What a SendEmail request asks for, checked as SES checks it.

Sources: API v2 reference (SendEmail, RawMessage, Destination, MessageTag, Attachment) and developer guide ("Amazon SES
header fields", "Service quotas"). Where the words of SES's refusal are known from reports, they are used.
"""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from typing import Any, NamedTuple

from chalicelib.core.problem import MailsightError
from infra.local import letter

MAX_RECIPIENTS = 50
MAX_BYTES = 40 * 1024 * 1024
MAX_PARTS = 500

# The signature of the EICAR test file; cut in two so that no scanner takes this source for one.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

# Developer guide, "Amazon SES header fields": "can't appear more than once in the header section".
_SINGLE_NAMES = """
    accept-language acceptlanguage archived-at auto-submitted bounces-to comments content-alternative content-base
    content-class content-description content-disposition content-duration content-id content-language content-length
    content-location content-md5 content-transfer-encoding content-type date delivered-to
    disposition-notification-options disposition-notification-to dkim-signature domainkey-signature errors-to from
    importance in-reply-to keywords list-archive list-help list-id list-owner list-post list-subscribe list-unsubscribe
    list-unsubscribe-post message-context message-id mime-version organization original-from original-message-id
    original-recipient original-subject precedence priority references reply-to return-path return-receipt-to sender
    solicitation sensitivity subject thread-index thread-topic user-agent vbr-info
"""
_SINGLE = frozenset(_SINGLE_NAMES.split())

_FIELD = re.compile(rb"([!-9;-~]*)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*\n?")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LONGEST_LINE = 998  # and its end: RawMessage says 1,000 with it
_REPLACED = re.compile(r"message-id|date|bcc|return-path|x-ses-.*", re.IGNORECASE)
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class Refused(MailsightError):
    """SES would not take this; `kind` is the error's name on the wire, `status` that of HTTP."""

    def __init__(self, message: str, kind: str = "BadRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


class Outgoing(NamedTuple):
    """A mail as it was handed over. Addresses are bare; `source` is the sender as given, with its name.

    `fields` are the header fields byte for byte, line ends included; `body` is all that follows the blank line.
    """

    source: str
    sender: str
    recipients: tuple[str, ...]
    fields: tuple[tuple[str, bytes], ...]
    body: bytes
    configuration_set: str
    tags: Mapping[str, list[str]]
    overrides: Mapping[str, Any]
    has_virus: bool

    def header(self, name: str) -> str:
        """The unfolded value of the first field of this name, its encoded words left; empty if there is none."""
        return next((unfold(field) for given, field in self.fields if given.lower() == name.lower()), "")


def read(body: bytes) -> Outgoing:
    """The mail of a request's JSON. Raises Refused."""
    try:
        return _read(json.loads(body))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise Refused(f"Could not parse request: {error}", "SerializationException") from error


def stamp(mail: Outgoing, ses_message_id: str, accepted_at: datetime, region: str) -> bytes:
    """The mail as recipients get it: SES puts its own Message-ID and Date in the place of any, and hides Bcc."""
    end = b"\r\n" if mail.fields[-1][1].endswith(b"\r\n") else b"\n"
    host = "email" if region == "us-east-1" else region
    own = (f"Message-ID: <{ses_message_id}@{host}.amazonses.com>", f"Date: {format_datetime(accepted_at)}")
    kept = [field for name, field in mail.fields if not _REPLACED.fullmatch(name)]
    return b"".join([*kept, *(line.encode() + end for line in own), end, mail.body])


def unfold(field: bytes) -> str:
    """The value of a header field on one line; 8-bit text is taken for UTF-8, else for Latin-1."""
    value = field.partition(b":")[2]
    return re.sub(r"\r?\n(?=[ \t])", "", letter.decode(value, "utf-8")).strip()


def _read(request: Mapping[str, Any]) -> Outgoing:
    raw = _raw(request)
    fields, body = _split(raw)
    values = {name.lower(): unfold(field) for name, field in fields}
    source = request.get("FromEmailAddress") or values["from"]
    return Outgoing(
        source=source,
        sender=_address(source),
        recipients=_recipients(request.get("Destination") or {}, fields),
        fields=fields,
        body=body,
        configuration_set=request.get("ConfigurationSetName") or values.get("x-ses-configuration-set", ""),
        tags=_tags(request.get("EmailTags") or [], values.get("x-ses-message-tags", "")),
        overrides=request.get("ConfigurationOverrides") or {},
        has_virus=_has_virus(raw),
    )


def _raw(request: Mapping[str, Any]) -> bytes:
    content = request["Content"]
    if content.get("Raw"):
        try:
            raw = b64decode(content["Raw"]["Data"], validate=True)
        except Base64Error as error:
            raise Refused("Content.Raw.Data is not base64") from error
    elif content.get("Simple"):
        raw = _compose(request, content["Simple"])
    else:
        raise Refused("Content must be Raw or Simple; the local stand-in keeps no templates")
    if len(raw) > MAX_BYTES:
        raise Refused(f"Message length is more than {MAX_BYTES} bytes long: '{len(raw)}'.")
    return raw


def _compose(request: Mapping[str, Any], simple: Mapping[str, Any]) -> bytes:
    """The MIME message that SES makes of `Simple`. Raises ValueError for line breaks in a header."""
    mail = EmailMessage(policy=SMTP)
    destination = request.get("Destination") or {}
    mail["From"] = request.get("FromEmailAddress") or ""
    for name, addresses in (
        ("To", destination.get("ToAddresses")),
        ("Cc", destination.get("CcAddresses")),
        ("Reply-To", request.get("ReplyToAddresses")),
    ):
        if addresses:
            mail[name] = ", ".join(addresses)
    mail["Subject"] = simple["Subject"]["Data"]
    for header in simple.get("Headers") or []:
        mail[header["Name"]] = header["Value"]
    parts = [
        (kind, simple["Body"][key]["Data"])
        for kind, key in (("plain", "Text"), ("html", "Html"))
        if key in simple["Body"]
    ]
    for index, (kind, text) in enumerate(parts):
        add = mail.add_alternative if index else mail.set_content
        add(text, subtype=kind, cte="quoted-printable")
    for attachment in simple.get("Attachments") or []:
        _attach(mail, attachment)
    return mail.as_bytes()


def _attach(mail: EmailMessage, attachment: Mapping[str, Any]) -> None:
    maintype, _, subtype = (attachment.get("ContentType") or "application/octet-stream").partition("/")
    content_id = attachment.get("ContentId")
    mail.add_attachment(
        b64decode(attachment["RawContent"]),
        maintype=maintype,
        subtype=subtype,
        filename=attachment["FileName"],
        disposition=(attachment.get("ContentDisposition") or "ATTACHMENT").lower(),
        cid=f"<{content_id.strip('<>')}>" if content_id else None,
    )


def _split(raw: bytes) -> tuple[tuple[tuple[str, bytes], ...], bytes]:
    """Header fields and body of a message that keeps the criteria of RawMessage."""
    blank = _BLANK_LINE.search(raw)
    if not blank:
        raise Refused("The message has to contain a header and a body, separated by one blank line.")
    if any(len(line.rstrip(b"\r")) > _LONGEST_LINE for line in raw.split(b"\n")):
        raise Refused("The length of any single line of text in the message can't exceed 1,000 characters.")
    fields = tuple(_fields(raw[: blank.start()] + (b"\r\n" if blank[0].startswith(b"\r") else b"\n")))
    seen: set[str] = set()
    for name in (name.lower() for name, _ in fields):
        if name in seen & _SINGLE:
            raise Refused(f"Duplicate header '{name}'.")
        seen.add(name)
    if "from" not in seen:
        raise Refused("Missing required header 'From'.")
    return fields, raw[blank.end() :]


def _fields(head: bytes) -> Iterable[tuple[str, bytes]]:
    position = 0
    while position < len(head):
        field = _FIELD.match(head, position)
        if not field:
            line = head[position:].partition(b"\n")[0][:80].decode("ascii", "replace")
            raise Refused(f"Illegal header line: {line!r}")
        if not field[1]:
            raise Refused("Empty header names are illegal.")
        yield field[1].decode("ascii"), field[0]
        position = field.end()


def _recipients(destination: Mapping[str, Any], fields: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    given = [entry for key in ("ToAddresses", "CcAddresses", "BccAddresses") for entry in destination.get(key) or []]
    if not given:
        headers = [unfold(field) for name, field in fields if name.lower() in ("to", "cc", "bcc")]
        given = [address for _, address in getaddresses(headers)]
    if not given:
        raise Refused("Missing required header 'To'.")
    if len(given) > MAX_RECIPIENTS:
        raise Refused(f"Recipient count exceeds {MAX_RECIPIENTS}.")
    return tuple(dict.fromkeys(_address(entry) for entry in given))


def _address(text: str) -> str:
    """The bare address of `address` or `Name <address>`."""
    found = [address for _, address in getaddresses([text])]
    if len(found) != 1 or not found[0] or re.search(r"[\r\n]", text):
        raise Refused("Illegal address")
    address = found[0]
    local, at, domain = address.rpartition("@")
    if not at:
        raise Refused("Missing final '@domain'")
    if not local:
        raise Refused("Missing local name")
    if re.search(r"[\s\x00-\x1f\x7f]", local):
        raise Refused("Local address contains control or whitespace")
    if not local.isascii():
        raise Refused("Local address contains illegal character")
    if not _DOMAIN.fullmatch(domain):
        raise Refused("Domain contains illegal character" if "." in domain.strip(".") else "Illegal address")
    return address


def _tags(given: Iterable[Mapping[str, str]], header: str) -> dict[str, list[str]]:
    """Tags of the request; those of the header `X-SES-MESSAGE-TAGS` (a=b, c=d) where the request names none."""
    pairs = [(tag["Name"], tag["Value"]) for tag in given]
    if not pairs and header:
        pairs = [(name.strip(), value.strip()) for name, _, value in (tag.partition("=") for tag in header.split(","))]
    tags: dict[str, list[str]] = {}
    for name, value in pairs:
        if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            raise Refused(f"Invalid tag {name}={value}: up to 256 of a-z, A-Z, 0-9, _ and - are allowed")
        tags.setdefault(name, []).append(value)
    return tags


def _has_virus(raw: bytes) -> bool:
    parts = letter.leaves(raw)
    if len(parts) > MAX_PARTS:
        raise Refused(f"The message has more than {MAX_PARTS} MIME parts.")
    return EICAR in raw or any(EICAR in letter.content(part) for part in parts)
