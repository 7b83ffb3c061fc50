"""A dashboard with two hundred days behind it, for a browser: the pages as they are, on fakes that are always full."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from playwright.sync_api import Page, expect

from chalicelib.core import mail_view
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope
from chalicelib.core.phone_call import DIRECTIONS, OUTCOMES
from tests.web.desk import NOW, Desk
from tests.web.served import served

MAILS = [
    ("Anna Berg <anna@example.com>", "Your quote for March", 310, "individual"),
    ("Raj Patel <raj@example.com>", "Re: onboarding", 50, "individual"),
    ("Bo Lind <bo@example.org>", "Hello from Acme", 60, "mass_email"),
    ("Li Wei <li@example.net>", "Minutes of our call", 70, "individual"),
    ("Eva Novak <eva@example.com>", "Spring offer", 80, "mass_email"),
    ("Sam Okoro <sam@example.com>", "Invoice 2026-118", 110, "workflow_alert"),
    ("Ines Costa <ines@example.com>", "A question about your order", 2, "individual"),
]
"""Of each mail for whom it is, its subject, how many minutes ago it was sent, and its source."""


class FilledDesk:
    """The pages at `url`; `mails` are the ids of MAILS, `calls` those of calls; `admin` is a key that may export."""

    def __init__(self, desk: Desk, url: str) -> None:
        self.desk, self.url = desk, url
        self.mails = _mails(desk)
        data = [mail_view.show(message) for message in desk.messages.by_id.values()]
        desk.reports.emails = {"data": data, "has_more": True, "after": "an-after", "before": "a-before"}
        self.admin = desk.add_key("acme", "read", "admin")
        self.calls = _calls(desk)

    def sign_in(self, page: Page, place: str = "/reports", key: str | None = None) -> None:
        page.goto(self.url + place)
        page.get_by_label("API key").fill(key or self.desk.key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Reports", exact=True).first).to_be_visible()


@contextmanager
def filled_desk() -> Iterator[FilledDesk]:
    """It answers until the end."""
    desk = Desk()
    with served(desk) as url:
        yield FilledDesk(desk, url)


def _mails(desk: Desk) -> list[str]:
    """What became of them is different for each: opened often, clicked, bounced for good and for now, and so on."""
    ids = [_mail(desk, *mail) for mail in MAILS]
    opened, clicked, bounced, full, seen, quiet, *_ = ids
    for minutes in (300, 45, 12):
        desk.happen(opened, Kind.OPENED, NOW - timedelta(minutes=minutes), method="GET")
    desk.happen(clicked, Kind.OPENED, NOW - timedelta(minutes=40), method="GET")
    desk.happen(clicked, Kind.CLICKED, NOW - timedelta(minutes=39), method="GET", position=0)
    desk.happen(bounced, Kind.BOUNCED, type="hard", reason="mailbox not found", recipient="bo@example.org")
    desk.happen(full, Kind.BOUNCED, type="soft", reason="mailbox full", recipient="li@example.net")
    desk.happen(seen, Kind.OPENED, NOW - timedelta(minutes=30), method="HEAD")
    desk.happen(quiet, Kind.DELIVERED, NOW - timedelta(minutes=100), recipient="sam@example.com")
    return ids


def _mail(desk: Desk, who: str, subject: str, minutes_ago: int, source: str) -> str:
    envelope = Envelope("Max <max@acme.example>", (who,), subject=subject)
    return desk.add(minutes_ago=minutes_ago, envelope=envelope, record=("leads", "4711"), source=source)


def _calls(desk: Desk) -> list[str]:
    """More than a page of them, of all users, ways and outcomes."""
    told = [(user, way, outcome) for user in ("max", "ann", "li") for way in DIRECTIONS for outcome in OUTCOMES]
    return [
        desk.call(
            user, minutes_ago=60 * hour, direction=way, outcome=outcome, seconds=97 * hour, record=("leads", "4711")
        )
        for hour, (user, way, outcome) in enumerate(told)
    ]
