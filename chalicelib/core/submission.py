"""What a program hands over as a mail (`POST /v1/emails`), checked until nothing in it can do harm.

Unknown fields are refused, also those of later versions: what is ignored today would surprise tomorrow.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from chalicelib.core import address
from chalicelib.core.line import is_line
from chalicelib.core.message import MOST_RECIPIENTS, Attachment, Content, Envelope
from chalicelib.core.mime import HEADER_NAME
from chalicelib.core.problem import MailsightError

LONGEST_BODY = 2_000_000  # characters of html or text; clients cut off far earlier
LARGEST_ATTACHMENTS = 10_000_000  # bytes, all files of a mail together

MOST_ERRORS = 100  # are named at once

SOURCES = (
    "individual", "api", "autoresponder", "autoresponder_follow_up", "blueprint", "cadence", "calendar_booking",
    "consent_email", "event_invitation", "export_email", "integration", "integration_task", "kiosk", "mail_merge",
    "mass_email", "mass_email_follow_up", "mass_email_scheduler", "meeting_notification", "multiple", "other",
    "rectify_email", "webform", "widget", "workflow_alert",
)  # fmt: skip
"""Where a mail that we send may come from. Mailboxes, dropboxes and plug-ins bring mails in; they send none here."""

_RESERVED = re.compile(
    r"(?i)bcc|cc|to|from|sender|subject|reply-to|date|message-id|received|return-path|dkim-signature|mime-version"
    r"|content-.*|x-ses-.*|resent-.*|arc-.*|authentication-results"
)


class BadSubmission(MailsightError):
    """The mail cannot be taken. `errors` are {"pointer": RFC 6901 JSON pointer, "message": what to mend}."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{error['pointer']}: {error['message']}" for error in errors))
        self.errors = errors


def _is_line(text: str) -> str:
    if not is_line(text):
        raise PydanticCustomError("line", "must be one line without control characters")
    return text


def _has_no_surrogates(text: str) -> str:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise PydanticCustomError("unicode", "must be valid Unicode: it holds half of a surrogate pair")
    return text


def _address(text: str) -> str:
    try:
        return address.show(text)
    except address.BadAddress as error:
        raise PydanticCustomError("address", "{reason}", {"reason": str(error)}) from None


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _header_name(name: str) -> str:
    if not HEADER_NAME.fullmatch(name):
        raise PydanticCustomError("header", "a header name is printable ASCII without colon and spaces")
    if _RESERVED.fullmatch(name):
        raise PydanticCustomError("header", "this header is set by the mail itself and cannot be given")
    return name


def _content_type(text: str) -> str:
    if text.startswith(("message/", "multipart/")):
        raise PydanticCustomError("type", "mails in mails cannot be attached; send them as application/octet-stream")
    return text


def _tag_name(name: str) -> str:
    if name.startswith("mailsight_"):
        raise PydanticCustomError("tag", "names that begin with mailsight_ are our own")
    return name


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise PydanticCustomError("base64", "must be base64 (RFC 4648 section 4)") from None


Line = Annotated[str, AfterValidator(_is_line), StringConstraints(max_length=900)]
Body = Annotated[str, StringConstraints(max_length=LONGEST_BODY), AfterValidator(_has_no_surrogates)]
MailAddress = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_address)]
MailAddresses = Annotated[list[MailAddress], BeforeValidator(_as_list)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
TagText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,256}$")]  # as SES has it
Name = Annotated[str, AfterValidator(_is_line), StringConstraints(min_length=1, max_length=200)]


ContentType = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+/[A-Za-z0-9.+-]{1,100}$"), AfterValidator(_content_type)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class AttachmentIn(_Strict):
    """A file of the mail. With `content_id` it is shown inside the HTML as `cid:…`."""

    filename: Annotated[
        str, AfterValidator(_is_line), StringConstraints(min_length=1, max_length=120, pattern=r"^[^/\\]+$")
    ]
    content: Annotated[str, Field(description="base64")]
    content_type: ContentType = "application/octet-stream"
    content_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,100}$")] | None = None


class TagIn(_Strict):
    """A label that SES carries along, so that its own figures can be split by it."""

    name: Annotated[TagText, AfterValidator(_tag_name)]
    value: TagText


class RecordIn(_Strict):
    """The CRM's record that the mail belongs to."""

    module: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    record_id: Name


