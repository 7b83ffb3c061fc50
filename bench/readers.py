"""How people open mails and follow links. Where there is no source it is an assumption, and says so."""

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

from bench.sweeps import UNSUBSCRIBE, Quantiles, Request

HOUR = 3_600.0

OPENS_AFTER = Quantiles(
    (
        (0.01, 4, 60),  # assumed: a person at the inbox
        (0.32, 60, HOUR),
        (0.20, HOUR, 6 * HOUR),
        (0.25, 6 * HOUR, 24 * HOUR),
        (0.17, 24 * HOUR, 168 * HOUR),
        (0.05, 168 * HOUR, 720 * HOUR),
    )
)
"""After delivery: a third within the first hour, 53 % within six, 78 % within a day, 95 % within a week
(blog.mailchimp.com, "Nearly one third of opens occur within 1 hour"); inntopia.com and marketingcharts.com are near."""


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.16327; Pro)"
APPLE, GMAIL, YAHOO = "Apple with its privacy proxy", "Gmail", "Yahoo"
PROGRAMS: tuple[tuple[str, float, str], ...] = (
    (APPLE, 0.41, "Mozilla/5.0"),
    (GMAIL, 0.304, "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"),
    (YAHOO, 0.025, "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"),
    ("Apple without", 0.163, f"{IPHONE} Mobile/15E148"),
    ("Outlook", 0.041, OUTLOOK),
    ("others", 0.057, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"),
)
"""Name, share of opens, user agent of the picture (litmus.com, "Email client market share in December 2021")."""

AT_WORK: tuple[tuple[str, float, str], ...] = (
    ("Outlook", 0.7, OUTLOOK),
    *((name, share * 0.3, agent) for name, share, agent in PROGRAMS),
)
"""Of people behind a scanner. Assumed: scanners are bought by companies, where Outlook is at home."""

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
    f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
)


class Habits(NamedTuple):
    """All assumed. Shares are of those named before; medians are in seconds and log-normal around them."""

    opens: float = 0.4  # of recipients
    clicks: float = 0.25  # of readers
    links: tuple[float, ...] = (0.75, 0.15, 0.06, 0.03, 0.01)  # of clickers: one link, two, three …
    in_tabs: float = 0.1  # of clickers with several links: one after the other into tabs, to read them later
    before_first_click: float = 25
    between_clicks: float = 30
    between_tabs: float = 2.5
    opens_again: float = 0.35  # of readers, up to three times
    forwards: float = 0.03  # of readers, to one to four others, half of whom look
    moves: float = 0.3  # of requests come from another network than the last, as on a telephone
    unsubscribes: float = 0.005  # of readers, looking at the page a while after a link or without one
    doubles: float = 0.05  # of clicks are followed by a second one on the same link
    without_pictures: float = 0.15  # of readers


def requests(chance: random.Random, links: int, habits: Habits, *, is_at_work: bool, company: str) -> Iterator[Request]:
    """What one recipient and those who get it from them ask for; empty for one who does not open the mail.

    `at` is after delivery. Half of those at work are in their company's network.
    """
    programs = AT_WORK if is_at_work else PROGRAMS
    name, _, agent = chance.choices(programs, [share for _, share, _ in programs])[0]
    home = company if is_at_work and chance.random() < 0.5 else _network(chance)
    if name == APPLE:  # loads the picture of every mail, opened or not
        yield Request(_about(chance, 600, 2), None, agent, _egress(chance))
    if chance.random() >= habits.opens:
        return
    opened = OPENS_AFTER.draw(chance)
    yield from _reading(chance, links, habits, name, agent, home, opened)
    while chance.random() < habits.opens_again:
        opened += _about(chance, 2 * HOUR, 2)
        yield from _reading(chance, links, habits, name, agent, home, opened, clicks=habits.clicks / 4)
    if chance.random() < habits.forwards:
        for _ in range(chance.randint(1, 4)):
            if chance.random() < 0.5:
                other, _, theirs = chance.choices(programs, [share for _, share, _ in programs])[0]
                at = opened + _about(chance, 1_200, 1.5)
                yield from _reading(chance, links, habits, other, theirs, _network(chance), at)


def _reading(
    chance: random.Random,
    links: int,
    habits: Habits,
    name: str,
    agent: str,
    network: str,
    at: float,
    *,
    clicks: float | None = None,
) -> Iterator[Request]:
    if name != APPLE and chance.random() >= habits.without_pictures:
        yield Request(at, None, agent, _egress(chance) if name in (GMAIL, YAHOO) else _host(chance, network))
    browser = chance.choice(BROWSERS)
    if chance.random() < (habits.clicks if clicks is None else clicks):
        number = min(chance.choices(range(1, len(habits.links) + 1), habits.links)[0], links)
        between = habits.between_tabs if chance.random() < habits.in_tabs else habits.between_clicks
        at += _about(chance, habits.before_first_click, 1)
        for link in chance.sample(range(links), number):
            if chance.random() < habits.moves:
                network = _network(chance)
            yield Request(at, link, browser, _host(chance, network))
            if chance.random() < habits.doubles:
                yield Request(at + _about(chance, 1.5, 0.7), link, browser, _host(chance, network))
            at += _about(chance, between, 1 if between == habits.between_clicks else 0.5)
    if chance.random() < habits.unsubscribes:
        yield Request(at + _about(chance, 20, 1), UNSUBSCRIBE, browser, _host(chance, network))


def _about(chance: random.Random, median: float, spread: float) -> float:
    return chance.lognormvariate(math.log(median), spread)


def _network(chance: random.Random) -> str:
    """A provider's network, IPv4 or IPv6; none of the ranges that stand for scanners."""
    if chance.random() < 0.4:
        return f"2a02:{chance.randrange(65_536):x}:{chance.randrange(65_536):x}:"
    return f"{chance.choice((77, 81, 86, 91, 176))}.{chance.randrange(256)}.{chance.randrange(256)}"


def _host(chance: random.Random, network: str) -> str:
    return f"{network}:{chance.randrange(1, 65_536):x}" if ":" in network else f"{network}.{chance.randrange(1, 255)}"


def _egress(chance: random.Random) -> str:
    """One of the many addresses from which proxies fetch pictures."""
    start = chance.choice(("66.249", "74.125", "172.225", "104.28"))
    return f"{start}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
