"""When a report is due, where clocks change and after outages; and what a schedule may be."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.bad_input import BadInput
from chalicelib.core.report_schedule import Due, Every, ReportSchedule, due, mail_id, next_due, show
from chalicelib.core.report_schedule_body import added, changed

BERLIN = ZoneInfo("Europe/Berlin")
MADE = datetime(2026, 1, 1, tzinfo=UTC)
BODY = {"report": "email-analytics", "every": "day", "at": "08:00", "users": ["kim"], "from": "me@example.com"}
TODAY = date(2026, 11, 22)


def schedule(**changes) -> ReportSchedule:
    return replace(added(BODY, "1" * 32, TODAY, MADE), **changes)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("every", "now", "day"),
    [
        (Every.DAY, "2026-11-22T07:00:00Z", "2026-11-22"),
        (Every.DAY, "2026-11-22T06:59:59Z", "2026-11-21"),
        (Every.WEEK, "2026-11-22T12:00:00Z", "2026-11-16"),
        (Every.WEEK, "2026-11-23T07:00:00Z", "2026-11-23"),
        (Every.MONTH, "2026-11-22T12:00:00Z", "2026-11-01"),
        (Every.MONTH, "2026-12-01T06:59:00Z", "2026-11-01"),
    ],
)
def test_it_is_due_on_the_day_at_the_time_of_the_account(every, now, day):
    found = due(schedule(every=every), BERLIN, at(now))
    assert found and found.day.isoformat() == day


def test_once_it_is_sent_it_is_not_due_until_the_next_time():
    sent = schedule().sent(Due(TODAY, at("2026-11-22T07:00:00Z")), None)
    assert due(sent, BERLIN, at("2026-11-22T12:00:00Z")) is None
    assert next_due(schedule(), BERLIN, at("2026-11-22T12:00:00Z")) == at("2026-11-22T07:00:00Z"), "it is not sent yet"
    assert next_due(sent, BERLIN, at("2026-11-22T12:00:00Z")) == at("2026-11-23T07:00:00Z")
    assert due(sent, BERLIN, at("2026-11-23T07:00:00Z")) is not None


def test_after_an_outage_only_the_newest_time_is_made_up_for():
    sent = schedule(sent_for="2026-11-10")
    assert due(sent, BERLIN, at("2026-11-22T12:00:00Z")) == Due(TODAY, at("2026-11-22T07:00:00Z"))


def test_what_was_due_before_it_was_made_is_nobody_s_business():
    assert due(schedule(since=at("2026-11-22T07:30:00Z")), BERLIN, at("2026-11-22T12:00:00Z")) is None


def test_one_that_is_switched_off_is_never_due():
    off = schedule(enabled=False)
    assert due(off, BERLIN, at("2026-11-22T12:00:00Z")) is next_due(off, BERLIN, at("2026-11-22T12:00:00Z")) is None


def test_a_time_that_the_clock_leaves_out_is_an_hour_later_and_one_that_it_shows_twice_is_the_first():
    half_past_two = schedule(at="02:30")
    spring, autumn = (due(half_past_two, BERLIN, at(now)) for now in ("2026-03-29T12:00Z", "2026-10-25T12:00Z"))
    assert spring == Due(date(2026, 3, 29), at("2026-03-29T01:30:00Z"))  # 03:30 there
    assert autumn == Due(date(2026, 10, 25), at("2026-10-25T00:30:00Z"))


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")


@given(zones, st.sampled_from(list(Every)), minutes, st.integers(15, 60 * 24 * 3), st.integers(0, 300))
def test_however_runs_fall_each_day_is_sent_at_most_once_and_never_before_its_time(zone, every, time, step, start):
    one, now, sent = schedule(every=every, at=time), MADE + timedelta(days=start), []
    for _ in range(30):
        promised = next_due(one, ZoneInfo(zone), now)
        now += timedelta(minutes=step)
        found = due(one, ZoneInfo(zone), now)
        if found:
            assert found.at <= now
            sent.append(found.day)
            one = one.sent(found, None)
        else:
            assert promised > now or not sent  # what was due before the first run is made up for at once
        assert due(one, ZoneInfo(zone), now) is None
    assert sent == sorted(set(sent))


def test_the_mail_of_a_day_and_a_user_has_one_id_and_no_other_has_it():
    ids = {
        mail_id(schedule(schedule_id=one * 32), day, user)
        for one in "12"
        for day in (TODAY, date(2026, 11, 21))
        for user in ("kim", "raj")
    }
    assert len(ids) == 8 and mail_id(schedule(), TODAY, "kim") in ids
    assert all(len(one) == 32 and int(one, 16) for one in ids)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"report": "nothing"}, "/report"),
        ({"every": "hour"}, "/every"),
        ({"at": "8:00"}, "/at"),
        ({"at": "24:00"}, "/at"),
        ({"users": []}, "/users"),
        ({"users": ["kim", "kim"]}, "/users"),
        ({"from": "nobody"}, "/from"),
        ({"format": "pdf"}, "/format"),
        ({"query": {"period": "always"}}, "/query/period"),
        ({"query": {"from": "2026-11-01"}}, "/query/from"),
        ({"query": {"everything": "yes"}}, "/query/everything"),
        ({"query": {"module": ["a", "b"]}}, "/query/module"),
        ({"query": "all"}, "/query"),
        ({"query": {"module": {"is": "a"}}}, "/query/module"),
        ({"query": {"module": True}}, "/query/module"),
        ({"report": "sent-email-status", "query": {"limit": 5}}, "/query/limit"),
        ({"report": "sent-email-status", "query": {"after": "x"}}, "/query/after"),
        ({"report": "sent-email-status", "query": {"before": "x"}}, "/query/before"),
        ({"report": "sent-email-status", "query": {"status": "eaten"}}, "/query/status"),
        ({"report": "sent-email-status", "query": {"status": "received", "source": "api"}}, "/query/status"),
        ({"more": 1}, "/more"),
    ],
)
def test_what_is_wrong_is_named(change, pointer):
    for refused in (
        lambda: added(BODY | change, "1" * 32, TODAY, MADE),
        lambda: changed(schedule(), change, TODAY, MADE),
    ):
        with pytest.raises(BadInput) as refusal:
            refused()
        assert [error["pointer"] for error in refusal.value.errors] == [pointer]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"at": "8:00"}, "must be a time like 08:00"),
        ({"at": 8}, "must be a time like 08:00"),
        ({"users": []}, "name at least one user"),
        ({"query": {"module": None}}, "must be a text or a list of texts"),
        ({"query": {"user": ["ina", 1.5]}}, "must be a text or a list of texts"),
    ],
)
def test_a_refusal_says_what_it_must_be(change, message):
    with pytest.raises(BadInput) as refusal:
        added(BODY | change, "1" * 32, TODAY, MADE)
    assert [error["message"] for error in refusal.value.errors] == [message]


def test_a_number_in_the_query_is_as_good_as_its_digits():
    made = added(BODY | {"report": "top-users", "query": {"minimum": 5}}, "1" * 32, TODAY, MADE)
    assert made.query == {"minimum": ("5",)}


def test_a_list_of_mails_may_be_of_a_status_or_of_a_source_that_sends_nothing():
    for query in ({"status": "bounced"}, {"source": "imap", "status": "sent"}):
        assert added(BODY | {"report": "sent-email-status", "query": query}, "1" * 32, TODAY, MADE).query


def test_a_change_of_the_time_begins_anew_and_another_one_does_not():
    later = MADE + timedelta(days=3)
    assert changed(schedule(), {"at": "09:00"}, TODAY, later).since == later
    assert changed(schedule(enabled=False), {"enabled": True}, TODAY, later).since == later
    assert changed(schedule(), {"format": "csv", "query": {"user": ["a", "b"]}}, TODAY, later).since == MADE
    assert changed(schedule(file_format="csv"), {"format": "none"}, TODAY, later).file_format is None


def test_it_is_shown_as_it_was_given_with_when_it_is_due_next():
    body = BODY | {"query": {"period": "last_week", "user": ["a", "b"]}, "format": "xlsx"}
    made = added(body, "1" * 32, TODAY, at("2026-11-22T11:00:00Z"))
    shown = show(made, BERLIN, at("2026-11-22T12:00:00Z"))
    assert {name: shown[name] for name in body} == body
    assert (shown["next_at"], shown["sent_for"], shown["problem"]) == ("2026-11-23T07:00:00.000Z", None, None)
