"""What happened, in order, in words."""

from datetime import timedelta

import pytest

from chalicelib.core import event
from chalicelib.core.event import Event, Kind
from chalicelib.web.timeline import MOST_HITS, WORDS, Timeline, timeline_of
from tests.web.desk import NOW

LINKS = ("https://example.com/a", "https://example.com/b")


def happened(kind: Kind, minutes: float = 1, **data: object) -> Event:
    at = NOW - timedelta(minutes=60 - minutes)
    return event.make("0" * 32, f"{minutes}-{kind}", kind, at, **data)


def timeline(*events: Event, recipients: int = 1, hits: int = 0, links=LINKS) -> Timeline:
    start = NOW - timedelta(hours=1)
    return timeline_of(list(events), links, accepted_at=start, recipients=recipients, hits=hits, now=NOW)


def test_it_begins_with_the_handing_over_and_keeps_the_order():
    shown = timeline(
        happened(Kind.SENT, 1),
        happened(Kind.DELIVERED, 2, recipient="anna@example.com"),
        happened(Kind.OPENED, 3, method="GET"),
        happened(Kind.CLICKED, 4, method="GET", position=1),
    )
    assert [entry.word for entry in shown.entries] == ["Handed over", "Sent", "Delivered", "Opened", "Clicked"]
    assert [entry.url for entry in shown.entries] == ["", "", "", "", "https://example.com/b"]
    assert [entry.when.rough for entry in shown.entries[:2]] == ["1 h ago", "59 min ago"]
    assert not any(entry.detail for entry in shown.entries)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_event_has_words(kind):
    (_, entry) = timeline(happened(kind, method="GET")).entries
    assert (entry.icon, entry.word, entry.style) == WORDS[kind] or kind is Kind.BOUNCED


def test_hits_of_machines_are_small_and_say_so():
    (_, *entries) = timeline(
        happened(Kind.OPENED, method="HEAD"), happened(Kind.CLICKED, method="HEAD", position=0)
    ).entries
    assert [(entry.word, entry.style, entry.is_small) for entry in entries] == [
        ("Pixel checked by a machine", "machine", True),
        ("Link checked by a machine", "machine", True),
    ]


def test_a_bounce_says_how_grave_it_is_and_why():
    (_, hard, soft) = timeline(
        happened(Kind.BOUNCED, 1, recipient="anna@example.com", type="hard", reason="no such mailbox"),
        happened(Kind.BOUNCED, 2, recipient="anna@example.com", type="soft", reason="full"),
    ).entries
    assert (hard.detail, hard.style) == ("hard · no such mailbox", "bounced-hard")
    assert (soft.detail, soft.style) == ("soft · full", "bounced-soft")


def test_of_several_recipients_it_says_whom():
    delivered = happened(Kind.DELIVERED, recipient="anna@example.com")
    assert timeline(delivered, recipients=2).entries[1].detail == "anna@example.com"


@pytest.mark.parametrize("position", [2, -1, "0", None])
def test_a_click_on_a_link_that_is_not_known_has_no_url(position):
    assert timeline(happened(Kind.CLICKED, method="GET", position=position)).entries[1].url == ""


def test_of_a_great_many_hits_the_latest_are_listed_and_the_rest_counted():
    hits = [happened(Kind.OPENED, 5 + n / 100, method="GET") for n in range(MOST_HITS + 7)]
    shown = timeline(
        happened(Kind.SENT, 1), *hits, happened(Kind.COMPLAINED, 50, recipient="a@b.c"), hits=MOST_HITS + 107
    )
    words = [entry.word for entry in shown.entries]
    assert words == ["Handed over", "Sent", *["Opened"] * MOST_HITS, "Marked as spam"]
    assert shown.hidden == 107


def test_a_hit_that_is_not_folded_yet_hides_nothing():
    assert timeline(happened(Kind.OPENED, method="GET"), hits=0).hidden == 0
