"""A person gets all that is kept of them, and then it is gone: from every table, object and queue of a real run."""

import io
import json
import re
import urllib.request
import zipfile
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from tests import traces
from tests.e2e.crm import Crm
from tests.infra.local_run import ask, until

pytestmark = [pytest.mark.local]

PERSON, OTHER = "erika.mustermann@example.com", "otto.normal@example.com"
TARGET = "https://example.com/welcome?x=1&y=2"
LONG = "https://example.com/deep?" + "q=" + "z" * 900
FILE = {"filename": "offer.txt", "content_type": "text/plain", "as_link": True}


def html_for(person: str) -> str:
    return f'<p>Dear {person}</p><a href="{TARGET}">Go</a> <a href="{LONG}&amp;to={person}">Deep</a>'


def urls_in(text: str, letter: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf"http://127\.0\.0\.1:\d+/{letter}/[A-Za-z0-9_.-]+", text)))


class Client:
    """boto3's clients of the run's emulator."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def of(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=self.environment["AWS_REGION"],
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def dump(self) -> list[tuple[str, bytes]]:
        """All tables, all objects of all buckets, all queues."""
        s3, sqs, dynamodb = self.of("s3"), self.of("sqs"), self.of("dynamodb")
        found = list(traces.tables(dynamodb, dynamodb.list_tables()["TableNames"]))
        for bucket in s3.list_buckets()["Buckets"]:
            found += traces.objects(s3, bucket["Name"])
        return [*found, *traces.messages(sqs, sqs.list_queues().get("QueueUrls", []))]


@pytest.fixture
def client(local: dict[str, Any]) -> Client:
    return Client(local["environment"])


def done(crm: Crm, path: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job = crm.call("GET", path)[1]
        assert job["status"] in ("queued", "running", "done"), job
        return job if job["status"] == "done" else None

    found: dict[str, Any] = until(look, f"{path} to be done")
    return found


def live(crm: Crm) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """What happens to a person: the ids of their mails by name, and what arrived."""
    file = {**FILE, "content": b64encode(f"An offer for {PERSON}".encode()).decode()}
    ids = {
        "rich": crm.send(to=f"Erika <{PERSON}>", subject="Rich", html=html_for(PERSON), attachments=[file]),
        "shared": crm.send(to=PERSON, cc=OTHER, subject="Shared", text=f"Hi {PERSON}"),
        "later": crm.send(
            to=PERSON, subject="Later", scheduled_at=f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}"
        ),
        "others": crm.send(to=OTHER, subject="Others", html=html_for(OTHER)),
    }
    crm.status(ids["shared"], "delivered")
    mails = {name: crm.arrived(name.capitalize()) for name in ("rich", "others")}
    for name, mail in mails.items():
        for url in (urls_in(mail["html"], "o")[0], urls_in(mail["html"], "c")[0]):
            ask(url)
        crm.status(ids[name], "clicked")
    for address in (PERSON, OTHER):
        assert (
            crm.call("PUT", "/v1/consents", {"address": address, "how": f"form of {address}", "by": address})[0] == 200
        )
    assert crm.call("POST", "/v1/suppressions", {"address": PERSON, "detail": f"{PERSON} asked"})[0] == 200
    return ids, mails


def exported(crm: Crm) -> zipfile.ZipFile:
    status, job = crm.call("POST", "/v1/exports", {"address": PERSON.upper()})
    assert (status, job["object"], job["status"]) == (202, "export", "queued")
    (file,) = done(crm, f"/v1/exports/{job['id']}")["files"]
    with urllib.request.urlopen(file["url"]) as answer:
        octets = answer.read()
    assert len(octets) == file["size"]
    return zipfile.ZipFile(io.BytesIO(octets))


def test_a_person_is_exported_and_then_erased_from_all_there_is(new_crm, client):
    crm = new_crm("erasing")
    bystander = new_crm("bystander")
    theirs = bystander.send(to="bystander@example.com", subject="Bystander")
    bystander.status(theirs, "delivered")
    ids, mails = live(crm)

    with exported(crm) as archive:
        person = json.loads(archive.read("person.json"))
        found = {mail["id"]: mail for mail in person["mails"]}
        assert set(found) == {ids["rich"], ids["shared"], ids["later"]}
        assert person["consent"]["status"] == "given" and person["suppression"]["reason"] == "manual"
        happened = {one["type"]: one for one in found[ids["rich"]]["events"]}
        assert {"sent", "delivered", "opened", "clicked"} <= set(happened)
        assert happened["clicked"]["verdict"]["maker"] == "human"
        assert archive.read(f"mails/{ids['rich']}.html").decode() == html_for(PERSON)
        assert archive.read(f"mails/{ids['rich']}/1 offer.txt").decode() == f"An offer for {PERSON}"

    before = {
        path: crm.call("GET", path)[1] for path in (f"/v1/emails/{ids['others']}", f"/v1/consents?address={OTHER}")
    }
    status, job = crm.call("POST", "/v1/erasures", {"address": PERSON, "confirm": True})
    assert (status, job["object"], job["status"]) == (202, "erasure", "queued")
    counts = done(crm, f"/v1/erasures/{job['id']}")["counts"]
    assert (counts["mails"], counts["consents"], counts["suppressions"], counts["exports"]) == (3, 1, 1, 1)

    assert traces.found_in(client.dump(), PERSON) == []
    assert traces.found_in(client.dump(), OTHER), "a look that finds nobody proves nothing"
    old = mails["rich"]["html"]
    pixel, (short, deep), (file,) = urls_in(old, "o")[0], urls_in(old, "c"), urls_in(old, "a")
    assert ask(pixel).status == 200
    answer = ask(short)
    assert (answer.status, answer.headers["location"]) == (302, TARGET)
    assert ask(deep).status == ask(file).status == 410

    others = urls_in(mails["others"]["html"], "c")[1]
    assert ask(others).headers["location"] == f"{LONG}&to={OTHER}"
    crm.wait(ids["others"], lambda mail: mail["clicks"]["count"] == 2)  # what came before it in the stream is folded
    messages = {name: crm.mail(ids[name]) for name in ("rich", "shared", "later")}
    for mail in messages.values():
        assert mail["erased_at"] and (mail["from"], mail["to"], mail["cc"], mail["subject"]) == (None, [], [], "")
    assert (messages["rich"]["opens"]["count"], messages["rich"]["clicks"]["count"]) == (1, 1)
    assert (messages["later"]["sending"], messages["later"]["error"]["code"]) == ("failed", "erased")
    assert crm.call("GET", f"/v1/emails/{ids['rich']}/events")[1]["data"] == []
    until(lambda: not traces.found_in(_events(client, ids["rich"]), ids["rich"]), "late hits to be dropped")

    refused = crm.call("POST", "/v1/emails", {"from": "me@example.com", "to": PERSON, "subject": "x", "text": "x"})
    assert (refused[0], refused[1]["errors"][0]["pointer"]) == (422, "/to/0")
    listed = crm.call("GET", "/v1/suppressions")[1]["data"]
    assert [(one["address"], one["reason"]) for one in listed] == [(None, "manual")]
    for path, was in before.items():
        now = crm.call("GET", path)[1]
        assert {**now, "clicks": None} == {**was, "clicks": None}
    assert bystander.mail(theirs)["to"] == ["bystander@example.com"]
    assert bystander.call("GET", f"/v1/erasures/{job['id']}")[0] == 404


def _events(client: Client, message_id: str) -> list[tuple[str, bytes]]:
    return [
        one
        for one in traces.tables(client.of("dynamodb"), [client.environment["MAILSIGHT_EVENTS_TABLE"]])
        if message_id.encode() in one[1]
    ]
