"""The API of uploads, and mails that name them."""

import boto3
import pytest

from chalicelib.core import instant
from chalicelib.core.openapi_upload import Upload
from chalicelib.entrypoints import api_uploads
from tests.entrypoints.test_api_emails import MAIL
from tests.moto_stack import REGION

FILE = {"filename": "Angebot 2027.pdf", "content_type": "application/pdf", "size": 4}


@pytest.fixture
def desk(office):
    api_uploads._parts.cache_clear()
    yield office
    api_uploads._parts.cache_clear()


def test_a_file_is_announced_brought_and_goes_out_with_a_mail(desk):
    status, made, _ = desk.call("POST", "/v1/uploads", FILE)
    assert status == 201
    Upload.model_validate(made)
    assert made["headers"] == {"Content-Type": "application/pdf", "Content-Length": "4"}
    assert instant.parse(made["expires_at"]) < instant.parse(made["usable_until"])
    mail = MAIL | {"attachments": [{"upload_id": made["id"], "as_link": True}]}
    assert desk.refused("POST", "/v1/emails", mail) == ["/attachments/0/upload_id"]
    boto3.client("s3", region_name=REGION).put_object(
        Bucket=desk.stack.bucket, Key=f"_uploads/acme/{made['id']}", Body=b"%PDF"
    )
    message_id = desk.done("POST", "/v1/emails", mail)["id"]
    assert f"acme/files/{message_id}/0" in desk.blobs()
    (file,) = desk.done("GET", f"/v1/emails/{message_id}")["clicks"]["files"]
    assert (file["filename"], file["size"]) == ("Angebot 2027.pdf", 4)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"size": 0}, "/size"),
        ({"size": 100_000_001}, "/size"),
        ({"size": "4"}, "/size"),
        ({"size": None}, "/size"),
        ({"filename": "../x"}, "/filename"),
        ({"content_type": "message/rfc822"}, "/content_type"),
        ({"content": "AAAA"}, "/content"),
    ],
)
def test_what_cannot_be_uploaded_is_named(desk, changes, pointer):
    assert desk.refused("POST", "/v1/uploads", FILE | changes) == [pointer]


@pytest.mark.parametrize(
    ("file", "pointer"),
    [
        ({"filename": "x"}, "/attachments/0/content"),
        ({"content": "AAAA"}, "/attachments/0/filename"),
        ({"content": "AAAA", "upload_id": "a" * 32}, "/attachments/0/content"),
        ({"upload_id": "../x"}, "/attachments/0/upload_id"),
    ],
)
def test_a_file_of_a_mail_has_either_content_and_a_name_or_an_upload(desk, file, pointer):
    assert desk.refused("POST", "/v1/emails", MAIL | {"attachments": [file]}) == [pointer]


def test_only_who_may_send_may_upload(desk):
    assert desk.call("POST", "/v1/uploads", FILE, key=desk.new_key(scopes=("read", "admin")))[0] == 403
