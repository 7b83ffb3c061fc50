"""What the core names has words."""

from datetime import timedelta

import pytest

from chalicelib.core import tracking
from chalicelib.core.source import SOURCES
from chalicelib.core.status import Status
from chalicelib.core.tracking import SENTENCES
from chalicelib.web.words import REASONS, STATUSES, source_words, titled, tracking_sentence, untracked
from tests.web.desk import NOW

FULL = {"tracked": True, "opens": True, "clicks": True, "reason": None, "mode": "full", "until": "2026-06-17T00:00:00Z"}
OFF = {**FULL, "tracked": False, "opens": False, "clicks": False, "mode": "off", "until": None}


def test_every_reason_and_every_status_has_words():
    assert list(REASONS) == list(tracking.REASONS) == list(SENTENCES)
    assert STATUSES.keys() == set(Status)


def test_sources_are_words_and_abbreviations_stay_as_they_are():
    names = ("mass_email_scheduler", "bcc_dropbox", "api", "imap", "pop3")
    assert [source_words(name) for name in names] == ["mass email scheduler", "BCC dropbox", "API", "IMAP", "POP3"]
    assert titled(source_words("bcc_dropbox")) == "BCC dropbox"
    assert titled(source_words("individual")) == "Individual"
    assert not [name for name in SOURCES if "_" in source_words(name)]


@pytest.mark.parametrize("reason", tracking.REASONS)
def test_an_untracked_mail_says_why_in_a_whole_sentence(reason):
    assert tracking_sentence({**OFF, "reason": reason}, NOW) == f"Not tracked. {SENTENCES[reason]}"
    assert SENTENCES[reason].endswith(".")
    assert untracked({**OFF, "reason": reason}, "opens") == f"not tracked: {REASONS[reason]}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Opens and clicks are recorded until 17 Jun."),
        ({"until": None}, "Opens and clicks are recorded from the moment it is sent."),
        ({"clicks": False}, "Opens are recorded until 17 Jun. Clicks were switched off for this mail."),
        (
            {"mode": "last_open_date", "clicks": False},
            "Opens are recorded until 17 Jun. Only the day of the last one is kept, and no clicks.",
        ),
        (
            {"mode": "aggregate"},
            "Opens and clicks are recorded until 17 Jun. They are only added up with those of all other mails of the "
            "day.",
        ),
    ],
)
def test_a_tracked_mail_says_what_is_kept_and_how_long(changes, words):
    assert tracking_sentence({**FULL, **changes}, NOW) == words


def test_after_the_window_it_says_that_the_capture_has_ended():
    ended = {**FULL, "until": f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"}
    said = "Opens and clicks were recorded until 8 Mar, and what was captured stays."
    assert tracking_sentence(ended, NOW) == said


def test_what_the_sender_switched_off_says_so():
    assert untracked({**FULL, "clicks": False}, "clicks") == "not tracked: switched off for this mail"
    assert untracked(FULL, "opens") is None


def test_what_is_only_added_up_is_not_said_of_the_mail():
    added_up = {**FULL, "mode": "aggregate"}
    assert untracked(added_up, "opens") == untracked(added_up, "clicks") == "only added up with other mails of the day"
    assert untracked({**added_up, "clicks": False}, "clicks") == "not tracked: switched off for this mail"
