"""The list of mails narrowed by status, source and reason."""

import re

import pytest

from chalicelib.core.event import Kind
from chalicelib.core.message import Tracking
from chalicelib.core.source import SENDABLE
from chalicelib.web import mails
from chalicelib.web.narrowing import FIELDS, of
from tests.web.desk import NOW, Desk, Reader, text_of
from tests.web.test_mails import link, live, subjects

PLAIN = Tracking(False, False, "plain_text")
FILTER = {"status": "sent", "source": "mass_email"}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def chips(answer) -> list[tuple[str, str]]:
    """What is set, in words, and where it is taken away."""
    found = re.findall(r'<a href="([^"]+)" title="Show any again">(.*?)</a>', answer.body, re.DOTALL)
    return [(" ".join(re.sub(r"<[^>]+>", " ", words).split()), url) for url, words in found]


def test_each_field_narrows_and_all_do_together(desk):
    desk.add("A")
    desk.happen(desk.add("B"), Kind.OPENED, method="GET")
    desk.add("C", source="mass_email")
    desk.add("D", source="mass_email", tracking=PLAIN)
    reader = desk.reader()

    def found(**query: str) -> set[str]:
        return set(subjects(reader.ask(mails.show_list, query=query)))

    assert found(status="opened") == {"B"}
    assert found(source="mass_email") == {"C", "D"}
    assert found(reason="plain_text") == {"D"}
    assert found(status="sent", source="individual") == {"A"}
    assert found(status="opened", source="mass_email") == set()


def test_every_status_source_and_reason_can_be_chosen_in_words(desk):
    (status, source, reason) = FIELDS
    assert [choice.words for choice in status.choices] == [
        "Sent",
        "Delivered",
        "Opened",
        "Clicked",
        "Bounced",
    ]
    assert {choice.value for choice in source.choices} == set(SENDABLE), "nothing brings in mails of other sources"
    words = {choice.value: choice.words for choice in source.choices}
    assert (words["mass_email_follow_up"], words["api"]) == ("Mass email follow up", "API")
    assert [choice.words for choice in reason.choices][:2] == [
        "Not in the account's plan",
        "Switched off for the account",
    ]
    body = desk.reader().ask(mails.show_list).body
    assert re.search(r'<form class="card" method="get" action="/mails">', body)
    assert '<option value="delivered">Delivered</option>' in body


def test_what_is_set_is_shown_and_each_part_can_be_taken_away(desk):
    shown = desk.reader().ask(mails.show_list, query=FILTER)
    assert chips(shown) == [
        ("Remove: Status Sent", "/mails?source=mass_email"),
        ("Remove: Source Mass email", "/mails?status=sent"),
    ]
    assert '<a class="all" href="/mails">Show all</a>' in shown.body
    assert '<option value="sent" selected>Sent</option>' in shown.body
    assert chips(desk.reader().ask(mails.show_list)) == []


@pytest.mark.parametrize(
    ("query", "clean"),
    [
        ({"status": "", "source": "", "reason": ""}, "/mails"),
        ({"status": "sent", "source": "", "reason": ""}, "/mails?status=sent"),
        ({"status": "eaten", "source": ""}, "/mails?status=eaten"),
    ],
)
def test_what_is_empty_leads_to_the_clean_url(desk, query, clean):
    answer = desk.reader().ask(mails.show_list, query=query)
    assert (answer.status, answer.headers["Location"]) == (303, clean)


@pytest.mark.parametrize(
    ("query", "said", "found"),
    [
        ({"status": "eaten", "source": "api"}, "an unknown status, which was left out", ["A"]),
        ({"source": "imap"}, "an unknown source, which was left out", ["B", "A"]),
        (
            {"source": "plugin", "reason": "<b>"},
            "an unknown source and an unknown reason, which was left out",
            ["B", "A"],
        ),
    ],
)
def test_what_no_mail_can_have_is_left_out_and_the_page_says_so(desk, query, said, found):
    desk.add("A", source="api")
    desk.add("B", minutes_ago=5)
    shown = desk.reader().ask(mails.show_list, query=query)
    assert f"The address of this page asks for {said}." in text_of(shown)
    assert subjects(shown) == found
    assert not query.items() & live(shown).items() - {("source", "api")}
    assert "left out" not in text_of(desk.reader().ask(mails.show_list, query={"source": "api"}))


def test_behind_a_stage_the_clean_url_has_its_prefix():
    desk = Desk("https://x.example/api")
    answer = desk.reader().ask(mails.show_list, query={"status": "sent", "source": ""})
    assert answer.headers["Location"] == "/api/mails?status=sent"


