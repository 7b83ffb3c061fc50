"""A mail in the words of the pages."""

from datetime import timedelta

import pytest

from chalicelib.core import mail_view
from chalicelib.core.event import Kind
from chalicelib.core.message import Clickable, Envelope, Failure, LinkedFile, Sending, Tracking
from chalicelib.core.token import Mode
from chalicelib.web.view import HARD_BOUNCE, MOST_UNCLICKED, SOFT_BOUNCE, Download, Person, View, plural, view_of
from tests.web.desk import NOW, Desk

ANNA = "anna@example.com"
LINKS = ["https://example.com/q"]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def view(desk: Desk, message_id: str, links=None, files=()) -> View:
    clickable = None if links is None else Clickable(tuple(links), tuple(files))
    return view_of(mail_view.show(desk.messages.by_id[message_id], clickable), NOW)


def test_the_chip_follows_the_status(desk):
    mail = desk.add()
    words = [view(desk, mail).chip.word]
    for kind, data in [
        (Kind.DELIVERED, {"recipient": ANNA}),
        (Kind.OPENED, {"method": "GET"}),
        (Kind.CLICKED, {"method": "GET", "position": 0}),
        (Kind.BOUNCED, {"recipient": ANNA, "type": "soft", "reason": "full"}),
    ]:
        desk.happen(mail, kind, **data)
        words.append(view(desk, mail).chip.word)
    assert words == ["Sent", "Delivered", "Opened", "Clicked", "Bounced"]


def test_hard_and_soft_bounces_look_different(desk):
    hard, soft = desk.add(), desk.add()
    desk.happen(hard, Kind.BOUNCED, recipient=ANNA, type="hard", reason="mailbox not found")
    desk.happen(soft, Kind.BOUNCED, recipient=ANNA, type="soft", reason="full")
    assert (view(desk, hard).chip, view(desk, soft).chip) == (HARD_BOUNCE, SOFT_BOUNCE)
    assert view(desk, hard).bounce["reason"] == "mailbox not found"


@pytest.mark.parametrize(
    ("sending", "word"),
    [
        (Sending.QUEUED, "Queued"),
        (Sending.SENDING, "Sending"),
        (Sending.UNKNOWN, "Unconfirmed"),
        (Sending.FAILED, "Not sent"),
    ],
)
def test_a_mail_that_is_not_sent_says_how_far_it_is(desk, sending, word):
    mail = desk.add(sending=sending, sent_at=None, failure=Failure("refused", "verify the sender"))
    assert view(desk, mail).chip.word == word
    assert view(desk, mail).failure == "verify the sender"
    assert view(desk, mail).when.rough == "10 min ago"


def test_the_eye_opens_with_the_first_open_and_not_with_a_machine(desk):
    mail = desk.add()
    desk.happen(mail, Kind.OPENED, method="HEAD")
    assert view(desk, mail).eye == (False, "not opened")
    desk.happen(mail, Kind.OPENED, method="GET")
    assert view(desk, mail).eye == (True, "opened")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("plain_text", "not tracked: plain text"),
        ("multiple_recipients", "not tracked: several recipients"),
        ("mail_off", "not tracked: switched off for this mail"),
    ],
)
def test_the_eye_of_an_untracked_mail_is_crossed_out_and_says_why(desk, reason, words):
    shown = view(desk, desk.add(tracking=Tracking(False, False, reason)))
    assert shown.eye == (False, words)
    assert f"not tracked: {shown.untracked}" == words


def test_what_is_not_tracked_is_not_shown_as_not_done(desk):
    off = "not tracked: switched off for this mail"
    blind = view(desk, desk.add(tracking=Tracking(opens=False, clicks=True)), LINKS)
    assert (blind.eye, blind.opens.absent, blind.clicks.absent) == ((False, f"opens {off}"), off, None)
    deaf = view(desk, desk.add(tracking=Tracking(opens=True, clicks=False)), [])
    assert (deaf.eye, deaf.opens.absent, deaf.clicks.absent) == ((False, "not opened"), None, off)
    full = view(desk, desk.add(), LINKS)
    assert (full.opens.absent, full.clicks.absent) == (None, None)


