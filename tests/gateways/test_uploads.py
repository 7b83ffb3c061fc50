"""Uploads in S3: where they are brought, and what becomes of them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from chalicelib.core.upload import Upload
from chalicelib.gateways.uploads import SIGNING, Uploads
from tests.moto_stack import DATA_STACK, REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UPLOAD = Upload("a" * 32, "offer.pdf", "application/pdf", 4, NOON + timedelta(days=2))
KEY = f"_uploads/acme/{UPLOAD.upload_id}"


@pytest.fixture
def s3(stack):
    return boto3.client("s3", region_name=REGION, config=SIGNING)


@pytest.fixture
def uploads(s3, stack) -> Uploads:
    return Uploads(s3, stack.bucket)


def test_the_url_is_bound_to_size_and_type_for_a_quarter_of_an_hour(uploads):
    way = uploads.way_of("acme", UPLOAD, NOON)
    place, query = urlsplit(way.url), parse_qs(urlsplit(way.url).query)
    assert (place.scheme, place.netloc, place.path) == ("https", f"blobs.s3.{REGION}.amazonaws.com", f"/{KEY}")
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]
    assert query["X-Amz-Expires"] == ["900"]
    assert way.headers == {"Content-Type": "application/pdf", "Content-Length": "4"}
    assert way.until == NOON + timedelta(minutes=15)


def test_an_upload_has_no_size_until_it_is_brought(uploads, s3, stack):
    assert uploads.size_of("acme", UPLOAD.upload_id) is None
    s3.put_object(Bucket=stack.bucket, Key=KEY, Body=b"%PDF")
    assert uploads.size_of("acme", UPLOAD.upload_id) == 4
    assert uploads.size_of("other", UPLOAD.upload_id) is None
    assert uploads.read("acme", UPLOAD.upload_id) == b"%PDF"


def test_a_copy_is_an_object_of_its_own(uploads, s3, stack):
    s3.put_object(Bucket=stack.bucket, Key=KEY, Body=b"%PDF")
    for _ in range(2):
        uploads.copy("acme", UPLOAD.upload_id, "acme/files/1/0")
    s3.delete_object(Bucket=stack.bucket, Key=KEY)
    assert s3.get_object(Bucket=stack.bucket, Key="acme/files/1/0")["Body"].read() == b"%PDF"


def test_the_bucket_forgets_uploads_and_nothing_else():
    """No account can be called as the prefix begins: see infra/account.py."""
    rules = DATA_STACK["BlobBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {rule["Id"]: (rule.get("Prefix"), rule.get("ExpirationInDays")) for rule in rules}["uploads"] == (
        "_uploads/",
        3,
    )
