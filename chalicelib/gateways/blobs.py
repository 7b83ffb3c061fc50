"""The blob bucket: what a mail says, compressed, as it was handed over.

Two gzip members in one object: what can be clicked, then the rest. So the first can be read without the attachments.
"""

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chalicelib.core.message import Attachment, Clickable, Content, LinkedFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_GZIP = 16 + zlib.MAX_WBITS  # zlib's sign for gzip's format
_FIRST_BYTES = 65_536
_CHUNK_BYTES = 1_000_000


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

    def clickable(self, account: str, message_id: str) -> Clickable:
        """Only what can be clicked; the first part of a message's content, read alone where it is short."""
        try:
            answer = self._s3.get_object(
                Bucket=self._bucket, Key=_key(account, message_id), Range=f"bytes=0-{_FIRST_BYTES - 1}"
            )
        except self._s3.exceptions.NoSuchKey:
            return Clickable()
        first = zlib.decompressobj(_GZIP)
        raw = first.decompress(answer["Body"].read())
        if first.eof:
            return _clickable(json.loads(raw))
        content = self.get(account, message_id)
        return content.clickable if content else Clickable()

    def delete(self, account: str, message_id: str) -> None:
        """Removes a content; one that is not there is no error."""
        self._s3.delete_object(Bucket=self._bucket, Key=_key(account, message_id))

    def file_key(self, account: str, message_id: str, position: int) -> str:
        """The key of a file that goes out as a link, whether or not it is there yet."""
        return _file_key(account, message_id, position)

    def put_file(self, account: str, message_id: str, position: int, content: bytes) -> str:
        """Stores a file that goes out as a link, as it is, and returns the key under which S3 hands it out."""
        key = _file_key(account, message_id, position)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    def file_chunks(self, account: str, message_id: str, position: int) -> Iterable[bytes] | None:
        """A file that went out as a link, piece by piece; None if it is not kept (any more)."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_file_key(account, message_id, position))
        except self._s3.exceptions.NoSuchKey:
            return None
        return answer["Body"].iter_chunks(_CHUNK_BYTES)

    def delete_file(self, account: str, message_id: str, position: int) -> None:
        """Removes such a file; one that is not there is no error."""
        self._s3.delete_object(Bucket=self._bucket, Key=_file_key(account, message_id, position))


def _file_key(account: str, message_id: str, position: int) -> str:
    return f"{account}/files/{message_id}/{position}"


def _key(account: str, message_id: str) -> str:
    return f"{account}/messages/{message_id}.json.gz"


def _dump(content: Content) -> bytes:
    files = [
        {
            "filename": file.filename,
            "content": b64encode(file.content).decode(),
            "content_type": file.content_type,
            "content_id": file.content_id,
            "is_linked": file.is_linked,
            **({} if file.stored_size is None else {"stored_size": file.stored_size}),
        }
        for file in content.attachments
    ]
    rest = {
        "html": content.html,
        "text": content.text,
        "headers": dict(content.headers),
        "attachments": files,
    }
    return _packed(content.clickable._asdict()) + _packed(rest)


def _packed(value: object) -> bytes:
    return gzip.compress(json.dumps(value, separators=(",", ":")).encode(), compresslevel=6, mtime=0)


def _clickable(raw: Any) -> Clickable:
    if isinstance(raw, list):  # of a version that knew no files
        return Clickable(tuple(raw))
    return Clickable(tuple(raw["links"]), tuple(LinkedFile(*file) for file in raw["files"]))


def _load(blob: bytes) -> Content:
    first = zlib.decompressobj(_GZIP)
    links = _clickable(json.loads(first.decompress(blob))).links
    raw = json.loads(gzip.decompress(first.unused_data))
    files = (
        Attachment(
            file["filename"],
            b64decode(file["content"]),
            file["content_type"],
            file["content_id"],
            file.get("is_linked", False),
            stored_size=file.get("stored_size"),
        )
        for file in raw["attachments"]
    )
    return Content(raw["html"], raw["text"], raw["headers"], tuple(files), links)
