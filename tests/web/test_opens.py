"""The folder of opens: mails by their latest open by a person."""

from datetime import timedelta

import pytest

from chalicelib.core.event import Kind
from chalicelib.web import mails, opens
from tests.web.desk import NOW, Desk, Reader, text_of
from tests.web.test_mails import link, live, subjects


@pytest.fixture
def desk() -> Desk:
    return Desk()


def opened(desk: Desk, subject: str, minutes_ago: float) -> str:
    """A mail that somebody opened at that time; its id."""
    mail = desk.add(subject, minutes_ago=200)
    desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=minutes_ago), method="GET")
    return mail


def test_the_latest_open_comes_first_whenever_the_mail_was_sent(desk):
    first = opened(desk, "A", 30)
    opened(desk, "B", 20)
    desk.add("Never opened")
    desk.happen(desk.add("Seen by a machine"), Kind.OPENED, method="HEAD")
    reader = desk.reader()
    assert subjects(reader.ask(opens.show_list)) == ["B", "A"]
    desk.happen(first, Kind.OPENED, NOW - timedelta(minutes=5), method="GET")
    page = reader.ask(opens.show_list)
    assert subjects(page) == ["A", "B"]
    assert "2 opens · first today 12:00 · last today 12:25" in text_of(page)
    assert "5 min ago" in text_of(page)


def test_it_has_its_place_in_the_navigation(desk):
    reader = desk.reader()
    assert '<a href="/opens" aria-current="page">Opens</a>' in reader.ask(opens.show_list).body
    body = reader.ask(mails.show_list).body
    assert '<a href="/mails" aria-current="page">Mails</a><a href="/opens">Opens</a>' in body


def test_without_any_open_it_says_what_will_come(desk):
    desk.add()
    text = text_of(desk.reader().ask(opens.show_list))
    assert "Nothing opened yet As soon as a person opens a tracked mail, it appears here by itself" in text


def test_without_a_session_nothing_is_shown(desk):
    opened(desk, "A", 1)
    answer = Reader(desk).ask(opens.show_list)
    assert (answer.status, answer.headers["Location"]) == (303, "/signin?next=%2Fopens")


def test_it_is_paged_there_and_back(desk):
    for minutes in range(45, 0, -1):
        opened(desk, f"Mail {minutes}", minutes)
    reader = desk.reader()
    first = reader.ask(opens.show_list)
    second = reader.ask(opens.show_list, query=link(first, "next"))
    third = reader.ask(opens.show_list, query=link(second, "next"))
    assert [len(subjects(page)) for page in (first, second, third)] == [20, 20, 5]
    assert subjects(reader.ask(opens.show_list, query=link(third, "prev"))) == subjects(second)
    assert reader.ask(opens.show_list, query=link(second, "prev")).headers["Location"] == "/opens"


def test_a_cursor_of_another_list_shows_the_first_page_and_says_so(desk):
    opened(desk, "A", 30)
    for _ in range(21):
        desk.add(minutes_ago=1)
    reader = desk.reader()
    foreign = link(reader.ask(mails.show_list), "next")
    shown = reader.ask(opens.show_list, query=foreign)
    assert ("This place in the list is not known any more" in text_of(shown), subjects(shown)) == (True, ["A"])
    assert reader.ask(opens.show_rows, query=foreign).headers["HX-Redirect"] == "/opens"


def test_while_it_is_open_its_rows_stay_in_place_and_new_opens_are_announced(desk):
    ids = {letter: opened(desk, letter, minutes) for letter, minutes in zip("ABCD", (10, 20, 30, 40), strict=True)}
    reader = desk.reader()
    page = reader.ask(opens.show_list)
    assert subjects(page) == ["A", "B", "C", "D"]
    desk.happen(ids["C"], Kind.OPENED, NOW - timedelta(minutes=2), method="GET")
    opened(desk, "E", 1)
    rows = reader.ask(opens.show_rows, query=live(page))
    assert subjects(rows) == ["A", "B", "C", "D"]
    assert "2 mails opened since" in text_of(rows)
    assert "2 opens · first today 12:00 · last today 12:28" in text_of(rows)
    assert live(rows) == live(page)
    assert subjects(reader.ask(opens.show_list)) == ["E", "C", "A", "B", "D"]


def test_one_open_is_announced_also_when_it_is_of_the_first_mail(desk):
    first, _ = opened(desk, "A", 10), opened(desk, "B", 20)
    reader = desk.reader()
    page = reader.ask(opens.show_list)
    desk.happen(first, Kind.OPENED, NOW, method="GET")
    rows = reader.ask(opens.show_rows, query=live(page))
    assert (subjects(rows), live(rows)) == (["A", "B"], live(page))
    assert "1 mail opened since" in text_of(rows)


def test_it_answers_304_until_something_is_opened(desk):
    mail = opened(desk, "A", 10)
    reader = desk.reader()
    where = live(reader.ask(opens.show_list))
    tag = reader.ask(opens.show_rows, query=where).headers["ETag"]
    assert reader.ask(opens.show_rows, query=where, if_none_match=tag).status == 304
    desk.happen(mail, Kind.OPENED, NOW, method="GET")
    assert reader.ask(opens.show_rows, query=where, if_none_match=tag).status == 200


def test_the_first_open_of_all_appears_by_itself(desk):
    reader = desk.reader()
    where = live(reader.ask(opens.show_list))
    opened(desk, "A", 1)
    rows = reader.ask(opens.show_rows, query=where)
    assert (subjects(rows), "opened since" in text_of(rows)) == (["A"], False)


def test_an_older_page_refreshes_where_it_is(desk):
    for minutes in range(45, 0, -1):
        opened(desk, f"Mail {minutes}", minutes)
    reader = desk.reader()
    second = reader.ask(opens.show_list, query=link(reader.ask(opens.show_list), "next"))
    assert subjects(reader.ask(opens.show_rows, query=live(second))) == subjects(second)
