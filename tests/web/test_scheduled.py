"""Mails that are to go out later, or that were cancelled, on the pages."""

from datetime import timedelta

import pytest

from chalicelib.core.message import Sending
from chalicelib.web import mail
from tests.web.desk import NOW, Desk, text_of
from tests.web.test_view import view


@pytest.fixture
def desk() -> Desk:
    return Desk()


def scheduled(desk: Desk, **changes: object) -> str:
    given = {"sending": Sending.QUEUED, "sent_at": None, "scheduled_at": NOW + timedelta(days=3)} | changes
    return desk.add(**given)


def page(desk: Desk, message_id: str) -> str:
    return text_of(desk.reader().ask(mail.show_mail, message_id))


def test_a_scheduled_mail_says_when_it_goes_out(desk):
    message_id = scheduled(desk)
    shown = view(desk, message_id)
    assert (shown.chip.word, shown.when.iso, shown.is_unsent) == ("Scheduled", "2026-03-12T12:30:00Z", False)
    assert shown.eye.words == "not opened"
    for words in ("Scheduled for", "12 Mar 12:30", "Until then your program can cancel it"):
        assert words in page(desk, message_id)


def test_a_scheduled_mail_that_was_tried_is_queued_like_any(desk):
    assert view(desk, scheduled(desk, attempts=1)).chip.word == "Queued"


def test_a_cancelled_mail_says_so_and_has_no_eye(desk):
    message_id = scheduled(desk, sending=Sending.CANCELLED)
    shown = view(desk, message_id)
    assert (shown.chip.word, shown.is_unsent) == ("Cancelled", True)
    text = page(desk, message_id)
    assert "Your program took it back before it was sent" in text
    assert "not opened" not in text.lower()


def test_a_scheduled_mail_that_went_out_is_shown_by_its_sending(desk):
    sent_at = NOW - timedelta(minutes=1)
    shown = view(desk, desk.add(scheduled_at=NOW - timedelta(minutes=2), sent_at=sent_at))
    assert (shown.chip.word, shown.when.rough) == ("Sent", "1 min ago")
