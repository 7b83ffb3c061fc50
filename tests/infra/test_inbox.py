"""The inbox of the embedded default, over HTTP and in a real browser."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest

from tests.infra.ses_desk import PNG, Desk, mail, rich

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str
    body: bytes


class Elements(HTMLParser):
    """Which elements a page has, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, first_step="curl <first step>")
    yield desk
    desk.close()


def ask(desk: Desk, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(desk.ses.url).netloc, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        body = response.read()
        return Answer(response.status, dict(response.getheaders()), body.decode("utf-8", "replace"), body)
    finally:
        connection.close()


def listed(desk: Desk, query: str = "") -> list[dict[str, Any]]:
    return list(json.loads(ask(desk, f"/inbox/messages{query}").body))


def test_the_json_list_shows_mails_newest_first(desk: Desk) -> None:
    first = desk.send("anna@example.com", raw=mail("First"))
    second = desk.send("anna@example.com", "raj@example.com", "chef@example.com", "blind@example.com", raw=rich())
    newest, oldest = listed(desk)
    assert (newest["id"], oldest["id"]) == (second, first)
    assert newest["from"] == "Jürgen Groß <juergen@crm.example>"
    assert newest["to"] == ["anna@example.com", "raj@example.com"]
    assert newest["cc"] == ["chef@example.com"]
    assert newest["recipients"] == ["anna@example.com", "raj@example.com", "chef@example.com", "blind@example.com"]
    assert newest["subject"] == "Ihr Angebot für März ✓"
    assert newest["text"].strip() == "Grüße, https://example.com/a?b=1&c=2"
    assert "<p>Grüße" in newest["html"]
    assert newest["raw"].startswith("From: ")
    assert newest["date"] == "2026-11-21T12:00:00.000Z"
    assert newest["tags"] == {"mailsight_message_id": ["0123456789abcdef0123456789abcdef"]}
    assert newest["url"] == f"{desk.ses.url}/inbox/messages/{second}"
    (attachment,) = newest["attachments"]
    assert (attachment["content_type"], attachment["size"]) == ("application/pdf", 8)
    assert attachment["filename"] == "Angebot März.pdf"
    assert ask(desk, urlsplit(attachment["url"]).path).body == b"%PDF-1.7"
    assert (oldest["html"], oldest["text"].strip(), oldest["attachments"]) == ("", "Hello Anna", [])


def test_lists_are_pages(desk: Desk) -> None:
    ids = [desk.send("anna@example.com") for _ in range(102)][::-1]
    assert [one["id"] for one in listed(desk)] == ids[:100]
    assert [one["id"] for one in listed(desk, "?limit=3")] == ids[:3]
    assert [one["id"] for one in listed(desk, f"?limit=2&before={ids[2]}")] == ids[3:5]
    page = ask(desk, "/inbox").text
    assert page.count("<li>") == 100
    assert f'href="/inbox?before={ids[99]}"' in page
    assert ask(desk, f"/inbox?before={ids[99]}").text.count("<li>") == 2


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "٣", "9" * 5000, "1.0"])
def test_a_limit_that_is_none_is_refused(desk: Desk, limit: str) -> None:
    answer = ask(desk, f"/inbox/messages?limit={quote(limit)}")
    assert (answer.status, json.loads(answer.body)) == (422, {"detail": "limit must be a number from 1 to 1000"})


def test_an_empty_inbox_says_what_to_do(desk: Desk) -> None:
    page = ask(desk, "/inbox").text
    assert "No mail yet" in page
    assert "curl &lt;first step&gt;" in page
    assert listed(desk) == []


def test_the_inbox_can_be_emptied(desk: Desk) -> None:
    ses_id = desk.send("anna@example.com")
    assert json.loads(ask(desk, "/inbox/messages", "DELETE").body) == {"deleted": 1}
    assert listed(desk) == []
    assert ask(desk, f"/inbox/messages/{ses_id}").status == 404
    newest = desk.send("anna@example.com")
    assert [one["id"] for one in listed(desk)] == [newest]


