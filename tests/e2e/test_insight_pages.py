"""Who opened it, and why that is thought: verdicts, the click map, the folder of opens and filters, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import APPLE, sign_in

pytestmark = [pytest.mark.local, pytest.mark.browser]

LINKS = (
    "<style>a span { display: none } * { color: red }</style>"
    '<p>See <a href="https://example.com/quote">your quote</a>, '
    '<a href="https://example.com/terms" style="display: block">our <b>terms</b></a> and '
    '<!--[if mso]><a href="https://example.com/outlook">Outlook</a><![endif]--> '
    '<a href="mailto:me@example.com">me</a></p>'
)
BACKGROUND = "one => getComputedStyle(one).backgroundColor"


def test_each_hit_says_who_made_it_and_on_demand_why(desk, page, complaints):
    message_id = desk.send("Judged")
    desk.load_pixel("Judged", client=APPLE)
    desk.load_pixel("Judged", "HEAD")
    desk.load_pixel("Judged")
    desk.crm.status(message_id, "opened")
    sign_in(page, desk)
    page.goto(f"{desk.url}/mails/{message_id}")
    expect(page.locator("#tile-opens")).to_contain_text("1 open +1 by a privacy service +1 by machines")
    hits = page.locator(".timeline li").filter(has=page.locator(".judgement"))
    expect(hits.locator("summary")).to_have_text(["Privacy service: why?", "Machine: why?", "Person: why?"])
    why = hits.nth(1).get_by_text("It asked only whether the address exists and took nothing.")
    expect(why).to_be_hidden()
    hits.nth(1).locator("summary").focus()
    page.keyboard.press("Enter")
    expect(why).to_be_visible()
    desk.click("Judged")
    expect(page.locator("#tile-clicks")).to_contain_text("1 click")
    expect(why).to_be_visible()
    assert hits.nth(0).evaluate("one => one.classList.contains('small')")
    assert complaints == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"html": None, "text": "Hello"}, "Not tracked. The mail is plain text, and only HTML can be tracked."),
        ({"tracking": {"opens": False, "clicks": False}}, "Not tracked. Tracking was switched off for this mail."),
    ],
)
def test_an_untracked_mail_has_the_crossed_out_eye_and_its_reason(desk, page, changes, sentence):
    message_id = desk.send("Untracked", **changes)
    sign_in(page, desk)
    row = page.locator(f"#mail-{message_id}")
    expect(row.locator(".eye use")).to_have_attribute("href", "/static/" + _icons(page) + "#eye-off")
    expect(row.locator(".source")).to_have_text("individual")
    page.goto(f"{desk.url}/mails/{message_id}")
    expect(page.locator(".box .note")).to_have_text(sentence)


def _icons(page) -> str:
    return page.locator("use").first.get_attribute("href").removeprefix("/static/").partition("#")[0]


@pytest.mark.parametrize("has_scripts", [True, False])
def test_the_clicks_are_drawn_on_the_mail_at_their_links(desk, browser, has_scripts):
    subject = f"Click map, {has_scripts}"
    message_id = desk.send(subject, html=LINKS)
    for position in (0, 1, 1):
        desk.click(subject, position)
    desk.crm.wait(message_id, lambda mail: mail["clicks"]["count"] == 3)
    with browser.new_context(java_script_enabled=has_scripts, viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        sign_in(page, desk)
        page.goto(f"{desk.url}/mails/{message_id}")
        frame = page.frame_locator("iframe")
        expect(frame.locator("mailsight-clicks")).to_have_count(0)
        page.get_by_role("link", name="Show the clicks on it").click()
        page.wait_for_url("**?clicks=1#content")
        expect(page.locator(".legend")).to_contain_text("share of all 3 clicks on links")
        quote = frame.get_by_role("link", name="1 click, 33%: your quote")
        terms = frame.get_by_role("link", name="2 clicks, 67%: our terms")
        expect(quote).to_be_visible()
        expect(terms).to_be_visible()
        expect(frame.get_by_role("link", name="me", exact=True)).to_be_visible()
        badges = frame.locator("mailsight-clicks")
        expect(badges).to_have_text(["1 · 33%", "2 · 67%"])
        for badge, link in ((badges.nth(0), quote), (badges.nth(1), terms)):
            expect(badge).to_be_visible()
            inner, outer = badge.bounding_box(), link.bounding_box()
            assert inner["x"] >= outer["x"] - 1 and inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
        assert badges.nth(0).evaluate(BACKGROUND) == "rgb(21, 84, 184)"
        assert badges.nth(0).evaluate("one => getComputedStyle(one).color") == "rgb(255, 255, 255)"
        page.get_by_role("link", name="Hide the clicks").click()
        expect(frame.locator("mailsight-clicks")).to_have_count(0)


def test_looking_at_the_clicks_is_no_click(desk, page, context, complaints):
    message_id = desk.send("Map only", html=LINKS)
    desk.arrived("Map only")
    sign_in(page, desk)
    page.goto(f"{desk.url}/mails/{message_id}?clicks=1")
    link = page.frame_locator("iframe").get_by_role("link", name="no clicks: your quote")
    context.route("https://example.com/**", lambda route: route.fulfill(body="the quote"))
    with context.expect_page() as opened:
        link.focus()
        page.keyboard.press("Enter")
    assert opened.value.url == "https://example.com/quote"
    page.reload()
    expect(page.locator("#tile-clicks")).to_contain_text("0 clicks")
    assert complaints == []


def test_the_folder_of_opens_announces_opens_and_moves_nothing(desk, page, complaints):
    first, second = desk.send("Folder one"), desk.send("Folder two")
    desk.load_pixel("Folder one")
    desk.crm.status(first, "opened")
    desk.load_pixel("Folder two")
    desk.crm.status(second, "opened")
    sign_in(page, desk)
    page.get_by_role("link", name="Opens", exact=True).click()
    expect(page.get_by_role("heading", name="Opens")).to_be_visible()
    rows = page.locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("Folder two")
    expect(rows.nth(1)).to_contain_text("Folder one")
    desk.load_pixel("Folder one")
    bar = page.get_by_role("link", name="1 mail opened since")
    expect(bar).to_be_visible()
    expect(rows.nth(1)).to_contain_text("2 opens")
    expect(rows.nth(1)).to_contain_text("Folder one")
    bar.focus()
    page.keyboard.press("Enter")
    expect(rows.nth(0)).to_contain_text("Folder one")
    expect(bar).to_be_hidden()
    assert complaints == []


@pytest.mark.parametrize("has_scripts", [True, False])
def test_the_list_is_filtered_by_a_plain_form_and_by_keyboard(desk, browser, has_scripts):
    tag = f"scripts {has_scripts}"
    wanted = desk.send(f"Wanted, {tag}", html=None, text="Hello", source="webform")
    other = desk.send(f"Other, {tag}", source="webform")
    with browser.new_context(java_script_enabled=has_scripts) as context:
        page = context.new_page()
        sign_in(page, desk)
        expect(page.locator(f"#mail-{other} .source")).to_have_text("webform")
        page.locator(".narrowing:not(.exporting) summary").focus()
        page.keyboard.press("Enter")
        page.get_by_label("Source").select_option("Webform")
        page.get_by_label("Not tracked").select_option(label="Plain text")
        page.get_by_role("button", name="Show").press("Enter")
        page.wait_for_url("**/mails?source=webform&reason=plain_text")
        expect(page.locator(f"#mail-{wanted}")).to_be_visible()
        expect(page.locator(f"#mail-{other}")).to_have_count(0)
        expect(page.locator(".narrowed")).to_contain_text("Source Webform")
        page.get_by_role("link", name="Remove: Not tracked Plain text").click()
        page.wait_for_url("**/mails?source=webform")
        expect(page.locator(f"#mail-{other}")).to_be_visible()
        page.get_by_role("link", name="Remove: Source Webform").click()
        page.wait_for_url("**/mails")


def test_a_filter_that_is_being_chosen_survives_the_refresh_and_new_mails_that_do_not_match_stay_away(
    desk, page, complaints
):
    desk.send("Kiosk", source="kiosk")
    sign_in(page, desk)
    page.locator(".narrowing:not(.exporting) summary").click()
    page.get_by_label("Source").select_option("Kiosk")
    desk.send("Not from the kiosk")
    expect(page.get_by_role("link", name="1 new mail")).to_be_visible()
    expect(page.get_by_label("Source")).to_have_value("kiosk")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Kiosk", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Not from the kiosk")).to_have_count(0)
    desk.send("Kiosk again", source="kiosk")
    expect(page.get_by_role("link", name="1 new mail")).to_be_visible()
    assert complaints == []


def test_a_filter_that_finds_nothing_says_so(desk, page, complaints):
    sign_in(page, desk)
    page.goto(f"{desk.url}/mails?status=clicked&source=rectify_email")
    expect(page.get_by_role("heading", name="No mail matches")).to_be_visible()
    page.get_by_role("link", name="Show all mails").click()
    expect(page.get_by_role("heading", name="No mail matches")).to_be_hidden()
    assert complaints == []


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_is_wider_than_the_screen(desk, page, width):
    message_id = desk.send("An uncommonly long subject " * 5, html=LINKS, source="autoresponder_follow_up")
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, desk)
    paths = ("/mails", "/mails?status=bounced&source=rectify_email", "/opens", f"/mails/{message_id}?clicks=1")
    widths = []
    for path in paths:
        page.goto(desk.url + path)
        widths.append(page.evaluate("document.documentElement.scrollWidth"))
    assert widths == [width] * len(paths)


def test_the_mails_behind_a_figure_are_narrowed_by_days_user_and_what_they_count_as(desk, page, complaints):
    opened = desk.send("Opened by a person", user="raj")
    sent = desk.send("Only sent", user="raj")
    desk.send("Of somebody else", user="ina")
    desk.load_pixel("Opened by a person")
    sign_in(page, desk)
    page.locator(".narrowing:not(.exporting) summary").click()
    page.get_by_label("User").fill("raj")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/mails?user=raj")
    expect(page.locator("tr[id^=mail-]")).to_have_count(2)
    page.goto(f"{desk.url}/mails?period=last_7_days&user=raj&counted_as=opened")
    expect(page.locator(f"#mail-{opened}")).to_be_visible(timeout=30_000)
    expect(page.locator(f"#mail-{sent}")).to_have_count(0)
    expect(page.locator(".narrowed")).to_contain_text("Counted as Opened")
    page.get_by_role("link", name="Remove: Counted as Opened").click()
    page.wait_for_url("**/mails?period=last_7_days&user=raj")
    expect(page.locator("tr[id^=mail-]")).to_have_count(2, timeout=30_000)
    page.get_by_role("link", name="Remove: Days Last 7 days").click()
    page.wait_for_url("**/mails?user=raj")
    assert complaints == []
