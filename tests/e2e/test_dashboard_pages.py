"""The dashboard in a real browser, on the embedded stack."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import sign_in
from tests.infra.local_run import until

pytestmark = [pytest.mark.local, pytest.mark.browser]

LINES = "one => [one.clientHeight, one.scrollHeight].map(n => n / parseFloat(getComputedStyle(one).lineHeight))"


def test_a_wrong_key_stays_outside_and_the_right_one_comes_back_to_the_page(desk, page):
    message_id = desk.send("Behind the sign-in")
    page.goto(f"{desk.url}/mails/{message_id}")
    expect(page).to_have_title("Sign in · mailsight")
    page.get_by_label("API key").fill("ms_0123456789abcdef_" + "0" * 64)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This key is not valid here")
    page.get_by_label("API key").fill(desk.run["api_key"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Behind the sign-in")).to_be_visible()
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
    until(lambda: page.wait_for_timeout(200) or 304 in statuses, "a 304")


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
    until(lambda: page.wait_for_timeout(100) or reached, "the remote image")
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
    page.goto(f"{desk.url}/mails/{message_id}")
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
    page.goto(f"{desk.url}/mails")
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
    desk.crm.status(message_id, "opened")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, desk)
        expect(page.locator(f"#mail-{message_id}").get_by_text("1 open").first).to_be_visible()
        page.get_by_role("link", name="Still").first.click()
        expect(page.frame_locator("iframe").locator("p")).to_contain_text("Dear Anna")
        expect(page.locator("#live")).to_be_hidden()
        page.locator(".menu summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_title("Sign in · mailsight")


@pytest.mark.parametrize("width", [390, 1400])
def test_a_long_reason_is_two_lines_of_the_list_and_whole_on_the_mails_page(desk, page, width):
    message_id = desk.send("Suppressed", to=f"suppressionlist+{width}@simulator.amazonses.com")
    reason = desk.crm.status(message_id, "bounced")["bounce"]["reason"]
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, desk)
    shown = page.locator(f"#mail-{message_id} .reason")
    expect(shown).to_have_attribute("title", f"hard: {reason}")
    lines, whole = shown.evaluate(LINES)
    assert (round(lines), whole > 3) == (2, True)
    page.goto(f"{desk.url}/mails/{message_id}")
    expect(page.locator(".box .note")).to_contain_text(reason.strip())
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_attachments_and_unfolded_links_stay_while_the_page_refreshes(desk, page, complaints):
    html = "".join(f'<a href="https://example.com/{n}">{n}</a> ' for n in range(30))
    file = {"filename": "offer.pdf", "content": "aGk=", "content_type": "application/pdf"}
    message_id = desk.send("Many links", html=html, attachments=[file])
    desk.arrived("Many links")
    sign_in(page, desk)
    page.goto(f"{desk.url}/mails/{message_id}")
    page.get_by_text("20 more links that nobody clicked").click()
    expect(page.locator("#link-29")).to_be_visible()
    desk.click("Many links")
    desk.load_pixel("Many links")
    expect(page.locator("#tile-clicks")).to_contain_text("1 click")
    expect(page.locator("#link-29")).to_be_visible()
    expect(page.locator(".files")).to_contain_text("offer.pdf")
    assert complaints == []


def test_a_popup_closes_by_escape_and_by_a_click_beside_it_that_opens_nothing(desk, page, complaints):
    message_id = desk.send("Beneath the popup")
    sign_in(page, desk)
    subject = page.locator(f"#mail-{message_id} .subject a")
    popup, summary = page.locator(".narrowing:not(.exporting) form"), page.locator(".narrowing:not(.exporting) summary")
    summary.click()
    page.get_by_label("Source").focus()
    page.keyboard.press("Escape")
    expect(popup).to_be_hidden()
    expect(summary).to_be_focused()
    summary.click()
    expect(popup).to_be_visible()
    row = page.locator(f"#mail-{message_id}").bounding_box()
    page.mouse.click(row["x"] + row["width"] - 20, row["y"] + row["height"] / 2)
    expect(popup).to_be_hidden()
    assert urlsplit(page.url).path == "/mails"
    summary.click()
    page.locator(".menu summary").click()
    expect(popup).to_be_hidden()
    expect(page.locator(".menu form")).to_be_visible()
    subject.press("Enter")
    page.wait_for_url(f"**/mails/{message_id}")
    assert complaints == []


@pytest.mark.parametrize(("place", "words"), [("/opens", "Opens"), ("/mails?source=widget", "Mails")])
def test_the_way_back_leads_to_the_list_from_which_a_mail_was_opened(desk, page, place, words):
    subject = f"Back to {words}"
    message_id = desk.send(subject, source="widget")
    desk.load_pixel(subject)
    desk.crm.status(message_id, "opened")
    sign_in(page, desk)
    page.goto(desk.url + place)
    page.get_by_role("link", name=subject).click()
    page.get_by_role("link", name="Show the clicks on it").click()
    page.locator(".up").get_by_role("link", name=words).click()
    page.wait_for_url(desk.url + place)