def test_the_filter_stays_through_paging_refreshing_and_signing_in(desk):
    for minutes in range(45, 0, -1):
        desk.add(f"Mail {minutes}", minutes_ago=minutes, source="mass_email" if minutes % 2 else "individual")
    reader = desk.reader()
    first = reader.ask(mails.show_list, query=FILTER)
    assert subjects(first) == [f"Mail {n}" for n in range(1, 40, 2)]
    assert live(first).items() >= FILTER.items()
    assert subjects(reader.ask(mails.show_rows, query=live(first))) == subjects(first)
    second = reader.ask(mails.show_list, query=link(first, "next"))
    assert subjects(second) == ["Mail 41", "Mail 43", "Mail 45"]
    assert link(second, "next") is None
    assert live(second).items() >= FILTER.items()
    assert link(second, "prev").items() >= FILTER.items()
    back = reader.ask(mails.show_list, query=link(second, "prev"))
    assert back.headers["Location"] == "/mails?status=sent&source=mass_email"
    assert Reader(desk).ask(mails.show_list, query=FILTER).headers["Location"] == (
        "/signin?next=%2Fmails%3Fstatus%3Dsent%26source%3Dmass_email"
    )


def test_only_new_mails_that_match_are_announced(desk):
    desk.add("Old", source="api")
    reader = desk.reader()
    page = reader.ask(mails.show_list, query={"source": "api"})
    desk.add("Other", minutes_ago=0)
    rows = reader.ask(mails.show_rows, query=live(page))
    assert "new mail" not in text_of(rows)
    desk.add("New", minutes_ago=0, source="api")
    rows = reader.ask(mails.show_rows, query=live(page))
    assert "1 new mail " in text_of(rows)
    assert 'href="/mails?source=api"' in rows.body


def test_a_page_that_is_short_although_there_may_be_more_says_so_and_looks_further(desk):
    desk.messages.looks = 10
    for minutes in range(25, 0, -1):
        desk.add(f"Mail {minutes}", minutes_ago=minutes, source="api" if minutes in (5, 24) else "individual")
    reader = desk.reader()
    first = reader.ask(mails.show_list, query={"source": "api"})
    assert subjects(first) == ["Mail 5"]
    assert "Older mails may match, too; they were not looked at yet. Look further" in text_of(first)
    second = reader.ask(mails.show_list, query=link(first, "next"))
    assert subjects(second) == []
    assert "None so far Older mails may match; they were not looked at yet. Look further" in text_of(second)
    third = reader.ask(mails.show_list, query=link(second, "next"))
    assert subjects(third) == ["Mail 24"]
    assert "Look further" not in text_of(third)


def test_after_the_last_match_the_way_back_is_shown(desk):
    desk.messages.looks = 10
    for minutes in range(15, 0, -1):
        desk.add(f"Mail {minutes}", minutes_ago=minutes)
    reader = desk.reader()
    first = reader.ask(mails.show_list, query={"source": "api"})
    last = reader.ask(mails.show_list, query=link(first, "next"))
    assert "No older mail matches To the newest Show all mails" in text_of(last)


def test_nothing_that_matches_says_what_to_do(desk):
    desk.add("A")
    reader = desk.reader()
    nothing = text_of(reader.ask(mails.show_list, query={"source": "api"}))
    assert "No mail matches Remove a filter above, or show all mails. Show all mails" in nothing
    assert "No mails yet" not in nothing


def test_a_mail_appears_by_itself_as_soon_as_it_matches(desk):
    mail = desk.add("A")
    reader = desk.reader()
    page = reader.ask(mails.show_list, query={"status": "opened"})
    assert subjects(page) == []
    desk.happen(mail, Kind.OPENED, NOW, method="GET")
    assert subjects(reader.ask(mails.show_rows, query=live(page))) == ["A"]


def test_a_place_in_the_list_stays_when_a_filter_is_tidied(desk):
    for minutes in range(25, 0, -1):
        desk.add(f"Mail {minutes}", minutes_ago=minutes)
    reader = desk.reader()
    place = link(reader.ask(mails.show_list), "next")["after"]
    answer = reader.ask(mails.show_list, query={"after": place, "status": ""})
    assert answer.headers["Location"] == f"/mails?after={place}"


def test_what_is_asked_for_is_never_empty_fields():
    assert of({"status": "sent", "source": ""}).query == {"status": "sent"}
    assert of({}).only.is_all
