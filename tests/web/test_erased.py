"""The pages of a mail that was erased: that it was, when, and what reports count; nobody, and nothing it said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.erased import erased
from chalicelib.core.event import Kind
from chalicelib.core.message import Content
from chalicelib.web import mail, mails
from tests.web.desk import NOW, Desk, text_of


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def gone(desk: Desk) -> str:
    """A mail that was read and then erased, whose content and events are about to be deleted."""
    message_id = desk.add("Offer for Anna", tags=(("person", "anna"),), record=("leads", "4711"))
    desk.contents[message_id] = Content('<a href="https://example.com/anna">Anna</a>', None, links=("https://anna",))
    for kind, data in ((Kind.DELIVERED, {"recipient": "anna@example.com"}), (Kind.OPENED, {"method": "GET"})):
        desk.happen(message_id, kind, NOW - timedelta(minutes=5), **data)
    desk.messages.by_id[message_id] = erased(desk.messages.by_id[message_id], NOW)
    return message_id


def test_the_page_says_that_it_was_erased_and_names_nobody(desk, gone):
    answer = desk.reader().ask(mail.show_mail, gone)
    said = text_of(answer)
    assert answer.status == 200
    assert "This mail was erased" in said and "nothing more is recorded" not in said.partition("Timeline")[2]
    assert "anna" not in answer.body.lower() and "Max" not in said and "4711" not in said
    assert "(erased)" in said and "1 open" in said.replace("1  open", "1 open")


def test_its_content_is_not_shown_any_more(desk, gone):
    assert desk.reader().ask(mail.show_content, gone).status == 404


def test_its_part_that_refreshes_itself_names_nobody_either(desk, gone):
    answer = desk.reader().ask(mail.show_live, gone)
    assert answer.status == 200 and "anna" not in answer.body.lower()


def test_the_list_shows_a_row_without_anybody(desk, gone):
    desk.add("Another one")
    said = text_of(desk.reader().ask(mails.show_list))
    assert "(erased)" in said and "Offer" not in said and "Another one" in said


def test_a_bounced_one_stays_bounced_without_the_servers_words(desk, gone):
    message = desk.messages.by_id[gone]
    desk.messages.by_id[gone] = replace(message, erased_at=None)
    desk.happen(gone, Kind.BOUNCED, recipient="anna@example.com", type="hard", reason="anna is unknown")
    desk.messages.by_id[gone] = erased(desk.messages.by_id[gone], NOW)
    answer = desk.reader().ask(mail.show_mail, gone)
    assert "Hard bounce" in text_of(answer) and "unknown" not in answer.body
