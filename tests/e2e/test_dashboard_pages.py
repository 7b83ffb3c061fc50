"""The dashboard in a real browser, on the embedded stack."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = [pytest.mark.local, pytest.mark.browser]

PATIENCE_SECONDS = 30
HTML = '<p>Dear Anna, <a href="https://example.com/quote?a=1&amp;b=2">your quote</a></p>'
LISTEN = "addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective + e.blockedURI))"


class Desk:
    """The embedded stack as a sender and a recipient see it."""

    def __init__(self, run: dict[str, Any]) -> None:
        self.run, self.url = run, run["dashboard_url"]

    def send(self, subject: str, **changes: object) -> str:
        mail = {"from": "Max <me@example.com>", "to": "Anna Berg <anna@example.com>", "subject": subject, "html": HTML}
        headers = {"Authorization": f"Bearer {self.run['api_key']}", "Content-Type": "application/json"}
        body = json.dumps(mail | changes).encode()
        request = urllib.request.Request(f"{self.run['api_url']}/v1/emails", body, headers)
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["id"])

    def arrived(self, subject: str) -> str:
        """The HTML of the mail as it reached its recipient."""
        return str(until(lambda: next((mail for mail in self._inbox() if mail["subject"] == subject), None))["html"])

    def load_pixel(self, subject: str, method: str = "GET") -> None:
        self._get(re.findall(r'<img[^>]+src="([^"]+/o/[^"]+)"', self.arrived(subject))[-1], method)

    def click(self, subject: str) -> None:
        self._get(re.findall(r'href="([^"]+/c/[^"]+)"', self.arrived(subject))[0], "GET")

    def _inbox(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.run['inbox_url']}/messages") as answer:
            return list(json.load(answer))

    def _get(self, url: str, method: str) -> None:
        """A request to the tracking host whose redirect is not followed."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: Any) -> None:
                return None

        request = urllib.request.Request(url, method=method)
        try:
            urllib.request.build_opener(Stay).open(request).close()
        except urllib.error.HTTPError as error:
            error.close()
            assert error.code in (302, 303, 307), f"{url}: {error.code}"


def until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.1)
    raise AssertionError(f"did not come to pass within {PATIENCE_SECONDS} s")


