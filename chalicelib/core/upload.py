"""A file that a program brings to the bucket by itself, for it is too large for a request."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.core import instant

LARGEST = 100_000_000  # bytes
MOST_IN_A_MAIL = 10
KEPT = timedelta(days=2)
"""How long mails can be made of it; the bucket deletes it a day later."""
URL_LASTS = timedelta(minutes=15)


class Upload(NamedTuple):
    """What was said of a file before it was brought; `size` is in bytes."""

    upload_id: str
    filename: str
    content_type: str
    size: int
    expires_at: datetime

    @property
    def announced_at(self) -> datetime:
        """When it was told of, to the second."""
        return self.expires_at - KEPT


class Way(NamedTuple):
    """How a file is brought: by PUT to `url`, with these headers, before `until`."""

    url: str
    headers: dict[str, str]
    until: datetime


def show(upload: Upload, way: Way) -> dict[str, Any]:
    """The object `upload`; `expires_at` is when its URL does."""
    return {
        "object": "upload",
        "id": upload.upload_id,
        "filename": upload.filename,
        "content_type": upload.content_type,
        "size": upload.size,
        "url": way.url,
        "headers": way.headers,
        "expires_at": instant.show(way.until),
        "usable_until": instant.show(upload.expires_at),
    }
