"""Files that programs bring to the blob bucket by themselves, by a signed URL; they never pass through a function.

They lie under a prefix that no account can be called, which the bucket empties after three days (infra/data.yaml).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.core.upload import URL_LASTS, Upload, Way

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SIGNING = Config(
    # Version 4 signs the length and the type of what may come. "virtual" makes URLs of the bucket's own region: under
    # the name that is not of a region a new bucket answers by a redirect, which no program follows with a PUT.
    signature_version="s3v4",
    s3={"addressing_style": "virtual"},
    request_checksum_calculation="when_required",
)
PREFIX = "_uploads/"


class Uploads:
    """The uploads in the bucket. `s3` is a boto3 client made with SIGNING."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def way_of(self, account: str, upload: Upload, now: datetime) -> Way:
        """How this file can be brought, and no other than one of its size and type; nothing is sent for that."""
        wanted = {"ContentLength": upload.size, "ContentType": upload.content_type}
        url = self._s3.generate_presigned_url(
            "put_object",
            Params={"Bucket": self._bucket, "Key": _key(account, upload.upload_id), **wanted},
            ExpiresIn=int(URL_LASTS.total_seconds()),
        )
        headers = {"Content-Type": upload.content_type, "Content-Length": str(upload.size)}
        return Way(url, headers, now + URL_LASTS)

    def size_of(self, account: str, upload_id: str) -> int | None:
        """In bytes; None as long as nothing was brought."""
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=_key(account, upload_id))["ContentLength"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # without a body, so without a code
                return None
            raise

    def read(self, account: str, upload_id: str) -> bytes:
        """All of it, for a file that a mail can carry."""
        return self._s3.get_object(Bucket=self._bucket, Key=_key(account, upload_id))["Body"].read()

    def brought(self, account: str) -> Iterator[str]:
        """The ids of all uploads of the account whose files are here."""
        place = f"{PREFIX}{account}/"
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=place):
            yield from (one["Key"].removeprefix(place) for one in page.get("Contents", []))

    def delete(self, account: str, upload_id: str) -> None:
        """Removes a file; one that is not there is no error."""
        self._s3.delete_object(Bucket=self._bucket, Key=_key(account, upload_id))

    def copy(self, account: str, upload_id: str, key: str) -> None:
        """Makes it an object of its own under this key, within S3; again replaces it."""
        source = {"Bucket": self._bucket, "Key": _key(account, upload_id)}
        self._s3.copy_object(Bucket=self._bucket, Key=key, CopySource=source)  # type: ignore[arg-type]


def _key(account: str, upload_id: str) -> str:
    return f"{PREFIX}{account}/{upload_id}"
