"""The page of one mail with the clicks drawn on it."""

from datetime import timedelta

import pytest

from chalicelib.core.event import Kind
from chalicelib.core.message import Attachment, Content, Tracking
from chalicelib.web import click_map
from chalicelib.web import mail as page
from tests.web.desk import NOW, Desk, Reader, text_of

HTML = '<!doctype html><p>Hello <a href="https://example.com/q">there</a><script>alert(1)</script>'
LINKS = ("https://example.com/q",)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_clicks_are_drawn_on_the_mail_when_asked_for(desk):
    mail = desk.add()
    desk.contents[mail] = Content(HTML, None, links=LINKS)
    desk.happen(mail, Kind.CLICKED, method="GET", position=0)
    reader = desk.reader()
    plain = reader.ask(page.show_mail, mail)
    assert f'href="/mails/{mail}?clicks=1#content"' in plain.body and "Each tracked link" not in plain.body
    drawn = reader.ask(page.show_mail, mail, query={"clicks": "1"})
    assert f'src="/mails/{mail}/content?clicks=1"' in drawn.body
    assert f'href="/mails/{mail}#content"' in drawn.body
    assert "the clicks that people made on it and their share of all 1 click on links: 3 · 60% was clicked" in text_of(
        drawn
    )
    content = reader.ask(page.show_content, mail, query={"clicks": "1"})
    assert content.body == click_map.draw(HTML, {0: 1}).html + '<base target="_blank">'
    assert content.headers == reader.ask(page.show_content, mail).headers
    assert Reader(desk).ask(page.show_mail, mail, query={"clicks": "1"}).headers["Location"] == (
        f"/signin?next=%2Fmails%2F{mail}%3Fclicks%3D1"
    )


@pytest.mark.parametrize(
    ("links", "tracking"),
    [
        ((), Tracking(True, True)),
        (("https://example.com/q", "https://example.com/that-is-found-no-more"), Tracking(True, True)),
        (LINKS, Tracking(True, False)),
    ],
)
def test_where_positions_mean_nothing_no_clicks_are_drawn(desk, links, tracking):
    mail = desk.add(tracking=tracking)
    desk.contents[mail] = Content(HTML, None, links=links)
    reader = desk.reader()
    assert "clicks=1" not in reader.ask(page.show_mail, mail, query={"clicks": "1"}).body
    assert reader.ask(page.show_content, mail, query={"clicks": "1"}).body == HTML + '<base target="_blank">'


def test_with_the_clicks_on_it_the_mail_keeps_them_when_its_images_are_loaded(desk):
    mail = desk.add()
    desk.contents[mail] = Content(f"{HTML}<img src=https://example.com/a.png>", None, links=LINKS)
    body = desk.reader().ask(page.show_mail, mail, query={"clicks": "1"}).body
    assert f'href="/mails/{mail}/content?images=1&amp;clicks=1"' in body


def test_before_any_click_the_legend_says_so_and_downloads_are_told_apart(desk):
    mail = desk.add()
    file = Attachment("plan.dwg", b"x", "image/vnd.dwg", is_linked=True)
    desk.contents[mail] = Content(HTML, None, links=LINKS, attachments=(file,))
    reader = desk.reader()
    fresh = text_of(reader.ask(page.show_mail, mail, query={"clicks": "1"}))
    assert "Nobody has clicked a link yet." in fresh
    assert "not drawn" not in fresh and "60%" not in fresh
    for minutes in (5, 4):
        desk.happen(mail, Kind.DOWNLOADED, NOW - timedelta(minutes=minutes), method="GET", position=0)
    shown = text_of(reader.ask(page.show_mail, mail, query={"clicks": "1"}))
    assert "Nobody has clicked a link yet. 2 downloads are not drawn." in shown
    desk.happen(mail, Kind.CLICKED, method="GET", position=0)
    shown = text_of(reader.ask(page.show_mail, mail, query={"clicks": "1"}))
    assert "their share of all 1 click on links:" in shown and "2 downloads are not drawn." in shown
