"""Every page against axe-core's rules (WCAG and good practice), on a light screen and a dark phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from chalicelib.core.report_query import REPORTS
from tests.e2e.filled_desk import FilledDesk, filled_desk

pytestmark = pytest.mark.browser

LOOKS = [("light", 1280), ("dark", 390)]
REPORT_PLACES = [
    "/reports",
    *(f"/reports/{name}" for name in REPORTS),
    "/reports/email-analytics?by=date&compare=previous&user=max&user=ann",
    "/reports/email-analytics?by=template&module=(none)",
    "/reports/email-analytics?user=nobody",
    "/reports/email-analytics?from=2027-01-01",
    "/reports/email-and-call-analytics?by=user_and_date&period=last_7_days",
    "/reports/top-users?order=click_rate&minimum=100000",
    "/reports/top-users?order=click_rate&compare=previous",
    "/reports/email-analytics?by=template&compare=previous&limit=2",
]


@pytest.fixture(scope="module")
def filled() -> Iterator[FilledDesk]:
    with filled_desk() as desk:
        yield desk


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def page(request: pytest.FixtureRequest, browser: Browser, filled: FilledDesk) -> Iterator[Page]:
    """Signed in, in one of the looks."""
    scheme, width = request.param
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    filled.sign_in(page)
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    """Each rule that is broken, with the first places where."""
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in Axe().run(page).response["violations"]
    ]


@pytest.mark.parametrize("place", REPORT_PLACES)
def test_a_report_page_breaks_no_rule(filled, page, place):
    page.goto(filled.url + place)
    for closed in page.locator("main details").all():
        closed.evaluate("one => one.open = true")
    assert violations(page) == []


def test_the_pages_of_mails_break_no_rule(filled, page):
    found = {}
    for place in (
        "/mails",
        "/mails?status=opened",
        "/mails?status=received",
        "/opens",
        "/calls",
        "/calls?direction=inbound&outcome=missed&user=max",
        "/calls?counted_as=sent&user=nobody",
        *(f"/mails/{one}" for one in filled.mails),
    ):
        page.goto(filled.url + place)
        found[place] = violations(page)
    assert {place: broken for place, broken in found.items() if broken} == {}


def test_the_sign_in_page_and_that_of_a_wrong_key_break_no_rule(filled, browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{filled.url}/signin")
        shown = violations(page)
        page.get_by_label("API key").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        assert [*shown, *violations(page)] == []


def test_a_page_that_is_not_there_breaks_no_rule(filled, page):
    page.goto(f"{filled.url}/reports/none-such")
    assert violations(page) == []
