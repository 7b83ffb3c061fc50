"""The blob bucket: html and text of templates, compressed, each under a name of its own that is never used again."""

import gzip
import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Bodies(NamedTuple):
    """What a template says, beside its subject."""

    html: str | None
    text: str | None


class TemplateContents:
    """Keeps bodies of templates. `s3` is a boto3 client."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, account: str, content_id: str, bodies: Bodies) -> None:
        """Stores bodies under a new name."""
        packed = gzip.compress(json.dumps(bodies, separators=(",", ":")).encode(), compresslevel=6, mtime=0)
        self._s3.put_object(Bucket=self._bucket, Key=_key(account, content_id), Body=packed)

    def get(self, account: str, content_id: str) -> Bodies | None:
        """The bodies under this name; None if they are not kept any more."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_key(account, content_id))
        except self._s3.exceptions.NoSuchKey:
            return None
        return Bodies(*json.loads(gzip.decompress(answer["Body"].read())))

    def delete(self, account: str, content_id: str) -> None:
        """Removes bodies; those that are not there are no error."""
        self._s3.delete_object(Bucket=self._bucket, Key=_key(account, content_id))


def _key(account: str, content_id: str) -> str:
    return f"{account}/templates/{content_id}.json.gz"