def test_an_unchanged_list_is_not_sent_again(desk: Desk) -> None:
    etag = ask(desk, "/inbox").headers["ETag"]
    assert ask(desk, "/inbox", If_None_Match=etag)[::3] == (304, b"")
    desk.send("anna@example.com")
    assert ask(desk, "/inbox", If_None_Match=etag).status == 200


def test_what_a_mail_says_is_text_on_our_pages(desk: Desk) -> None:
    raw = mail("x", X_Evil=HOSTILE).replace(b"Subject: x", f"Subject: {HOSTILE}".encode())
    raw = raw.replace(b"From: Sales", f"From: {HOSTILE.replace(chr(34), '')}".encode())
    ses_id = desk.send("anna@example.com", raw=raw, FromEmailAddress="sales@crm.example")
    own = Elements(ask(desk, "/inbox").text), Elements(ask(desk, f"/inbox/messages/{ses_id}").text)
    for page in own:
        assert "img" not in page.tags
        assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert [page.tags.count("script") for page in own] == [1, 0]  # our own, from a file
    assert (
        HOSTILE.replace('"', "&#34;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
        in ask(desk, f"/inbox/messages/{ses_id}").text
    )
    assert listed(desk)[0]["subject"] == HOSTILE


def test_every_page_of_ours_runs_only_our_own_script(desk: Desk) -> None:
    ses_id = desk.send("anna@example.com")
    for path in ("/inbox", f"/inbox/messages/{ses_id}", "/inbox/messages/none"):
        policy = ask(desk, path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_the_mail_itself_is_served_in_utf_8_under_a_sandbox(desk: Desk) -> None:
    ses_id = desk.send("anna@example.com", raw=rich())
    frame = Elements(ask(desk, f"/inbox/messages/{ses_id}").text).attributes
    assert ("sandbox", "allow-popups allow-popups-to-escape-sandbox") in frame
    assert ("src", f"/inbox/messages/{ses_id}/html") in frame
    answer = ask(desk, f"/inbox/messages/{ses_id}/html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; "
        "style-src 'unsafe-inline' *; font-src *"
    )
    assert answer.text.startswith('<!DOCTYPE html><base target="_blank"><html>')
    assert "Grüße" in answer.text
    (image,) = [value for name, value in Elements(answer.text).attributes if name == "src"]
    assert image == f"{desk.ses.url}/inbox/messages/{ses_id}/parts/logo%40crm"  # for the mail has a <base href>
    part = ask(desk, urlsplit(image).path)
    assert (part.headers["Content-Type"], part.body) == ("image/png", PNG)
    assert part.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>no doctype", '<base target="_blank"><p>no doctype'),
        ("\n <!doctype HTML\nPUBLIC 'x'>\n<html>", "\n <!doctype HTML\nPUBLIC 'x'><base target=\"_blank\">\n<html>"),
        ("<?xml version='1.0'?><!DOCTYPE html>x", "<?xml version='1.0'?><!DOCTYPE html><base target=\"_blank\">x"),
        ("<img src=cid:unknown>", '<base target="_blank"><img src=cid:unknown>'),
    ],
)
def test_links_open_in_a_new_tab_and_the_rest_stays_as_it_is(desk: Desk, html: str, expected: str) -> None:
    raw = f"From: a@b.example\r\nContent-Type: text/html\r\n\r\n{html}".encode()
    ses_id = desk.send("anna@example.com", raw=raw)
    assert ask(desk, f"/inbox/messages/{ses_id}/html").text == expected


def test_the_source_is_shown_as_it_is(desk: Desk) -> None:
    ses_id = desk.send("anna@example.com", raw=rich())
    answer = ask(desk, f"/inbox/messages/{ses_id}/raw")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.body == desk.kept(ses_id)


