"""The list of mails narrowed by status, source and reason."""

import re

import pytest

from chalicelib.core.cell import HOURS
from chalicelib.core.column import COUNTED_AS
from chalicelib.core.event import Kind
from chalicelib.core.mail_filter import Here
from chalicelib.core.message import Tracking
from chalicelib.core.source import SENDABLE
from chalicelib.web import mails, narrowing
from chalicelib.web.narrowing import MAILS, of
from tests.web.desk import NOW, Desk, Reader, text_of
from tests.web.test_mails import link, live, subjects

PLAIN = Tracking(False, False, "plain_text")
FILTER = {"status": "sent", "source": "mass_email"}
HERE = Here(NOW)


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
    (status, source, reason) = MAILS.fields[:3]
    assert [choice.words for choice in status.choices] == [
        "Sent",
        "Delivered",
        "Opened",
        "Clicked",
        "Bounced",
        "Received",
    ]
    assert {choice.value for choice in source.choices} == {*SENDABLE, "imap", "pop3"}, "nothing brings in others"
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
        ({"source": "plugin_outlook"}, "an unknown source, which was left out", ["B", "A"]),
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
    assert of({"status": ["sent"], "source": [""]}, HERE, MAILS).query == {"status": ["sent"]}
    assert of({}, HERE, MAILS).only.is_all


MADE = {"status": ["opened"], "from": ["2026-03-01"], "to": ["2026-03-09"], "user": ["raj", ""], "module": [""]}


def test_the_mails_behind_a_figure_are_those_that_count_there(desk):
    for name, user in (("A", "raj"), ("B", "ina"), ("C", None)):
        mail = desk.add(name, user=user, record=("leads", "1") if user else None)
        desk.happen(mail, Kind.SENT, NOW, ses_message_id="ses")
    desk.add("D", user="raj")
    desk.groups["north"] = frozenset({"raj", "ina"})
    reader = desk.reader()

    def found(**query) -> list[str]:
        return sorted(subjects(reader.ask(mails.show_list, query=query)))

    days = {"from": "2026-03-01", "to": "2026-03-09"}
    assert found(**days) == ["A", "B", "C"]
    assert found(counted_as="sent", user=["raj", ""]) == ["A", "C"]
    assert found(**days, counted_as="sent", group="north") == ["A", "B"]
    assert found(counted_as="sent", module="") == ["C"]
    assert found(period="yesterday") == []
    assert found(counted_as="opened") == []


def test_what_a_link_brought_is_shown_in_words_and_each_part_can_be_taken_away():
    narrowed = of(MADE | {"counted_as": ["opened_by_proxy"], "template": ["welcome"]}, HERE, MAILS)
    shown = narrowing.chips(narrowed.query, {"user": {"raj": "Raj Patel"}, "template": {}})
    assert [(chip.label, chip.words) for chip in shown] == [
        ("Days", "1 Mar – 9 Mar 2026"),
        ("Status", "Opened"),
        ("User", "Raj Patel"),
        ("User", "No user"),
        ("Template", "welcome"),
        ("Module", "No module"),
        ("Counted as", "Loaded by a privacy proxy"),
    ]
    taken = {(chip.label, chip.words): chip.without for chip in shown}
    assert taken["User", "Raj Patel"]["user"] == [""]
    assert not {"from", "to"} & taken["Days", "1 Mar – 9 Mar 2026"].keys()
    assert "module" not in taken["Module", "No module"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"period": "last_7_days"}, "Last 7 days"),
        ({"from": "2026-03-09", "to": "2026-03-09"}, "9 Mar 2026"),
        ({"from": "2025-12-30", "to": "2026-01-02"}, "30 Dec 2025 – 2 Jan 2026"),
        ({"from": "2026-03-09"}, "Since 9 Mar 2026"),
        ({"counted_as": "mon_09"}, "First opened Mon 09:00–09:59"),
        ({"counted_as": "bounced"}, "Bounced"),
        ({"template": ""}, "No template"),
    ],
)
def test_days_columns_and_what_a_mail_has_none_of_are_said_in_words(query, words):
    [chip] = narrowing.chips(of({name: [value] for name, value in query.items()}, HERE, MAILS).query, {})
    assert chip.words == words


@pytest.mark.parametrize("column", [*COUNTED_AS, *HOURS])
def test_all_that_a_mail_may_count_as_has_words(column):
    [chip] = narrowing.chips(of({"counted_as": [column]}, HERE, MAILS).query, {})
    assert chip.words
    assert "_" not in chip.words


def test_the_form_has_what_is_set_and_loses_nothing_that_it_does_not_show(desk):
    query = {**{name: values[-1] for name, values in MADE.items()}, "user": "raj", "counted_as": "sent"}
    body = desk.reader().ask(mails.show_list, query=query).body
    assert 'name="from" type="date" value="2026-03-01"' in body
    assert 'name="who" type="text" value="raj"' in body
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', body)
    assert {"module": "", "counted_as": "sent"}.items() <= dict(hidden).items()
    assert not {"user", "from", "status"} & dict(hidden).keys()


def test_days_that_are_filled_in_take_the_place_of_a_period_and_a_user_of_none(desk):
    filled = {"period": "last_7_days", "from": "2026-03-01", "to": "", "who": " raj ", "status": ""}
    answer = desk.reader().ask(mails.show_list, query=filled)
    assert answer.headers["Location"] == "/mails?from=2026-03-01&user=raj"


@pytest.mark.parametrize(
    ("query", "left", "unknown"),
    [
        ({"from": "2026-03-09", "to": "2026-03-01", "status": "sent"}, {"from", "status"}, "last day"),
        ({"to": "2026-03-01", "status": "sent"}, {"status"}, "last day"),
        ({"from": "2999-01-01"}, set(), "first day"),
        ({"from": "2024-01-01", "to": "2026-03-01"}, set(), "first day and an unknown last day"),
        ({"group": "nobody", "user": "raj"}, {"user"}, "group"),
        ({"counted_as": "eaten"}, set(), "column of reports"),
        ({"source": "imap", "counted_as": "sent"}, {"source"}, "column of reports"),
        ({"source": "imap", "status": "opened"}, {"source"}, "status"),
    ],
)
def test_of_what_does_not_go_together_a_part_is_left_out(query, left, unknown):
    narrowed = of({name: [value] for name, value in query.items()}, HERE, MAILS)
    assert (narrowed.query.keys(), " and an unknown ".join(narrowed.unknown)) == (left, unknown)
