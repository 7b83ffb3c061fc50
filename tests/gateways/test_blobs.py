"""Contents in S3: what goes in comes out, and what is gone is no error."""

import hashlib
from dataclasses import replace

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


def test_the_links_are_read_without_the_rest_however_many_they_are(stack):
    blobs = Blobs(boto3.client("s3", region_name=REGION), stack.bucket)
    noise = "".join(hashlib.sha256(bytes([number % 256, number // 256])).hexdigest() for number in range(4_000))
    for links in (
        (),
        ("https://example.com/",),
        tuple(f"https://e.example/{noise[n : n + 300]}" for n in range(0, 200_000, 300)),
    ):
        blobs.put("acme", "1", replace(CONTENT, links=links))
        assert blobs.links("acme", "1") == links
        assert blobs.get("acme", "1") == replace(CONTENT, links=links)
    assert blobs.links("acme", "2") == ()
