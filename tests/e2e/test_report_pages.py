"""The pages of reports in a real browser: what is drawn, how it follows the page, and what works without scripts."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from chalicelib.core.report_query import REPORTS
from tests.e2e.browsing import Desk, sign_in
from tests.e2e.filled_desk import FilledDesk, filled_desk
from tests.infra.local_run import REPORT_SECONDS, until
from tests.web.desk import NOW

pytestmark = pytest.mark.browser

INKED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
  return seen.size;
}"""
"""How many colours are drawn on a canvas."""

CHART = "figure => figure.chart.data.slice(1).map(values => [...values])"
COLUMN = """([id, series]) => {
  const table = document.getElementById(id);
  const place = [...table.tHead.rows[0].cells].findIndex(cell => cell.dataset.series === series);
  const figure = row => row.cells[place].querySelector(":scope > a")?.textContent.replace(",", "") ?? 0;
  return [...table.tBodies[0].rows].map(row => Number(figure(row)));
}"""
"""What a person reads in a column of a table."""


@pytest.fixture(scope="module")
def filled() -> Iterator[FilledDesk]:
    with filled_desk() as desk:
        yield desk


def shown(page: Page, filled: FilledDesk, place: str) -> None:
    """A report's page, signed in."""
    page.emulate_media(reduced_motion="reduce")
    filled.sign_in(page)
    page.goto(filled.url + place)


@pytest.mark.parametrize(
    ("place", "series"),
    [
        ("/reports/email-analytics", ["sent", "opened", "clicked"]),
        ("/reports/email-analytics?by=date&interval=week&period=last_100_days", ["sent", "opened", "clicked"]),
        ("/reports/email-and-call-analytics?by=date", ["sent", "received", "calls"]),
    ],
)
def test_the_chart_is_drawn_and_says_what_its_table_says(filled, page, complaints, place, series):
    shown(page, filled, place)
    figure = page.locator("figure.chart")
    expect(figure.locator("canvas")).to_be_visible()
    assert figure.locator("canvas").evaluate(INKED) >= 4
    drawn = figure.evaluate(CHART)
    mails = [name for name in series if name != "calls"]
    assert drawn[: len(mails)] == [page.evaluate(COLUMN, ["rows", name]) for name in mails]
    assert sum(drawn[0]) > 0
    assert complaints == []


LABELS = """names => names.map(name => {
  const { top, bottom, left, right } = name.getBoundingClientRect();
  const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const isWhole = name.scrollWidth <= name.clientWidth + 1 || getComputedStyle(name).overflow === "visible";
  return [name.textContent, isWhole && left >= 0 && right <= innerWidth, seen === name];
})"""
"""Of each label its text, whether all of it is on the page, and whether it is what is seen there."""


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_each_bar_has_its_whole_name_at_every_width_and_what_is_not_drawn_is_said(page, complaints, width):
    with filled_desk() as desk:
        names = [f"template-with-a-name-of-forty-letters-{number:02}" for number in range(34)]
        place = {"module": "", "user": "max", "source": "individual"}
        day = NOW.date().isoformat()
        desk.desk.reports.kept = [
            (day, {**place, "template": name}, {"sent": 900 - 20 * at, "opened": 300 - 5 * at, "clicked": 40 - at})
            for at, name in enumerate(names)
        ]
        page.set_viewport_size({"width": width, "height": 2400})
        shown(page, desk, "/reports/email-analytics?by=template")
        labels = page.locator(".bars .name")
        assert labels.evaluate_all(LABELS) == [[name, True, True] for name in names[:20]]
        expect(page.locator(".bars figcaption")).to_contain_text("The first 20 of 34; the table has all")
        first, last = (page.locator(".bars .b1").nth(at).bounding_box()["width"] for at in (0, 19))
        assert last / first == pytest.approx(520 / 900, abs=0.02)
        assert page.locator(".bars svg").first.bounding_box()["width"] > 100
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints == []


def test_the_period_before_is_drawn_beside_it(filled, page, complaints):
    shown(page, filled, "/reports/email-analytics?by=date&compare=previous")
    drawn = page.locator("figure.chart").evaluate(CHART)
    page.get_by_text("The figures of the period before").click()
    assert drawn[3] == page.evaluate(COLUMN, ["before", "sent"])
    expect(page.locator("figcaption")).to_contain_text("Sent in the period before")
    assert complaints == []


