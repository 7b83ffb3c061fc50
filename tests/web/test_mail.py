"""The page of one mail."""

import re
from datetime import timedelta

import pytest

from chalicelib.core import consent
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Kind
from chalicelib.core.message import Attachment, Content, Envelope, Failure, Sending, Tracking
from chalicelib.core.token import Mode
from chalicelib.web import mail as page
from chalicelib.web import mails
from tests.web.desk import NOW, Desk, Reader, text_of

HTML = '<!doctype html><p>Hello <a href="https://example.com/q">there</a><script>alert(1)</script>'
LINKS = ("https://example.com/q", "https://example.com/terms")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_it_shows_the_header_the_box_and_what_happened(desk):
    mail = desk.add("Your quote", minutes_ago=60, record=("leads", "4711"), user="raj", template="quote")
    desk.contents[mail] = Content(HTML, None, links=LINKS)
    desk.happen(mail, Kind.SENT, NOW - timedelta(minutes=59), ses_message_id="s")
    desk.happen(mail, Kind.DELIVERED, NOW - timedelta(minutes=58), recipient="anna@example.com")
    for minutes in (40, 30, 20):
        desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=minutes), method="GET")
    desk.happen(mail, Kind.CLICKED, NOW - timedelta(minutes=19), method="GET", position=1)
    desk.happen(mail, Kind.CLICKED, NOW - timedelta(minutes=57), method="HEAD", position=0)
    answer = desk.reader().ask(page.show_mail, mail)
    text = text_of(answer)
    assert "<title>Your quote · mailsight</title>" in answer.body
    assert "Your quote Clicked Opened From Max max@acme.example To Anna Berg anna@example.com" in text
    assert "Record leads 4711 User raj Template quote Source individual" in text
    assert "Opened 3 opens First today 11:50 Last today 12:10" in text
    assert "Clicked 1 click +1 by machines First today 12:11 Last today 12:11" in text
    assert "All 3 opens Mon, 9 Mar 2026, 12:10:00 UTC Mon, 9 Mar 2026, 12:00:00 UTC" in text
    order = [
        "Received from your program",
        "Sent 59 min",
        "Delivered",
        "Opened 40",
        "Opened 30",
        "Opened 20",
        "Clicked 19",
    ]
    timeline = text.partition("Timeline")[2]
    assert sorted(order, key=timeline.index) == order
    assert "Link followed 57 min ago https://example.com/q Machine : why? It is not counted." in timeline
    assert "Opened 40 min ago Person : why? Nothing about it speaks of a machine, so it is counted." in timeline
    assert re.search(
        r"# Destination Clicks 2 https://example.com/terms 1 1 https://example.com/q 0 \+1 by machines", text
    )


def test_the_box_says_once_in_which_zone_its_times_are(desk):
    mail = desk.add()
    reader = desk.reader()
    assert "UTC." not in text_of(reader.ask(page.show_mail, mail))
    desk.happen(mail, Kind.OPENED, method="GET")
    assert text_of(reader.ask(page.show_mail, mail)).count("Times are UTC.") == 1


def test_what_is_not_tracked_or_not_there_has_no_zero(desk):
    reader = desk.reader()
    blind = text_of(reader.ask(page.show_mail, desk.add(tracking=Tracking(opens=False, clicks=True))))
    assert "Opened Not tracked: switched off for this mail Clicked No links" in blind
    deaf = desk.add(tracking=Tracking(opens=True, clicks=False))
    assert "Opened 0 opens Clicked Not tracked: switched off for this mail" in text_of(reader.ask(page.show_mail, deaf))
    clicked = desk.add(tracking=Tracking(opens=False, clicks=True))
    desk.happen(clicked, Kind.CLICKED, method="GET", position=0)
    assert "Opened 1 open Known from a click: opens are not tracked" in text_of(reader.ask(page.show_mail, clicked))


def test_a_mail_with_very_many_links_folds_those_that_nobody_clicked(desk):
    mail = desk.add()
    desk.contents[mail] = Content("<p>x</p>", None, links=tuple(f"https://example.com/{n}" for n in range(200)))
    desk.happen(mail, Kind.CLICKED, method="GET", position=150)
    reader = desk.reader()
    for show in (page.show_mail, page.show_live):
        shown, _, folded = reader.ask(show, mail).body.partition('<details class="more">')
        assert re.findall(r'<tr id="link-(\d+)">', shown) == ["150", *map(str, range(10))]
        assert "189 more links that nobody clicked" in folded
        assert len(re.findall('<tr id="link-', folded)) == 189