def test_a_mail_without_links_says_so_and_one_whose_links_are_not_known_does_not(desk):
    assert view(desk, desk.add(), []).clicks.absent == "no links"
    assert view(desk, desk.add(), None).clicks.absent is None


def test_a_click_opens_the_eye_also_where_opens_are_not_tracked(desk):
    mail = desk.add(tracking=Tracking(opens=False, clicks=True))
    desk.happen(mail, Kind.CLICKED, method="GET", position=0)
    assert (view(desk, mail).eye.is_open, view(desk, mail).opens.words) == (True, "1 open")


def test_opened_shows_total_first_and_last_and_machines_beside_it(desk):
    mail = desk.add(minutes_ago=60)
    for minutes in (30, 20, 5):
        desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=minutes), method="GET")
    for minutes in (59, 58):
        desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=minutes), method="HEAD")
    opens = view(desk, mail).opens
    assert (opens.words, opens.machine, opens.first.rough, opens.last.rough) == (
        "3 opens",
        2,
        "30 min ago",
        "5 min ago",
    )


def test_privacy_proxies_stand_apart_from_people_and_from_machines(desk):
    mail = desk.add()
    desk.happen(mail, Kind.OPENED, method="GET", client="privacy_proxy")
    desk.happen(mail, Kind.OPENED, method="HEAD")
    shown = view(desk, mail)
    assert (shown.opens.words, shown.opens.proxy, shown.opens.machine) == ("0 opens", 1, 1)
    assert (shown.eye, shown.chip.word) == ((False, "not opened"), "Sent")


def test_where_only_the_day_of_the_last_open_is_kept_no_time_is_shown(desk):
    tracking = Tracking(True, False, None, NOW + timedelta(days=90), Mode.LAST_OPEN_DATE)
    mail = desk.add(tracking=tracking)
    shown = view(desk, mail, LINKS)
    assert (shown.opens.words, shown.clicks.absent) == (
        "not opened",
        "not tracked: only the day of the last open is kept",
    )
    desk.happen(mail, Kind.OPENED, NOW.replace(hour=0, minute=0))
    shown = view(desk, mail, LINKS)
    assert (shown.eye.is_open, shown.opens.words, shown.opens.first) == (True, "opened", None)
    assert shown.opens.last == ("2026-03-09", "Mon, 9 Mar 2026", "today", "today")
    assert shown.recent == []


def test_files_that_went_out_as_links_are_listed_with_their_downloads(desk):
    mail = desk.add()
    desk.happen(mail, Kind.DOWNLOADED, method="GET", position=1)
    desk.happen(mail, Kind.DOWNLOADED, method="HEAD", position=0)
    shown = view(desk, mail, [], [LinkedFile("offer.pdf", 14_200_000), LinkedFile("plan.dwg", 812)])
    assert shown.downloads == [Download(0, "offer.pdf", "14.2 MB", 0, 1), Download(1, "plan.dwg", "812 bytes", 1, 0)]
    assert (shown.clicks.words, shown.clicks.absent) == ("1 click", None)


def test_a_mail_without_links_but_with_files_to_download_has_something_to_click(desk):
    assert view(desk, desk.add(), [], [LinkedFile("offer.pdf", 5)]).clicks.absent is None


def test_who_unsubscribed_is_told_with_the_time(desk):
    mail = desk.add()
    assert view(desk, mail).unsubscribed is None
    desk.happen(mail, Kind.UNSUBSCRIBED, NOW - timedelta(minutes=5), method="POST")
    assert view(desk, mail).unsubscribed.rough == "5 min ago"


def test_a_click_alone_counts_as_one_open(desk):
    mail = desk.add()
    desk.happen(mail, Kind.CLICKED, method="GET", position=0)
    shown = view(desk, mail)
    assert (shown.opens.words, shown.clicks.words, shown.eye.is_open, shown.chip.word) == (
        "1 open",
        "1 click",
        True,
        "Clicked",
    )


def test_the_ten_latest_opens_are_listed_newest_first_and_more_are_told(desk):
    mail = desk.add(minutes_ago=60)
    for minutes in range(50, 39, -1):
        desk.happen(mail, Kind.OPENED, NOW - timedelta(minutes=minutes), method="GET")
    shown = view(desk, mail)
    assert [at.rough for at in shown.recent] == [f"{minutes} min ago" for minutes in range(40, 50)]
    assert shown.is_opened_more_than_listed


