"""The dashboard's routes, through Chalice's dispatcher, on tables in process."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import boto3
import pytest
from chalice.test import Client

from app import app
from chalicelib.core import event as events
from chalicelib.core.apikey import ApiKey, make
from chalicelib.core.consent import withdrawn
from chalicelib.core.event import Kind
from chalicelib.core.message import Content, Envelope, Message, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.report_query import REPORTS
from chalicelib.core.summary import summarise
from chalicelib.core.user import User
from chalicelib.entrypoints import dashboard
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.account import Account
from chalicelib.storage.consents import Consents
from chalicelib.storage.events import Events
from chalicelib.storage.messages import Messages
from chalicelib.storage.users import Users
from tests.moto_stack import REGION

MESSAGE_ID = "0123456789abcdef" * 2
HTML = '<p>Hello <a href="https://example.com/q">there</a></p>'


class Browser:
    """A browser without windows: follows nothing, keeps cookies."""

    def __init__(self, stack) -> None:
        self.client = Client(app)
        self.cookies: dict[str, str] = {}
        self.bucket = stack.bucket
        self.accounts = Account("account", REGION)
        key_id, self.key, secret_hash = make(secrets.token_bytes)
        self.accounts.add_key(
            ApiKey(key_id, "acme", "Sales", frozenset({"read"}), secret_hash, datetime.now(UTC) - timedelta(days=1))
        )

    def ask(self, path, form=None, **headers):
        """Status, headers and text of the answer."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self.client.http.request(
            "GET" if form is None else "POST", path, headers=sent, body=urlencode(form or {}).encode()
        )
        if "Set-Cookie" in answer.headers:
            name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status_code, answer.headers, answer.body.decode()

    def sign_in(self):
        token = re.search(r'name="form_token" value="([^"]+)"', self.ask("/signin")[2])[1]
        return self.ask("/signin", {"form_token": token, "key": self.key, "next": "/mails"})

    def add_mail(self, opens: int = 0) -> None:
        """A tracked mail, ten minutes and a half old (no page about it changes soon), with this many opens a second,
        its state folded."""
        at = datetime.now(UTC) - timedelta(minutes=10, seconds=30)
        envelope = Envelope("me@example.com", ("Anna <anna@example.com>",), subject="Your quote")
        message = Message(MESSAGE_ID, "acme", at, envelope, Tracking(True, True))
        Messages("messages", REGION).add(message)
        Blobs(boto3.client("s3"), self.bucket).put(
            "acme", MESSAGE_ID, Content(HTML, None, links=("https://example.com/q",))
        )
        happened = [
            events.make(MESSAGE_ID, "s", Kind.SENT, at, ses_message_id="ses"),
            events.make(MESSAGE_ID, "d", Kind.DELIVERED, at + timedelta(seconds=1), recipient="anna@example.com"),
            *(
                events.make(MESSAGE_ID, f"o{n}", Kind.OPENED, at + timedelta(seconds=2 + n), method="GET")
                for n in range(opens)
            ),
        ]
        table = Events("events", REGION)
        for event in happened:
            table.put(event, at + timedelta(days=107))
        assert Messages("messages", REGION).store_fold(message, Fold(summarise(happened)))


@pytest.fixture
def browser(stack):
    dashboard._parts.cache_clear()
    yield Browser(stack)
    dashboard._parts.cache_clear()


def test_the_root_leads_to_the_list_and_the_list_to_the_sign_in(browser):
    for path, where in (("/", "/mails"), ("/mails", "/signin")):
        status, headers, body = browser.ask(path)
        assert (status, headers["Location"], body) == (303, where, "")


def test_a_reader_signs_in_looks_around_and_signs_out(browser):
    browser.add_mail(opens=3)
    assert browser.sign_in()[0] == 303
    status, headers, page = browser.ask("/mails")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Your quote" in page and "3 opens" in page
    assert "3 opens" in browser.ask(re.search(r'hx-get="([^"]+)"', page)[1])[2]
    page = browser.ask(f"/mails/{MESSAGE_ID}")[2]
    assert page.count("<strong>Opened</strong>") == 3
    assert "https://example.com/q" in page
    assert browser.ask(f"/mails/{MESSAGE_ID}/content")[2].startswith(HTML)
    live = browser.ask(f"/mails/{MESSAGE_ID}/live")
    assert "https://example.com/q" in live[2]
    assert browser.ask(f"/mails/{MESSAGE_ID}/live", **{"If-None-Match": live[1]["ETag"]})[::2] == (304, "")
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    assert browser.ask("/signout", {"form_token": "1.x"})[0] == 403
    assert browser.ask("/signout", {"form_token": token})[1]["Location"] == "/signin"
    assert browser.ask("/mails")[0] == 303


