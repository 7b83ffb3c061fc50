"""The way back from a mail to its list."""

import pytest

from chalicelib.core.event import Kind
from chalicelib.core.message import Content
from chalicelib.web import mail as page
from chalicelib.web.answer import Asked
from chalicelib.web.back import ALL, Back, back_of
from chalicelib.web.urls import Site
from tests.web.desk import Desk

SITE = Site("https://app.example.com", "/api")
HERE = "https://app.example.com/api"


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        (f"{HERE}/opens", Back("/opens", "Opens")),
        (f"{HERE}/opens?after=abc", Back("/opens?after=abc", "Opens")),
        (f"{HERE}/mails?status=opened&source=api", Back("/mails?status=opened&source=api", "Mails")),
        (
            f"{HERE}/reports/sent-email-status?period=today",
            Back("/reports/sent-email-status?period=today", "Sent Email Status"),
        ),
        (f"{HERE}/reports/email-analytics", ALL),
        (f"{HERE}/mails", ALL),
        (f"{HERE}/mails/0123", ALL),
        (f"{HERE}//evil.example/mails", ALL),
        ("https://app.example.com/opens", ALL),
        ("https://evil.example/opens", ALL),
        (f"{HERE}.evil.example/opens", ALL),
        ("", ALL),
    ],
)
def test_it_leads_to_the_list_that_the_browser_comes_from_if_it_is_one_of_ours(came_from, back):
    assert back_of(Asked({"referer": came_from}, {}), SITE) == back


@pytest.mark.parametrize(
    "place", ["https://evil.example/opens", "//evil.example/opens", "/signout", "javascript:alert(1)"]
)
def test_what_the_url_says_comes_first_unless_it_is_no_list(place):
    headers = {"referer": f"{HERE}/opens"}
    assert back_of(Asked(headers, {"back": "/mails?status=sent"}), SITE) == Back("/mails?status=sent", "Mails")
    assert back_of(Asked(headers, {"back": place}), SITE) == Back("/opens", "Opens")


def test_it_lasts_while_the_clicks_are_shown_and_hidden():
    desk = Desk()
    mail = desk.add()
    html = '<a href="https://example.com/q">x</a>'
    desk.contents[mail] = Content(html, None, links=("https://example.com/q",))
    desk.happen(mail, Kind.OPENED, method="GET")
    reader = desk.reader()
    first = reader.ask(page.show_mail, mail, referer="https://app.example.com/opens").body
    assert '<p class="up"><a href="/opens">' in first
    assert f'href="/mails/{mail}?clicks=1&amp;back=%2Fopens#content"' in first
    drawn = reader.ask(page.show_mail, mail, query={"clicks": "1", "back": "/opens"}).body
    assert '<p class="up"><a href="/opens">' in drawn
    assert f'href="/mails/{mail}?back=%2Fopens#content"' in drawn
