"""What happened, in order, in words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import event, rules
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import ENGAGEMENT, Event, Kind
from chalicelib.core.mail_context import verdicts_of
from chalicelib.core.message import Clickable, Envelope, LinkedFile, Message, Tracking
from chalicelib.core.summary import Engagement, Hits, State
from chalicelib.core.token import Mode
from chalicelib.web.timeline import MOST_HITS, WORDS, Timeline, timeline_of
from tests.web.desk import NOW

CLICKABLE = Clickable(("https://example.com/a", "https://example.com/b"), (LinkedFile("offer.pdf", 5),))
MESSAGE = Message(
    "0" * 32,
    "acme",
    NOW - timedelta(hours=1),
    Envelope("max@acme.example", ("anna@example.com",)),
    Tracking(True, True),
)


def happened(kind: Kind, minutes: float = 1, **data: object) -> Event:
    at = NOW - timedelta(minutes=60 - minutes)
    return event.make("0" * 32, f"{minutes}-{kind}", kind, at, **data)


def timeline(*events: Event, clickable: Clickable = CLICKABLE, **changes: object) -> Timeline:
    message = replace(MESSAGE, **changes)
    return timeline_of(message, events, verdicts_of(message, events, AccountPolicy()), clickable, now=NOW)


def counted(number: int) -> State:
    """A state that knows so many opens."""
    return State(engagement=Engagement(opens=Hits(number - 2, machine=1, proxy=1)))


def test_it_begins_with_the_handing_over_and_keeps_the_order():
    shown = timeline(
        happened(Kind.SENT, 1),
        happened(Kind.DELIVERED, 2, recipient="anna@example.com"),
        happened(Kind.OPENED, 3, method="GET"),
        happened(Kind.CLICKED, 4, method="GET", position=1),
    )
    assert [entry.word for entry in shown.entries] == [
        "Received from your program",
        "Sent",
        "Delivered",
        "Opened",
        "Clicked",
    ]
    assert [entry.url for entry in shown.entries] == ["", "", "", "", "https://example.com/b"]
    assert [entry.when.rough for entry in shown.entries[:2]] == ["1 h ago", "59 min ago"]
    assert not any(entry.detail for entry in shown.entries)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_event_has_words(kind):
    (_, entry) = timeline(happened(kind, method="GET")).entries
    assert (entry.icon, entry.word, entry.style) == WORDS[kind] or kind is Kind.BOUNCED


def test_hits_that_count_for_nobody_are_small_and_say_who_made_them():
    (_, *entries) = timeline(
        happened(Kind.OPENED, 1, method="GET", client="privacy_proxy"),
        happened(Kind.OPENED, 20, method="HEAD"),
        happened(Kind.CLICKED, 21, method="HEAD", position=0),
        happened(Kind.DOWNLOADED, 30, method="GET", position=0, own=True),
        happened(Kind.UNSUBSCRIBE_SEEN, 40, method="HEAD", page="unsubscribe"),
    ).entries
    assert [(entry.word, entry.judgement.word) for entry in entries] == [
        ("Pictures loaded", "Privacy service"),
        ("Pictures loaded", "Machine"),
        ("Link followed", "Machine"),
        ("Attachment fetched", "Your own people"),
        ("Page for unsubscribing fetched", "Machine"),
    ]
    assert {(entry.style, entry.is_small) for entry in entries} == {("machine", True)}
    assert [entry.icon for entry in entries] == ["shield", "machine", "machine", "house", "machine"]


def test_why_a_hit_is_taken_for_a_machines_is_told_in_the_sentences_of_the_rules():
    (_, *entries) = timeline(*(happened(Kind.CLICKED, 5 + n / 60, method="GET", position=n) for n in range(3))).entries
    assert [entry.judgement.signs for entry in entries] == [[rules.explained("burst")]] * 3
    assert [entry.judgement.meaning for entry in entries] == ["It is not counted."] * 3


def test_of_a_person_it_says_that_nothing_or_one_sign_only_spoke_against_it():
    (_, _, plain, weak) = timeline(
        happened(Kind.DELIVERED, 1, recipient="anna@example.com"),
        happened(Kind.OPENED, 10, method="GET"),
        happened(Kind.CLICKED, 20, method="GET", position=0, client="none"),
    ).entries
    assert (plain.judgement.word, plain.judgement.signs) == ("Person", [])
    assert plain.judgement.meaning == "Nothing about it speaks of a machine, so it is counted."
    assert (weak.judgement.word, weak.judgement.signs) == ("Person", [rules.explained("no_user_agent")])
    assert weak.judgement.meaning == "One hint is not enough to call it a machine, so it is counted:"


@pytest.mark.parametrize("kind", list(Kind))
def test_only_hits_are_judged(kind):
    (_, entry) = timeline(happened(kind, method="GET")).entries
    assert (entry.judgement is not None) is (kind in ENGAGEMENT)


def test_a_download_names_the_file():
    (_, known, unknown) = timeline(
        happened(Kind.DOWNLOADED, 1, method="GET", position=0), happened(Kind.DOWNLOADED, 9, method="GET", position=1)
    ).entries
    assert (known.detail, known.url, unknown.detail) == ("offer.pdf", "", "")


def test_where_only_the_day_of_the_last_open_is_kept_it_has_no_time():
    (_, opened) = timeline(happened(Kind.OPENED), tracking=Tracking(True, False, mode=Mode.LAST_OPEN_DATE)).entries
    assert opened.when == ("2026-03-09", "Mon, 9 Mar 2026", "today", "today")


def test_a_bounce_says_how_grave_it_is_and_why():
    (_, hard, soft) = timeline(
        happened(Kind.BOUNCED, 1, recipient="anna@example.com", type="hard", reason="no such mailbox"),
        happened(Kind.BOUNCED, 2, recipient="anna@example.com", type="soft", reason="full"),
    ).entries
    assert (hard.detail, hard.style) == ("hard · no such mailbox", "bounced-hard")
    assert (soft.detail, soft.style) == ("soft · full", "bounced-soft")


def test_of_several_recipients_it_says_whom():
    delivered = happened(Kind.DELIVERED, recipient="anna@example.com")
    several = Envelope("max@acme.example", ("anna@example.com", "li@example.com"))
    assert timeline(delivered, envelope=several).entries[1].detail == "anna@example.com"


@pytest.mark.parametrize("position", [2, -1, "0", None])
def test_a_click_on_a_link_that_is_not_known_has_no_url(position):
    assert timeline(happened(Kind.CLICKED, method="GET", position=position)).entries[1].url == ""


def test_of_a_great_many_hits_the_latest_are_listed_and_the_rest_counted():
    hits = [happened(Kind.OPENED, 5 + n / 100, method="GET") for n in range(MOST_HITS + 7)]
    spam = happened(Kind.COMPLAINED, 50, recipient="a@b.c")
    shown = timeline(happened(Kind.SENT, 1), *hits, spam, state=counted(MOST_HITS + 107))
    words = [entry.word for entry in shown.entries]
    assert words == ["Received from your program", "Sent", *["Opened"] * MOST_HITS, "Marked as spam"]
    assert shown.hidden == 107


def test_a_scanner_that_comes_back_drives_no_person_out():
    person = happened(Kind.OPENED, 5, method="GET")
    sweep = [happened(Kind.CLICKED, 30 + n / 600, method="HEAD", position=n) for n in range(MOST_HITS + 5)]
    shown = timeline(person, *sweep, state=counted(MOST_HITS + 6))
    assert [entry.word for entry in shown.entries] == [
        "Received from your program",
        "Opened",
        *["Link followed"] * MOST_HITS,
    ]
    assert shown.hidden == 5


def test_what_is_internal_or_counts_nowhere_hides_nothing():
    own = happened(Kind.OPENED, 5, method="GET", own=True)
    seen = happened(Kind.UNSUBSCRIBE_SEEN, 9, method="GET", page="unsubscribe")
    assert timeline(own, seen, state=counted(2)).hidden == 2


def test_a_hit_that_is_not_folded_yet_hides_nothing():
    assert timeline(happened(Kind.OPENED, method="GET")).hidden == 0


def test_an_open_of_which_only_the_day_is_known_stands_behind_the_delivery_of_that_day():
    only_the_day = Tracking(True, False, mode=Mode.LAST_OPEN_DATE)
    midnight = NOW.replace(hour=0, minute=0)
    opened = event.make("0" * 32, "0", Kind.OPENED, midnight)
    sent, delivered = happened(Kind.SENT, 1), happened(Kind.DELIVERED, 2, recipient="anna@example.com")
    spam = happened(Kind.COMPLAINED, 30, recipient="anna@example.com")
    shown = timeline(opened, sent, delivered, spam, tracking=only_the_day)
    assert [entry.word for entry in shown.entries[1:]] == ["Sent", "Delivered", "Opened", "Marked as spam"]
    later = event.make("0" * 32, "1", Kind.OPENED, midnight + timedelta(days=1))
    shown = timeline(sent, delivered, spam, later, tracking=only_the_day)
    assert [entry.word for entry in shown.entries[1:]] == ["Sent", "Delivered", "Marked as spam", "Opened"]


def test_looking_at_the_page_for_unsubscribing_is_said_to_be_counted_nowhere():
    (_, seen) = timeline(happened(Kind.UNSUBSCRIBE_SEEN, 9, method="GET", page="unsubscribe")).entries
    assert (seen.word, seen.judgement.word) == ("Looked at the page for unsubscribing", "Person")
    assert seen.judgement.meaning == ("Nothing about it speaks of a machine, but looking at this page is not counted.")
