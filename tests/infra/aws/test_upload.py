"""What is uploaded lies under the hash of its content, once."""

import hashlib
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.aws.finding import told
from infra.aws.upload import upload, url
from tests.infra.aws.stubs import REGION, stubbed
from tests.moto_stack import Stack

KEY = f"{hashlib.sha256(b'functions').hexdigest()}.zip"


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    path = tmp_path / "mailsight.zip"
    path.write_bytes(b"functions")
    return path


def test_the_key_is_the_hash_and_the_content_is_there(stack: Stack, zipped: Path) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    assert upload(s3, stack.bucket, zipped) == KEY
    assert s3.get_object(Bucket=stack.bucket, Key=KEY)["Body"].read() == b"functions"


def test_what_is_there_already_is_not_sent_again(zipped: Path) -> None:
    assert upload(stubbed("s3", ("head_object", {})), "code", zipped) == KEY  # the stub would refuse another call


def test_a_bucket_that_may_not_be_read_is_told_with_the_permissions(zipped: Path) -> None:
    s3: Any = stubbed("s3", ("head_object", "403"))
    with pytest.raises(ClientError) as refused:
        upload(s3, "code", zipped)
    assert told(s3, refused.value).startswith("you lack the permission s3:GetObject and s3:ListBucket")


def test_cloudformation_is_told_where_it_lies() -> None:
    assert url(stubbed("s3"), "code", KEY) == f"https://s3.eu-west-1.amazonaws.com/code/{KEY}"
