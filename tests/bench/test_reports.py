"""The benchmark of reports, with few mails: its goals are exact counts, so they are held by a test."""

import pytest

from bench import report_cells, reporting, reports
from bench.report import markdown
from chalicelib.core.figures import added

SMALL, LARGER = 200, 2_000

pytestmark = pytest.mark.timeout(600)  # some ten thousand requests, one after the other


@pytest.fixture(scope="module")
def found():
    return reports.measured([SMALL, LARGER], build_mails=LARGER)


def test_a_report_of_a_hundred_days_takes_as_few_reads_as_it_is_said_and_no_more_for_more_mails(found):
    own = {(read.what, read.mails): read.requests for read in found.reads if not read.is_naive}
    assert {what for what, _ in own} == set(reporting.REPORTS)
    assert {what: own[what, LARGER] for what in reporting.REPORTS} == {
        what: own[what, SMALL] for what in reporting.REPORTS
    }
    assert [what for what, asked in reporting.REPORTS.items() if own[what, LARGER] > asked.most] == []


def test_figures_take_five_reads_one_more_for_two_hundred_days_of_cells_and_a_page_of_mails_five(found):
    own = {read.what: read.requests for read in found.reads if not read.is_naive}
    lists = {what for what, asked in reporting.REPORTS.items() if asked.report == "sent-email-status"}
    more = {what for what in own.keys() - lists if own[what] > 5}
    assert {own[what] for what in more} == {6}
    assert more == {
        "email analytics by template, of a group, compared",
        "email analytics by template, of one user, compared",
        "email analytics by template, of a user nobody told of",
    }
    figures_alone = {"sent email status": 3, "sent email status, of a group and a status, compared": 4}
    assert {what: own[what] for what in lists} == {what: number + 5 for what, number in figures_alone.items()}


def test_without_tables_it_would_be_many_more(found):
    naive = [read.requests for read in found.reads if read.what == "the same from the cells"]
    assert min(naive) >= 100


def test_builders_read_each_changed_day_once_and_nothing_else(found):
    one, ten, again = found.builds
    assert [(build.days, build.others) for build in found.builds] == [(1, 0), (10, 1), (1, 99)]
    assert [build.requests for build in found.builds] == [6 + 8, 6 + 8 * 10, 6 + 8]
    assert [build.read_units - build.cell_units for build in found.builds] == [4, 4, 4]
    assert ten.write_units <= 10 * one.write_units
    assert again._replace(others=0) == one, "the same day costs the same in a new account and in a large one"


def test_every_figure_is_told_and_no_goal_is_missed(found):
    figures = [figure for table in reports.tables_of(found) for figure in table.figures]
    assert [figure.what for figure in figures if figure.is_missed] == []
    assert sum(figure.goal is not None for figure in figures) == 2 * len(reporting.REPORTS) + 2 * 3
    text = "".join(markdown(table) for table in reports.tables_of(found))
    assert "email analytics by date, 2,000 mails" in text


def test_made_up_cells_are_the_same_each_time_and_hold_all_mails():
    days = dict(report_cells.cells_by_day(LARGER))
    assert days == dict(report_cells.cells_by_day(LARGER))
    assert sum(added(cells.values())["sent"] for cells in days.values()) == LARGER
    assert len(days) == report_cells.DAYS
