"""A report as a sheet says what it is about, and its rows say which part of the report they are."""

from datetime import date

import pytest

from chalicelib.core import report_query
from chalicelib.core.report_sheet import filename_of, query_of, sheet_of
from chalicelib.core.sheet import Kind
from tests.core.reports import by_rate, by_template, day, figures, of_statuses, report, row


def headings(sheet):
    return [column.heading for column in sheet.head.columns]


def test_days_are_days_and_the_summary_is_the_last_row():
    sheet = sheet_of(report())
    assert headings(sheet)[:4] == ["part", "from", "to", "sent"]
    assert headings(sheet)[-2:] == ["open_rate_of_delivered", "click_rate_of_opened"]
    first, *_, last = sheet.rows
    assert first[:4] == ("row", date(2026, 11, 20), date(2026, 11, 20), 1)
    assert last[:4] == ("summary", date(2026, 11, 20), date(2026, 11, 22), 6)
    assert last[-2:] == (0.5, None), "a rate of nothing is empty, not zero"


def test_every_row_has_a_value_for_each_column():
    ranked = [row("a", 9, 3, rank=1, rate=0.3, lower_bound=0.2, rate_name="open_rate_of_tracked")]
    both = [row("kim 2026-11-22", 2, user="kim", date="2026-11-22")]
    reports = [
        report(others=figures(3) | {"rows": 4}),
        by_template(others=figures(3) | {"rows": 4}),
        report(by=None, rows=[]),
        report("top-templates-by-open-rate", by=None, rows=ranked),
        report("email-and-call-analytics", by="user_and_date", rows=both),
        report(
            before={"from": "2026-11-17", "to": "2026-11-19", "summary": figures(1), "rows": [day("2026-11-17", 1)]}
        ),
    ]
    for one in reports:
        sheet = sheet_of(one)
        assert {len(values) for values in sheet.rows} == {len(sheet.head.columns)}, one


def test_what_has_no_template_is_called_none_and_the_rest_is_one_row():
    rows = list(sheet_of(by_template(others=figures(3) | {"rows": 4})).rows)
    assert [values[:3] for values in rows] == [
        ("row", "welcome", "=HYPERLINK()"),
        ("row", "(none)", None),
        ("others", "4 more", None),
        ("summary", None, None),
    ]


def test_a_file_has_as_many_rows_as_there_can_be_at_once_and_says_how_many_are_missing():
    by = {name: {"by": [name]} for name in ("user", "date")}
    assert query_of("email-analytics", by["user"])["limit"] == query_of("email-and-call-analytics", {})["limit"]
    assert query_of("email-analytics", by["user"] | {"limit": ["3"]})["limit"] == ["3"]
    of_days = [("email-analytics", {}), ("email-analytics", by["date"]), ("email-and-call-analytics", by["date"])]
    for name, query in (*of_days, ("top-users", {})):
        assert report_query.parse(name, query_of(name, query), today=date(2026, 11, 22))
    lines = sheet_of(by_template(others=figures(3) | {"rows": 4})).head.lines
    assert lines[-1] == "not all of the rows: 4 more are one here; POST /v1/exports gives every one"


def test_what_each_row_was_before_stands_below_with_its_rank():
    rows = [values[:3] + values[-1:] for values in sheet_of(by_rate()).rows if values[0] == "before"]
    assert rows == [("before", 12, "offer", 0.584), ("before", None, None, None)]


def test_the_lines_above_say_days_filters_and_until_when():
    assert sheet_of(report()).head.lines == (
        "days: 2026-11-20 to 2026-11-22 (Europe/Berlin)",
        "of: template: (none); module: leads",
        "as of: 2026-11-22T11:00:00.000Z",
    )


@pytest.mark.parametrize(("name", "kind"), [("top-users", "user"), ("top-templates-by-open-rate", "template")])
def test_a_report_of_the_first_has_the_same_columns_when_nobody_is_among_them(name, kind):
    first = row("a", 9, 3, rank=1, rate=0.3, lower_bound=0.2, rate_name="open_rate_of_tracked")
    some, none = (sheet_of(report(name, by=None, rows=rows)) for rows in ([first], []))
    assert headings(some) == headings(none) and headings(none)[:4] == ["part", "rank", kind, "name"]
    assert {len(values) for values in none.rows} == {len(headings(none))}


def test_the_lines_above_a_ranking_say_by_what_and_who_is_left_out():
    ranked = report("top-users", by=None, rows=[], order="open_rate", minimum=20, left_out=3)
    assert sheet_of(ranked).head.lines[3:] == (
        "order: open_rate",
        "minimum: 20 tracked mails",
        "left out: 3 with fewer",
    )
    by_number = report("top-users", by=None, rows=[], order="sent", minimum=None, left_out=0)
    assert sheet_of(by_number).head.lines[3:] == ("order: sent",)


def test_rates_are_rates_and_counts_are_whole():
    kinds = {column.heading: column.kind for column in sheet_of(report()).head.columns}
    assert (kinds["sent"], kinds["open_rate_of_delivered"], kinds["from"]) == (Kind.WHOLE, Kind.RATE, Kind.DATE)


def test_the_file_is_called_by_report_and_days():
    assert filename_of(report(), "xlsx") == "email-analytics_2026-11-20_2026-11-22.xlsx"


def test_the_name_of_a_file_says_how_many_mails_it_has_if_these_are_not_all():
    of_any = {"status": None}
    emails = {"data": [{}] * 100, "has_more": True}
    days = "sent-email-status_2026-11-20_2026-11-22"
    assert filename_of(of_statuses(), "csv") == f"{days}.csv"
    assert filename_of(of_statuses(emails=emails, filters=of_any), "csv") == f"{days}_100-of-6.csv"
    # of those with some status nobody has counted how many there are
    assert filename_of(of_statuses(emails=emails), "csv") == f"{days}_100-and-more.csv"
