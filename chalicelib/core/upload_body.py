"""What a program says of a file before it uploads it (`POST /v1/uploads`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from chalicelib.core import upload
from chalicelib.core.attachment_body import USUAL_TYPE, ContentType, Filename
from chalicelib.core.body import Strict, read
from chalicelib.core.upload import Upload


class NewUpload(Strict):
    """A file to upload; `size` in bytes, exactly."""

    model_config = ConfigDict(extra="forbid", strict=True, title="NewUpload")

    filename: Filename
    content_type: ContentType = USUAL_TYPE
    size: Annotated[int, Field(ge=1, le=upload.LARGEST)]


def parse(body: Mapping[str, Any], upload_id: str, now: datetime) -> Upload:
    """The upload that a JSON object describes. Raises BadInput, which names each wrong field."""
    new = read(NewUpload, body)
    return Upload(upload_id, new.filename, new.content_type, new.size, now + upload.KEPT)
