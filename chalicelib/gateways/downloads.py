"""Links by which S3 hands out a file that went out as a link: signed here, valid for some minutes, without a call."""

import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from chalicelib.core.sigv4 import Signer
from chalicelib.core.stored_file import StoredFile, disposition
from chalicelib.gateways.aws_json import host_of
from chalicelib.settings import Aws

VALID_SECONDS = 300
"""Long enough to begin a download on a slow connection; what has begun goes on."""


class Downloads:
    """Signs with the credentials of this process, so its links reach what its role may read. Threads may share it.

    `place` is the bucket's URL without a slash at its end, `clock` gives Unix seconds.
    """

    def __init__(self, signer: Signer, place: str, clock: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._place = urlsplit(place)
        self._host = host_of(place)
        self._clock = clock

    def url_of(self, file: StoredFile, method: str) -> str:
        """Where the file can be asked for by GET or HEAD for the next minutes; a browser saves it under its name and
        shows nothing. Whoever is redirected keeps to their method, and S3 takes no other than the one that is signed.
        """
        path = f"{self._place.path}/{quote(file.key, safe='/')}"
        wanted = {
            "response-content-disposition": disposition(file.filename),
            "response-content-type": file.content_type,
        }
        query = self._signer.query(
            wanted, method=method, host=self._host, path=path, at=self._clock(), seconds=VALID_SECONDS
        )
        return f"{self._place.scheme}://{self._host}{path}?{query}"


def connect(bucket: str, aws: Aws) -> Downloads:
    """For files in this bucket; nothing is sent."""
    signer = Signer(
        service="s3",
        region=aws.region,
        access_key_id=aws.access_key_id,
        secret_access_key=aws.secret_access_key,
        session_token=aws.session_token,
    )
    return Downloads(signer, aws.bucket_url(bucket))