def test_an_attachment_is_downloaded_whatever_it_claims_to_be(desk: Desk) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"] = "a@b.example"
    message.add_attachment("<script>alert(1)</script>", subtype="html", filename='x";\t evil=".html')
    message.add_attachment(message_in_a_mail())
    ses_id = desk.send("anna@example.com", raw=message.as_bytes())
    html, attached = listed(desk)[0]["attachments"]
    answer = ask(desk, f"/inbox/messages/{ses_id}/attachments/0")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="x__')
    assert answer.headers["Content-Disposition"].count('"') == 2
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert html["content_type"] == "text/html"
    assert attached["content_type"] == "message/rfc822"
    assert b"Subject: inside" in ask(desk, f"/inbox/messages/{ses_id}/attachments/1").body


def message_in_a_mail() -> EmailMessage:
    inside = EmailMessage()
    inside["Subject"] = "inside"
    inside.set_content("text of the mail inside")
    return inside


@pytest.mark.parametrize(
    "head",
    [
        "Subject: =?utf-7?Q?half_a_character_+2AA-?=",
        "Subject: =?no-such-charset?Q?a?=",
        "Date: when I feel like it\r\nTo: <<<,;:@",
        "Content-Type: multipart/mixed",
        "Content-Type: text/html; charset=utf-7",
        "Content-Type: x\x00y; name*=utf-8''%ff",
        "Content-Disposition: attachment; filename*=no-such-charset''%00%0d%0a",
    ],
)
def test_broken_mails_are_shown_as_well_as_can_be(desk: Desk, head: str) -> None:
    ses_id = desk.send("anna@example.com", raw=f"From: a@b.example\r\n{head}\r\n\r\n+2AA- text".encode())
    (shown,) = listed(desk)
    paths = ["/inbox", *(f"/inbox/messages/{ses_id}{view}" for view in ("", "/raw"))]
    paths += [urlsplit(attachment["url"]).path for attachment in shown["attachments"]]
    paths += [f"/inbox/messages/{ses_id}/html"] if shown["html"] else []
    assert [ask(desk, path).status for path in paths] == [200] * len(paths)


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/messages/none",
        "/inbox/messages/..%2F..%2Fetc%2Fpasswd",
        "/inbox/messages/{id}/html",
        "/inbox/messages/{id}/attachments/0",
        "/inbox/messages/{id}/attachments/x",
        "/inbox/messages/{id}/parts/logo",
        "/inbox/messages/{id}/other",
        "/inbox/static/..%2Finbox.py",
        "/inbox/else",
        "/other",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(desk: Desk, path: str) -> None:
    ses_id = desk.send("anna@example.com")
    answer = ask(desk, path.replace("{id}", ses_id))
    assert answer.status == 404
    assert "Not here" in answer.text
    assert ask(desk, "/inbox/messages", "PUT").status == 405


def test_head_answers_like_get_without_the_body(desk: Desk) -> None:
    got = ask(desk, "/inbox")
    with socket.create_connection(("127.0.0.1", urlsplit(desk.ses.url).port or 0), timeout=30) as connection:
        connection.sendall(b"HEAD /inbox HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"Content-Length: {len(got.body)}".encode() in head
    assert body == b""


def test_a_connection_is_kept_for_the_next_request(desk: Desk) -> None:
    connection = http.client.HTTPConnection(urlsplit(desk.ses.url).netloc, timeout=30)
    for path in ("/", "/inbox", "/inbox/messages/none", "/inbox/static/inbox.css"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert not response.will_close
    assert connection.sock is not None
    connection.close()


def test_the_end_closes_connections_that_clients_keep_open(desk: Desk) -> None:
    connection = http.client.HTTPConnection(urlsplit(desk.ses.url).netloc, timeout=30)
    connection.request("GET", "/inbox")
    connection.getresponse().read()
    desk.close()
    assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()