def test_the_pointer_tells_the_figures_of_a_day(filled, page):
    shown(page, filled, "/reports/email-analytics")
    box = page.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 20)
    sent = page.locator("figure.chart").evaluate(CHART)[0][-1]
    expect(page.locator(".tip")).to_have_text(re.compile(rf"Mon 9 Mar 2026\s+Sent: {sent}\s+Opened: "))
    page.mouse.move(box["x"], box["y"] - 200)
    expect(page.locator(".tip")).to_be_hidden()


@pytest.mark.parametrize("place", ["/calls", "/mails", "/reports", *(f"/reports/{name}" for name in REPORTS)])
@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_page_scrolls_its_tables_and_not_itself(filled, page, place, width):
    page.set_viewport_size({"width": width, "height": 800})
    query = "?compare=previous&by=date" if "analytics" in place else "?compare=previous" if "/top" in place else ""
    shown(page, filled, place + query)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for popup in page.locator("details.narrowing").all():
        popup.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.keyboard.press("Escape")


def test_the_chart_follows_the_width_and_the_colours_of_the_page(filled, page):
    shown(page, filled, "/reports/email-analytics")
    page.set_viewport_size({"width": 1200, "height": 900})
    wide = page.locator("figure.chart").evaluate("figure => figure.chart.width")
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function("before => document.querySelector('figure.chart').chart.width < before", arg=wide - 400)
    stroke = "figure => figure.chart.series[1].stroke()"
    light = page.locator("figure.chart").evaluate(stroke)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"before => ({stroke})(document.querySelector('figure.chart')) !== before", arg=light)


def test_on_paper_there_is_no_navigation_and_everything_is_dark_on_white(filled, page):
    shown(page, filled, "/reports/email-analytics?by=template")
    page.emulate_media(media="print", color_scheme="dark")
    for gone in (".bar", ".controls", ".tabs", ".up"):
        expect(page.locator(gone).first).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    fill = "one => [getComputedStyle(one).fill, getComputedStyle(one).printColorAdjust]"
    assert page.locator(".bars .b1").first.evaluate(fill) == ["rgb(195, 202, 213)", "exact"]
    expect(page.locator("#rows")).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_on_paper_a_time_is_exact_what_is_closed_is_gone_and_no_heading_breaks_within_a_word(filled, page):
    shown(page, filled, "/reports/email-analytics")
    page.emulate_media(media="print")
    time = "time => [getComputedStyle(time).fontSize, getComputedStyle(time, '::after').content]"
    assert page.locator(".asof time").evaluate(time) == ["0px", '"Mon, 9 Mar 2026, 12:28:00 UTC"']
    expect(page.get_by_text("The figures of each day")).to_be_hidden()
    page.goto(f"{filled.url}/reports/email-analytics?by=template")
    page.set_viewport_size({"width": 1000, "height": 700})  # of a sheet of A4 on its side
    assert page.evaluate("getComputedStyle(document.body).page") == "wide"
    heading = page.locator("#rows thead th").first
    assert heading.evaluate("one => getComputedStyle(one).overflowWrap") == "normal"
    assert page.locator("#rows").evaluate("table => table.offsetWidth <= table.parentElement.clientWidth")


def test_at_a_usual_width_both_rates_are_seen_without_scrolling(filled, page):
    page.set_viewport_size({"width": 1280, "height": 900})
    shown(page, filled, "/reports/email-analytics?by=template")
    box = page.locator(".scroll:has(#rows)").bounding_box()
    for rate in ("open_rate_of_tracked", "click_rate_of_tracked"):
        cell = page.locator(f"#rows thead [data-series={rate}]").bounding_box()
        assert cell["x"] + cell["width"] <= box["x"] + box["width"]


def test_weeks_are_marked_at_their_mondays(filled, page):
    shown(page, filled, "/reports/email-analytics?by=date&interval=week&period=last_100_days")
    marks = page.locator("figure.chart").evaluate("figure => figure.chart.axes[0]._splits")
    drawn = page.locator("figure.chart").evaluate("figure => [...figure.chart.data[0]]")
    assert len(marks) > 3 and set(marks) <= set(drawn)
    assert {datetime.fromtimestamp(mark, UTC).weekday() for mark in marks[1:]} == {0}


def test_arrows_have_one_colour_whatever_rose_or_fell(filled, page):
    shown(page, filled, "/reports/email-analytics?compare=previous")
    colours = "all => [...new Set(all.map(one => getComputedStyle(one).color))].length"
    assert page.locator(".change.up, .change.down").count() > 1
    assert page.locator(".change .icon").evaluate_all(colours) == 1


