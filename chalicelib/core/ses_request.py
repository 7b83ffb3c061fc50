"""`SendEmail` of SES's API, version 2, as a submission of ours (submission.py), which then is checked like any other.

Fields: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html. What SES would do and we would not is
refused; what means nothing here (charsets of texts, the transfer encoding of a file, the configuration set) is left.
"""

from base64 import b64decode
from collections.abc import Mapping
from email.header import decode_header, make_header
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_pascal
from pydantic_core import PydanticCustomError

from chalicelib.core import named_address, raw_mail, submission
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import Strict, read
from chalicelib.core.foreign_files import File, placed
from chalicelib.core.raw_mail import RawMail

SOURCE = "api"
"""Where a mail comes from that does not say so."""

_OF_OURS = {"mailsight_source": "source", "mailsight_user": "user", "mailsight_record": "record"}
"""Tags that are fields of a submission."""

_NOT_TAKEN = {
    "ListManagementOptions": "lists of SES are not used here: keep consents and suppressions instead",
    "FromEmailAddressIdentityArn": "identities of other accounts are not used here",
    "FeedbackForwardingEmailAddress": "what comes back is told by events, not forwarded",
    "FeedbackForwardingEmailAddressIdentityArn": "what comes back is told by events, not forwarded",
    "Template": "templates of SES are not kept here: send Simple or Raw",
}


class _Part(Strict):
    """A structure of SES's API, whose fields begin with capitals."""

    model_config = ConfigDict(alias_generator=to_pascal)

    @model_validator(mode="before")
    @classmethod
    def _is_taken(cls, given: Any) -> Any:
        for name in given if isinstance(given, Mapping) else ():
            if name in _NOT_TAKEN:
                raise PydanticCustomError(f"at:{name}", "{reason}", {"reason": _NOT_TAKEN[name]})
        return given


class Text(_Part):
    """A text; it came as JSON, so its charset is known."""

    data: str
    charset: str = ""


class Body(_Part):
    """The bodies of a mail."""

    text: Text | None = None
    html: Text | None = None


class Header(_Part):
    """A further header."""

    name: str
    value: str


class Attachment(_Part):
    """A file, in base64."""

    raw_content: str
    file_name: str
    content_type: str = ""
    content_id: str = ""
    content_disposition: Literal["ATTACHMENT", "INLINE"] = "ATTACHMENT"
    content_description: str = ""
    content_transfer_encoding: Literal["BASE64", "QUOTED_PRINTABLE", "SEVEN_BIT"] = "BASE64"


class Simple(_Part):
    """A mail in parts."""

    subject: Text
    body: Body
    headers: list[Header] = Field(default_factory=list)
    attachments: list[Attachment] = Field(default_factory=list)


class Raw(_Part):
    """A mail in MIME, in base64."""

    data: str


class Content(_Part):
    """What the mail says, in one of two ways."""

    simple: Simple | None = None
    raw: Raw | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Content":
        if (self.simple is None) == (self.raw is None):
            raise PydanticCustomError("at:Content", "give one of Simple and Raw")
        return self


class Destination(_Part):
    """Who gets it."""

    to_addresses: list[str] = Field(default_factory=list)
    cc_addresses: list[str] = Field(default_factory=list)
    bcc_addresses: list[str] = Field(default_factory=list)


class Tag(_Part):
    """A label."""

    name: str
    value: str


class TrackingOverride(_Part):
    """What is switched off for this mail; ENABLED is what it is anyway, and never more than the account's."""

    open_tracking_enabled: Literal["ENABLED", "DISABLED"] = "ENABLED"
    click_tracking_enabled: Literal["ENABLED", "DISABLED"] = "ENABLED"


class Overrides(_Part):
    """What holds for this mail in place of the configuration set."""

    tracking: TrackingOverride = Field(default_factory=TrackingOverride)


class SendEmail(_Part):
    """The request."""

    content: Content
    from_email_address: str = ""
    destination: Destination | None = None
    reply_to_addresses: list[str] = Field(default_factory=list)
    email_tags: list[Tag] = Field(default_factory=list)
    configuration_set_name: str = ""
    configuration_overrides: Overrides = Field(default_factory=Overrides)


