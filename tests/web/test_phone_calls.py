"""The page of telephone calls: those behind a figure of a report, page by page."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.phone_call import COUNTED_AS
from chalicelib.web import phone_calls, reports
from chalicelib.web.answer import Answer
from tests.web.desk import Desk, Reader, text_of


@pytest.fixture
def desk() -> Desk:
    return Desk()


def rows(answer: Answer) -> list[str]:
    """The ids of the calls that are shown."""
    return re.findall(r'id="call-(\w+)"', answer.body)


def link(answer: Answer, rel: str) -> dict[str, list[str]]:
    found = re.search(rf'<a href="([^"]+)" rel="{rel}"', answer.body)
    return parse_qs(urlsplit(unescape(found[1])).query) if found else {}


def test_twenty_calls_a_page_newest_first_and_there_and_back_again(desk):
    ids = [desk.call(minutes_ago=minutes) for minutes in range(1, 46)]
    reader = desk.reader()
    first = reader.ask(phone_calls.show_list)
    second = reader.ask(phone_calls.show_list, query=link(first, "next"))
    third = reader.ask(phone_calls.show_list, query=link(second, "next"))
    assert [rows(one) for one in (first, second, third)] == [ids[:20], ids[20:40], ids[40:]]
    assert (link(first, "prev"), link(third, "next")) == ({}, {})
    back = reader.ask(phone_calls.show_list, query=link(third, "prev"))
    assert rows(back) == ids[20:40]
    to_the_top = reader.ask(phone_calls.show_list, query=link(back, "prev"))
    assert (to_the_top.status, to_the_top.headers["Location"]) == (303, "/calls")


def test_a_call_says_who_which_way_what_came_of_it_how_long_and_for_which_record(desk):
    desk.call("ann", direction="inbound", outcome="voicemail", seconds=65, record=("leads", "4711"))
    text = text_of(desk.reader().ask(phone_calls.show_list))
    assert "Inbound Ann Smith Voicemail 1 min leads 4711 10 min ago" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"direction": "inbound"}, [1, 2]),
        ({"outcome": "missed"}, [2]),
        ({"who": "ann"}, [1]),
        ({"user": ["ann", "li"]}, [1, 2]),
        ({"group": "Sales"}, [0]),
        ({"module": "leads"}, [0]),
        ({"module": ""}, [1, 2]),
        ({"counted_as": "calls_missed"}, [2]),
        ({"to": "2026-03-08"}, [2]),
        ({"period": "today"}, [0, 1]),
    ],
)
def test_the_list_is_narrowed_as_the_api_narrows_it(desk, query, found):
    desk.groups["Sales"] = frozenset({"max"})
    ids = [
        desk.call(minutes_ago=1, record=("leads", "1")),
        desk.call("ann", minutes_ago=2, direction="inbound"),
        desk.call("li", minutes_ago=3, direction="inbound", outcome="missed", day="2026-03-08"),
    ]
    reader = desk.reader()
    shown = reader.ask(phone_calls.show_list, query=query)
    if shown.status == 303:  # what a form sent is tidied
        shown = reader.ask(phone_calls.show_list, query=parse_qs(urlsplit(shown.headers["Location"]).query))
    assert rows(shown) == [ids[one] for one in found]
    assert shown.body.count('title="Show any again"') >= 1


def test_days_may_be_open_at_either_end(desk):
    reader = desk.reader()
    for query, words in (({"to": "2026-03-08"}, "Days Until 8 Mar 2026"), ({"from": "2026-03-08"}, "Since 8 Mar 2026")):
        assert words in text_of(reader.ask(phone_calls.show_list, query=query))


def test_another_account_s_calls_are_not_shown(desk):
    desk.call(account="other")
    assert "No calls yet" in text_of(desk.reader().ask(phone_calls.show_list))


def test_what_no_call_can_have_is_left_out_and_named(desk):
    desk.call()
    shown = desk.reader().ask(phone_calls.show_list, query={"outcome": "eaten", "counted_as": "sent"})
    assert "an unknown outcome and an unknown column of reports, which was left out" in text_of(shown)
    assert len(rows(shown)) == 1


def test_a_place_that_is_none_leads_to_the_beginning(desk):
    answer = desk.reader().ask(phone_calls.show_list, query={"after": "x", "direction": "inbound"})
    assert answer.headers["Location"] == "/calls?direction=inbound"


def test_without_a_session_the_filter_survives_signing_in(desk):
    answer = Reader(desk).ask(phone_calls.show_list, query={"direction": "inbound"})
    assert answer.headers["Location"] == "/signin?next=%2Fcalls%3Fdirection%3Dinbound"


@pytest.mark.parametrize("query", [{}, {"by": "date"}, {"by": "user_and_date"}])
def test_every_figure_of_calls_opens_the_calls_that_it_counts(desk, query):
    shown = desk.reader().ask(
        reports.show_report, "email-and-call-analytics", query={**query, "user": ["max", "(none)"], "module": "leads"}
    )
    hrefs = [parse_qs(urlsplit(unescape(one)).query) for one in re.findall(r'href="(/calls\?[^"]*)"', shown.body)]
    assert {one["counted_as"][0] for one in hrefs} == set(COUNTED_AS)
    assert all(one["user"] == ["max"] and one["module"] == ["leads"] for one in hrefs)
    cells = re.findall(r'<td class="number" data-value="([1-9]\d*)">(.*?)</td>', shown.body, re.S)
    assert cells and all("<a " in inner for _, inner in cells)
