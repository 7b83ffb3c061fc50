"""A report as a mail says its figures to who sees the picture and to who does not, and nobody writes HTML into it."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import figures as counting
from chalicelib.core.report_chart import alt_of, chart_of, ticks
from chalicelib.core.report_labels import LABELS
from chalicelib.core.report_mail import CHART, html_of, subject_of, text_of
from tests.core.reports import by_rate, by_template, calls, figures, of_statuses, report, row

URL = "https://mail.example.com/reports/email-analytics?from=2026-11-20&to=2026-11-22"


class Page(HTMLParser):
    """All texts and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def test_a_mail_has_the_figures_the_picture_with_words_for_it_and_a_link():
    page = Page(html_of(report(), URL))
    (image,) = [attributes for tag, attributes in page.tags if tag == "img"]
    assert (image["src"], image["alt"]) == (f"cid:{CHART}", alt_of(report()))
    assert "6 sent, 6 delivered, 3 opened" in alt_of(report())
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == [URL]
    assert {"Sent", "6", "Open rate of delivered", "50.0 %", "–"} <= set(page.texts)


def test_the_text_says_the_same():
    text = text_of(
        by_template(before={"from": "2026-11-17", "to": "2026-11-19", "summary": figures(9), "rows": []}), URL
    )
    assert "Sent: 6 | before: 9" in text and "2. (none): sent 2, delivered 2, bounced 0, opened 0, clicked 0" in text
    assert text.endswith(f"Open the report: {URL}\n")


def test_without_an_address_of_the_pages_there_is_no_link():
    assert "<a" not in html_of(report(), None) and "Open the report" not in text_of(report(), None)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "&amp;"])
def test_a_name_is_shown_as_it_is_and_is_no_html(name):
    page = Page(html_of(by_template(rows=[row("a", 4, name=name)]), URL))
    assert f"1. {name}" in "".join(page.texts)
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert len([tag for tag, _ in page.tags if tag == "img"]) == 1


def test_only_the_first_rows_are_in_the_mail_and_it_says_of_how_many():
    text = text_of(by_template(rows=[row(str(number), 1) for number in range(25)]), None)
    assert "The first 10 of 25" in text and "\n10. 9: sent 1" in text and "\n11." not in text


def test_the_others_are_among_those_of_how_many_the_first_are_shown():
    rows = [row(str(number), 1) for number in range(20)]
    assert "The first 10 of 1,020" in text_of(by_template(rows=rows, others=figures(7) | {"rows": 1_000}), None)


def test_a_ranking_says_by_what_and_shows_the_rates_and_the_ranks_before():
    text, page = text_of(by_rate(), None), Page(html_of(by_rate(), None))
    assert "minimum: 20 tracked mails; left out: 3 with fewer" in text
    first = "1. Offer: rate 80.0 %, lower bound 58.4 %, sent 20, tracked 20, opened 16, clicked 0, rank before 12"
    assert first in text and "2. news: rate 50.0 %" in text and "rank before –" in text
    assert {"Rate", "Lower bound", "Rank before", "80.0 %"} <= set(page.texts)


def test_the_picture_of_a_ranking_by_a_rate_shows_the_rate():
    made = chart_of(by_rate())
    assert [(one.name, one.values) for one in made.series] == [("open rate of tracked", (80.0, 50.0))]
    assert (made.labels, made.unit, made.most) == (("Offer", "news"), " %", 80.0)
    assert alt_of(by_rate()).endswith(": Offer 80.0 %, news 50.0 %.")
    assert chart_of(by_rate(rows=[])).labels == ("sent", "delivered", "opened", "clicked")


def test_a_row_has_beside_it_what_it_was_before():
    before = {"from": "2026-11-17", "to": "2026-11-19", "summary": figures(9), "rows": [row("welcome", 9)]}
    text = text_of(by_template(before=before), None)
    assert "clicked 0, sent before 9\n2. (none)" in text and text.endswith("sent before –\n")
    both = {"user": "ina", "date": "2026-11-22"}, {"user": "ina", "date": "2026-11-19"}
    now, then = (row("ina", sent, **about, calls=0) for sent, about in zip((2, 5), both, strict=True))
    by_both = calls(by="user_and_date", rows=[now], before={**before, "rows": [then]})
    assert "1. ina, 2026-11-22: sent 2" in text_of(by_both, None) and "sent before 5" in text_of(by_both, None)