def test_attachments_are_listed_with_type_and_size_and_a_refresh_leaves_them_alone(desk):
    files = (
        Attachment("offer <1>.pdf", b"x" * 14_200, "application/pdf"),
        Attachment("logo.png", b"x", "image/png", "logo"),
    )
    mail = desk.add()
    desk.contents[mail] = Content("<p>x</p>", None, attachments=files)
    reader = desk.reader()
    text = text_of(reader.ask(page.show_mail, mail))
    assert (
        "Attachments Name Size offer &lt;1&gt;.pdf application/pdf 14 KB logo.png image/png, inside the mail 1 byte"
        in text
    )
    assert '<div id="files" hx-morph-skip></div>' in reader.ask(page.show_live, mail).body
    assert '<div id="files" hx-morph-skip></div>' in reader.ask(page.show_mail, desk.add()).body


def test_replies_and_tags_stand_in_the_header(desk):
    envelope = Envelope("max@acme.example", ("li@example.com",), reply_to=("s@acme.example", "Jo <jo@acme.example>"))
    mail = desk.add(envelope=envelope, tags=(("campaign", "spring"), ("team", "north")))
    reader = desk.reader()
    text = text_of(reader.ask(page.show_mail, mail))
    assert "Reply to s@acme.example , Jo jo@acme.example" in text
    assert "Tags campaign: spring, team: north" in text
    bare = text_of(reader.ask(page.show_mail, desk.add()))
    assert "Reply to" not in bare and "Tags" not in bare


def test_more_than_ten_opens_are_said_and_the_ten_latest_listed(desk):
    mail = desk.add(minutes_ago=60)
    for minutes in range(40, 28, -1):
        desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=minutes), method="GET")
    body = desk.reader().ask(page.show_mail, mail).body
    listed = re.search(r"Opened more than 10 times.*?<ol>(.*?)</ol>", body, re.DOTALL)
    times = [f"{NOW - timedelta(minutes=minutes):%H:%M:%S}" for minutes in range(29, 39)]
    assert re.findall(r">Mon, 9 Mar 2026, ([\d:]+) UTC<", listed[1]) == times


def test_bounce_untracked_failure_and_complaint_are_told_with_their_reasons(desk):
    reader = desk.reader()
    bounced = desk.add()
    desk.happen(bounced, Kind.BOUNCED, recipient="anna@example.com", type="hard", reason="mailbox not found")
    said = text_of(reader.ask(page.show_mail, bounced))
    assert "Hard bounce : mailbox not found. The address was put on the list of those who get no more mail." in said
    untracked = desk.add(tracking=Tracking(False, False, "mail_off"))
    assert "Not tracked. Tracking was switched off for this mail." in text_of(reader.ask(page.show_mail, untracked))
    failed = desk.add(sending=Sending.FAILED, failure=Failure("refused", "verify the sender"))
    assert "Not sent: verify the sender" in text_of(reader.ask(page.show_mail, failed))
    waiting = desk.add(sending=Sending.QUEUED, failure=Failure("throttled", "SES is busy; it is tried again"))
    assert "Not sent yet: SES is busy; it is tried again" in text_of(reader.ask(page.show_mail, waiting))
    unknown = desk.add(sending=Sending.UNKNOWN)
    assert "SES gave no clear answer" in text_of(reader.ask(page.show_mail, unknown))
    prepared = desk.add(sending=Sending.PREPARED, sent_at=None)
    assert "Prepared. Your program hands it to SES by itself" in text_of(reader.ask(page.show_mail, prepared))
    assert "Prepared" in text_of(reader.ask(mails.show_list))
    queued = desk.add(sending=Sending.QUEUED)
    assert "Queued. It is on its way to SES." in text_of(reader.ask(page.show_mail, queued))
    spam = desk.add()
    desk.happen(spam, Kind.COMPLAINED, recipient="anna@example.com", reason="abuse")
    assert (
        "Marked as spam by the recipient, just now . The address was put on the list of those who get no more mail."
        in text_of(reader.ask(page.show_mail, spam))
    )
    assert "not opened · marked as spam" in text_of(reader.ask(mails.show_list))
    gone = desk.add()
    desk.happen(gone, Kind.UNSUBSCRIBED, method="POST")
    assert (
        "Unsubscribed by the recipient, just now . The address was put on the list of those who get no more mail."
        in text_of(reader.ask(page.show_mail, gone))
    )
    assert "not opened · unsubscribed" in text_of(reader.ask(mails.show_list))


