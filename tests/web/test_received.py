"""Mails that came in, on the pages: in the list, by themselves, and beside the mail of ours that they answer."""

from datetime import timedelta

import pytest

from chalicelib.core.erased import erased as without_person
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Sending, Tracking
from chalicelib.web import mail as page
from chalicelib.web import mails
from tests.web.desk import NOW, Desk, text_of


@pytest.fixture
def desk() -> Desk:
    return Desk()


def come_in(desk: Desk, subject: str = "Re: Your quote", **changes) -> str:
    envelope = Envelope("Anna Berg <anna@example.com>", ("Max <max@acme.example>",), subject=subject)
    return desk.add(
        subject,
        minutes_ago=5,
        envelope=envelope,
        tracking=Tracking(False, False, "received"),
        sending=Sending.RECEIVED,
        sent_at=None,
        is_inbound=True,
        source="imap",
        **changes,
    )


def test_the_list_shows_who_wrote_it_and_whether_it_was_answered_and_no_eye(desk):
    come_in(desk)
    shown = desk.reader().ask(mails.show_list)
    assert "Received from Anna Berg Re: Your quote IMAP – not answered" in text_of(shown)
    assert 'class="why' not in shown.body  # which is for what went wrong
    row = shown.body.partition('<tr role="row" id="mail-')[2].partition("</tr>")[0]
    assert "eye" not in row and 'class="chip received"' in row


def test_its_page_says_when_it_came_in_whom_it_answers_and_that_it_was_answered(desk):
    ours = desk.add("Your quote", minutes_ago=60)
    received = come_in(desk, in_reply_to=ours)
    desk.happen(received, Kind.RECEIVED, NOW - timedelta(minutes=5))
    text = text_of(desk.reader().ask(page.show_mail, received))
    assert "Not answered by a mail from here yet." in text
    assert "Not tracked" not in text and "Received from your program" not in text
    desk.happen(received, Kind.RESPONDED, NOW - timedelta(minutes=2), email="a" * 32)
    answer = desk.reader().ask(page.show_mail, received)
    text = text_of(answer)
    assert "Received 5 min ago" in text and "Answered 2 min ago" in text
    assert f'<dt>Answers</dt><dd><a href="/mails/{ours}">' in answer.body
    assert f'<a href="/mails/{"a" * 32}">See the answer</a>' in answer.body


def test_a_mail_of_ours_that_was_answered_says_so_everywhere(desk):
    ours = desk.add("Your quote", minutes_ago=60)
    desk.happen(ours, Kind.SENT, NOW - timedelta(minutes=59), ses_message_id="s")
    desk.happen(ours, Kind.REPLIED, NOW - timedelta(minutes=5), email="b" * 32)
    answer = desk.reader().ask(page.show_mail, ours)
    assert "Replied by the recipient, 5 min ago ." in text_of(answer)
    assert f'href="/mails/{"b" * 32}"' in answer.body
    shown = desk.reader().ask(mails.show_list)
    assert "· replied" in text_of(shown)
    assert 'class="why' not in shown.body  # which is for what went wrong


def test_one_that_was_erased_names_nobody(desk):
    erased = come_in(desk)
    desk.messages.by_id[erased] = without_person(desk.messages.by_id[erased], NOW)
    reader = desk.reader()
    assert "Anna" not in text_of(reader.ask(page.show_mail, erased)) + text_of(reader.ask(mails.show_list))
