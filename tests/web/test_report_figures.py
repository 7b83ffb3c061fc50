"""Figures in words: durations, shares, and how they changed."""

import pytest

from chalicelib.web import report_figures
from chalicelib.web.report_words import COLUMNS

SENT, RATE, TALKED = COLUMNS["sent"], COLUMNS["open_rate_of_tracked"], COLUMNS["call_seconds"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (3_600_000, "1,000 h 00 min"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds, words):
    assert report_figures.duration(seconds) == words


@pytest.mark.parametrize(
    ("column", "now", "before", "words", "style"),
    [
        (SENT, 110, 100, "up 10 % (100 before)", "up"),
        (SENT, 90, 100, "down 10 % (100 before)", "down"),
        (SENT, 1200, 1200, "the same as before (1,200)", "same"),
        (SENT, 5, 0, "up from none", "up"),
        (SENT, 0, 0, "none before, too", "same"),
        (SENT, 0, 7, "down 100 % (7 before)", "down"),
        (TALKED, 120, 60, "up 100 % (1 min before)", "up"),
        (RATE, 0.412, 0.391, "up 2.1 points (39.1 % before)", "up"),
        (RATE, 0.4, 0.4, "the same as before (40.0 %)", "same"),
        (RATE, 0.4, None, "nothing to compare", "same"),
    ],
)
def test_a_change_is_said_in_words_beside_its_arrow(column, now, before, words, style):
    changed = report_figures.change(column, now, before)
    assert (changed.words, changed.style, changed.icon) == (words, style, style)


def test_of_nothing_there_is_no_share():
    figures = {"rates": {"open_rate_of_delivered": None, "open_rate_of_tracked": 0.4123}}
    assert report_figures.shares(figures, "open_rate_of_delivered", "open_rate_of_tracked") == ["41.2 % of tracked"]
    assert report_figures.percent(None) == "–"
