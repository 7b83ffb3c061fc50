"""The list of mails and its live rows."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from chalicelib.core.event import Kind
from chalicelib.core.message import Failure, Sending, Tracking
from chalicelib.web import mails
from tests.web.desk import Desk, text_of


@pytest.fixture
def desk() -> Desk:
    return Desk()


def subjects(answer) -> list[str]:
    return re.findall(r'class="subject"><a href="[^"]+">([^<]+)</a>', answer.body)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(unescape(url)).query))


def link(answer, rel: str) -> dict[str, str] | None:
    found = re.search(rf'<a href="([^"]+)" rel="{rel}"', answer.body)
    return query_of(found[1]) if found else None


def live(answer) -> dict[str, str]:
    found = re.search(r'hx-get="([^"]+)"', answer.body)
    assert found
    return query_of(found[1])


def fill(desk: Desk, number: int) -> None:
    for minutes in range(number, 0, -1):
        desk.add(f"Mail {minutes}", minutes_ago=minutes)


def test_twenty_mails_a_page_newest_first_and_there_and_back_again(desk):
    fill(desk, 45)
    reader = desk.reader()
    first = reader.ask(mails.show_list)
    assert subjects(first) == [f"Mail {n}" for n in range(1, 21)]
    assert link(first, "prev") is None
    second = reader.ask(mails.show_list, query=link(first, "next"))
    third = reader.ask(mails.show_list, query=link(second, "next"))
    assert subjects(second) == [f"Mail {n}" for n in range(21, 41)]
    assert subjects(third) == [f"Mail {n}" for n in range(41, 46)]
    assert link(third, "next") is None
    back = reader.ask(mails.show_list, query=link(third, "prev"))
    assert subjects(back) == subjects(second)
    to_the_top = reader.ask(mails.show_list, query=link(back, "prev"))
    assert (to_the_top.status, to_the_top.headers["Location"]) == (303, "/mails")


def test_exactly_one_page_has_no_other(desk):
    fill(desk, 20)
    shown = desk.reader().ask(mails.show_list)
    assert len(subjects(shown)) == 20
    assert (link(shown, "prev"), link(shown, "next")) == (None, None)


@pytest.mark.parametrize("name", ["after", "before", "top"])
def test_a_cursor_that_is_not_ours_shows_the_first_page_and_says_so(desk, name):
    fill(desk, 3)
    reader = desk.reader()
    shown = reader.ask(mails.show_list, query={name: "bm9uc2Vuc2U", "status": "sent"})
    assert "This place in the list is not known any more; here is the beginning." in text_of(shown)
    assert (len(subjects(shown)), live(shown).keys()) == (3, {"top", "status"})
    assert "not known any more" not in text_of(reader.ask(mails.show_list))
    assert reader.ask(mails.show_rows, query={name: "x"}).headers["HX-Redirect"] == "/mails"


def test_another_accounts_cursor_and_mails_are_not_shown(desk):
    fill(desk, 21)
    cursor = link(desk.reader().ask(mails.show_list), "next")
    other = desk.reader()
    other.cookies.clear()
    other.sign_in(desk.add_key("other"))
    assert "This place in the list is not known" in text_of(other.ask(mails.show_list, query=cursor))
    assert subjects(other.ask(mails.show_list, query=cursor)) == []
    assert subjects(other.ask(mails.show_list)) == []


def test_an_empty_list_says_what_to_do(desk):
    shown = desk.reader().ask(mails.show_list)
    assert "No mails yet" in text_of(shown)
    assert "curl https://app.example.com/v1/emails" in shown.body
    assert live(shown) == {}


def test_a_row_tells_what_became_of_the_mail(desk):
    mail = desk.add(record=("leads", "4711"))
    for method in ("GET", "GET", "GET", "HEAD", "HEAD"):
        desk.happen(mail, Kind.OPENED, method=method)
    desk.happen(mail, Kind.CLICKED, method="GET", position=0)
    text = text_of(desk.reader().ask(mails.show_list))
    assert "Clicked Anna Berg Quote individual leads 4711 3 opens +2 machine · 1 click" in text
    assert "3 opens · first today 12:30 · last today 12:30" in text
    assert "more than 10" not in text
    for _ in range(8):
        desk.happen(mail, Kind.OPENED, method="GET")
    assert "Opened more than 10 times" in text_of(desk.reader().ask(mails.show_list))


def test_untracked_bounced_and_failed_rows_say_why(desk):
    desk.add("A", tracking=Tracking(False, False, "multiple_recipients"))
    desk.happen(desk.add("B"), Kind.BOUNCED, recipient="anna@example.com", type="hard", reason="mailbox not found")
    desk.add("C", sending=Sending.FAILED, failure=Failure("refused", "verify the sender"))
    text = text_of(desk.reader().ask(mails.show_list))
    for words in (
        "A individual – not tracked: several recipients",
        "B individual – hard: mailbox not found",
        "C individual – verify the sender",
    ):
        assert words in text


def test_what_is_clamped_by_the_style_has_its_full_text_on_hover(desk):
    reason = "Amazon SES has suppressed sending to this address. " * 12
    desk.happen(desk.add(), Kind.BOUNCED, recipient="anna@example.com", type="hard", reason=reason)
    desk.add(sending=Sending.FAILED, failure=Failure("refused", "verify the sender"))
    body = desk.reader().ask(mails.show_list).body
    assert f'<span class="why reason" title="hard: {reason}">hard: {reason}</span>' in body
    assert '<span class="why reason" title="verify the sender">verify the sender</span>' in body


def test_a_bounce_without_a_reason_is_told_without_one(desk):
    desk.happen(desk.add(), Kind.BOUNCED, recipient="anna@example.com", type="soft", reason="")
    body = desk.reader().ask(mails.show_list).body
    assert '<span class="why reason" title="soft">soft</span>' in body
    assert 'title="soft bounce"' in body


def test_what_senders_write_is_never_markup(desk):
    desk.add("<script>alert(1)</script>", user='"><b>', record=("leads", "<i>1</i>"))
    body = desk.reader().ask(mails.show_list).body
    assert "<script>alert" not in body and "<i>" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


def test_the_open_list_is_asked_again_and_answers_304_until_something_happens(desk):
    mail = desk.add()
    reader = desk.reader()
    where = live(reader.ask(mails.show_list))
    rows = reader.ask(mails.show_rows, query=where)
    assert rows.status == 200
    tag = rows.headers["ETag"]
    assert reader.ask(mails.show_rows, query=where, if_none_match=tag).status == 304
    desk.happen(mail, Kind.OPENED, method="GET")
    changed = reader.ask(mails.show_rows, query=where, if_none_match=tag)
    assert (changed.status, "1 open" in text_of(changed)) == (200, True)


def test_the_rows_are_the_very_ones_of_the_page(desk):
    fill(desk, 3)
    reader = desk.reader()
    page = reader.ask(mails.show_list)
    assert reader.ask(mails.show_rows, query=live(page)).body.strip() in page.body


def test_new_mails_are_announced_and_not_inserted(desk):
    fill(desk, 25)
    reader = desk.reader()
    page = reader.ask(mails.show_list)
    desk.add("New", minutes_ago=0)
    rows = reader.ask(mails.show_rows, query=live(page))
    assert subjects(rows) == subjects(page)
    assert "1 new mail " in text_of(rows)
    assert live(rows) == live(page)
    desk.add("Newer", minutes_ago=-0.1)
    assert "2 new mails" in text_of(reader.ask(mails.show_rows, query=live(page)))
    assert subjects(reader.ask(mails.show_list))[:2] == ["Newer", "New"]


def test_of_very_many_new_mails_the_bar_says_at_least_how_many(desk):
    fill(desk, 2)
    reader = desk.reader()
    page = reader.ask(mails.show_list)
    for number in range(30):
        desk.add(f"New {number}", minutes_ago=-number)
    rows = reader.ask(mails.show_rows, query=live(page))
    assert "20+ new mails" in text_of(rows)
    assert not set(subjects(rows)) - {f"New {n}" for n in range(30)} - set(subjects(page))


def test_the_first_mail_of_an_empty_list_appears_by_itself(desk):
    reader = desk.reader()
    where = live(reader.ask(mails.show_list))
    desk.add("First")
    rows = reader.ask(mails.show_rows, query=where)
    assert subjects(rows) == ["First"]
    assert "new mail" not in text_of(rows)
    assert live(rows).keys() == {"top"}


def test_older_pages_refresh_too_and_stay_where_they_are(desk):
    fill(desk, 45)
    reader = desk.reader()
    second = reader.ask(mails.show_list, query=link(reader.ask(mails.show_list), "next"))
    desk.add("New", minutes_ago=0)
    rows = reader.ask(mails.show_rows, query=live(second))
    assert subjects(rows) == subjects(second)
    assert "new mail" not in text_of(rows)


def test_behind_a_stage_every_url_has_its_prefix():
    desk = Desk("https://x.example/api")
    fill(desk, 25)
    body = desk.reader().ask(mails.show_list).body
    urls = re.findall(r'(?:href|src|action|hx-get)="([^"]+)"', body)
    assert len(urls) > 50
    assert [url for url in urls if not url.startswith(("/api/", "#main"))] == []