def test_a_mail_of_statuses_lists_the_first_mails_and_says_of_which_status():
    text, page = text_of(of_statuses(), None), Page(html_of(of_statuses(), None))
    assert "status: opened" in text and "Summary, of any status" in text
    assert "The newest 10 mails of the status opened" in text
    assert "\n1. Offer 0: sent 2026-11-22 12:00, status opened" in text
    assert "\n10. Offer 9" in text and "\n11." not in text and "10. Offer 9" in page.texts
    assert "anna@example.com" not in text + html_of(of_statuses(), None), "this mail is kept, also when Anna is erased"
    assert "No mails of the status opened" in text_of(of_statuses(emails={"data": [], "has_more": False}), None)
    assert "(status: opened)" in subject_of(of_statuses())


def test_the_picture_shows_days_rows_or_the_way_of_the_mails():
    by_day, by_row, way = chart_of(report()), chart_of(by_template()), chart_of(report(by=None, rows=[]))
    assert (by_day.is_over_time, by_day.labels) == (True, ("20 Nov", "21 Nov", "22 Nov"))
    assert (by_row.is_over_time, by_row.labels) == (False, ("=HYPERLINK()", "(none)"))
    assert (way.labels, way.series[0].values) == (("sent", "delivered", "opened", "clicked"), (6, 6, 3, 0))


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({}, ""),
        ({"group": "Nord", "module": ""}, " (group: Nord; module: (none))"),
        ({"users": ["ina", "raj"]}, " (users: ina, raj)"),
        ({"users": list("abcd")}, " (4 users)"),
        ({"template": "a\nb"}, " (template: a b)"),
        ({"template": "x" * 99}, f" (template: {'x' * 69}…)"),
    ],
)
def test_the_subject_says_report_days_and_filters_in_short(filters, said):
    none = {"users": [], "group": None, "template": None, "module": None, "source": None}
    assert subject_of(report(filters=none | filters)) == f"Email analytics, 2026-11-20 to 2026-11-22{said}"


def test_one_day_is_said_once():
    before = {"from": "2026-11-21", "to": "2026-11-21", "summary": figures(9)}
    one_day = report(**{"from": "2026-11-22", "before": before})
    assert subject_of(one_day).startswith("Email analytics, 2026-11-22 (")
    assert " to " not in html_of(one_day, None) + text_of(one_day, None)


def test_every_figure_has_a_label_and_a_whole_stands_before_its_parts():
    names = set(counting.show({}) | counting.show_calls({})) - {"rates"}
    assert names == set(LABELS)
    order = list(LABELS)
    for whole, part in (("bounced", "bounced_hard"), ("bounced", "bounced_soft"), ("calls", "calls_missed")):
        assert order.index(whole) < order.index(part)


def test_of_mails_and_calls_the_mail_shows_the_calls():
    text = text_of(calls(), None)
    assert "1. Ina Berg: sent 4, opened 3, calls 7, outbound 5, inbound 2, missed 1" in text
    assert "talked 2 h 05 min" in text and "Talked: 2 h 05 min" in text
    assert {"Missed", "2 h 05 min"} <= set(Page(html_of(calls(), None)).texts)
    assert "7 calls" in alt_of(calls())


def test_of_mails_and_calls_the_picture_shows_both_beside_each_other():
    made = chart_of(calls())
    assert [(one.name, one.values) for one in made.series] == [("sent", (4, 2)), ("opened", (3, 0)), ("calls", (7, 0))]
    assert not made.is_part and chart_of(by_template()).is_part, "calls are no part of the mails"
    assert chart_of(calls(rows=[])).series[0].values == (6, 3, 0, 7)


@given(st.integers(1, 10**12))
def test_an_axis_has_few_round_marks_and_room_for_all(most):
    marks = ticks(most)
    assert marks[0] == 0 and marks[-1] >= most and 2 <= len(marks) <= 6
    assert str(marks[1]).strip("0") in {"1", "2", "5"}
