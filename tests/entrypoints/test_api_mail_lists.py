"""Lists of mails as files: asked for by a program, made by the function, fetched by links."""

import csv
import io

import boto3
import pytest

from chalicelib.core.openapi_people import Export
from chalicelib.entrypoints import api_people, people
from tests.entrypoints.permitting import ANNA
from tests.entrypoints.test_api_emails import MAIL
from tests.entrypoints.test_api_people import queued, worked
from tests.moto_stack import REGION


@pytest.fixture
def desk(office):
    for module in (api_people, people):
        module._parts.cache_clear()
    yield office
    for module in (api_people, people):
        module._parts.cache_clear()


def rows(job) -> list[dict[str, str]]:
    """The rows of all files of a job, fetched from the bucket."""
    s3 = boto3.client("s3", region_name=REGION)
    listed = s3.list_objects_v2(Bucket="blobs", Prefix=f"_exports/acme/{job['id']}/")["Contents"]
    texts = (s3.get_object(Bucket="blobs", Key=one["Key"])["Body"].read().decode("utf-8-sig") for one in listed)
    return [row for text in texts for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_a_list_of_mails_is_made_by_the_function_and_can_be_fetched(desk):
    mail_id = desk.done("POST", "/v1/emails", MAIL | {"user": "kim"})["id"]
    desk.done("POST", "/v1/emails", MAIL | {"user": "raj", "subject": "=1+1"})
    job = desk.done("POST", "/v1/exports", {"emails": {"user": ["kim"]}, "format": "csv"})
    assert (job["object"], job["of"], job["format"], job["progress"]) == ("export", "emails", "csv", 0.0)
    assert worked(queued(desk)[0])
    shown = desk.done("GET", f"/v1/exports/{job['id']}")
    Export.model_validate(shown)
    assert (shown["status"], shown["counts"], shown["progress"]) == ("done", {"mails": 1}, 1.0)
    (file,) = shown["files"]
    assert "X-Amz-Signature=" in file["url"] and f"emails_{job['created_at'][:10]}.csv" in file["url"]
    (row,) = rows(job)
    assert (row["id"], row["user"], row["to"]) == (mail_id, "kim", ANNA)


def test_nothing_asks_for_mails_without_one(desk):
    mail_id = desk.done("POST", "/v1/emails", MAIL)["id"]
    desk.done("POST", "/v1/emails", MAIL | {"record": {"module": "leads", "record_id": "7"}})
    job = desk.done("POST", "/v1/exports", {"emails": {"module": ""}, "format": "csv"})
    assert worked(queued(desk)[0])
    assert [row["id"] for row in rows(job)] == [mail_id]


def test_a_subject_is_no_formula(desk):
    desk.done("POST", "/v1/emails", MAIL | {"subject": "=HYPERLINK(0)"})
    job = desk.done("POST", "/v1/exports", {"emails": {}})
    assert worked(queued(desk)[0])
    assert [row["subject"] for row in rows(job)] == ["'=HYPERLINK(0)"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"emails": {"status": "lost"}}, "/emails/status"),
        ({"emails": {"from": "2026-11-22", "to": "2026-11-01"}}, "/emails/to"),
        ({"emails": {"from": "yesterday"}}, "/emails/from"),
        ({"emails": {"group": "nobody's"}}, "/emails/group"),
        ({"emails": {"user": "kim"}}, "/emails/user"),
        ({"emails": {"counted_as": "liked"}}, "/emails/counted_as"),
        ({"emails": {"colour": "blue"}}, "/emails/colour"),
        ({"emails": {}, "format": "pdf"}, "/format"),
        ({"emails": {}, "address": ANNA}, "/address"),
        ({"address": ANNA, "format": "csv"}, "/format"),
        ({}, "/address"),
    ],
)
def test_what_is_wrong_is_named_and_begins_nothing(desk, body, pointer):
    assert desk.refused("POST", "/v1/exports", body) == [pointer]
    assert queued(desk) == []
