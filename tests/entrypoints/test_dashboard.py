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
from chalicelib.core.job import Job
from chalicelib.core.job import Kind as JobKind
from chalicelib.core.message import Content, Envelope, Message, Tracking
from chalicelib.core.phone_call import PhoneCall
from chalicelib.core.refold import Fold
from chalicelib.core.report_query import REPORTS
from chalicelib.core.summary import summarise
from chalicelib.core.user import User
from chalicelib.entrypoints import dashboard, people
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.account import Account
from chalicelib.storage.cells import CellTable
from chalicelib.storage.consents import Consents
from chalicelib.storage.events import Events
from chalicelib.storage.jobs import Jobs
from chalicelib.storage.messages import Messages
from chalicelib.storage.phone_calls import PhoneCalls
from chalicelib.storage.users import Users
from tests.entrypoints.hanging import first_queued_last
from tests.entrypoints.test_api_people import worked
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

    def let(self, *scopes: str) -> None:
        """Its key has these scopes from now on."""
        key = self.accounts.key(self.key.split("_")[1])
        self.accounts.add_key(ApiKey(**{**vars(key), "scopes": frozenset(scopes)}))

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


def test_the_list_of_calls_reads_its_table(browser):
    browser.sign_in()
    assert "No calls yet" in browser.ask("/calls")[2]
    table = PhoneCalls("reports", REGION, CellTable("reports", REGION))
    at = datetime.now(UTC) - timedelta(minutes=5)
    day = at.date().isoformat()
    for call_id, user in (("a" * 32, "max"), ("b" * 32, "ann")):
        assert table.add(PhoneCall(call_id, "acme", user, "inbound", at, 30, "answered", day))
    Users("account", REGION).put("acme", User("max", "Max Meier"))
    page = browser.ask(f"/calls?from={day}&to={day}&counted_as=calls_inbound&user=max")[2]
    assert "Max Meier" in page and page.count('id="call-') == 1
    assert "No call matches" in browser.ask("/calls?counted_as=calls_missed")[2]


def begun_export(browser, query: str = "", **fields):
    """Where the page leads that was sent to export a list."""
    page = browser.ask(f"/mails{query}")[2]
    form = re.search(r'action="/exports">.*?</form>', page, re.S)[0]
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    sent = {**{name: unescape(value) for name, value in hidden.items()}, "format": "csv", **fields}
    return [browser.ask("/exports", sent) for _ in range(2)]


def test_a_list_is_exported_from_its_page_watched_and_fetched(browser, stack):
    browser.let("read", "admin")
    browser.sign_in()
    browser.add_mail()
    first, again = begun_export(browser, "?status=delivered")
    place = first[1]["Location"]
    assert (first[0], again[1]["Location"]) == (303, place)
    assert "Waiting to begin" in browser.ask(place)[2]
    assert "0 mails so far" in browser.ask(f"{place}/live")[2]
    bring(stack)
    page = browser.ask(place)[2]
    assert "1 mail<" in page and "Delivered" in page
    (file,) = re.findall(r'href="([^"]+/files/1)"', page)
    status, headers, _ = browser.ask(file)
    assert (status, "filename%3Demails_" in headers["Location"]) == (303, True)
    (kept,) = boto3.client("s3").list_objects_v2(Bucket=browser.bucket, Prefix="_exports/acme/")["Contents"]
    lines = boto3.client("s3").get_object(Bucket=browser.bucket, Key=kept["Key"])["Body"].read().decode().splitlines()
    assert len(lines) == 2 and "Your quote" in lines[1]


def test_an_export_that_cannot_be_queued_waits_until_its_form_is_sent_again_and_that_is_said(browser, stack):
    browser.let("read", "admin")
    browser.sign_in()
    browser.add_mail()
    sqs, url = boto3.client("sqs", region_name=REGION), stack.environment["MAILSIGHT_PEOPLE_QUEUE_URL"]
    sqs.delete_queue(QueueUrl=url)
    first, _ = begun_export(browser, csv_id="a" * 32)
    assert first[0] == 503 and "nothing was done" in first[2]
    sqs.create_queue(QueueName=url.rpartition("/")[2])
    again, _ = begun_export(browser, csv_id="a" * 32)
    assert (again[0], again[1]["Location"]) == (303, f"/exports/{'a' * 32}")
    bring(stack)
    assert "1 mail<" in browser.ask(f"/exports/{'a' * 32}")[2]


def test_an_export_stays_that_was_queued_while_the_first_sending_of_its_form_hung(browser, stack):
    browser.let("read", "admin")
    browser.sign_in()
    browser.add_mail()
    twice = []
    with first_queued_last(lambda: twice.extend(begun_export(browser, csv_id="a" * 32))):
        first, _ = begun_export(browser, csv_id="a" * 32)
    assert [first[0], *(one[0] for one in twice)] == [503, 303, 303]
    assert "Waiting to begin" in browser.ask(f"/exports/{'a' * 32}")[2]


@pytest.mark.parametrize(
    ("list_of", "fields"),
    [("?source=individual", {}), ("?status=delivered", {"format": "xlsx", "xlsx_id": "a" * 32})],
    ids=["another list", "another format"],
)
def test_an_id_begins_no_other_export_than_its_first(browser, list_of, fields):
    browser.let("read", "admin")
    browser.sign_in()
    browser.add_mail()
    begun_export(browser, "?status=delivered", csv_id="a" * 32)
    refused, _ = begun_export(browser, list_of, csv_id="a" * 32, **fields)
    assert refused[0] == 403 and "Reload the page" in refused[2]


def test_what_is_exported_of_a_person_is_no_list_of_the_pages(browser):
    browser.let("read", "admin")
    browser.sign_in()
    Jobs("account", REGION).save(Job("acme", "b" * 32, JobKind.EXPORT, datetime.now(UTC), "anna@example.com", "hash"))
    browser.add_mail()
    assert browser.ask(f"/exports/{'b' * 32}")[0] == 404
    begun_export(browser, csv_id="b" * 32)
    assert browser.ask(f"/exports/{'b' * 32}")[0] == 404
    assert Jobs("account", REGION).find("acme", "b" * 32, datetime.now(UTC)).kind is JobKind.EXPORT


def bring(stack) -> None:
    """What waits is worked at."""
    url = stack.environment["MAILSIGHT_PEOPLE_QUEUE_URL"]
    people._parts.cache_clear()
    for message in boto3.client("sqs", region_name=REGION).receive_message(QueueUrl=url)["Messages"]:
        assert worked(message["Body"])
    people._parts.cache_clear()