@pytest.fixture
def desk(local: dict[str, Any]) -> Desk:
    return Desk(local)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of: errors and warnings on the console, failed scripts, breaches of the policy."""
    heard: list[str] = []
    page.add_init_script(LISTEN)
    page.on("console", lambda message: heard.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def sign_in(page: Page, desk: Desk, key: str | None = None) -> None:
    page.goto(desk.url)
    page.get_by_label("API key").fill(key or desk.run["api_key"])
    page.get_by_role("button", name="Sign in").click()


def test_a_wrong_key_stays_outside_and_the_right_one_comes_back_to_the_page(desk, page):
    message_id = desk.send("Behind the door")
    page.goto(f"{desk.url}/mails/{message_id}")
    expect(page).to_have_title("Sign in · mailsight")
    page.get_by_label("API key").fill("ms_0123456789abcdef_" + "0" * 64)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This key is not valid here")
    page.get_by_label("API key").fill(desk.run["api_key"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Behind the door")).to_be_visible()
    assert urlsplit(page.url).path == f"/mails/{message_id}"


def test_the_session_cookie_is_out_of_reach_of_scripts(desk, page, context):
    sign_in(page, desk)
    (cookie,) = [cookie for cookie in context.cookies() if cookie["name"] == "mailsight_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert page.evaluate("document.cookie") == ""


def test_rows_and_the_mails_page_follow_what_happens_without_a_reload(desk, page, context, complaints):
    message_id = desk.send("Live")
    desk.arrived("Live")
    sign_in(page, desk)
    row = page.locator(f"#mail-{message_id}")
    expect(row).to_contain_text("not opened")
    page.evaluate("window.isTheSamePage = true")
    detail = context.new_page()
    detail.goto(f"{desk.url}/mails/{message_id}")
    detail.evaluate("window.isTheSamePage = true")
    detail.frame_locator("iframe").locator("body").evaluate("body => body.dataset.seen = 'yes'")

    desk.load_pixel("Live", "HEAD")
    expect(row).to_contain_text("+1 machine")
    expect(row).to_contain_text("not opened")
    desk.load_pixel("Live")
    expect(row).to_contain_text("1 open")
    desk.click("Live")
    expect(row.locator(".chip")).to_have_text("Clicked")
    expect(row).to_contain_text("1 open +1 machine · 1 click")

    detail.bring_to_front()
    expect(detail.locator("#tile-clicks")).to_contain_text("1 click")
    expect(detail.locator("#tile-opens")).to_contain_text("1 open")
    expect(detail.locator(".timeline")).to_contain_text("https://example.com/quote?a=1&b=2")
    expect(detail.locator(".links")).to_contain_text("https://example.com/quote?a=1&b=2")
    assert page.evaluate("window.isTheSamePage") and detail.evaluate("window.isTheSamePage")
    frame = detail.frame_locator("iframe").locator("body")
    assert frame.evaluate("body => body.dataset.seen") == "yes", "the mail's frame was loaded again"
    assert complaints == []


def test_a_new_mail_is_announced_by_a_bar_and_not_inserted(desk, page, complaints):
    desk.send("Already there")
    sign_in(page, desk)
    expect(page.get_by_role("link", name="Already there").first).to_be_visible()
    message_id = desk.send("Just in")
    bar = page.get_by_role("link", name="1 new mail")
    expect(bar).to_be_visible()
    assert page.locator(f"#mail-{message_id}").count() == 0
    bar.click()
    expect(page.locator(f"#mail-{message_id}")).to_be_visible()
    assert complaints == []


def test_what_is_unchanged_is_not_sent_again(desk, page):
    desk.send("Quiet")
    desk.arrived("Quiet")
    statuses: list[int] = []
    page.on("response", lambda got: statuses.append(got.status) if "/mails/rows" in got.url else None)
    sign_in(page, desk)
    until(lambda: page.wait_for_timeout(200) or 304 in statuses)


def test_no_page_breaks_the_policy(desk, page, complaints):
    message_id = desk.send("Tour", record={"module": "leads", "record_id": "4711"})
    text_id = desk.send("Tour in plain words", html=None, text="Hello")
    sign_in(page, desk)
    expect(page.locator(f"#mail-{message_id}")).to_be_visible()
    page.locator(f"#mail-{message_id} .status a").hover()
    for path in (f"/mails/{message_id}", f"/mails/{text_id}", "/mails"):
        page.goto(desk.url + path)
        expect(page.locator("#live")).to_have_text("live")
        expect(page.locator("use").first).to_be_attached()
    assert page.evaluate("getComputedStyle(document.querySelector('.bar')).borderBottomStyle") == "solid"
    assert complaints == []


def test_a_hostile_mail_is_harmless(desk, page, context):
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    reached: list[str] = []  # what left the browser; what the policy stops does not come here
    context.route(re.compile("example/"), lambda route: (reached.append(route.request.url), route.abort()))
    evil = "<script>alert(1)</script>"
    message_id = desk.send(
        f"{evil} hostile",
        html=f"<p>evil</p>{evil}<img src=x onerror=alert(2)><img src=https://spy.example/pixel>"
        '<meta http-equiv=refresh content="0;url=https://evil.example/"><form action=/signout method=post><button>',
        record={"module": "leads", "record_id": '"><b onclick=alert(3)>'},
    )
    sign_in(page, desk)
    expect(page.locator(f"#mail-{message_id}")).to_contain_text(f"{evil} hostile")
    page.goto(f"{desk.url}/mails/{message_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{evil} hostile")
    frame = page.frame_locator("iframe")
    expect(frame.locator("p")).to_have_text("evil")
    page.wait_for_timeout(500)
    assert dialogs == []
    assert reached == []
    assert page.frames[1].url == f"{desk.url}/mails/{message_id}/content"
    page.get_by_role("link", name="Load remote images").click()
    until(lambda: page.wait_for_timeout(100) or reached)
    assert (reached, dialogs) == (["https://spy.example/pixel"], [])


def test_looking_at_a_mail_is_no_open_and_its_links_are_the_original_ones(desk, page, context):
    message_id = desk.send("Looked at")
    desk.arrived("Looked at")
    sign_in(page, desk)
    page.goto(f"{desk.url}/mails/{message_id}")
    link = page.frame_locator("iframe").get_by_role("link", name="your quote")
    context.route("https://example.com/**", lambda route: route.fulfill(body="the quote"))
    with context.expect_page() as opened:
        link.click()
    assert opened.value.url == "https://example.com/quote?a=1&b=2"
    expect(page.locator("#tile-opens")).to_contain_text("0 opens")
    page.reload()
    expect(page.locator("#tile-clicks")).to_contain_text("0 clicks")


def test_signing_out_ends_it_and_a_form_from_elsewhere_does_not(desk, page, context):
    sign_in(page, desk)
    expect(page.get_by_role("heading", name="Mails")).to_be_visible()
    forged = page.request.post(f"{desk.url}/signout", form={"form_token": "1." + "0" * 64})
    assert (forged.status, "Nothing was changed" in forged.text()) == (403, True)

    form = f'<form method="post" action="{desk.url}/signout"></form>'
    context.route("http://evil.example/", lambda route: route.fulfill(content_type="text/html", body=form))
    attack = context.new_page()
    attack.goto("http://evil.example/")
    attack.locator("form").evaluate("form => form.submit()")
    attack.wait_for_url(f"{desk.url}/**")
    attack.close()
    page.reload()
    expect(page.get_by_role("heading", name="Mails")).to_be_visible()

    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · mailsight")
    page.goto(f"{desk.url}/mails")
    expect(page).to_have_title("Sign in · mailsight")


def test_the_pages_work_without_javascript(desk, browser):
    message_id = desk.send("Still")
    desk.arrived("Still")
    desk.load_pixel("Still")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, desk)
        until(lambda: page.reload() and page.locator(f"#mail-{message_id}").get_by_text("1 open").count())
        page.get_by_role("link", name="Still").first.click()
        expect(page.frame_locator("iframe").locator("p")).to_contain_text("Dear Anna")
        expect(page.locator("#live")).to_be_hidden()
        page.locator(".menu summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_title("Sign in · mailsight")