def test_people_are_shown_by_name_if_they_have_one(desk):
    envelope = Envelope(
        "max@acme.example",
        ('"Berg, \\"A\\" (Anna)" <anna@example.com>', "<x@example.com>", "Zoë <z@example.com>"),
        subject="  ",
    )
    shown = view(desk, desk.add(envelope=envelope))
    assert shown.sender == Person("max@acme.example", "max@acme.example")
    assert shown.to == [
        Person('Berg, "A" (Anna)', "anna@example.com"),
        Person("x@example.com", "x@example.com"),
        Person("Zoë", "z@example.com"),
    ]
    assert (shown.who, shown.subject) == ("3 recipients", "(no subject)")
    assert view(desk, desk.add()).who == "Anna Berg"


def test_each_of_several_recipients_has_its_own_fate(desk):
    envelope = Envelope("max@acme.example", ("anna@example.com", "li@example.com"), subject="x")
    mail = desk.add(envelope=envelope)
    desk.happen(mail, Kind.DELIVERED, recipient="anna@example.com")
    desk.happen(mail, Kind.BOUNCED, recipient="li@example.com", type="soft", reason="full")
    assert [(fate.address, fate.chip.word, fate.reason) for fate in view(desk, mail).fates] == [
        ("anna@example.com", "Delivered", ""),
        ("li@example.com", "Bounced", "full"),
    ]
    single = desk.add()
    desk.happen(single, Kind.DELIVERED, recipient=ANNA)
    assert view(desk, single).fates == []


def test_only_pages_become_links_of_ours(desk):
    links = ["https://example.com/a", "HTTP://example.com", "javascript:alert(1)", "mailto:a@example.com"]
    shown = view(desk, desk.add(), links)
    assert [link["href"] for link in shown.links.shown] == ["https://example.com/a", "HTTP://example.com", None, None]


def test_clicked_links_stand_first_and_of_the_others_all_but_ten_are_folded(desk):
    mail = desk.add()
    for minutes, position in enumerate((150, 40, 40)):
        desk.happen(mail, Kind.CLICKED, NOW - timedelta(minutes=minutes), method="GET", position=position)
    desk.happen(mail, Kind.CLICKED, method="HEAD", position=199)
    links = view(desk, mail, [f"https://example.com/{n}" for n in range(200)]).links
    assert [link["position"] for link in links.shown] == [40, 150, *range(MOST_UNCLICKED)]
    assert [link["position"] for link in links.folded] == [n for n in range(MOST_UNCLICKED, 200) if n not in (40, 150)]
    assert view(desk, mail, LINKS * MOST_UNCLICKED).links.folded == []


def test_replies_and_tags_are_shown_where_there_are_any(desk):
    envelope = Envelope("max@acme.example", (ANNA,), reply_to=("Sales <sales@acme.example>",), subject="x")
    shown = view(desk, desk.add(envelope=envelope, tags=(("campaign", "spring"), ("team", "north"))))
    assert shown.reply_to == [Person("Sales", "sales@acme.example")]
    assert shown.tags == ["campaign: spring", "team: north"]


def test_large_numbers_are_grouped():
    assert [plural(number, "open") for number in (0, 1, 1204)] == ["0 opens", "1 open", "1,204 opens"]


def test_downloads_that_are_not_tracked_are_not_counted_as_none():
    desk = Desk()
    deaf = desk.add(tracking=Tracking(opens=True, clicks=False))
    assert view(desk, deaf, [], [LinkedFile("offer.pdf", 5)]).downloads == [
        Download(0, "offer.pdf", "5 bytes", None, 0)
    ]


def test_a_mail_that_nobody_can_have_got_says_why_with_times_as_the_pages_write_them(desk):
    detail = "the recipient has unsubscribed; suppressed since 2026-03-09T10:02:00.000Z (Anna <anna@example.com>)"
    shown = view(desk, desk.add(sending=Sending.FAILED, sent_at=None, failure=Failure("suppressed", detail)))
    assert shown.is_unsent
    assert shown.failure == "the recipient has unsubscribed; suppressed since today 10:02 (Anna <anna@example.com>)"
    assert not view(desk, desk.add(sending=Sending.QUEUED, sent_at=None)).is_unsent
