"""Reports: whatever the days hold, each break-up adds up to its summary."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import report
from chalicelib.core.cell import CALLS as CALL_COLUMNS
from chalicelib.core.cell import COLUMNS, HOURS
from chalicelib.core.report import DayFigures, Found
from chalicelib.core.report_period import INTERVALS, MOST_DAYS, Period
from chalicelib.core.report_query import (
    ANALYTICS,
    BREAK_UPS,
    BY_CLICK_RATE,
    BY_OPEN_RATE,
    CALLS,
    STATUS,
    TOP_USERS,
    ReportQuery,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = date(2026, 10, 1)
SHOWN = (*COLUMNS, *CALL_COLUMNS, "bounced", "calls")


def found(*days: DayFigures, names=None) -> Found:
    return Found(days, names or {}, "Europe/Berlin", NOON)


def day(offset: int, value: str = "", **figures: int) -> DayFigures:
    return DayFigures((FIRST + timedelta(days=offset)).isoformat(), value, figures)


def columns_of(row) -> dict[str, int]:
    return {column: number for column, number in row.items() if column in SHOWN}


def total(rows) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        for column, number in columns_of(row).items():
            sums[column] = sums.get(column, 0) + number
    return sums


columns = st.sampled_from([*COLUMNS, *CALL_COLUMNS, *HOURS[:5]])
some_days = st.lists(
    st.builds(
        DayFigures,
        st.integers(-40, 80).map(lambda offset: (FIRST + timedelta(days=offset)).isoformat()),
        st.sampled_from(["", "a", "b", "c"]),
        st.dictionaries(columns, st.integers(1, 99), max_size=4),
    ),
    max_size=20,
)
break_ups = st.sampled_from([(name, by) for name, each in BREAK_UPS.items() for by in each])


@given(days=some_days, what=break_ups, length=st.integers(1, 90), interval=st.sampled_from(INTERVALS), data=st.data())
def test_the_rows_and_the_others_add_up_to_the_summary(days, what, length, interval, data):
    limit = data.draw(st.integers(1, 5))
    period = Period(FIRST, FIRST + timedelta(days=length - 1))
    asked = ReportQuery(what[0], period, by=what[1], interval=interval, limit=limit)
    shown = report.show(asked, found(*days))
    rows = [*shown["rows"], *([shown["others"]] if shown["others"] else [])]
    summary = columns_of(shown["summary"])
    assert total(rows) == summary or (not rows and not any(summary.values()))
    within = [one for one in days if period.first.isoformat() <= one.day <= period.last.isoformat()]
    assert summary["sent"] == sum(one.figures.get("sent", 0) for one in within)
    assert len(shown["rows"]) <= (MOST_DAYS if what[1] == "date" else limit)


@given(days=some_days, interval=st.sampled_from(INTERVALS))
def test_the_period_before_is_counted_by_itself(days, interval):
    asked = ReportQuery(
        ANALYTICS, Period(FIRST, FIRST + timedelta(days=29)), by="date", interval=interval, compare=True
    )
    shown = report.show(asked, found(*days))
    before = report.show(asked._replace(period=asked.period.before, compare=False), found(*days))
    assert shown["before"]["summary"] == before["summary"]
    assert shown["before"]["rows"] == before["rows"]


THIRTY_DAYS = Period(FIRST, FIRST + timedelta(days=29))


@given(days=some_days, by=st.sampled_from(["template", "module", "user", "source"]))
def test_each_row_has_what_it_was_in_the_period_before_and_none_where_that_was_nothing(days, by):
    asked = ReportQuery(ANALYTICS, THIRTY_DAYS, by=by, compare=True, limit=2)
    shown = report.show(asked, found(*days))
    then = report.show(asked._replace(period=THIRTY_DAYS.before, compare=False), found(*days))
    was = {row["key"]: row for row in then["rows"]}
    assert shown["before"]["rows"] == [was[row["key"]] for row in shown["rows"] if row["key"] in was]


@given(days=some_days, interval=st.sampled_from(INTERVALS))
def test_by_user_and_date_a_row_has_what_the_user_did_as_long_before(days, interval):
    asked = ReportQuery(CALLS, THIRTY_DAYS, by="user_and_date", interval=interval, compare=True)
    shown = report.show(asked, found(*days))
    now = {(row["user"], row["from"], row["to"]) for row in shown["rows"]}
    for row in shown["before"]["rows"]:
        later = [(date.fromisoformat(row[end]) + timedelta(days=30)).isoformat() for end in ("from", "to")]
        assert (row["user"], *later) in now and row["date"] == row["from"]
        of_them = [one for one in days if one.value == row["user"] and row["from"] <= one.day <= row["to"]]
        assert row["sent"] == sum(one.figures.get("sent", 0) for one in of_them)


def test_a_ranking_says_what_the_rank_and_the_rate_were_before():
    asked = ReportQuery(BY_OPEN_RATE, Period(FIRST, FIRST), minimum=10, compare=True)
    days = [
        *(day(0, name, tracked=20, opened=opened) for name, opened in (("a", 16), ("b", 12), ("c", 8), ("new", 4))),
        *(day(-1, f"old{one:02d}", tracked=20, opened=19) for one in range(10)),
        *(day(-1, "b", tracked=20, opened=18), day(-1, "a", tracked=20, opened=10), day(-1, "c", tracked=9, opened=9)),
    ]
    shown = report.show(asked, found(*days, names={"a": "Offer"}))
    before = shown["before"]["rows"]
    assert [(row["key"], row["rank"], row["rate"]) for row in before] == [
        ("a", 12, 0.5),
        ("b", 11, 0.9),
        ("c", None, 1.0),
    ]
    assert (before[0]["name"], before[0]["rate_name"]) == ("Offer", "open_rate_of_tracked")
    alone = report.show(asked._replace(period=asked.period.before, compare=False), found(*days))
    assert 0 < before[0]["lower_bound"] < before[1]["lower_bound"] < alone["rows"][0]["lower_bound"]


def test_a_ranking_by_a_number_says_what_the_rank_was_before():
    asked = ReportQuery(TOP_USERS, Period(FIRST, FIRST), compare=True)
    days = [day(0, "ina", sent=5), day(0, "bob", sent=3), day(-1, "bob", sent=9), day(-1, "ina", sent=2)]
    before = report.show(asked, found(*days))["before"]["rows"]
    assert [(row["key"], row["rank"], row["sent"]) for row in before] == [("ina", 2, 2), ("bob", 1, 9)]
    assert not {"rate", "lower_bound"} & before[0].keys()


def test_what_a_list_of_mails_is_narrowed_to_is_among_the_filters():
    asked = ReportQuery(STATUS, Period(FIRST, FIRST))
    assert report.show(asked._replace(status="opened"), found())["filters"]["status"] == "opened"
    assert report.show(asked, found())["filters"]["status"] is None
    assert "status" not in report.show(ReportQuery(ANALYTICS, Period(FIRST, FIRST)), found())["filters"]


def test_every_day_has_a_row_also_when_nothing_happened():
    asked = ReportQuery(ANALYTICS, Period(FIRST, FIRST + timedelta(days=9)), by="date")
    rows = report.show(asked, found(day(3, sent=2)))["rows"]
    assert [row["key"] for row in rows] == [(FIRST + timedelta(days=one)).isoformat() for one in range(10)]
    assert [row["sent"] for row in rows] == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]


def test_weeks_are_cut_to_the_period_and_say_so():
    asked = ReportQuery(ANALYTICS, Period(FIRST, FIRST + timedelta(days=9)), by="date", interval="week")
    rows = report.show(asked, found())["rows"]
    assert [(row["from"], row["to"]) for row in rows] == [("2026-10-01", "2026-10-04"), ("2026-10-05", "2026-10-10")]


def test_values_come_by_most_sent_with_their_names_and_mails_without_one_have_a_row():
    asked = ReportQuery(ANALYTICS, Period(FIRST, FIRST), by="user")
    days = [day(0, "ina", sent=1), day(0, "", sent=5), day(0, "bob", sent=1), day(0, "caller", calls_outbound=2)]
    rows = report.show(asked, found(*days, names={"ina": "Ina Berg"}))["rows"]
    assert [(row["key"], row["name"]) for row in rows] == [("", None), ("bob", None), ("ina", "Ina Berg")]


def test_who_only_called_has_a_row_where_calls_are_shown():
    asked = ReportQuery(CALLS, Period(FIRST, FIRST), by="user")
    shown = report.show(asked, found(day(0, "caller", calls_outbound=2, calls_inbound=1, call_seconds=60)))
    (row,) = shown["rows"]
    assert (row["key"], row["calls"], row["call_seconds"], row["sent"]) == ("caller", 3, 60, 0)


def test_mails_and_calls_stand_together_by_user_and_day():
    asked = ReportQuery(CALLS, Period(FIRST, FIRST + timedelta(days=1)), by="user_and_date")
    days = [day(1, "ina", calls_outbound=2), day(1, "ina", sent=3), day(0, "bob", sent=1)]
    rows = report.show(asked, found(*days))["rows"]
    assert [(row["date"], row["user"], row["sent"], row["calls"]) for row in rows] == [
        ("2026-10-02", "ina", 3, 2),
        ("2026-10-01", "bob", 1, 0),
    ]


@pytest.mark.parametrize("interval", INTERVALS)
def test_of_users_and_days_the_newest_are_kept_and_the_oldest_are_among_the_others(interval):
    asked = ReportQuery(
        CALLS, Period(FIRST, FIRST + timedelta(days=69)), by="user_and_date", interval=interval, limit=3
    )
    shown = report.show(asked, found(*(day(offset, user, sent=1) for offset in range(70) for user in ("ina", "bob"))))
    assert shown["rows"][0]["to"] == "2026-12-09" and [row["user"] for row in shown["rows"]] == ["bob", "ina", "bob"]
    assert shown["others"]["sent"] == 140 - sum(row["sent"] for row in shown["rows"])


def test_one_lucky_mail_does_not_come_before_a_hundred_good_ones():
    asked = ReportQuery(BY_OPEN_RATE, Period(FIRST, FIRST), minimum=1)
    days = [day(0, "lucky", tracked=1, opened=1), day(0, "good", tracked=100, opened=80), day(0, "", tracked=9)]
    shown = report.show(asked, found(*days))
    assert [(row["rank"], row["key"], row["rate"]) for row in shown["rows"]] == [(1, "good", 0.8), (2, "lucky", 1.0)]
    assert shown["rows"][0]["lower_bound"] > shown["rows"][1]["lower_bound"]
    assert shown["rows"][0]["rate_name"] == "open_rate_of_tracked"


def test_who_has_too_few_mails_is_left_out_and_counted():
    asked = ReportQuery(BY_CLICK_RATE, Period(FIRST, FIRST), minimum=20)
    shown = report.show(asked, found(day(0, "few", tracked=19, clicked=19), day(0, "enough", tracked=20, clicked=1)))
    assert [row["key"] for row in shown["rows"]] == ["enough"]
    assert shown["left_out"] == 1


def test_the_first_ten_are_ten():
    asked = ReportQuery(TOP_USERS, Period(FIRST, FIRST), order="opened")
    rows = report.show(asked, found(*(day(0, f"u{one:02d}", sent=20 - one, opened=one) for one in range(12))))["rows"]
    assert [row["key"] for row in rows] == [f"u{one:02d}" for one in range(11, 1, -1)]


@pytest.mark.parametrize("order", ["open_rate", "click_rate"])
def test_users_can_be_ranked_by_a_rate(order):
    asked = ReportQuery(TOP_USERS, Period(FIRST, FIRST), order=order, minimum=1)
    shown = report.show(
        asked, found(day(0, "a", tracked=10, opened=9, clicked=1), day(0, "b", tracked=10, opened=8, clicked=2))
    )
    assert [row["key"] for row in shown["rows"]] == (["a", "b"] if order == "open_rate" else ["b", "a"])


@pytest.mark.parametrize(
    ("name", "order", "said"),
    [
        (TOP_USERS, "sent", {"minimum": None, "order": "sent"}),
        (TOP_USERS, "open_rate", {"minimum": 7, "order": "open_rate"}),
        (BY_CLICK_RATE, "sent", {"minimum": 7, "order": None}),
        (ANALYTICS, "sent", {}),
    ],
)
def test_a_ranking_says_by_what_and_from_how_many_mails_on(name, order, said):
    shown = report.show(ReportQuery(name, Period(FIRST, FIRST), order=order, minimum=7), found())
    assert {key: shown[key] for key in ("minimum", "order") if key in shown} == said


def test_hours_are_seven_days_of_twenty_four():
    asked = ReportQuery(ANALYTICS, Period(FIRST, FIRST))
    hours = report.show(asked, found(day(0, sent=1, sun_14=3)))["hours"]
    assert (list(hours), hours["sun"][14], sum(map(sum, hours.values()))) == (
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        3,
        3,
    )
