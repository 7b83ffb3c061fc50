"""What a program hands over as a mail (`POST /v1/emails`), checked until nothing in it can do harm.

Unknown fields are refused, also those of later versions: what is ignored today would surprise tomorrow.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from chalicelib.core import mode as modes
from chalicelib.core import source as sources
from chalicelib.core import unsubscribe_url
from chalicelib.core.attachment_body import AttachmentIn
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import Id, MailAddress, ModeName, Moment, Name, Strict, is_one_line, read
from chalicelib.core.linked_files import LARGEST_ATTACHMENTS
from chalicelib.core.message import MOST_RECIPIENTS, Content, Envelope
from chalicelib.core.mime import HEADER_NAME
from chalicelib.core.tracking import Wish

LONGEST_BODY = 2_000_000  # characters of html or text; clients cut off far earlier
LONGEST_LINE = 900  # characters of a subject or another header

_RESERVED = re.compile(
    r"(?i)bcc|cc|to|from|sender|subject|reply-to|date|message-id|received|return-path|dkim-signature|mime-version"
    r"|content-.*|x-ses-.*|resent-.*|arc-.*|authentication-results"
)

_UNSUBSCRIBE = re.compile(r"(?i)list-unsubscribe(-post)?")


def _has_no_surrogates(text: str) -> str:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise PydanticCustomError("unicode", "must be valid Unicode: it holds half of a surrogate pair")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _header_name(name: str) -> str:
    if not HEADER_NAME.fullmatch(name):
        raise PydanticCustomError("header", "a header name is printable ASCII without colon and spaces")
    if _RESERVED.fullmatch(name):
        raise PydanticCustomError("header", "this header is set by the mail itself and cannot be given")
    return name


def _tag_name(name: str) -> str:
    if name.startswith("mailsight_"):
        raise PydanticCustomError("tag", "names that begin with mailsight_ are our own")
    return name


Line = Annotated[str, StringConstraints(max_length=LONGEST_LINE), AfterValidator(is_one_line)]
Body = Annotated[str, StringConstraints(max_length=LONGEST_BODY), AfterValidator(_has_no_surrogates)]
MailAddresses = Annotated[list[MailAddress], BeforeValidator(_as_list)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
TagText = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9_-]*$")]  # as SES has it


class TagIn(Strict):
    """A label that SES carries along, so that its own figures can be split by it."""

    name: Annotated[TagText, AfterValidator(_tag_name)]
    value: TagText


class RecordIn(Strict):
    """The CRM's record that the mail belongs to."""

    module: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]
    record_id: Name


class TrackingIn(Strict):
    """What to track; both are on unless switched off. `mode` keeps less of a hit than the account would."""

    opens: bool = True
    clicks: bool = True
    mode: ModeName | None = None

    @property
    def wish(self) -> Wish:
        """The same as the guards take it."""
        return Wish(self.opens, self.clicks, modes.parse(self.mode) if self.mode else None)