def test_a_mail_that_was_sent_past_us_has_no_content_and_says_why(desk):
    envelope = Envelope("max@acme.example", (), bcc=("not an address",), subject="")
    mail = desk.add(envelope=envelope, tracking=Tracking(False, False, "sent_elsewhere", mode=Mode.OFF))
    del desk.contents[mail]
    reader = desk.reader()
    text = text_of(reader.ask(page.show_mail, mail))
    assert "This mail did not go through here, so what it says was never kept." in text
    assert "Not tracked. The mail was sent through SES directly" in text
    assert "not tracked: sent through SES directly" in text_of(reader.ask(mails.show_list))
    assert "any more" not in text_of(reader.ask(page.show_live, mail, query={"content": "gone"}))


def test_each_of_several_recipients_is_listed(desk):
    envelope = Envelope("max@acme.example", ("Anna <anna@example.com>",), cc=("li@example.com",), subject="Minutes")
    mail = desk.add(envelope=envelope, tracking=Tracking(False, False, "multiple_recipients"))
    desk.happen(mail, Kind.DELIVERED, recipient="anna@example.com")
    desk.happen(mail, Kind.BOUNCED, recipient="li@example.com", type="soft", reason="full")
    text = text_of(desk.reader().ask(page.show_mail, mail))
    assert "Soft bounce : full (li@example.com)" in text
    assert "anna@example.com Delivered li@example.com Bounced full" in text
    assert "Cc li@example.com" in text


def test_the_page_refreshes_its_state_and_leaves_the_mail_alone(desk):
    mail = desk.add()
    reader = desk.reader()
    whole = reader.ask(page.show_mail, mail)
    assert f'hx-get="/mails/{mail}/live"' in whole.body
    live = reader.ask(page.show_live, mail)
    assert "<iframe" in whole.body and "<iframe" not in live.body
    assert 'id="content" class="content card" aria-labelledby="content-title" hx-morph-skip' in live.body
    tag = live.headers["ETag"]
    assert reader.ask(page.show_live, mail, if_none_match=tag).status == 304
    desk.happen(mail, Kind.OPENED, method="GET")
    changed = reader.ask(page.show_live, mail, if_none_match=tag)
    assert (changed.status, "1 open" in text_of(changed)) == (200, True)


def test_a_mail_that_is_not_there_or_not_ours_is_not_found(desk):
    foreign = desk.add(account="other")
    for show in (page.show_mail, page.show_live, page.show_content):
        for message_id in ("0" * 32, "f" * 31, "../../etc", foreign):
            answer = desk.reader().ask(show, message_id)
            assert (answer.status, "There is no such mail" in text_of(answer)) == (404, True)


def test_without_a_session_nothing_of_a_mail_is_shown(desk):
    mail = desk.add()
    for show in (page.show_mail, page.show_live, page.show_content):
        answer = Reader(desk).ask(show, mail)
        assert (answer.status, answer.headers["Location"]) == (303, f"/signin?next=%2Fmails%2F{mail}")


def test_who_made_a_hit_is_told_and_on_demand_by_which_signs(desk):
    mail = desk.add(minutes_ago=60)
    desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=50), method="GET", client="privacy_proxy")
    desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=40), method="GET", own=True)
    desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=30), method="GET")
    desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=20), method="GET", client="scanner")
    reader = desk.reader()
    text = text_of(reader.ask(page.show_mail, mail))
    assert "Opened 1 open +1 by a privacy service +1 by machines First" in text
    for words in (
        "Pictures loaded 50 min ago Privacy service : why? It is not counted, for nobody can tell whether",
        "Apple&#39;s Mail Privacy Protection loads pictures whether or not the mail is opened.",
        "Pictures loaded 40 min ago Your own people : why? Not counted. It came from one",
        "Pictures loaded 20 min ago Machine : why? It is not counted. The program calls itself a mail scanner.",
    ):
        assert words in text
    assert len(re.findall('<details class="judgement" id="why-[^"]+">', reader.ask(page.show_live, mail).body)) == 4


