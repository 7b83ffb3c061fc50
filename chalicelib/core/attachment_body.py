"""A file of a mail as a program hands it over: with its content, or with the id of an upload."""

from base64 import b64decode
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.core.body import Strict, is_one_line
from chalicelib.core.message import Attachment

USUAL_TYPE = "application/octet-stream"


def _content_type(text: str) -> str:
    if text.startswith(("message/", "multipart/")):
        raise PydanticCustomError("type", "mails in mails cannot be attached; send them as application/octet-stream")
    return text


Filename = Annotated[
    str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^/\\]*$"), AfterValidator(is_one_line)
]
ContentType = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+/[A-Za-z0-9.+-]{1,100}$"), AfterValidator(_content_type)
]
UploadId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class AttachmentIn(Strict):
    """A file of the mail: either with its `content`, or one that was uploaded before, whose name and type are the
    upload's unless they are given here. With `content_id` it is shown inside the HTML as `cid:…`, with `as_link` it is
    a link however small it is."""

    filename: Annotated[Filename | None, Field(description="required with content")] = None
    content: Annotated[str | None, Field(description="base64")] = None
    upload_id: Annotated[UploadId | None, Field(description="of POST /v1/uploads")] = None
    content_type: Annotated[ContentType | None, Field(description=f"{USUAL_TYPE} unless it is known")] = None
    content_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,100}$")] | None = None
    as_link: bool = False

    @field_validator("as_link")
    @classmethod
    def _is_shown_or_linked(cls, as_link: bool, info: ValidationInfo) -> bool:
        if as_link and info.data.get("content_id"):
            raise PydanticCustomError("link", "a file that is shown inside the HTML cannot be a link")
        return as_link

    @model_validator(mode="after")
    def _is_one_file(self) -> "AttachmentIn":
        if (self.content is None) is (self.upload_id is None):
            raise PydanticCustomError("at:content", "give either content or upload_id")
        if self.content is not None and self.filename is None:
            raise PydanticCustomError("at:filename", "this field is required")
        return self

    def read(self) -> Attachment:
        """The file, decoded; of an upload only what is said of it here. Raises ValueError for what is no base64."""
        if self.upload_id is not None:
            return Attachment(
                self.filename or "", b"", self.content_type or "", self.content_id, upload_id=self.upload_id
            )
        raw = b64decode(self.content or "", validate=True)
        return Attachment(self.filename or "", raw, self.content_type or USUAL_TYPE, self.content_id)
