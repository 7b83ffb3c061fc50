"""A list of mails as a file from the pages, in a real browser: with scripts it is followed, without them looked at."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from chalicelib.core.instant import show
from chalicelib.core.job import Job, Part, Status
from tests.e2e.browsing import Desk, sign_in
from tests.e2e.filled_desk import FilledDesk, filled_desk
from tests.web.desk import NOW

pytestmark = pytest.mark.browser


@pytest.fixture
def filled() -> Iterator[FilledDesk]:
    with filled_desk() as desk:
        yield desk


def the_job(filled: FilledDesk) -> Job:
    (job,) = filled.desk.exports.by_id.values()
    return job


def go_on(filled: FilledDesk, **changes: object) -> None:
    job = the_job(filled)
    filled.desk.exports.by_id[job.job_id] = replace(job, **changes)


def half(filled: FilledDesk) -> None:
    span = show(NOW), show(NOW - timedelta(days=2))
    cursor = f"{show(NOW - timedelta(days=1))}#x"
    created = NOW - timedelta(minutes=3)
    go_on(filled, status=Status.RUNNING, span=span, cursor=cursor, counts={"mails": 30_500}, created_at=created)


def done(filled: FilledDesk) -> None:
    parts = Part("1.csv", 9_800_000), Part("2.csv", 1_200_000)
    go_on(filled, status=Status.DONE, finished_at=NOW, counts={"mails": 61_000}, parts=parts)


def asked_for(page: Page, filled: FilledDesk, place: str, popup: str) -> None:
    page.goto(filled.url + place)
    page.get_by_text(popup, exact=True).click()
    page.get_by_role("button", name="As CSV").click()
    page.wait_for_url("**/exports/*")


def test_an_export_is_begun_on_the_list_and_its_page_follows_it_to_the_files(filled, page, complaints):
    filled.sign_in(page, key=filled.admin)
    asked_for(page, filled, "/mails?source=individual", "Export")
    assert the_job(filled).query == {"source": ["individual"]}
    expect(page.locator("#export")).to_contain_text("Waiting to begin")
    expect(page.locator("main .narrowed")).to_contain_text("Source Individual")
    half(filled)
    expect(page.locator("#export")).to_contain_text("30,500 mails so far · 50 % · about 3 min left")
    expect(page.locator("progress")).to_have_attribute("value", "50")
    done(filled)
    expect(page.get_by_role("link", name="CSV file 2 of 2")).to_be_visible()
    assert page.locator("[hx-get]").count() == 0
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5000)
    assert asked == []  # nothing is asked for any more
    assert complaints == []


def test_without_scripts_an_export_is_begun_and_looked_at_again(filled, browser: Browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        filled.sign_in(page, key=filled.admin)
        asked_for(page, filled, "/reports/sent-email-status?period=last_7_days", "All mails")
        assert the_job(filled).query["counted_as"] == ["sent"]
        half(filled)
        page.get_by_role("link", name="Look again").click()
        expect(page.locator("#export")).to_contain_text("50 %")
        done(filled)
        page.get_by_role("link", name="Look again").click()
        expect(page.get_by_role("link", name="CSV file 1 of 2")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_pages_of_an_export_break_no_rule_in_any_state(filled, browser: Browser, scheme, width):
    with browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.emulate_media(reduced_motion="reduce")
        filled.sign_in(page, key=filled.admin)
        found = {}
        for place in ("/mails", "/reports/sent-email-status"):
            page.goto(filled.url + place)
            page.locator(".exporting summary").click()
            found[place] = Axe().run(page).response["violations"]
            assert page.evaluate("document.documentElement.scrollWidth") == width
        asked_for(page, filled, "/mails", "Export")
        states = {"queued": lambda: None, "half": lambda: half(filled), "done": lambda: done(filled)}
        states["gone"] = lambda: go_on(filled, finished_at=NOW - timedelta(days=8))
        states["failed"] = lambda: go_on(filled, status=Status.FAILED, error="a person was erased")
        for name, change in states.items():
            change()
            page.reload()
            found[name] = Axe().run(page).response["violations"]
        assert {place: broken for place, broken in found.items() if broken} == {}


@pytest.mark.local
def test_a_real_list_is_exported_and_fetched(new_crm, page, complaints):
    desk = Desk(new_crm("export-pages").run)
    for subject in ("First one", "Second one"):
        desk.send(subject)
    sign_in(page, desk)
    expect(page.get_by_role("link", name="Second one")).to_be_visible()
    page.get_by_text("Export", exact=True).click()
    page.get_by_role("button", name="As CSV").click()
    link = page.get_by_role("link", name="CSV file")
    expect(link).to_be_visible(timeout=60_000)
    with page.expect_download() as fetched:
        link.click()
    text = fetched.value.path().read_text(encoding="utf-8-sig")
    assert fetched.value.suggested_filename.startswith("emails_")
    assert "First one" in text and "Second one" in text
    assert complaints == []
