"""The inbox in a real browser, where its script and the sandbox of its frame show what they are worth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.infra.ses_desk import Desk, mail, rich


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.mark.browser
def test_the_list_shows_a_new_mail_by_itself_and_can_be_emptied(desk: Desk, browser: Any) -> None:
    page: Page = browser.new_page()
    page.goto(f"{desk.ses.url}/inbox")
    page.get_by_text("No mail yet").wait_for()
    desk.send("anna@example.com", raw=mail("Fresh from the press"))
    page.get_by_role("link", name="Fresh from the press").wait_for()
    assert page.title().startswith("Inbox (1)")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Empty the inbox").click()
    page.get_by_text("No mail yet").wait_for()
    assert len(desk.ses.mailbox) == 0
    page.close()


@pytest.mark.browser
def test_looking_at_a_mail_loads_its_pixel_and_runs_nothing(desk: Desk, browser: Any) -> None:
    pixel, link = f"{desk.ses.url}/inbox/static/pixel", f"{desk.ses.url}/inbox/static/link"
    html = (
        f'<!doctype html><p id="text">Hello</p><a href="{link}">quote</a><img src="{pixel}"><img src="cid:logo@crm">'
        "<script>document.body.innerHTML = 'ran'</script><img src=x onerror=\"document.body.innerHTML = 'ran'\">"
        '<meta http-equiv="refresh" content="0;url=https://evil.example/"><form action="/"><button>go</button></form>'
    )
    ses_id = desk.send("anna@example.com", raw=rich(html))
    page: Page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{desk.ses.url}/inbox/messages/{ses_id}")
    frame = page.frame_locator("iframe")
    frame.get_by_text("Hello").wait_for()
    page.wait_for_load_state("networkidle")
    assert pixel in asked
    assert frame.locator("img").nth(1).evaluate("image => image.naturalWidth") == 1
    assert "ran" not in frame.locator("body").inner_text()
    assert not [url for url in asked if "evil.example" in url]
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="quote").click()
    assert opened.value.url == link
    page.context.close()
