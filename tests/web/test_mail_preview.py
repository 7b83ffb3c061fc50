"""What a mail says, as its page shows it: in a frame of its own, where nothing runs and nothing is asked of anybody."""

import re

import pytest

from chalicelib.core.message import Attachment, Content, Tracking
from chalicelib.web import mail as page
from tests.web.desk import Desk, text_of

HTML = '<!doctype html><p>Hello <a href="https://example.com/q">there</a><script>alert(1)</script>'
LINKS = ("https://example.com/q", "https://example.com/terms")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_mail_is_served_as_it_was_handed_over_in_a_sandbox(desk):
    mail = desk.add()
    desk.contents[mail] = Content(HTML, None, links=LINKS)
    reader = desk.reader()
    content = reader.ask(page.show_content, mail)
    assert content.body == HTML + '<base target="_blank">'
    assert "img-src data:;" in content.headers["Content-Security-Policy"]
    shown = reader.ask(page.show_mail, mail)
    assert HTML not in shown.body and "alert(1)" not in shown.body
    assert re.search(r'<iframe name="mail"[^>]* sandbox="allow-popups allow-popups-to-escape-sandbox"', shown.body)
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("html", "is_offered"),
    [
        ('<img src="https://example.com/a.png">', True),
        ("<img src=//example.com/a.png>", True),
        ('<td background = "http://example.com/a.png">', True),
        ("<p style=\"background:url('https://example.com/a.png')\">", True),
        ('<a href="https://example.com/">x</a>', False),
        ('<img src="data:image/png;base64,AAAA">', False),
    ],
)
def test_remote_images_are_loaded_only_when_asked_for(desk, html, is_offered):
    mail = desk.add()
    desk.contents[mail] = Content(html, None)
    reader = desk.reader()
    assert (f'href="/mails/{mail}/content?images=1"' in reader.ask(page.show_mail, mail).body) is is_offered
    wide = reader.ask(page.show_content, mail, query={"images": "1"})
    assert "img-src data: https: http:;" in wide.headers["Content-Security-Policy"]


def test_pictures_attached_to_the_mail_are_shown_in_their_place(desk):
    html = '<img src="cid:logo"><img src="cid:logo%40crm"><img src=cid:gone>cid:report'
    files = [
        Attachment("a.png", b"A", "image/png", "logo"),
        Attachment("b.png", b"B", "image/gif", "logo@crm"),
        Attachment("c.pdf", b"C", "application/pdf", "report"),
        Attachment("d.png", b"D", "image/png"),
    ]
    assert page.with_inline_images(html, files) == (
        '<img src="data:image/png;base64,QQ=="><img src="data:image/gif;base64,Qg=="><img src=cid:gone>cid:report'
    )
    huge = [Attachment("a.png", b"A" * page.LARGEST_ANSWER, "image/png", "logo")]
    assert page.with_inline_images(html, huge) == html


def test_a_plain_text_mail_is_shown_as_text(desk):
    mail = desk.add(tracking=Tracking(False, False, "plain_text"))
    desk.contents[mail] = Content(None, "Hi <b>Anna</b>\n\nBest")
    reader = desk.reader()
    body = reader.ask(page.show_mail, mail).body
    assert "Hi &lt;b&gt;Anna&lt;/b&gt;\n\nBest" in body
    assert "<iframe" not in body
    assert reader.ask(page.show_content, mail).status == 404


def test_a_mail_whose_content_is_gone_still_shows_its_state(desk):
    mail = desk.add()
    del desk.contents[mail]
    reader = desk.reader()
    whole = reader.ask(page.show_mail, mail)
    assert "The content of this mail is not kept any more." in text_of(whole)
    assert f'hx-get="/mails/{mail}/live?content=gone"' in whole.body
    live = reader.ask(page.show_live, mail, query={"content": "gone"})
    for answer in (whole, live):
        assert "Clicked 0 clicks" in text_of(answer), "whether it had links is not known"
    assert f'hx-get="/mails/{mail}/live?content=gone"' in live.body


def test_the_link_for_unsubscribing_leads_nowhere_in_the_preview(desk):
    mail = desk.add()
    desk.contents[mail] = Content('<a href="{{ unsubscribe_url }}">No more</a>', None)
    body = desk.reader().ask(page.show_content, mail).body
    assert body == '<a data-href="{{ unsubscribe_url }}">No more</a><base target="_blank">'