def asks(query: str) -> Callable[[str], bool]:
    """Whether an address asks for this, in whatever order."""
    return lambda url: parse_qs(urlsplit(url).query) == parse_qs(query)


def test_filters_are_in_the_address_and_come_back(filled, page, complaints):
    shown(page, filled, "/reports/email-analytics")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Max Meier").check()
    page.get_by_label("Li Wei").check()
    page.get_by_label("Template").select_option("Quote")
    page.locator(".narrowing[open] button").click()
    page.wait_for_url(asks("user=max&user=li&template=t1"))
    page.get_by_text("Last 30 days", exact=True).first.click()
    page.get_by_role("link", name="Last 100 days").click()
    page.wait_for_url(asks("period=last_100_days&user=max&user=li&template=t1"))
    page.get_by_role("link", name="Remove: User Li Wei").click()
    page.wait_for_url(asks("period=last_100_days&template=t1&user=max"))
    page.get_by_text("Last 100 days", exact=True).first.click()
    page.get_by_label("First day").fill("2026-03-01")
    page.locator(".narrowing[open] button").click()
    page.wait_for_url(asks("from=2026-03-01&to=2026-03-09&user=max&template=t1"))
    assert complaints == []


def test_a_figure_and_an_exclamation_mark_open_the_mails(filled, page):
    shown(page, filled, "/reports/email-analytics?user=max")
    page.locator("#tile-bounced summary").click()
    page.locator("#tile-bounced").get_by_role("link", name="reasons").click()
    page.wait_for_url("**/mails?from=2026-02-08&to=2026-03-09&counted_as=bounced&user=max")
    page.go_back()
    page.locator(".heat a").first.click()
    page.wait_for_url(re.compile(r"/mails\?.*counted_as=mon_\d\d"))


def test_the_reports_work_without_javascript(filled, browser: Browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        shown(page, filled, "/reports")
        page.get_by_role("link", name="Email Analytics", exact=True).click()
        expect(page.locator(".heat")).to_be_visible()
        expect(page.locator(".funnel")).to_contain_text("Clicked")
        expect(page.locator("figure.chart")).to_be_hidden()
        page.get_by_role("link", name="Template", exact=True).click()
        expect(page.locator("#rows tfoot")).to_contain_text("All")
        expect(page.locator(".bars .name").first).to_be_visible()
        page.get_by_text("Filter", exact=True).click()
        page.get_by_label("Module").fill("leads")
        page.locator(".narrowing[open] button").click()
        page.wait_for_url("**/reports/email-analytics?module=leads&by=template")


@pytest.mark.local
@pytest.mark.timeout(REPORT_SECONDS + 120)
def test_what_was_sent_is_in_the_reports_and_opens_to_its_mails(new_crm, page, complaints):
    desk = Desk(new_crm("report-pages").run)
    assert desk.crm.call("PUT", "/v1/users/max", {"name": "Max Meier", "groups": ["Sales"]})[0] in (200, 201)
    opened = desk.send("Opened one", user="max")
    desk.send("Quiet one", user="max")
    desk.load_pixel("Opened one")
    desk.crm.status(opened, "opened")
    sign_in(page, desk)

    first = page.locator("#rows tbody tr").first

    def has_counted() -> bool:
        page.goto(f"{desk.url}/reports/email-analytics?by=user&period=last_7_days")
        cells = first.locator("th, td").all_inner_texts() if page.locator("#rows").count() else []
        return cells[:2] == ["Max Meier", "2"] and cells[5].startswith("1")

    until(lambda: has_counted() or page.wait_for_timeout(1000), "the report", REPORT_SECONDS)
    expect(page.locator(".asof")).to_contain_text("as of")
    first.get_by_role("link", name="1", exact=True).first.click()
    expect(page.get_by_role("link", name="Opened one")).to_be_visible()
    expect(page.get_by_role("link", name="Quiet one")).to_have_count(0)

    page.goto(f"{desk.url}/reports/sent-email-status?period=last_7_days&user=max")
    expect(page.locator("#tile-sent .figure")).to_have_text("2")
    page.get_by_role("link", name="Quiet one").click()
    page.locator(".up").get_by_role("link", name="Sent Email Status").click()
    page.wait_for_url("**/reports/sent-email-status?period=last_7_days&user=max")
    page.goto(f"{desk.url}/reports")
    expect(page.locator(".cards .figure").first).to_have_text("2")
    assert complaints == []
    page.goto(f"{desk.url}/reports/sent-email-status?after=nowhere")
    expect(page.get_by_role("alert")).to_contain_text("Place in the list:")
