"""The embedded stack as a sender and a recipient see it, and the way into the dashboard."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.crm import Crm
from tests.infra.local_run import ask

HTML = '<p>Dear Anna, <a href="https://example.com/quote?a=1&amp;b=2">your quote</a></p>'
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36"
APPLE = "Mozilla/5.0"  # exactly this, and no more, is Apple Mail Privacy Protection


class Desk:
    """Who sends mails, and what becomes of them at their recipients."""

    def __init__(self, run: dict[str, Any]) -> None:
        self.run, self.url, self.crm = run, run["dashboard_url"], Crm(run)

    def send(self, subject: str, **changes: object) -> str:
        people = {"from": "Max <me@example.com>", "to": "Anna Berg <anna@example.com>"}
        return self.crm.send(**{**people, "subject": subject, "html": HTML, **changes})

    def arrived(self, subject: str) -> str:
        """The HTML of the mail as it reached its recipient."""
        return str(self.crm.arrived(subject)["html"])

    def load_pixel(self, subject: str, method: str = "GET", client: str = PERSON) -> None:
        pixel = re.findall(r'<img[^>]+src="([^"]+/o/[^"]+)"', self.arrived(subject))[-1]
        assert ask(pixel, method, headers={"User-Agent": client}).status == 200

    def click(self, subject: str, position: int = 0) -> None:
        link = re.findall(r'href="([^"]+/c/[^"]+)"', self.arrived(subject))[position]
        assert ask(link, headers={"User-Agent": PERSON}).status == 302


def sign_in(page: Page, desk: Desk, key: str | None = None) -> None:
    page.goto(desk.url)
    page.get_by_label("API key").fill(key or desk.run["api_key"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Mails", exact=True)).to_be_visible()