class NewEmail(Strict):
    """A mail to send. `to`, `cc` and `bcc` together hold 1 to 50 addresses; with more than one it is not tracked."""

    model_config = ConfigDict(extra="forbid", strict=True, title="NewEmail")

    sender: Annotated[MailAddress, Field(alias="from")]
    to: MailAddresses = Field(default_factory=list, max_length=MOST_RECIPIENTS)
    cc: MailAddresses = Field(default_factory=list, max_length=MOST_RECIPIENTS)
    bcc: MailAddresses = Field(default_factory=list, max_length=MOST_RECIPIENTS)
    reply_to: MailAddresses = Field(default_factory=list, max_length=25)
    subject: Annotated[Line | None, Field(description="required without a template")] = None
    html: Body | None = None
    text: Body | None = None
    headers: dict[HeaderName, Line] = Field(default_factory=dict, max_length=50)
    attachments: list[AttachmentIn] = Field(default_factory=list, max_length=50)
    tags: list[TagIn] = Field(default_factory=list, max_length=10)
    record: RecordIn | None = None
    user: Id | None = None
    template: Annotated[Id | None, Field(description="what of subject, html and text it does not bring itself")] = None
    data: Annotated[dict[str, Any] | None, Field(description="what the template's fields stand for")] = None
    source: Literal[sources.SENDABLE] = sources.DEFAULT  # type: ignore[valid-type]  # it is the one place of the names
    tracking: TrackingIn = Field(default_factory=TrackingIn)
    unsubscribe: bool | None = None
    scheduled_at: Annotated[Moment | None, Field(description="at most 30 days ahead")] = None

    @model_validator(mode="after")
    def _is_whole(self) -> "NewEmail":
        count = len(self.to) + len(self.cc) + len(self.bcc)
        if not 1 <= count <= MOST_RECIPIENTS:
            text = "to, cc and bcc together hold 1 to {most} recipients, not {count}"
            raise PydanticCustomError("at:to", text, {"most": MOST_RECIPIENTS, "count": count})
        if self.template is None:
            self._needs_no_template()
        names = [name.lower() for name in self.headers]
        if len(set(names)) < len(names):
            raise PydanticCustomError("at:headers", "a header stands twice")
        if len({tag.name for tag in self.tags}) < len(self.tags):
            raise PydanticCustomError("at:tags", "a tag stands twice")
        if self.unsubscribe and count > 1:
            raise PydanticCustomError(
                "at:unsubscribe", "a mail to several cannot tell who unsubscribes: send one to each"
            )
        if self.unsubscribe and self._has_own_way_out:
            raise PydanticCustomError("at:unsubscribe", "the mail has List-Unsubscribe headers of its own")
        return self

    def _needs_no_template(self) -> None:
        if self.subject is None:
            raise PydanticCustomError("at:subject", "this field is required")
        if not self.has_body:
            raise PydanticCustomError("at:html", "give html, text, or both")
        if self.data is not None:
            raise PydanticCustomError("at:data", "is for the fields of a template; name one in `template`")

    @property
    def has_body(self) -> bool:
        """Whether it says something by itself."""
        return bool(self.html or self.text)

    @property
    def brings_all(self) -> bool:
        """Whether there is nothing in it that would have to come from a template."""
        return self.has_body and self.subject is not None

    @property
    def wants_unsubscribe(self) -> bool:
        """Whether it goes out with headers and a link of ours for unsubscribing: as asked, else by its source. Never if
        it goes to several, or brings headers of its own for that."""
        if self._has_own_way_out or len(self.envelope.recipients) > 1:
            return False
        return sources.kind_of(self.source).is_bulk if self.unsubscribe is None else self.unsubscribe

    @property
    def _has_own_way_out(self) -> bool:
        return any(_UNSUBSCRIBE.fullmatch(name) for name in self.headers)

    @property
    def asked_links(self) -> frozenset[int]:
        """The places of the attachments that are to go out as links however small they are."""
        return frozenset(place for place, file in enumerate(self.attachments) if file.as_link)

    @property
    def envelope(self) -> Envelope:
        """Who writes to whom about what."""
        return Envelope(
            self.sender, tuple(self.to), tuple(self.cc), tuple(self.bcc), tuple(self.reply_to), self.subject or ""
        )

    def read_content(self) -> Content:
        """What it says, with the attachments decoded; uploads are still to be looked up. Raises BadInput for content
        that is no base64."""
        files = []
        for number, file in enumerate(self.attachments):
            try:
                files.append(file.read())
            except ValueError:
                pointer = f"/attachments/{number}/content"
                raise BadInput([wrong(pointer, "must be base64 (RFC 4648 section 4)")]) from None
        size = sum(len(file.content) for file in files)
        if size > LARGEST_ATTACHMENTS:
            text = f"all attachments together hold at most {LARGEST_ATTACHMENTS:,} bytes, not {size:,}"
            raise BadInput([wrong("/attachments", text)])
        return Content(self.html or None, self.text or None, self.headers, tuple(files))


def is_reserved(header: str) -> bool:
    """Whether a header of this name is set by the mail itself."""
    return _RESERVED.fullmatch(header) is not None


def parse(body: Mapping[str, Any]) -> NewEmail:
    """The mail that a JSON object describes. Raises BadInput, which names each wrong field."""
    mail = read(NewEmail, body)
    check_way_out(mail, [("/html", mail.html), ("/text", mail.text)])
    return mail


def check_way_out(mail: NewEmail, written: Iterable[tuple[str, str | None]]) -> None:
    """Raises BadInput, at the pointer beside it, for a text that wants the address for unsubscribing in vain."""
    if mail.wants_unsubscribe:
        return
    unfilled = [pointer for pointer, text in written if text and unsubscribe_url.is_wanted(text)]
    if unfilled:
        raise BadInput([wrong(pointer, _NO_WAY_OUT) for pointer in dict.fromkeys(unfilled)])


_NO_WAY_OUT = (
    "holds {{unsubscribe_url}}, which would stay as it is: it is replaced only in a mail to one recipient, "
    "with unsubscribe true (the default of some sources) and without List-Unsubscribe headers of its own"
)
