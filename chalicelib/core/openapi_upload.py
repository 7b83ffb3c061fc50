"""Uploads, as a model for the API's document."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from chalicelib.core.openapi_answer import Answer


class Upload(Answer):
    """A file that was announced, and how to bring it: by PUT to `url` with these headers, until `expires_at`."""

    object: Literal["upload"]
    id: str
    filename: str
    content_type: str
    size: int
    url: str = Field(description="holds its own proof; send no API key along")
    headers: dict[str, str]
    expires_at: datetime
    usable_until: datetime = Field(description="until then mails can name it")
