"""The plan of the month of `make demo`: the same each time, and with something of everything to look at."""

from collections import Counter
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.core import phone_call_body, received_body, submission, template_body
from infra import demo_history
from infra.demo_cast import TEMPLATES, USERS
from infra.demo_month import DELIVERED_AFTER, READING, plan

BERLIN = ZoneInfo("Europe/Berlin")
LAST = date(2026, 11, 22)


@pytest.fixture(scope="module")
def month():
    return {day: plan(day, BERLIN) for day in (LAST - timedelta(days=ago) for ago in range(demo_history.DAYS))}


@pytest.fixture(scope="module")
def mails(month):
    return [mail for day in month.values() for mail in day.mails]


def test_of_a_day_the_same_is_planned_each_time_and_something_else_of_another(month):
    assert plan(LAST, BERLIN) == month[LAST]
    ids = [mail.message_id for day in month.values() for mail in day.mails]
    ids += [call.call_id for day in month.values() for call in day.calls]
    assert len(set(ids)) == len(ids)


def test_there_are_some_six_hundred_mails_and_fewer_at_weekends(month, mails):
    assert 450 <= len(mails) <= 800
    at_weekends = [len(one.mails) for day, one in month.items() if day.weekday() >= 5]
    on_workdays = [len(one.mails) for day, one in month.items() if day.weekday() < 5]
    assert max(at_weekends) < min(on_workdays)


def test_everything_that_a_report_shows_is_in_it(month, mails):
    assert {mail.fate for mail in mails} == {"delivered", "hard", "soft", "complaint", "unsubscribed"}
    assert {mail.user for mail in mails} == set(USERS)
    assert {mail.template for mail in mails} == {*TEMPLATES, None}
    assert any(mail.answered_at for mail in mails) and any(mail.answers for mail in mails)
    assert any(mail.unsubscribed_at for mail in mails)
    assert {hit.method for mail in mails for hit in mail.hits} == {"GET", "HEAD"}
    calls = [call for day in month.values() for call in day.calls]
    assert {call.direction for call in calls} == {"inbound", "outbound"}
    assert {"answered", "missed"} <= {call.outcome for call in calls}
    usual = Counter(mail.template for mail in mails if mail.template)
    assert min(usual.values()) >= 20, "as many as a template needs to be ranked"


def test_people_read_when_people_read_and_never_before_the_mail_is_there(mails):
    for mail in mails:
        assert all(hit.at >= mail.at + DELIVERED_AFTER for hit in mail.hits)
        ends = [mail.answered_at, mail.unsubscribed_at]
        assert all(at is None or at > mail.hits[0].at for at in ends)
    hours = Counter(mail.answered_at.astimezone(BERLIN).hour for mail in mails if mail.answered_at)
    assert sum(hours.values()) and READING


def test_who_bounces_complains_or_unsubscribes_is_written_to_once_only(mails):
    last = [mail.address for mail in mails if mail.fate != "delivered" and not mail.answers]
    assert len(set(last)) == len(last)
    assert not set(last) & {mail.address for mail in mails if mail.fate == "delivered"}


def test_the_api_takes_all_of_it(month, mails):
    now = max(mail.last_at for mail in mails) + timedelta(days=1)
    for mail in mails:
        assert submission.parse(demo_history.body_of(mail)).user == mail.user.user_id
    for path, body in demo_history.told_by_the_crm(month.values(), {mail.message_id for mail in mails}, now):
        if path == "/v1/calls":
            named = phone_call_body.Named(None, lambda: "0" * 32)
            assert phone_call_body.added(body, "acme", UTC, named, now).user
        else:
            assert received_body.parse(body).mail(now)
    assert all(template_body.parse(demo_history.template_of(one)) for one in TEMPLATES)
