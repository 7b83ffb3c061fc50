"""The table of user agents, held against a public list of robots; its own cases are in labelled_clients.py."""

from collections.abc import Iterator
from typing import get_args

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import client
from chalicelib.core.client import Client, client_of

MACHINES = {"prefetcher", "scanner", "unfurler", "tool", "crawler"}

NEAR_A_MAIL = {"http-library", "social-preview", "browser-automation"}
"""Tags of what asks for links that people hand to each other. The others search the public web, where no link of a mail
stands, so that most of them being known is enough."""

PEOPLE = {
    "GoogleImageProxy": "Gmail loads the picture for its user",
    "YahooMailProxy": "so does Yahoo",
    "FastmailUA": "so does Fastmail",
    "Shortwave Image Fetcher": "so does Shortwave",
    "okhttp": "mail programs on Android load pictures with it",
    "Amazon CloudFront": "everybody, where CloudFront stands before the tracking host",
    "MetaIAB Facebook": "the browser within Facebook's app",
    "Fluid": "a browser of macOS",
}
OUT_OF_THE_WAY = {
    "Pcore-HTTP": "a library of Perl, last released in 2020",
    "BTWebClient": "downloads torrents",
    "ALittle Client": "a download manager",
    "Download Ninja": "a download manager",
    "splash Version\\/": "renders public pages for crawlers",
    "TestLocally\\/": "tests its users' own sites",
}


def listed(is_wanted: bool) -> Iterator[tuple[str, str]]:
    """Pattern and example of what the list has near a mail, or of the rest."""
    for entry in CRAWLER_USER_AGENTS_DATA:
        if bool(NEAR_A_MAIL & set(entry["tags"])) is is_wanted:
            yield from ((entry["pattern"], example) for example in entry["instances"])


def test_what_follows_handed_links_is_a_machine_but_for_the_exceptions_and_these_are_needed() -> None:
    taken_for_people = {pattern for pattern, example in listed(True) if client_of(example) not in MACHINES}
    assert taken_for_people == PEOPLE.keys() | OUT_OF_THE_WAY.keys()


def test_most_of_what_searches_the_web_is_a_machine_too() -> None:
    examples = [example for _, example in listed(False)]
    known = [example for example in examples if client_of(example) in MACHINES]
    assert len(known) / len(examples) > 0.8


@pytest.mark.parametrize("name", ["SCANNERS", "UNFURLERS", "DRIVEN", "TOOLS", "CRAWLERS", "IMAGE_PROXIES"])
def test_the_texts_of_a_table_are_in_lower_case_and_none_holds_another(name: str) -> None:
    texts = getattr(client, name)
    assert [text for text in texts if text != text.lower()] == []
    assert [(one, other) for one in texts for other in texts if one != other and one in other] == []


@pytest.mark.parametrize("nothing", [None, "", " \t", 7, b"curl/8.5", [], "\x00".strip("\x00")])
def test_no_user_agent_is_a_class_of_its_own(nothing: object) -> None:
    assert client_of(nothing) == "none"


@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
def test_case_does_not_matter(case) -> None:
    assert client_of(case("Python-Requests/2.32")) == "tool"
    assert client_of(case("Mozilla/5.0")) == "privacy_proxy"


@pytest.mark.parametrize(
    "said", ["Cubot", "CUBOT NOTE 20", "Robotics reader", "Mozilla/5.0 (Linux; Abbott) Chrome/99", "botim"]
)
def test_bot_within_a_word_is_no_bot(said: str) -> None:
    assert client_of(said) is None


@pytest.mark.parametrize("said", ["bot", "a bot.", "x (FooBot)", "FooBots/1", "Cubot FooBot", "foo_bot_bar", "bot2"])
def test_a_word_that_ends_in_bot_is_one(said: str) -> None:
    assert client_of(said) == "crawler"


@given(st.text())
def test_anything_has_at_most_one_class(said: str) -> None:
    assert client_of(said) in {None, *get_args(Client)}


@given(st.text(alphabet="abcdefghij /;.()0123456789"), st.text(alphabet="abcdefghij /;.()0123456789"))
def test_a_web_mails_proxy_is_one_whatever_stands_around_it(before: str, after: str) -> None:
    assert client_of(f"{before}curl/8 GoogleImageProxy bot{after}") == "image_proxy"
