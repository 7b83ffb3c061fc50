"""Links to files in S3: botocore would sign the very same ones, and the hot path signs them without it."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
import time_machine
from botocore.config import Config

from chalicelib import settings
from chalicelib.core.sigv4 import Signer
from chalicelib.core.stored_file import StoredFile, disposition
from chalicelib.gateways.downloads import VALID_SECONDS, Downloads, connect

AT = datetime(2026, 11, 21, 8, 30, 7, tzinfo=UTC)
KEY = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
PLAIN = StoredFile("acme/files/0123456789abcdef/0", "offer.pdf", "application/pdf")
FILES = [
    PLAIN,
    StoredFile("ac-me_1/files/0123/12", 'Größe "100%" & <b>;.pdf', "application/vnd.ms-excel.sheet.macroEnabled.12"),
    StoredFile("a b/files/ü~/1", "../\r\n\u202e👨\u200d👩.exe", "image/svg+xml"),
]
PLACES = {
    "eu-central-1": {"AWS_REGION": "eu-central-1"},
    "us-east-1": {"AWS_REGION": "us-east-1"},
    "china": {"AWS_REGION": "cn-north-1"},
    "emulator": {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
    "emulator of S3": {
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://x",
        "AWS_ENDPOINT_URL_S3": "http://[::1]:9",
    },
    "own host": {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": "https://s3.crm.example/"},
}


def botocores(environ: dict[str, str], token: str, file: StoredFile, method: str) -> str:
    endpoint = environ.get("AWS_ENDPOINT_URL_S3", environ.get("AWS_ENDPOINT_URL"))
    s3: Any = {"addressing_style": "path" if endpoint else "virtual", "us_east_1_regional_endpoint": "regional"}
    client: Any = boto3.client(
        "s3",
        region_name=environ["AWS_REGION"],
        endpoint_url=endpoint,
        aws_session_token=token or None,
        config=Config(signature_version="s3v4", s3=s3),
        **KEY,
    )
    wanted = {"ResponseContentDisposition": disposition(file.filename), "ResponseContentType": file.content_type}
    with time_machine.travel(AT, tick=False):
        url: str = client.generate_presigned_url(
            f"{method.lower()}_object", {"Bucket": "blobs", "Key": file.key, **wanted}, ExpiresIn=VALID_SECONDS
        )
    return url


def parted(url: str) -> tuple[str, str, str, list[tuple[str, str]]]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, parts.path, sorted(parse_qsl(parts.query, strict_parsing=True))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("token", ["", "IQoJb3JpZ2luX2VjEA//+=="])
@pytest.mark.parametrize("file", FILES, ids=["plain", "quoted", "hostile"])
@pytest.mark.parametrize("environ", PLACES.values(), ids=PLACES.keys())
def test_a_link_is_the_one_that_botocore_would_sign(
    environ: dict[str, str], file: StoredFile, token: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    names = {"AWS_ACCESS_KEY_ID": KEY["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": KEY["aws_secret_access_key"]}
    with time_machine.travel(AT, tick=False):
        ours = connect("blobs", settings.read_aws({**environ, **names, "AWS_SESSION_TOKEN": token}))
        url = ours.url_of(file, method)
    assert parted(url) == parted(botocores(environ, token, file, method))
    assert url.isascii() and url.isprintable() and " " not in url


def test_a_link_is_valid_for_five_minutes_from_when_it_is_asked_for() -> None:
    signer = Signer(service="s3", region="eu-central-1", access_key_id="id", secret_access_key="secret")
    times = iter([AT.timestamp(), AT.timestamp() + 86_400])
    downloads = Downloads(signer, "https://blobs.s3.eu-central-1.amazonaws.com", lambda: next(times))
    first, second = (dict(parted(downloads.url_of(PLAIN, "GET"))[3]) for _ in range(2))
    assert (first["X-Amz-Date"], first["X-Amz-Expires"]) == ("20261121T083007Z", "300")
    assert second["X-Amz-Date"] == "20261122T083007Z"
    assert first["X-Amz-Signature"] != second["X-Amz-Signature"]