def submission_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `POST /v1/emails` that asks for the same. Raises BadInput; whether the mail is one that can be sent,
    submission.parse says."""
    asked = read(SendEmail, body)
    override = asked.configuration_overrides.tracking
    tracking = {
        "opens": override.open_tracking_enabled == "ENABLED",
        "clicks": override.click_tracking_enabled == "ENABLED",
    }
    if asked.content.simple is not None:
        mail, tags = _of_simple(asked, asked.content.simple), [(tag.name, tag.value) for tag in asked.email_tags]
    else:
        raw = _raw(asked)
        mail, tags = _of_raw(asked, raw), [(tag.name, tag.value) for tag in asked.email_tags] or list(raw.tags)
    whole = {"source": SOURCE, **mail, "tracking": tracking, **_tagged(tags)}
    return {name: value for name, value in whole.items() if value not in (None, [], {})}


def _of_simple(asked: SendEmail, simple: Simple) -> dict[str, Any]:
    to = asked.destination or Destination()
    html = simple.body.html.data if simple.body.html else None
    files = [
        File(one.file_name, one.raw_content, one.content_type, one.content_id.strip("<>")) for one in simple.attachments
    ]
    html, attachments = placed(files, html)
    names = [header.name.lower() for header in simple.headers]
    if len(set(names)) < len(names):
        raise BadInput([wrong("/Content/Simple/Headers", "a header stands twice")])
    return {
        "from": _readable(asked.from_email_address),
        "to": [_readable(one) for one in to.to_addresses],
        "cc": [_readable(one) for one in to.cc_addresses],
        "bcc": [_readable(one) for one in to.bcc_addresses],
        "reply_to": [_readable(one) for one in asked.reply_to_addresses],
        "subject": simple.subject.data,
        "html": html,
        "text": simple.body.text.data if simple.body.text else None,
        "headers": {header.name: header.value for header in simple.headers},
        "attachments": attachments,
    }


def _raw(asked: SendEmail) -> RawMail:
    assert asked.content.raw is not None
    try:
        return raw_mail.read(b64decode(asked.content.raw.data, validate=True))
    except ValueError:
        raise BadInput([wrong("/Content/Raw/Data", "must be base64")]) from None
    except raw_mail.UnreadableMail as error:
        raise BadInput([wrong("/Content/Raw/Data", str(error))]) from None


def _of_raw(asked: SendEmail, raw: RawMail) -> dict[str, Any]:
    html, attachments = placed(raw.files, raw.html)
    return {
        "from": _sender(asked.from_email_address, raw),
        **_recipients(asked.destination, raw),
        "reply_to": list(raw.reply_to) or [_readable(one) for one in asked.reply_to_addresses],
        "subject": raw.subject,
        "html": html,
        "text": raw.text,
        "headers": {name: value for name, value in raw.headers.items() if not submission.is_reserved(name)},
        "attachments": attachments,
    }


def _sender(given: str, raw: RawMail) -> str:
    """The one of the header, which recipients see; the request may name the same."""
    if len(raw.sender) > 1:
        raise BadInput([wrong("/Content/Raw/Data", "the mail has more than one sender in From")])
    if not raw.sender:
        return _readable(given)
    if given and named_address.bare(given).lower() != named_address.bare(raw.sender[0]).lower():
        raise BadInput([wrong("/FromEmailAddress", "is not the address in the mail's header From")])
    return raw.sender[0]


def _recipients(destination: Destination | None, raw: RawMail) -> dict[str, list[str]]:
    """Who gets it: those of the request, or else of the headers. Whom the request names beside the headers To and Cc
    gets it unseen; whom only the headers name does not get it, and is not shown as if they had."""
    if destination is None:
        return {"to": list(raw.to), "cc": list(raw.cc), "bcc": list(raw.bcc)}
    named = [*destination.to_addresses, *destination.cc_addresses, *destination.bcc_addresses]
    wanted = {_key(text): _readable(text) for text in named}
    to = [text for text in raw.to if _key(text) in wanted]
    cc = [text for text in raw.cc if _key(text) in wanted]
    seen = {_key(text) for text in (*to, *cc)}
    return {"to": to, "cc": cc, "bcc": [text for key, text in wanted.items() if key not in seen]}


def _key(text: str) -> str:
    return named_address.bare(text.strip()).lower()


def _readable(text: str) -> str:
    """An address with its display name decoded: SES wants encoded words there (RFC 2047)."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text


def _tagged(tags: list[tuple[str, str]]) -> dict[str, Any]:
    """The tags, and the fields that some of them are."""
    fields: dict[str, Any] = {field: value for name, value in tags if (field := _OF_OURS.get(name))}
    if "record" in fields:
        module, _, record_id = fields["record"].partition("/")
        fields["record"] = {"module": module, "record_id": record_id}
    return {**fields, "tags": [{"name": name, "value": value} for name, value in tags if name not in _OF_OURS]}
