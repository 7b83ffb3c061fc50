"""A list of mails as files, from the pages: begun, watched and fetched."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs

import pytest

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.instant import show
from chalicelib.core.job import Job, Kind, Part, Status
from chalicelib.web import mail_export, mails, reports
from chalicelib.web.answer import Answer, TryAgain
from tests.web.desk import NOW, Desk, Reader, text_of

EXPORT_ID = "5" * 32


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def admin(desk) -> Reader:
    """Who may do all that the API lets anybody do."""
    reader = Reader(desk)
    reader.sign_in(desk.add_key("acme", "read", "admin"))
    return reader


def form_in(answer: Answer) -> dict[str, str]:
    """What the form that begins an export sends."""
    form = re.search(r'<form class="card" method="post" action="/exports">.*?</form>', answer.body, re.S)
    assert form, answer.body
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0])
    return {name: unescape(value) for name, value in hidden}


def begun(reader: Reader, **fields: str) -> Answer:
    form = {**form_in(reader.ask(mails.show_list)), "format": "csv", **fields}
    return reader.ask(mail_export.begin, form=form)


def under_way(desk: Desk, **changes: object) -> Job:
    job = Job("acme", EXPORT_ID, Kind.MAILS, NOW - timedelta(minutes=1), None, None, file_format="csv")
    desk.exports.by_id[EXPORT_ID] = replace(job, **changes)
    return desk.exports.by_id[EXPORT_ID]


def test_the_list_is_exported_as_it_is_narrowed_and_twice_sent_it_is_one_export(desk, admin):
    desk.add(user="max")
    query = {"user": ["max", ""], "template": ""}
    form = {**form_in(admin.ask(mails.show_list, query=query)), "format": "xlsx"}
    for _ in range(2):
        answer = admin.ask(mail_export.begin, form=form)
        assert (answer.status, answer.headers["Location"]) == (303, f"/exports/{form['xlsx_id']}")
    (job,) = desk.exports.by_id.values()
    assert (job.account, job.file_format) == ("acme", "xlsx")
    assert job.query == {"user": ["max", ""], "template": [""]}


def test_each_format_is_an_export_of_its_own(desk, admin):
    desk.add()
    form = form_in(admin.ask(mails.show_list))
    for file_format in ("csv", "xlsx"):
        admin.ask(mail_export.begin, form={**form, "format": file_format})
    assert [job.file_format for job in desk.exports.by_id.values()] == ["csv", "xlsx"]


def test_the_status_report_offers_all_its_mails_on_the_days_that_it_shows(desk, admin):
    shown = admin.ask(reports.show_report, "sent-email-status", query={"status": "opened", "template": "(none)"})
    query = parse_qs(form_in(shown)["query"], keep_blank_values=True)
    days = {"from": ["2026-02-08"], "to": ["2026-03-09"]}
    assert query == {**days, "counted_as": ["sent"], "status": ["opened"], "template": [""]}


def test_the_files_of_the_status_report_say_that_they_have_the_newest_mails_only(desk, admin):
    sent = desk.reports("acme", "sent-email-status", {})["summary"]["sent"]
    assert f"The newest 100 of {sent:,}: CSV XLSX" in text_of(admin.ask(reports.show_report, "sent-email-status"))
    narrowed = admin.ask(reports.show_report, "sent-email-status", query={"status": "opened"})
    assert "The newest 100 at most: CSV XLSX" in text_of(narrowed)
    days = {"from": "2026-03-08", "to": "2026-03-08", "user": "max"}
    assert desk.reports("acme", "sent-email-status", {n: [v] for n, v in days.items()})["summary"]["sent"] <= 100
    assert "newest 100" not in text_of(admin.ask(reports.show_report, "sent-email-status", query=days))


def test_whose_key_lacks_the_scope_of_the_api_is_told_so_and_begins_nothing(desk, admin):
    desk.add()
    form = {**form_in(admin.ask(mails.show_list)), "format": "csv"}
    reader = desk.reader()
    shown = reader.ask(mails.show_list)
    assert "a key that has the scope “admin”" in text_of(shown) and 'action="/exports"' not in shown.body
    token = re.search(r'name="form_token" value="([^"]+)"', shown.body)[1]
    assert reader.ask(mail_export.begin, form={**form, "form_token": token}).status == 403
    assert desk.exports.by_id == {}
    under_way(desk)
    assert reader.ask(mail_export.show, EXPORT_ID).status == 403
    assert reader.ask(mail_export.show_file, EXPORT_ID, "1").status == 403


@pytest.mark.parametrize("wrong_one", [{"form_token": "1.x"}, {"csv_id": "../x"}, {"format": "pdf"}, {"csv_id": ""}])
def test_a_form_that_is_not_ours_or_not_whole_begins_nothing(desk, admin, wrong_one):
    desk.add()
    assert begun(admin, **wrong_one).status == 403
    assert desk.exports.by_id == {}


def test_a_form_from_another_site_begins_nothing(desk, admin):
    desk.add()
    form = {**form_in(admin.ask(mails.show_list)), "format": "csv"}
    assert admin.ask(mail_export.begin, form=form, origin="https://evil.example").status == 403
    assert desk.exports.by_id == {}


def test_a_filter_that_is_wrong_by_now_leads_to_the_list_that_says_so(desk, admin):
    desk.add()
    desk.exports.error = BadInput([wrong("/group", "no user is in such a group")])
    answer = begun(admin, query="group=Gone")
    assert answer.headers["Location"] == "/mails?group=Gone"


def test_what_cannot_be_begun_now_is_said_to_have_done_nothing(desk, admin):
    desk.add()
    desk.exports.error = TryAgain("The export could not be begun, and nothing was done.")
    answer = begun(admin)
    assert answer.status == 503 and "nothing was done" in text_of(answer)


def test_its_page_says_how_far_it_is_and_how_long_it_will_take_and_asks_again(desk, admin):
    at = NOW - timedelta(days=1)
    span = (show(NOW), show(NOW - timedelta(days=4)))
    under_way(
        desk, status=Status.RUNNING, counts={"mails": 1200}, span=span, cursor=f"{show(at)}#x", query={"user": ["max"]}
    )
    shown = admin.ask(mail_export.show, EXPORT_ID)
    assert "1,200 mails so far · 25 % · about 3 min left" in text_of(shown)
    assert "User Max Meier" in text_of(shown)
    assert '<progress max="100" value="25"' in shown.body
    live = re.search(r'hx-get="([^"]+)"', shown.body)[1]
    assert live == f"/exports/{EXPORT_ID}/live"
    assert "25 %" in admin.ask(mail_export.show_live, EXPORT_ID, hx_request="true").body


def test_when_it_is_done_nothing_is_asked_again_and_each_file_is_led_to(desk, admin):
    parts = (Part("a.csv", 3_400_000), Part("b.csv", 900))
    under_way(desk, status=Status.DONE, finished_at=NOW, parts=parts, counts={"mails": 60_000})
    shown = admin.ask(mail_export.show, EXPORT_ID)
    assert "hx-get" not in shown.body
    assert "CSV file 1 of 2 3.4 MB CSV file 2 of 2 900 bytes" in text_of(shown)
    assert "Kept until 16 Mar 12:30 UTC" in text_of(shown)
    for place, part in enumerate(parts, start=1):
        answer = admin.ask(mail_export.show_file, EXPORT_ID, str(place))
        assert (answer.status, answer.headers["Location"]) == (303, f"https://files.example.com/{part.key}")
    for nowhere in ("0", "3", "-1", "x", "²", "9" * 40):
        assert admin.ask(mail_export.show_file, EXPORT_ID, nowhere).status == 404


def test_after_a_week_its_files_are_gone(desk, admin):
    under_way(desk, status=Status.DONE, finished_at=NOW - timedelta(days=7), parts=(Part("a.csv", 3),))
    assert "are gone" in text_of(admin.ask(mail_export.show, EXPORT_ID))
    assert admin.ask(mail_export.show_file, EXPORT_ID, "1").status == 404


def test_one_that_failed_says_why_and_leads_to_its_list(desk, admin):
    under_way(desk, status=Status.FAILED, error="a person was erased", query={"status": ["opened"]})
    shown = admin.ask(mail_export.show, EXPORT_ID)
    assert "It failed: a person was erased" in text_of(shown)
    assert 'href="/mails?status=opened"' in shown.body


def test_another_account_s_export_is_not_found(desk, admin):
    under_way(desk, account="other", status=Status.DONE, finished_at=NOW, parts=(Part("a.csv", 3),))
    for show_it in (mail_export.show, mail_export.show_live):
        assert admin.ask(show_it, EXPORT_ID).status == 404
    assert admin.ask(mail_export.show_file, EXPORT_ID, "1").status == 404
    assert admin.ask(mail_export.show, "../../x").status == 404
