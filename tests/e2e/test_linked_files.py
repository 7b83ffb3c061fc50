"""Files that went out as links work from a real inbox, are counted, and are gone when they are erased."""

import re
import urllib.parse
import urllib.request
from base64 import b64encode
from typing import Any

import boto3
import pytest

from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.links import Links
from tests.e2e.crm import Crm
from tests.infra.local_run import ask, until

pytestmark = [pytest.mark.local]

NAME = 'Größe "2027" & <b>.pdf'
OCTETS = b"%PDF-1.7\n" * 5_000


@pytest.fixture
def crm(local: dict[str, Any]) -> Crm:
    return Crm(local)


def url_in(text: str, letter: str) -> str:
    found = re.search(rf"http://127\.0\.0\.1:\d+/{letter}/[A-Za-z0-9_-]+", text)
    assert found, text
    return found[0]


def events(crm: Crm, message_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = crm.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]
    return found


def recorded(crm: Crm, message_id: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = until(
        lambda: next((one for one in events(crm, message_id) if one["type"] == kind), None), f"an event {kind}"
    )
    return found


@pytest.mark.parametrize("tracking", [{}, {"opens": False, "clicks": False}], ids=["tracked", "untracked"])
def test_a_file_goes_out_as_a_link_and_is_saved_under_its_name_until_it_is_erased(
    crm: Crm, local: dict[str, Any], tracking: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = f"A file as a link {tracking}"
    file = {"filename": NAME, "content": b64encode(OCTETS).decode(), "content_type": "application/pdf", "as_link": True}
    message_id = crm.send(subject=subject, text="See below", attachments=[file], tracking=tracking)
    mail = crm.arrived(subject)
    assert mail["attachments"] == []
    url = url_in(mail["html"], "a")
    assert url == url_in(mail["text"], "a")

    redirect = ask(url)
    assert redirect.status == 302
    place = redirect.headers["location"]
    download = ask(place)
    assert (download.status, download.body) == (200, OCTETS)
    assert download.headers["content-type"] == "application/pdf"
    said = download.headers["content-disposition"]
    assert urllib.parse.unquote(said.partition("filename*=UTF-8''")[2]) == NAME
    assert said.startswith("attachment;")
    crm.status(message_id, "delivered" if tracking else "clicked")
    if not tracking:
        assert recorded(crm, message_id, "downloaded")["data"]["position"] == 0
        files = crm.mail(message_id)["clicks"]["files"]
        assert [(file["filename"], file["size"], file["count"]) for file in files] == [(NAME, len(OCTETS), 1)]

    for name, value in local["environment"].items():
        monkeypatch.setenv(name, value)
    account = urllib.parse.urlsplit(place).path.split("/")[2]
    Links(local["environment"]["MAILSIGHT_LINKS_TABLE"], local["environment"]["AWS_REGION"]).erase_file(message_id, 0)
    Blobs(boto3.client("s3"), local["environment"]["MAILSIGHT_BLOB_BUCKET"]).delete_file(account, message_id, 0)
    assert ask(url).status == 410
    assert ask(place).status == 404