class TrackingIn(_Strict):
    """What to track; both are on unless switched off."""

    opens: bool = True
    clicks: bool = True


class NewEmail(_Strict):
    """A mail to send. `to`, `cc` and `bcc` together hold 1 to 50 addresses; with more than one it is not tracked."""

    model_config = ConfigDict(extra="forbid", strict=True, title="NewEmail")

    sender: Annotated[MailAddress, Field(alias="from")]
    to: Annotated[MailAddresses, Field(max_length=MOST_RECIPIENTS)] = []
    cc: Annotated[MailAddresses, Field(max_length=MOST_RECIPIENTS)] = []
    bcc: Annotated[MailAddresses, Field(max_length=MOST_RECIPIENTS)] = []
    reply_to: Annotated[MailAddresses, Field(max_length=25)] = []
    subject: Line
    html: Body | None = None
    text: Body | None = None
    headers: Annotated[dict[HeaderName, Line], Field(max_length=50)] = {}
    attachments: Annotated[list[AttachmentIn], Field(max_length=50)] = []
    tags: Annotated[list[TagIn], Field(max_length=10)] = []
    record: RecordIn | None = None
    user: Name | None = None
    source: Literal[SOURCES] = "individual"  # type: ignore[valid-type]  # the tuple is the one place of the names
    tracking: TrackingIn = TrackingIn()

    @model_validator(mode="after")
    def _is_whole(self) -> "NewEmail":
        count = len(self.to) + len(self.cc) + len(self.bcc)
        if not 1 <= count <= MOST_RECIPIENTS:
            text = "to, cc and bcc together hold 1 to {most} recipients, not {count}"
            raise PydanticCustomError("at:to", text, {"most": MOST_RECIPIENTS, "count": count})
        if not self.html and not self.text:
            raise PydanticCustomError("at:html", "give html, text, or both")
        names = [name.lower() for name in self.headers]
        if len(set(names)) < len(names):
            raise PydanticCustomError("at:headers", "a header stands twice")
        if len({tag.name for tag in self.tags}) < len(self.tags):
            raise PydanticCustomError("at:tags", "a tag stands twice")
        return self

    @property
    def envelope(self) -> Envelope:
        """Who writes to whom about what."""
        return Envelope(
            self.sender, tuple(self.to), tuple(self.cc), tuple(self.bcc), tuple(self.reply_to), self.subject
        )

    def read_content(self) -> Content:
        """What it says, with the attachments decoded. Raises BadSubmission for content that is no base64."""
        files = []
        for number, file in enumerate(self.attachments):
            try:
                raw = _base64(file.content)
            except PydanticCustomError as error:
                pointer = f"/attachments/{number}/content"
                raise BadSubmission([{"pointer": pointer, "message": error.message()}]) from None
            files.append(Attachment(file.filename, raw, file.content_type, file.content_id))
        size = sum(len(file.content) for file in files)
        if size > LARGEST_ATTACHMENTS:
            text = f"all attachments together hold at most {LARGEST_ATTACHMENTS:,} bytes, not {size:,}"
            raise BadSubmission([{"pointer": "/attachments", "message": text}])
        return Content(self.html or None, self.text or None, self.headers, tuple(files))


def parse(body: Mapping[str, Any]) -> NewEmail:
    """The mail that a JSON object describes. Raises BadSubmission, which names each wrong field."""
    try:
        return NewEmail.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise BadSubmission([_problem(one) for one in found[:MOST_ERRORS]]) from None


def _problem(error: Any) -> dict[str, str]:
    place = [str(step) for step in error["loc"]]
    if len(place) > 2 and place[-1] == "[key]":  # pydantic's mark of an error in a name of an object
        place.pop()
    if error["type"].startswith("at:"):
        place = [error["type"].removeprefix("at:")]
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in place)
    return {"pointer": pointer[:200], "message": _WORDS.get(error["type"], error["msg"])}


_WORDS = {
    "extra_forbidden": "this field is not known here",
    "missing": "this field is required",
    "string_type": "must be a text",
    "list_type": "must be a list (an address may also stand alone)",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "bool_type": "must be true or false",
    "string_pattern_mismatch": "has a character that is not allowed here, or is too long; see docs/API.md",
    "literal_error": "is not one of the known values; see docs/API.md",
}
"""pydantic's error types in the words of this API; its own texts for the rest."""
