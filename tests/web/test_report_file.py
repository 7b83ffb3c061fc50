"""The file of a report is fetched by who is signed in, and where it cannot be made its page says why."""

from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.web import report_file
from tests.web.desk import Desk, Reader

URL = "https://files.example.com/1.xlsx?signed"


@pytest.fixture
def files() -> list[tuple]:
    return []


@pytest.fixture
def desk(files) -> Desk:
    made = Desk()

    def make(*asked):
        files.append(asked)
        return URL

    made.parts = made.parts._replace(report_file=make)
    return made


def ask(desk: Desk, name: str, **query: str):
    reader = desk.reader()
    return reader.ask(report_file.show_file, name, query=query)


def test_a_reader_is_led_to_the_file_of_their_own_account(desk, files):
    shown = ask(desk, "email-analytics", period="last_7_days", template="", format="xlsx")
    assert (shown.status, shown.headers["Location"]) == (303, URL)
    assert files == [("acme", "email-analytics", {"period": ["last_7_days"], "template": [""]}, "xlsx")]


@pytest.mark.parametrize("file_format", ["", "pdf"])
def test_a_format_that_there_is_not_leads_to_the_report(desk, files, file_format):
    shown = ask(desk, "top-users", period="last_7_days", template="", format=file_format)
    leads_to = urlsplit(shown.headers["Location"])
    assert (shown.status, leads_to.path, files) == (303, "/reports/top-users", [])
    assert parse_qs(leads_to.query) == {"period": ["last_7_days"], "template": ["(none)"]}


def test_what_the_report_refuses_is_told_on_its_page(desk):
    def refuse(*asked):
        raise BadInput([wrong("/from", "must be a day")])

    desk.parts = desk.parts._replace(report_file=refuse)
    shown = ask(desk, "email-analytics", **{"from": "soon", "format": "csv"})
    assert shown.headers["Location"] == "/reports/email-analytics?from=soon"


def test_there_is_no_file_of_what_is_no_report(desk):
    assert ask(desk, "secrets", format="csv").status == 404


def test_who_is_not_signed_in_signs_in_and_comes_back(desk, files):
    shown = Reader(desk).ask(report_file.show_file, "top-users", query={"format": "csv"})
    assert shown.status == 303 and shown.headers["Location"].startswith("/signin?next=")
    assert "top-users%2Ffile" in shown.headers["Location"] and files == []
