"""The benchmark of reports, with few mails: its goals are exact counts, so they are held by a test."""

import pytest

from bench import report_cells, reporting, reports
from bench.report import markdown
from chalicelib.core.figures import added

SMALL, LARGER = 200, 2_000


@pytest.fixture(scope="module")
def found():
    return reports.measured([SMALL, LARGER], build_mails=LARGER)


def test_a_report_of_a_hundred_days_takes_five_reads_at_most_and_no_more_for_more_mails(found):
    own = {(read.what, read.mails): read.requests for read in found.reads if not read.is_naive}
    assert {what for what, _ in own} == set(reporting.REPORTS)
    assert max(own.values()) <= 5
    assert all(own[what, SMALL] == own[what, LARGER] for what in reporting.REPORTS)


def test_without_tables_it_would_be_many_more(found):
    naive = [read.requests for read in found.reads if read.what == "the same from the cells"]
    assert min(naive) >= 100


def test_builders_do_what_changed_and_no_more(found):
    one, ten = found.builds
    assert (one.days, ten.days) == (1, 10)
    assert ten.requests <= 10 * one.requests
    assert ten.read_units <= 10 * one.read_units
    assert ten.write_units <= 10 * one.write_units


def test_every_figure_is_told_and_no_goal_is_missed(found):
    figures = [figure for table in reports.tables_of(found) for figure in table.figures]
    assert [figure.what for figure in figures if figure.is_missed] == []
    assert sum(figure.goal is not None for figure in figures) == 2 * len(reporting.REPORTS) + 1
    text = "".join(markdown(table) for table in reports.tables_of(found))
    assert "email analytics by date, 2,000 mails" in text


def test_made_up_cells_are_the_same_each_time_and_hold_all_mails():
    days = dict(report_cells.cells_by_day(LARGER))
    assert days == dict(report_cells.cells_by_day(LARGER))
    assert sum(added(cells.values())["sent"] for cells in days.values()) == LARGER
    assert len(days) == report_cells.DAYS
