"""What a program hands over of a mail that its CRM received (`POST /v1/emails/received`), checked before anything is
kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.core import past, rfc_message_id
from chalicelib.core import source as sources
from chalicelib.core.body import Id, MailAddress, Moment, Strict, read
from chalicelib.core.message import Content, Envelope
from chalicelib.core.received import ReceivedMail
from chalicelib.core.submission import Body, Line, RecordIn

MOST_RECIPIENTS = 100
LONGEST_ADDRESS = 450  # characters, with the name: so many of them fit into the mail's item


def _is_one(text: str) -> str:
    if len(rfc_message_id.ids_in(text)) != 1:
        raise PydanticCustomError("message_id", "must be a Message-ID like <abc@mail.example.com>")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Short = Annotated[MailAddress, StringConstraints(max_length=LONGEST_ADDRESS)]
Addresses = Annotated[list[Short], BeforeValidator(_as_list), Field(max_length=MOST_RECIPIENTS)]
MessageId = Annotated[str, StringConstraints(max_length=rfc_message_id.LONGEST + 2), AfterValidator(_is_one)]
MessageIds = Annotated[str, StringConstraints(max_length=20_000)]


class NewReceivedEmail(Strict):
    """A mail that came in. `in_reply_to` and `references` are the values of these headers; what is no Message-ID in
    them is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True, title="NewReceivedEmail")

    sender: Annotated[Short, Field(alias="from")]
    to: Addresses = Field(default_factory=list)
    cc: Addresses = Field(default_factory=list)
    subject: Line = ""
    html: Body | None = None
    text: Body | None = None
    message_id: MessageId
    in_reply_to: MessageIds | None = None
    references: MessageIds | None = None
    received_at: Annotated[Moment | None, Field(description="at most 400 days ago; now unless it is told")] = None
    record: RecordIn | None = None
    user: Id | None = None
    source: Literal[sources.RECEIVABLE] = "imap"  # type: ignore[valid-type]  # it is the one place of the names

    @model_validator(mode="after")
    def _is_storable(self) -> "NewReceivedEmail":
        if len(self.to) + len(self.cc) > MOST_RECIPIENTS:
            raise PydanticCustomError(
                "at:to", "to and cc together hold at most {most} recipients", {"most": MOST_RECIPIENTS}
            )
        return self

    def mail(self, now: datetime) -> ReceivedMail:
        """The mail. Raises BadInput for a time that cannot be."""
        received_at = self.received_at or now
        past.check(received_at, now, "/received_at")
        (own_id,), in_reply_to, references = self._ids()
        return ReceivedMail(
            Envelope(self.sender, tuple(self.to), tuple(self.cc), subject=self.subject),
            received_at,
            own_id,
            tuple(dict.fromkeys([*in_reply_to, *reversed(references)])),
            self.source,
            (self.record.module, self.record.record_id) if self.record else None,
            self.user,
        )

    def content(self) -> Content:
        """What it says, with the headers by which an answer to it is written."""
        named = zip(("Message-ID", "In-Reply-To", "References"), self._ids(), strict=True)
        headers = {name: " ".join(f"<{one}>" for one in ids) for name, ids in named if ids}
        return Content(self.html or None, self.text or None, headers)

    def _ids(self) -> tuple[tuple[str, ...], ...]:
        headers = (self.message_id, self.in_reply_to or "", self.references or "")
        return tuple(rfc_message_id.ids_in(header) for header in headers)


def parse(body: Mapping[str, Any]) -> NewReceivedEmail:
    """The mail that a JSON object describes. Raises BadInput, which names each wrong field."""
    return read(NewReceivedEmail, body)