def test_the_folder_of_opens_and_the_filter_read_the_tables(browser):
    browser.add_mail(opens=2)
    browser.sign_in()
    page = browser.ask("/opens")[2]
    assert "Your quote" in page and "2 opens" in page
    rows = browser.ask(unescape(re.search(r'hx-get="([^"]+)"', page)[1]))
    assert (rows[0], "2 opens" in rows[2]) == (200, True)
    assert "Your quote" in browser.ask("/mails?status=opened&source=individual")[2]
    assert "No mail matches" in browser.ask("/mails?status=clicked")[2]
    assert "an unknown status" in browser.ask("/mails?status=eaten")[2]


def test_who_withdrew_their_consent_is_read_from_the_table(browser):
    browser.add_mail()
    browser.sign_in()
    sentence = "The recipient has withdrawn consent; nothing more is recorded."
    assert sentence not in browser.ask(f"/mails/{MESSAGE_ID}")[2]
    noted = withdrawn(datetime.now(UTC) - timedelta(minutes=1), "phone", "ina")
    Consents("account", REGION).add("acme", "anna@example.com", noted)
    assert sentence in browser.ask(f"/mails/{MESSAGE_ID}/live")[2]


def test_the_clicks_are_drawn_on_the_mail(browser):
    browser.add_mail()
    browser.sign_in()
    assert "Hide the clicks" in browser.ask(f"/mails/{MESSAGE_ID}?clicks=1")[2]
    assert "<mailsight-clicks" in browser.ask(f"/mails/{MESSAGE_ID}/content?clicks=1")[2]


def test_a_revoked_key_ends_the_session_with_the_next_request(browser):
    browser.sign_in()
    assert browser.ask("/mails")[0] == 200
    key = browser.accounts.key(browser.key.split("_")[1])
    browser.accounts.add_key(ApiKey(**{**vars(key), "revoked_at": datetime.now(UTC)}))
    assert browser.ask("/mails")[0] == 303


def test_of_a_mail_opened_very_often_the_beginning_and_the_end_are_read(browser):
    browser.add_mail(opens=130)
    browser.sign_in()
    page = browser.ask(f"/mails/{MESSAGE_ID}")[2]
    assert "<strong>Sent</strong>" in page and "<strong>Delivered</strong>" in page
    assert page.count("<strong>Opened</strong>") == 25
    assert "105 earlier opens and clicks are not listed" in page


def test_a_mail_whose_content_is_deleted_still_has_its_page(browser):
    browser.add_mail()
    Blobs(boto3.client("s3"), browser.bucket).delete("acme", MESSAGE_ID)
    browser.sign_in()
    assert "not kept any more" in browser.ask(f"/mails/{MESSAGE_ID}")[2]
    assert browser.ask(f"/mails/{MESSAGE_ID}/live")[0] == 200
    assert browser.ask(f"/mails/{MESSAGE_ID}/content")[0] == 404


def test_static_files_are_served_without_a_session(browser):
    page = browser.ask("/signin")[2]
    urls = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
    assert len(set(urls)) == 6
    for url in urls:
        status, headers, body = browser.ask(url)
        assert (status, headers["Cache-Control"], bool(body)) == (200, "public, max-age=31536000, immutable", True)
    assert browser.ask("/static/settings.py")[0] == 404


def test_only_forms_are_taken_as_posts(browser):
    answer = browser.client.http.post("/signin", headers={"Content-Type": "application/json"}, body=b"{}")
    assert answer.status_code == 415


def test_the_reports_read_their_tables_and_take_each_user_that_is_given(browser):
    browser.sign_in()
    status, _, page = browser.ask("/reports")
    assert (status, "Email Analytics" in page, "Nothing was sent or received" in page) == (200, True, True)
    for user in ("max", "ann"):
        Users("account", REGION).put("acme", User(user, user.title()))
    for name in REPORTS:
        status, _, page = browser.ask(f"/reports/{name}?user=max&user=ann")
        assert (status, page.count('title="Show any again"')) == (200, 2)
    assert "is in the future" in browser.ask("/reports/top-users?from=2999-01-01")[2]
    assert browser.ask("/reports/none-such")[0] == 404


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_report_is_kept_as_a_file_and_the_page_leads_to_it(browser, name, file_format):
    browser.sign_in()
    browser.add_mail()
    status, headers, _ = browser.ask(f"/reports/{name}/file?period=last_7_days&format={file_format}")
    assert (status, f".{file_format}?" in headers["Location"]) == (303, True)
    assert "X-Amz-Signature=" in headers["Location"] and name in headers["Location"]
    listed = boto3.client("s3").list_objects_v2(Bucket=browser.bucket, Prefix="_exports/acme/reports/")["Contents"]
    assert [one["Key"].endswith(f".{file_format}") for one in listed] == [True]
