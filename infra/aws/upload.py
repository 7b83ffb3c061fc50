"""What a deployment uploads, each under the hash of its content: what is there already is not sent again."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def upload(s3: "S3Client", bucket: str, path: Path) -> str:
    """Uploads a file if it is not there yet; its key."""
    with path.open("rb") as file:
        key = f"{hashlib.file_digest(file, 'sha256').hexdigest()}{path.suffix}"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "404":
            raise
        with path.open("rb") as file:
            s3.put_object(Bucket=bucket, Key=key, Body=file)
    return key


def url(s3: "S3Client", bucket: str, key: str) -> str:
    """Where CloudFormation finds what was uploaded."""
    return f"{s3.meta.endpoint_url}/{bucket}/{key}"
