"""Contents in S3: what goes in comes out, and what is gone is no error."""

import boto3

from chalicelib.core.message import Attachment, Content
from chalicelib.gateways.blobs import Blobs
from tests.moto_stack import REGION

CONTENT = Content(
    "<p>Größe</p>",
    None,
    {"X-A": "b"},
    (Attachment("a.bin", bytes(range(256)), "application/octet-stream"), Attachment("b", b"", "image/png", "b@c")),
    ("https://example.com/",),
)


def test_a_content_comes_back_as_it_was_until_it_is_deleted(stack):
    blobs = Blobs(boto3.client("s3", region_name=REGION), stack.bucket)
    blobs.put("acme", "1", CONTENT)
    assert blobs.get("acme", "1") == CONTENT
    assert blobs.get("other", "1") is None
    for _ in range(2):
        blobs.delete("acme", "1")
    assert blobs.get("acme", "1") is None
