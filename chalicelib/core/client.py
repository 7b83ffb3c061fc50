"""What kind of program asked, by its user agent: our own small table of texts, the proxies of mail programs first.

Public lists of bots are wrong about mail. Of six that were tried five take Gmail's image proxy for a bot, all six
Yahoo's, two take Outlook for Windows for one, and none knows Gmail's prefetcher. Here the question is another: is
there a person in front of it? What stays without a name is a mail program or a browser, and most scanners call
themselves so.
"""

import functools
from typing import Literal

Client = Literal[
    "image_proxy",  # a web mail fetches the picture when its user opens the mail: a person's open
    "privacy_proxy",  # fetches it whether or not the mail is opened
    "prefetcher",  # Gmail's own, at delivery
    "scanner",  # says that it filters mail or tests links for what is dangerous
    "unfurler",  # makes the preview of a link that somebody wrote in a chat or a post
    "tool",  # a library or command that a program asks with
    "crawler",  # of a search engine and its like, and whatever gives a home page or says that it is a bot
    "none",  # no user agent; unlike an event of a time when none was noted, which has no class at all
]
"""The classes worth remembering; they are stored. A mail program or a browser has none. No enum: each cold start of the
tracking host would pay for it."""


BARE = "mozilla/5.0"
"""The whole user agent of Apple's Mail Privacy Protection. Outlook for Mac, with which it is mixed up by the rule
"ends in `(KHTML, like Gecko)`" (warmbly/warmbly#564), is a person."""

PREFETCHER = ("chrome/42.0.2311.135", "edge/12.246 mozilla/5.0")
"""Gmail at delivery: a browser of 2015 with a second `Mozilla/5.0` behind it, which no browser ever had
(mautic/mautic#10245, keila's list). The same browser without that end is somebody's."""

IMAGE_PROXIES = (
    "googleimageproxy",  # Gmail; there is no other sign of a Gmail user's open
    "yahoomailproxy",  # Yahoo and AOL
    "fastmailua/",
    "shortwave image fetcher",
    "seznamemailproxy",
)

SCANNERS = (
    "barracuda",  # Barracuda Sentinel (EE)
    "mimecast",
    "proofpoint",
    "urldefense",  # Proofpoint's links
    "safelinks",  # Microsoft Defender, which mostly calls itself a browser
    "ironport",  # Cisco Secure Email
    "ciscosecureemail",
    "symantec",
    "messagelabs",  # Symantec Email Security.cloud
    "fortiguard",
    "fortimail",
    "trendmicro",
    "trend micro",
    "scmguard",
    "twinwavescanner",  # Splunk Attack Analyzer
    "emailwolf",
    "virustotal",
    "urlscan",
    "google-safety",
    "zgrab",
    "openvas",
    "netcraft",
)
"""Not Zscaler and Forcepoint: they also stand between a person's browser and the web, and sign its requests."""

UNFURLERS = (
    "slackbot",
    "slack-imgproxy",
    "twitterbot",
    "facebookexternal",
    "facebookcatalog",
    "meta-external",
    "linkedinbot",
    "whatsapp",  # a person who follows a link in WhatsApp comes in a browser
    "telegrambot",
    "discordbot",
    "preview",  # SkypeUriPreview of Teams, BingPreview, Snap URL Preview, Yahoo Link Preview
    "google-read-aloud",
    "googlemessages",
    "applebot",
    "pinterestbot",
    "redditbot",
    "embedly",
    "iframely",
    "unfurl",
    "onebox",
    "hatena",
    "viber",
    "vkshare",
    "line-poker",
    "kakaotalk-scrap",
    "bluesky",
    "tumblr/",
    "ning/",
    "valve/steam",
    "twilioproxy",
    "bitlybot",
    "github-camo",
)

DRIVEN = (
    "headless",
    "phantomjs",
    "slimerjs",
    "puppeteer",
    "playwright",
    "selenium",
    "cypress",
    "electron/",
    "ghost inspector",
    "google-agent",
    "googleagent",
    "manus-user",
    "claude-user",
    "python",
    "httrack",
    "indy library",
)
"""Tools that call themselves a browser and add their name."""

TOOLS = (
    "curl",
    "wget",
    "python",  # python-requests, python-httpx, Python-urllib, Python/3.9 aiohttp/3.7.3
    "go-http-client",
    "java/",
    "httpclient",
    "httpurlconnection",
    "ahc/",
    "jetty/",
    "lwp",
    "perl",
    "ruby",
    "faraday",
    "guzzle",
    "php/",
    "axios",
    "node",
    "undici",
    "postman",
    "insomnia",
    "reqwest",
    "lua-resty",
    "httpie",
    "http_get",
    "httpunit",
    "http client",
    "fasthttp",
    "scrapy",
    "winhttp",
    "powershell",
    "newspaper/",
    "larbin",
    "colly",
    "salesforce.com",
    "microsoft office existence discovery",  # Office looks before it hands a person's click to the browser
    "microsoft office protocol discovery",
)
"""Looked for where no browser is claimed. Not okhttp, Dalvik, CFNetwork and dataaccessd: with these, mail programs on
telephones load pictures. Not Amazon CloudFront: so everybody is called where it stands before the tracking host."""

CRAWLERS = (
    "://",  # the address of its own home page
    "crawl",
    "spider",
    "scrap",
    "slurp",
    "archive",
    "fetch",
    "monitor",
    "scanner",
    "validator",
    "screenshot",
    "pingdom",
    "uptime",
    "site24x7",
    "lighthouse",
    "gtmetrix",
    "mediapartners-google",
    "google-inspectiontool",
    "google-site-verification",
    "googleother",
    "feedburner",
)


def _table(tools: tuple[str, ...]) -> dict[str, Client]:
    """Texts in the order in which they are looked for: many a preview also names the tool that it is made with."""
    classes: tuple[tuple[Client, tuple[str, ...]], ...] = (
        ("scanner", SCANNERS),
        ("unfurler", UNFURLERS),
        ("tool", tools),
        ("crawler", CRAWLERS),
    )
    return {text: client for client, texts in classes for text in texts}


_OF_BROWSERS = _table(DRIVEN)
_OF_OTHERS = _table(TOOLS)


def client_of(user_agent: object) -> Client | None:
    """The class of a user agent; None for a mail program or a browser, and so for most scanners. Takes anything."""
    return _class_of(user_agent) if isinstance(user_agent, str) else "none"


@functools.lru_cache(maxsize=1_024)  # they repeat; here they are in memory only, without anything else of their hits
def _class_of(user_agent: str) -> Client | None:
    said = user_agent.strip().lower()
    if not said:
        return "none"
    if said == BARE:
        return "privacy_proxy"
    for text in IMAGE_PROXIES:
        if text in said:
            return "image_proxy"
    if said.endswith(PREFETCHER[1]) and PREFETCHER[0] in said:
        return "prefetcher"
    table = _OF_BROWSERS if said.startswith("mozilla/") else _OF_OTHERS
    for text in table:
        if text in said:
            return table[text]
    return "crawler" if "bot" in said and _is_bot(said) else None


def _is_bot(said: str) -> bool:
    """Whether a word ends in bot or bots; Cubot makes telephones."""
    parts = said.replace("cubot", "").split("bot")[1:]
    return any(not part.removeprefix("s")[:1].isalpha() for part in parts)
