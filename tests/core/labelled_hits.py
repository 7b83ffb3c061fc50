"""Labelled hits by rule: hits that it meets, and near misses, which look alike and are not met."""

from typing import NamedTuple

from tests.core.labelled import (
    AZURE,
    BARRACUDA,
    CLOUD,
    EOP,
    GOOGLE,
    HOME,
    ISOLATION,
    OFFICE,
    OPERATORS_CLOUD,
    TRAIN,
    Case,
    link,
    pixel,
    sweep,
)

GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
APPLE = "Mozilla/5.0"
GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
EDGE_OF_2015 = GMAIL_AHEAD.removesuffix(" Mozilla/5.0")
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
OUTLOOK_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ZSCALER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Zscaler/4.2"
CUBOT = "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus Build/PPR1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0"
PURPOSE = {"sec-purpose": "prefetch;prerender"}


class Examples(NamedTuple):
    """Of one rule."""

    met: list[Case]
    missed: list[Case]


HITS: dict[str, Examples] = {
    "own_mail": Examples(
        [
            Case("a copy to oneself, opened", pixel(), "internal: own_mail", is_self=True),
            Case("a copy to oneself, swept by one's own scanner",
                 link(43), "internal: own_mail", sweep(43.1), is_self=True),
        ],
        [
            Case("the same open by somebody else", pixel(), "human"),
            Case("the same sweep of somebody else's mail", link(43), "machine: burst", sweep(43.1)),
        ],
    ),
    "own_network": Examples(
        [
            Case("a colleague looks at it", pixel(ip="198.51.100.9"), "internal: own_network"),
            Case("a colleague's tool tries the link",
                 link(agent="curl/8.5", ip="198.51.100.200"), "internal: own_network"),
        ],
        [
            Case("the network next to it", pixel(ip="198.51.101.9"), "human"),
            Case("the recipient, whom the colleague's links do not harm", link(60), "human",
                 (link(61, 1, ip="198.51.100.9"), link(62, 2, ip="198.51.100.9"))),
        ],
    ),
    "head": Examples(
        [
            Case("a link that was only tried", link(method="HEAD"), "machine: head"),
            Case("a pixel that was only tried", pixel(method="HEAD"), "machine: head"),
            Case("also from Apple's proxy", pixel(agent=APPLE, method="HEAD"), "machine: head"),
        ],
        [
            Case("the GET after the HEAD", link(3_601), "human", (link(3_600, method="HEAD"),)),
            Case("GET with a body of nothing", pixel(headers={"content-length": "0"}), "human"),
        ],
    ),
    "prefetch": Examples(
        [
            Case("Chrome loads ahead", link(headers=PURPOSE), "machine: prefetch"),
            Case("Safari's preview", link(headers={"x-purpose": "Preview"}), "machine: prefetch"),
            Case("Firefox loads ahead", pixel(headers={"x-moz": "prefetch"}), "machine: prefetch"),
            Case("an old Chrome", link(headers={"purpose": "prefetch"}), "machine: prefetch"),
        ],
        [
            Case("a purpose that is another", link(headers={"purpose": "navigate"}), "human"),
            Case("the word in another header", link(headers={"referer": "https://prefetch.example/"}), "human"),
        ],
    ),
    "prefetcher": Examples(
        [
            Case("Gmail at delivery", pixel(1, GMAIL_AHEAD, ip=GOOGLE), "machine: prefetcher, fast_open"),
            Case("Gmail a minute after", pixel(60, GMAIL_AHEAD, ip=GOOGLE), "machine: prefetcher"),
        ],
        [
            Case("Gmail for its user", pixel(60, GMAIL, ip=GOOGLE), "human"),
            Case("somebody's Edge of 2015", pixel(60, EDGE_OF_2015), "human"),
            Case("another browser with that end", pixel(60, GMAIL_AHEAD.replace("Chrome/42", "Chrome/142")), "human"),
        ],
    ),
    "scanner": Examples(
        [
            Case("Barracuda by name", link(43, agent="Barracuda Sentinel (EE)", ip=CLOUD), "machine: scanner"),
            Case("Proofpoint by name", link(43, agent="Mozilla/5.0 (compatible; proofpoint-urldefense/1.0)"),
                 "machine: scanner"),
        ],
        [
            Case("a person whose company is behind Zscaler", link(agent=ZSCALER), "human"),
            Case("a person who comes from Safe Links' page",
                 link(headers={"referer": "https://eur01.safelinks.protection.outlook.com/"}), "human"),
        ],
    ),
    "unfurler": Examples(
        [
            Case("pasted into Slack", link(agent="Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
                 "machine: unfurler"),
            Case("pasted into WhatsApp", link(agent="WhatsApp/2.23.20.0 A"), "machine: unfurler"),
        ],
        [
            Case("read within Instagram", link(agent=f"{IPHONE} Instagram 300.0.0.0"), "human"),
            Case("read within Facebook", link(agent=f"{IPHONE} [FBAN/FBIOS;FBAV/450.0]"), "human"),
        ],
    ),
    "tool": Examples(
        [
            Case("a Python script", link(agent="python-requests/2.32.3"), "machine: tool"),
            Case("a browser without a window",
                 link(agent="Mozilla/5.0 (X11) HeadlessChrome/120.0.0.0"), "machine: tool"),
            Case("Office looks before it opens the browser", link(agent="Microsoft Office Existence Discovery"),
                 "machine: tool"),
        ],
        [
            Case("a mail program on Android",
                 pixel(agent="Dalvik/2.1.0 (Linux; U; Android 12; SM-G970U Build/SP1A)"), "human"),
            Case("another one", pixel(agent="okhttp/4.12.0"), "human"),
            Case("UC Browser, which names Java",
                 link(agent="UCWEB/2.0 (Java; U; MIDP-2.0; Nokia203/20.37) U2/1.0.0 UCBrowser/8.7"), "human"),
        ],
    ),
    "crawler": Examples(
        [
            Case("Googlebot", link(agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
                 "machine: crawler"),
            Case("a bot with no address", link(agent="Mozilla/5.0 (Macintosh) Chrome/45.0 Safari/537.36 SWIMGBot"),
                 "machine: crawler"),
        ],
        [
            Case("a telephone by Cubot", link(agent=CUBOT), "human"),
            Case("a person in Botim", link(agent=f"{IPHONE} Botim/3.1"), "human"),
        ],
    ),
    "filter_network": Examples(
        [
            Case("Exchange Online Protection follows a link", link(43, ip=EOP), "machine: filter_network"),
            Case("and loads the picture", pixel(43, ip=EOP), "machine: filter_network"),
            Case("Barracuda", link(43, ip=BARRACUDA), "machine: filter_network"),
            Case("EOP over IPv6", pixel(43, ip="2a01:111:f403:8000::1"), "machine: filter_network"),
            Case("EOP with a port", link(43, ip="104.47.0.9:51324"), "machine: filter_network"),
        ],
        [
            Case("Outlook on the web loads it for its user", pixel(ip=AZURE), "human"),
            Case("a person in Azure's desktop clicks", link(ip=AZURE), "human"),
            Case("Google's cloud", pixel(ip=GOOGLE), "human"),
            Case("the next address after EOP's", link(ip="104.47.128.0"), "human"),
        ],
    ),
    "burst": Examples(
        [
            Case("nine links in a second, the first", link(43, 8), "machine: burst", sweep(43.1)),
            Case("three links in four seconds, the last", link(47, 2), "machine: burst", (link(43, 0), link(45, 1))),
            Case("by HEAD, then one by GET", link(43.5, 5), "machine: burst", sweep(43, 3, method="HEAD")),
            Case("from three networks", link(43, 0, ip=CLOUD), "machine: burst, many_networks",
                 (link(43, 1, ip=AZURE), link(44, 2, ip="54.88.1.1"))),
            Case("two links and the page for unsubscribing", link(43, 0), "machine: burst, unsubscribe_pair",
                 (link(44, 1), link(45, "unsubscribe"))),
        ],
        [
            Case("three links in four seconds and a bit", link(43, 0), "human", (link(45, 1), link(47.001, 2))),
            Case("two links at once", link(43, 0), "human", (link(43, 1),)),
            Case("one link five times", link(43, 0), "human", tuple(link(43 + n, 0) for n in range(1, 5))),
            Case("a person a minute after the sweep", link(105, 0), "human", sweep(43, ip=CLOUD)),
        ],
    ),
    "all_links": Examples(
        [
            Case("all of three", link(43, 0), "machine: burst, all_links", (link(43.5, 1), link(45, 2)), links=3),
            Case("all of ten", link(43, 9), "machine: burst, all_links", sweep(43.1), links=10),
            Case("also where bursts are switched off", link(43, 0), "machine: all_links", sweep(43, 3), links=3,
                 off=frozenset({"burst"})),
        ],
        [
            Case("both of two", link(43, 0), "human", (link(43.1, 1),), links=2),
            Case("the only one", link(43, 0), "human", links=1),
            Case("all but one", link(43, 0), "machine: burst", (link(43.5, 1), link(44, 2)), links=4),
            Case("in two seconds and a bit", link(43, 0), "machine: burst", (link(44, 1), link(45.001, 2)), links=3),
            Case("two of three and the page for unsubscribing",
                 link(43, 1), "machine: burst, unsubscribe_pair", (link(43, 2), link(44, "unsubscribe")), links=3),
            Case("a mail whose links nobody counted",
                 link(43, 0), "machine: burst", (link(43.5, 1), link(44, 2)), links=None),
        ],
    ),
    "beside_burst": Examples(
        [
            Case("the picture with the links", pixel(43), "machine: beside_burst", sweep(43.1)),
            Case("half a minute ahead from elsewhere", pixel(9, ip=AZURE), "machine: beside_burst",
                 sweep(43, ip=CLOUD)),
            Case("a second after the last link", pixel(45, ip=AZURE), "machine: beside_burst", sweep(43.1, ip=CLOUD)),
            Case("a minute after from the same network", pixel(103, ip="3.92.14.200"), "machine: beside_burst",
                 sweep(43, ip=CLOUD)),
            Case("two minutes ahead from the same network", pixel(9), "machine: beside_burst", sweep(128.5)),
        ],
        [
            Case("more than a minute ahead from elsewhere", pixel(9, ip=AZURE), "human", sweep(69.1, ip=CLOUD)),
            Case("three seconds after from elsewhere", pixel(47), "human", sweep(43, ip=CLOUD)),
            Case("the reader, near the company's own scanner", pixel(400), "human", sweep(43)),
            Case("the reader in Gmail at that moment", pixel(43, GMAIL), "human", sweep(43)),
            Case("Apple's proxy at that moment", pixel(43, APPLE), "proxy: privacy_proxy", sweep(43)),
            Case("a reader who follows one link at once", pixel(43), "human", (link(44),)),
            Case("a reader who follows two", pixel(43), "human", (link(44, 0), link(45, 1))),
            Case("a sweep, where bursts are switched off", pixel(43), "human", sweep(43), links=99,
                 off=frozenset({"burst"})),
        ],
    ),
    "fast_open": Examples(
        [
            Case("one second, nothing else", pixel(1), "human: fast_open"),
            Case("one second, without a name", pixel(1, None), "machine: fast_open, no_user_agent"),
            Case("at the moment of delivery", pixel(0, ""), "machine: fast_open, no_user_agent"),
        ],
        [
            Case("two seconds and a bit", pixel(2.001, None), "human: no_user_agent"),
            Case("nothing known of the delivery", pixel(1, None), "human: no_user_agent", is_delivered=False),
            Case("Apple's proxy, which always is", pixel(1, APPLE), "proxy: privacy_proxy"),
            Case("a click in one second", link(1), "human: fast_click"),
        ],
    ),
    "fast_click": Examples(
        [
            Case("four seconds, nothing else", link(4), "human: fast_click"),
            Case("four seconds, without a name", link(4, agent=None), "machine: fast_click, no_user_agent"),
            Case("and unsubscribes too", link(4), "machine: fast_click, unsubscribe_pair", (link(30, "unsubscribe"),)),
        ],
        [
            Case("five seconds and a bit", link(5.001, agent=None), "human: no_user_agent"),
            Case("an open in four seconds", pixel(4, None), "human: no_user_agent"),
            Case("nothing known of the delivery", link(4, agent=None), "human: no_user_agent", is_delivered=False),
        ],
    ),
    "before_delivery": Examples(
        [
            Case("before the server took the mail", link(-3), "human: before_delivery"),
            Case("and without a name", link(-3, agent=None), "machine: before_delivery, no_user_agent"),
            Case("a picture", pixel(-0.5, None), "machine: before_delivery, no_user_agent"),
        ],
        [
            Case("nothing known of the delivery", link(-3, agent=None), "human: no_user_agent", is_delivered=False),
            Case("at the same millisecond", link(0, agent=None), "machine: fast_click, no_user_agent"),
        ],
    ),
    "probable_network": Examples(
        [
            Case("behind a vendor's isolation", link(ip=ISOLATION), "human: probable_network"),
            Case("from there in three seconds", link(3, ip=ISOLATION), "machine: fast_click, probable_network"),
            Case("a picture from there in a second", pixel(1, ip=ISOLATION), "machine: fast_open, probable_network"),
            Case("a click from a whole cloud", link(3, ip=OPERATORS_CLOUD), "machine: fast_click, probable_network"),
        ],
        [
            Case("a picture from a whole cloud", pixel(1, ip=OPERATORS_CLOUD), "human: fast_open"),
            Case("the network next to it", link(3, ip="198.18.3.9"), "human: fast_click"),
        ],
    ),
    "many_networks": Examples(
        [
            Case("three in a minute", link(43, 0), "human: many_networks", (pixel(60, ip=CLOUD), pixel(100, ip=AZURE))),
            Case("and at once",
                 link(3, 0), "machine: fast_click, many_networks", (pixel(60, ip=CLOUD), pixel(5, ip=AZURE))),
        ],
        [
            Case("a commuter: two networks", link(3, 0, ip=TRAIN), "human: fast_click", (pixel(60, ip=HOME),)),
            Case("three in two minutes and a bit",
                 link(3), "human: fast_click", (pixel(60, ip=CLOUD), pixel(123.1, ip=AZURE))),
            Case("three addresses of two networks", link(3), "human: fast_click",
                 (pixel(9, ip=OFFICE), pixel(10, ip="192.0.2.99"))),
            Case("Gmail's many addresses", link(3), "human: fast_click",
                 (pixel(5, GMAIL, ip=GOOGLE), pixel(6, GMAIL, ip="66.102.9.1"), pixel(7, GMAIL, ip="74.125.1.1"))),
        ],
    ),
    "unsubscribe_pair": Examples(
        [
            Case("a link and the page", link(43), "human: unsubscribe_pair", (link(90, "unsubscribe"),)),
            Case("the page itself", link(43, "unsubscribe"), "human: unsubscribe_pair", (link(43, 3),)),
            Case("without a name", link(43, agent=None), "machine: unsubscribe_pair, no_user_agent",
                 (link(43, "unsubscribe", None),)),
        ],
        [
            Case("more than a minute between",
                 link(43, agent=None), "human: no_user_agent", (link(104, "unsubscribe"),)),
            Case("the page twice", link(43, "unsubscribe", None), "human: no_user_agent", (link(50, "unsubscribe"),)),
            Case("another page of ours", link(43, agent=None), "human: no_user_agent", (link(44, "preferences"),)),
            Case("the page after an open", pixel(43, None), "human: no_user_agent", (link(50, "unsubscribe"),)),
        ],
    ),
    "no_user_agent": Examples(
        [
            Case("none", pixel(agent=None), "human: no_user_agent"),
            Case("only spaces", link(agent="  "), "human: no_user_agent"),
            Case("a link with a browser's first word alone", link(agent="Mozilla/5.0"), "human: no_user_agent"),
        ],
        [
            Case("a strange one", pixel(agent="x"), "human"),
            Case("Outlook for Mac", pixel(agent=OUTLOOK_MAC), "human"),
        ],
    ),
    "privacy_proxy": Examples(
        [
            Case("Apple at delivery", pixel(1, APPLE), "proxy: privacy_proxy"),
            Case("Apple hours after", pixel(9_000, APPLE, ip=TRAIN), "proxy: privacy_proxy"),
            Case("Apple within a spread of networks", pixel(43, APPLE), "proxy: privacy_proxy",
                 (link(44, ip=CLOUD), link(45, ip=AZURE), link(46, ip=TRAIN))),
        ],
        [
            Case("Apple Mail without it", pixel(agent=IPHONE), "human"),
            Case("Outlook for Mac, which ends alike", pixel(agent=OUTLOOK_MAC), "human"),
            Case("Apple's user follows a link", link(agent=f"{IPHONE} Safari/604.1"), "human", (pixel(1, APPLE),)),
            Case("switched off", pixel(agent=APPLE), "human", off=frozenset({"privacy_proxy"})),
            Case("switched off, at once and from where mail is filtered too",
                 pixel(1, APPLE, ip=ISOLATION), "human", off=frozenset({"privacy_proxy"})),
        ],
    ),
}  # fmt: skip
