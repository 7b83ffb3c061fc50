"""How scanners ask for a mail's pixel and links, as people who run mailings have published it.

What has a source is said with it; the rest is an assumption and says so. Nothing here was chosen by what our rules can
see: shares of patterns nobody publishes, so results are shown for each pattern, and for several kinds of fleets.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

UNSUBSCRIBE = "unsubscribe"


class Request(NamedTuple):
    """A request; `at` is in seconds after the mail was sent. `link` is None for the pixel, a position or a page."""

    at: float
    link: int | str | None
    agent: str
    ip: str
    method: str = "GET"


class Quantiles(NamedTuple):
    """A distribution as it was published: shares that add up to one, each with the seconds from and to."""

    parts: tuple[tuple[float, float, float], ...]

    def draw(self, chance: random.Random) -> float:
        _, start, end = chance.choices(self.parts, [share for share, *_ in self.parts])[0]
        return chance.uniform(start, end)


SWEEP_BEGINS = Quantiles(
    (
        (0.005, 0, 10),
        (0.022, 10, 20),
        (0.473, 20, 43),
        (0.191, 43, 60),
        (0.283, 60, 300),
        (0.019, 300, 1_800),
        (0.007, 3_600, 86_400),
    )
)
"""Of 836 sweeps, after sending; median 43 s (putyourlightson/craft-campaign#546, comment of 2026-08-30)."""

PIXEL_BEFORE_SWEEP = Quantiles(((0.5, 2, 9), (0.11, 9, 10), (0.23, 10, 20), (0.16, 20, 120)))
"""Same source: the pixel was fetched by the median after 9 s, 61 % within 10 s, 84 % within 20 s. How late the rest is,
is assumed."""

SWEEP_LASTS = (0.01, 0.95)
"""Seconds: "all links in one sub-second sweep" there, "within a few milliseconds" in MillionSend/millionsend#22."""

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/97.0.4692 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/57.0.2987.133 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.88 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
)
"""As scanners call themselves (edalzell/laravel-passwordless-login#79, gophish/gophish#973 and #2115)."""

NAMED = (
    "Barracuda Sentinel (EE)",
    "python-requests/2.32.3",
    "Mimecast Link Protection",
    "AHC/2.1",
    "Go-http-client/2.0",
)
"""HubSpot's and Braze's lists of robots; craft-campaign#546 saw Python Requests."""

CLOUDS = ("3.92", "54.88", "34.201", "20.72", "20.42", "13.66", "52.224", "38.101")
"""AWS, Azure and Cogent, by the first half of the address (onetimesecret#359, laravel-passwordless-login#79)."""


class Fleet(NamedTuple):
    """Where a scanner's requests come from: how many networks of /24 take part in one mail. Nobody publishes it."""

    name: str
    networks: int


FLEETS = (Fleet("one network", 1), Fleet("three networks", 3), Fleet("a network for each request", 1_000))


def _addresses(chance: random.Random, fleet: Fleet) -> Callable[[], str]:
    networks = [_cloud(chance) for _ in range(min(fleet.networks, 40))]
    return lambda: f"{chance.choice(networks)}.{chance.randrange(1, 255)}"


def _cloud(chance: random.Random) -> str:
    return f"{chance.choice(CLOUDS)}.{chance.randrange(256)}"


def _filter(chance: random.Random) -> Callable[[], str]:
    """Microsoft's filters: 104.47.x.x in laravel-passwordless-login#79, 40.107.x.x in gophish/gophish#973."""
    return lambda: f"{chance.choice(('104.47', '40.107'))}.{chance.randrange(128)}.{chance.randrange(1, 255)}"


def _links(chance: random.Random, links: int, begins: float) -> Iterator[tuple[float, int | str]]:
    """Every link and the page for unsubscribing, in any order, within less than a second."""
    lasts = chance.uniform(*SWEEP_LASTS)
    asked: list[int | str] = [*range(links), UNSUBSCRIBE]
    chance.shuffle(asked)
    for link in asked:
        yield begins + chance.uniform(0, lasts), link


