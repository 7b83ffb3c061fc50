"""Contents in S3: what goes in comes out, and what is gone is no error."""

import hashlib
from dataclasses import replace

import boto3

from chalicelib.core.message import Attachment, Clickable, Content
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


def test_the_links_are_read_without_the_rest_however_many_they_are(stack):
    blobs = Blobs(boto3.client("s3", region_name=REGION), stack.bucket)
    noise = "".join(hashlib.sha256(bytes([number % 256, number // 256])).hexdigest() for number in range(4_000))
    for links in (
        (),
        ("https://example.com/",),
        tuple(f"https://e.example/{noise[n : n + 300]}" for n in range(0, 200_000, 300)),
    ):
        blobs.put("acme", "1", replace(CONTENT, links=links))
        assert blobs.clickable("acme", "1").links == links
        assert blobs.get("acme", "1") == replace(CONTENT, links=links)
    assert blobs.clickable("acme", "2") == Clickable()


def test_a_file_that_goes_out_as_a_link_is_an_object_of_its_own_until_it_is_deleted(stack):
    s3 = boto3.client("s3", region_name=REGION)
    blobs = Blobs(s3, stack.bucket)
    blobs.put("acme", "1", CONTENT)
    keys = [blobs.put_file("acme", "1", position, content) for position, content in enumerate((b"a" * 9, b""))]
    assert keys == ["acme/files/1/0", "acme/files/1/1"]
    assert [s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read() for key in keys] == [b"a" * 9, b""]
    for _ in range(2):
        blobs.delete_file("acme", "1", 0)
    left = {one["Key"] for one in s3.list_objects_v2(Bucket=stack.bucket)["Contents"]}
    assert left == {"acme/files/1/1", "acme/messages/1.json.gz"}
