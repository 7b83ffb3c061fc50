"""The blob bucket: what a mail says, compressed, as it was handed over."""

import gzip
import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from chalicelib.core.message import Attachment, Content

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Blobs:
    """Keeps contents. `s3` is a boto3 client."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, account: str, message_id: str, content: Content) -> None:
        """Stores a content; again for the same message replaces it."""
        self._s3.put_object(Bucket=self._bucket, Key=_key(account, message_id), Body=_dump(content))

    def get(self, account: str, message_id: str) -> Content | None:
        """The content of a message; None if it is not kept (any more)."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_key(account, message_id))
        except self._s3.exceptions.NoSuchKey:
            return None
        return _load(answer["Body"].read())

    def delete(self, account: str, message_id: str) -> None:
        """Removes a content; one that is not there is no error."""
        self._s3.delete_object(Bucket=self._bucket, Key=_key(account, message_id))


def _key(account: str, message_id: str) -> str:
    return f"{account}/messages/{message_id}.json.gz"


def _dump(content: Content) -> bytes:
    files = [
        {
            "filename": file.filename,
            "content": b64encode(file.content).decode(),
            "content_type": file.content_type,
            "content_id": file.content_id,
        }
        for file in content.attachments
    ]
    raw = {
        "html": content.html,
        "text": content.text,
        "headers": dict(content.headers),
        "attachments": files,
        "links": content.links,
    }
    return gzip.compress(json.dumps(raw, separators=(",", ":")).encode(), compresslevel=6, mtime=0)


def _load(blob: bytes) -> Content:
    raw = json.loads(gzip.decompress(blob))
    files = (
        Attachment(file["filename"], b64decode(file["content"]), file["content_type"], file["content_id"])
        for file in raw["attachments"]
    )
    return Content(raw["html"], raw["text"], raw["headers"], tuple(files), tuple(raw["links"]))