def test_rules_that_the_account_has_switched_off_are_off_on_its_pages(desk):
    desk.policy = AccountPolicy(verdict_rules_off=frozenset({"scanner"}))
    mail = desk.add()
    desk.happen(mail, Kind.OPENED, method="GET", client="scanner")
    text = text_of(desk.reader().ask(page.show_mail, mail))
    assert "Opened 1 open" in text and "Opened just now Person" in text


def test_files_that_went_out_as_links_stand_apart_with_their_downloads(desk):
    mail = desk.add()
    files = (
        Attachment("plan.dwg", b"x" * 5_000, "image/vnd.dwg", is_linked=True),
        Attachment("offer.pdf", b"x", "application/pdf"),
    )
    desk.contents[mail] = Content("<p>x</p>", None, attachments=files)
    desk.happen(mail, Kind.DOWNLOADED, method="GET", position=0)
    reader = desk.reader()
    text = text_of(reader.ask(page.show_mail, mail))
    assert "Attachments sent as links Name Downloads plan.dwg 5 KB 1" in text
    assert "Attachments Name Size offer.pdf application/pdf 1 byte" in text
    assert "Attachment downloaded just now plan.dwg Person" in text
    assert "Downloads plan.dwg 5 KB 1" in text_of(reader.ask(page.show_live, mail))


def test_what_senders_and_servers_write_is_never_markup(desk):
    evil = "<script>alert(1)</script>"
    envelope = Envelope(f"{evil} <a@b.example>", (f'"{evil}" <c@d.example>',), subject=evil)
    mail = desk.add(envelope=envelope, user=evil, template=evil, record=(evil, evil))
    desk.contents[mail] = Content("<p>x</p>", None, links=("javascript:alert(1)//https://x", f"https://x/{evil}"))
    desk.happen(mail, Kind.CLICKED, method="GET", position=1)
    desk.happen(mail, Kind.BOUNCED, recipient="c@d.example", type="hard", reason=evil)
    body = desk.reader().ask(page.show_mail, mail).body
    assert evil not in body
    assert 'href="javascript' not in body


def test_an_error_on_our_side_is_a_page_and_is_logged(desk, caplog):
    mail = desk.add()

    def broken(_message):
        raise TimeoutError("the table does not answer")

    desk.parts = desk.parts._replace(events=broken)
    answer = desk.reader().ask(page.show_mail, mail)
    assert (answer.status, "please try again" in text_of(answer)) == (500, True)
    assert "the table does not answer" not in answer.body
    assert "the table does not answer" in caplog.text


def test_a_mail_that_failed_says_nothing_of_opens(desk):
    mail = desk.add(
        sending=Sending.FAILED, sent_at=None, failure=Failure("suppressed", "the recipient has unsubscribed")
    )
    reader = desk.reader()
    shown = reader.ask(page.show_mail, mail)
    text = text_of(shown)
    assert "Not sent: the recipient has unsubscribed" in text
    assert "Received from your program" in text
    assert "recorded" not in text and "ot opened" not in shown.body and 'class="tiles"' not in shown.body
    assert 'class="eye' not in reader.ask(mails.show_list).body


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (consent.given(NOW, "form", "ina", NOW), "Opens and clicks are recorded until"),
        (consent.withdrawn(NOW + timedelta(days=1), "phone", "ina"), "Opens and clicks are recorded until"),
        (consent.withdrawn(NOW, "phone", "ina"), "The recipient has withdrawn consent; nothing more is recorded."),
        (
            consent.given(NOW, "form", "ina", NOW, Mode.LAST_OPEN_DATE),
            "The recipient agrees to less by now; nothing more is recorded.",
        ),
    ],
)
def test_what_the_recipient_said_since_decides_what_the_page_says_is_recorded(desk, entry, said):
    mail = desk.add()
    desk.consents["anna@example.com"] = [entry]
    reader = desk.reader()
    for show in (page.show_mail, page.show_live):
        assert f"Tracking {said}" in text_of(reader.ask(show, mail))


def test_without_clicks_tracked_the_downloads_are_a_dash(desk):
    mail = desk.add(tracking=Tracking(opens=True, clicks=False))
    file = Attachment("plan.dwg", b"x" * 5_000, "image/vnd.dwg", is_linked=True)
    desk.contents[mail] = Content("<p>x</p>", None, attachments=(file,))
    assert "Name Downloads plan.dwg 5 KB –" in text_of(desk.reader().ask(page.show_mail, mail))