def browser_sweep(chance: random.Random, links: int, fleet: Fleet) -> Iterator[Request]:
    """The pixel first, then every link at once, with a browser's name and from a cloud."""
    address, agent = _addresses(chance, fleet), chance.choice(BROWSERS)
    begins = SWEEP_BEGINS.draw(chance)
    pixel = PIXEL_BEFORE_SWEEP.draw(chance)
    yield Request(pixel if pixel < begins else begins * chance.random(), None, agent, address())
    for at, link in _links(chance, links, begins):
        yield Request(at, link, agent, address())


def filter_sweep(chance: random.Random, links: int, fleet: Fleet) -> Iterator[Request]:
    """Microsoft's filter: each link twice, with a browser's name or none, from its own ranges (gophish/gophish#973)."""
    address, agent = _filter(chance), chance.choice((*BROWSERS, ""))
    begins = SWEEP_BEGINS.draw(chance)
    yield Request(begins, None, agent, address())
    for _ in range(2):
        for at, link in _links(chance, links, begins):
            yield Request(at, link, agent, address())


def head_sweep(chance: random.Random, links: int, fleet: Fleet) -> Iterator[Request]:
    """Every link by HEAD alone (supabase/auth#1214: answer HEAD and the link survives)."""
    address, agent = _addresses(chance, fleet), chance.choice(BROWSERS)
    for at, link in _links(chance, links, SWEEP_BEGINS.draw(chance)):
        yield Request(at, link, agent, address(), "HEAD")


def named_sweep(chance: random.Random, links: int, fleet: Fleet) -> Iterator[Request]:
    """The pixel and every link by a program that says what it is."""
    address, agent = _addresses(chance, fleet), chance.choice(NAMED)
    begins = SWEEP_BEGINS.draw(chance)
    yield Request(begins, None, agent, address())
    for at, link in _links(chance, links, begins):
        yield Request(at, link, agent, address())


def slow_sweep(chance: random.Random, links: int, fleet: Fleet) -> Iterator[Request]:
    """The pixel and link after link as a browser: "each click seems to take about one second" (mautic/mautic#9798)."""
    address, agent, at = _addresses(chance, fleet), chance.choice(BROWSERS), SWEEP_BEGINS.draw(chance)
    yield Request(at, None, agent, address())
    for link in (*range(links), UNSUBSCRIBE):
        at += chance.lognormvariate(0, 0.5)
        yield Request(at, link, agent, address())


def single_link(chance: random.Random, links: int, fleet: Fleet) -> Iterator[Request]:
    """One link, half of the time twice within milliseconds as two browsers, often the last one.

    "The rest were single-link hits from the same fleet" (MillionSend/millionsend#22); twice, by Linux and Windows, on a
    link of the footer (suped.com, "unusual click activity concentrated on a single link").
    """
    address, begins = _addresses(chance, fleet), SWEEP_BEGINS.draw(chance)
    link = chance.choice((links - 1, chance.randrange(links)))
    for agent in chance.sample(BROWSERS, chance.choice((1, 2))):
        yield Request(begins + chance.uniform(0, 0.05), link, agent, address())


Pattern = Callable[[random.Random, int, Fleet], Iterator[Request]]

PATTERNS: tuple[tuple[str, float, Pattern], ...] = (
    ("sweep as a browser", 0.47, browser_sweep),
    ("slow sweep as a browser", 0.08, slow_sweep),
    ("Microsoft's filter", 0.15, filter_sweep),
    ("HEAD only", 0.08, head_sweep),
    ("sweep by name", 0.10, named_sweep),
    ("one link only", 0.12, single_link),
)
"""Name, share of scanned mails, pattern. The shares are assumed: in MillionSend/millionsend#22 most clicks were of
sweeps as a browser, the rest of scanners' single links."""


def at_the_click(chance: random.Random, click: Request, fleet: Fleet) -> Request:
    """A second look at the link that somebody follows: just before the browser is let through, or soon after.

    As Microsoft's Safe Links looks at what it is not sure of (MicrosoftDocs/microsoft-365-docs#6451, #10397); twelve
    seconds after the click in resend/resend-node#901.
    """
    address, apart = _addresses(chance, fleet), chance.choice((chance.uniform(-3, -0.2), chance.uniform(0, 15)))
    return Request(click.at + apart, click.link, chance.choice(BROWSERS), address())
