"""The pages of reports: figures, what is behind them, filters in the address, and what is said where one is wrong."""

import re
from datetime import date, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core import mail_view
from chalicelib.core.report_query import RANKED, REPORTS
from chalicelib.web import reports
from tests.web.desk import NOW, Desk, Reader, text_of
from tests.web.filled import FilledReports


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def reader(desk) -> Reader:
    return desk.reader()


def links(answer, words: str) -> list[str]:
    """Where the links of these words lead."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', answer.body, re.S)
    return [unescape(href) for href, inner in found if re.sub(r"<[^>]+>", "", inner).strip() == words]


def query_of(href: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(href).query, keep_blank_values=True)


def summary(desk: Desk, name: str = "email-analytics", **query: list[str]):
    return desk.reports("acme", name, query)["summary"]


def test_all_reports_are_on_one_page_with_figures_of_one_read(desk, reader):
    desk.reports.asked.clear()
    shown = reader.ask(reports.show_index)
    assert len(desk.reports.asked) == 1
    for name in REPORTS:
        assert f'href="/reports/{name}"' in shown.body
    assert f"{summary(desk)['sent']:,} mails sent" in text_of(shown)
    assert "as of 2 min ago" in text_of(shown)
    assert '<a href="/reports" aria-current="page">Reports</a>' in shown.body


def test_a_card_shows_a_figure_of_its_own_report_or_none(desk, reader):
    body = reader.ask(reports.show_index).body
    cards = {re.search("/reports/([a-z-]+)", card)[1]: card for card in re.findall(r"<li class=.*?</li>", body, re.S)}
    delivered = f"{summary(desk)['rates']['delivery_rate_of_sent']:.1%}".replace("%", " %")
    assert f"{delivered}</span> delivered, of sent" in cards["sent-email-status"]
    without = {name for name, card in cards.items() if 'class="figure"' not in card}
    assert without == {"email-and-call-analytics", "top-users"}


def test_without_any_mail_the_page_of_all_reports_says_what_to_do(desk, reader):
    desk.reports = FilledReports(NOW, is_empty=True)
    assert "Nothing was sent or received in the last 30 days" in text_of(reader.ask(reports.show_index))


@pytest.mark.parametrize("name", REPORTS)
def test_each_report_says_its_days_its_zone_and_as_of_when_it_is(reader, name):
    shown = reader.ask(reports.show_report, name)
    assert shown.status == 200
    assert "8 Feb – 9 Mar 2026 · days of Europe/Berlin · as of 2 min ago" in text_of(shown)
    assert 'title="Mon, 9 Mar 2026, 12:28:00 UTC"' in shown.body


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_without_mails_says_what_to_do(desk, reader, name):
    desk.reports = FilledReports(NOW, is_empty=True)
    assert "Nothing to count" in text_of(reader.ask(reports.show_report, name))


def test_a_report_that_there_is_not_is_not_found(reader):
    assert reader.ask(reports.show_report, "top-secrets").status == 404


def test_without_a_session_nothing_is_shown_and_the_filters_survive_signing_in(desk):
    answer = Reader(desk).ask(reports.show_report, "top-users", query={"period": "today", "user": ["max", "li"]})
    assert answer.status == 303
    back = query_of(answer.headers["Location"])["next"][0]
    assert (urlsplit(back).path, query_of(back)) == ("/reports/top-users", {"period": ["today"], "user": ["max", "li"]})


def test_every_figure_of_the_summary_leads_to_its_mails(desk, reader):
    shown = reader.ask(reports.show_report, "email-analytics", query={"user": ["max", "ann"]})
    figures = summary(desk, user=["max", "ann"])
    for column in ("sent", "delivered", "bounced", "opened", "clicked", "received", "responded"):
        hrefs = links(shown, f"{figures[column]:,}")
        wanted = {"from": ["2026-02-08"], "to": ["2026-03-09"], "counted_as": [column], "user": ["max", "ann"]}
        assert wanted in [query_of(href) for href in hrefs], column
        assert {urlsplit(href).path for href in hrefs} == {"/mails"}


@pytest.mark.parametrize("query", [{}, {"by": "user"}])
def test_what_machines_did_leads_to_its_mails_though_it_does_not_count(desk, reader, query):
    shown = reader.ask(reports.show_report, "email-analytics", query=query)
    figures = summary(desk)
    leads = {
        query_of(href)["counted_as"][0]
        for who, column in (
            ("proxy", "opened_by_proxy"),
            ("machine", "opened_by_machine"),
            ("machine", "clicked_by_machine"),
        )
        for href in links(shown, f"+{figures[column]:,} by {who}")
    }
    assert leads == {"opened_by_proxy", "opened_by_machine", "clicked_by_machine"}


def test_the_rates_stand_right_after_what_they_are_of(reader):
    body = reader.ask(reports.show_report, "email-analytics", query={"by": "user"}).body
    columns = re.findall(r'data-series="(\w+)"', body.partition("<thead>")[2])
    assert columns[4:8] == ["opened", "open_rate_of_tracked", "clicked", "click_rate_of_tracked"]


@pytest.mark.parametrize("name", ["email-analytics", "email-and-call-analytics"])
def test_the_name_of_a_row_leads_to_the_days_of_it_alone(reader, name):
    shown = reader.ask(reports.show_report, name, query={"by": "user", "module": "leads", "period": "last_100_days"})
    (href,) = links(shown, "Max Meier")
    assert urlsplit(href).path == f"/reports/{name}"
    assert query_of(href) == {"period": ["last_100_days"], "by": ["date"], "module": ["leads"], "user": ["max"]}


def test_the_row_of_mails_without_a_template_leads_to_these_alone(reader):
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": "template"})
    assert query_of(links(shown, "No template")[0]) == {"by": ["date"], "template": ["(none)"]}


def test_the_exclamation_mark_opens_hard_soft_and_reasons(desk, reader):
    shown, figures = reader.ask(reports.show_report, "email-analytics"), summary(desk)
    assert '<summary aria-label="Bounces: hard, soft and reasons">' in shown.body
    columns = {
        f"{figures['bounced_hard']:,} hard": "bounced_hard",
        f"{figures['bounced_soft']:,} soft": "bounced_soft",
        "reasons": "bounced",
    }
    for words, column in columns.items():
        assert query_of(links(shown, words)[0])["counted_as"] == [column]


def test_each_hour_of_the_map_leads_to_its_mails_and_the_busiest_is_named(desk, reader):
    shown = reader.ask(reports.show_report, "email-analytics")
    counted = [
        query_of(unescape(href))["counted_as"][0]
        for href in re.findall(r'heat-\d" title="[^"]*"><a href="([^"]*)"', shown.body)
    ]
    hours = desk.reports("acme", "email-analytics", {})["hours"]
    assert counted == [f"{day}_{hour:02d}" for day, row in hours.items() for hour, number in enumerate(row) if number]
    assert "Most: Friday 10:00 to 11:00." in text_of(shown)
    assert shown.body.count('class="heat-9"') >= 1


def test_shares_name_what_they_are_of(desk, reader):
    rates = summary(desk)["rates"]
    text = text_of(reader.ask(reports.show_report, "email-analytics"))
    assert f"{rates['open_rate_of_delivered']:.1%}".replace("%", " % of delivered") in text
    assert f"{rates['open_rate_of_tracked']:.1%}".replace("%", " % of tracked") in text
    assert f"{rates['click_rate_of_opened']:.1%}".replace("%", " % of opened") in text


def test_a_break_up_shows_rows_that_add_up_and_lead_to_their_mails(desk, reader):
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": "template"})
    report = desk.reports("acme", "email-analytics", {"by": ["template"]})
    sent = [int(value) for value in re.findall(r'<tr data-key=.*?data-value="(\d+)"', shown.body)]
    total = int(re.findall(r'<tfoot>.*?data-value="(\d+)"', shown.body, re.S)[0])
    assert (sum(sent), total) == (report["summary"]["sent"],) * 2
    quote = next(row for row in report["rows"] if row["name"] == "Quote")
    assert any(query_of(href).get("template") == ["t1"] for href in links(shown, f"{quote['sent']:,}"))


def test_mails_without_a_template_are_a_row_whose_figures_ask_for_those_without_one(desk, reader):
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": "template"})
    report = desk.reports("acme", "email-analytics", {"by": ["template"]})
    none = next(row for row in report["rows"] if row["key"] == "")
    assert "No template" in text_of(shown)
    assert any(query_of(href).get("template") == [""] for href in links(shown, f"{none['sent']:,}"))


def test_weeks_and_months_are_named_and_cut_to_the_days_of_the_report(reader):
    weeks = text_of(reader.ask(reports.show_report, "email-analytics", query={"by": "date", "interval": "week"}))
    assert "Sun 8 Feb 2026" in weeks and "9 – 15 Feb 2026" in weeks and "23 Feb – 1 Mar 2026" in weeks
    months = text_of(reader.ask(reports.show_report, "email-analytics", query={"by": "date", "interval": "month"}))
    assert "February 2026" in months and "March 2026" in months


def test_the_comparison_says_in_words_what_changed(desk, reader):
    shown = reader.ask(reports.show_report, "email-analytics", query={"compare": "previous"})
    report = desk.reports("acme", "email-analytics", {"compare": ["previous"]})
    now, before = report["summary"]["sent"], report["before"]["summary"]["sent"]
    way = "up" if now > before else "down"
    assert f"{way} {abs(now - before) / before * 100:.0f} % ({before:,} before)" in text_of(shown)
    assert "compared with 9 Jan – 7 Feb 2026" in text_of(shown)
    assert 'id="before"' in shown.body
    (off,) = links(shown, "Compare with the period before")
    assert query_of(off) == {}


@pytest.mark.parametrize("by", ["template", "module", "user", "source"])
def test_each_row_says_what_it_was_in_the_period_before(desk, reader, by):
    report = desk.reports("acme", "email-analytics", {"by": [by], "compare": ["previous"]})
    then = {row["key"]: row for row in report["before"]["rows"]}
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": by, "compare": "previous"})
    rows = dict(re.findall(r'<tr data-key="([^"]*)">(.*?)</tr>', shown.body, re.S))
    assert len(rows) == len(report["rows"]) > 1
    for row in report["rows"]:
        was = re.findall(r'<small class="was"[^>]*>was ([^<]*)</small>', rows[row["key"]])
        before = then[row["key"]]
        assert was[0] == f"{before['sent']:,}"
        assert was[5] == f"{before['rates']['open_rate_of_tracked']:.1%}".replace("%", " %")
    total = re.findall(r"<tfoot>.*?was ([\d,]+)</small>", shown.body, re.S)
    assert total == [f"{report['before']['summary']['sent']:,}"]


def test_a_row_that_had_nothing_before_says_so(desk, reader):
    new = {"template": "t9", "module": "leads", "user": "max", "source": "individual"}
    desk.reports.kept.append((NOW.date().isoformat(), new, {"sent": 3}))
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": "template", "compare": "previous"})
    row = re.search(r'<tr data-key="t9">(.*?)</tr>', shown.body, re.S)[1]
    was = re.findall(r">was ([^<]*)</small>", row)
    assert (was[0], was[5]) == ("0", "–")


def test_the_row_of_a_user_and_a_day_says_what_it_was_as_many_days_earlier_as_the_period_has(desk, reader):
    asked = {"by": "user_and_date", "period": "last_7_days", "compare": "previous"}
    shown = reader.ask(reports.show_report, "email-and-call-analytics", query=asked)
    report = desk.reports("acme", "email-and-call-analytics", {name: [value] for name, value in asked.items()})
    week_before = {(row["user"], row["date"]): row["sent"] for row in report["before"]["rows"]}
    wanted = []
    for row in report["rows"]:
        day = date.fromisoformat(row["date"]) - timedelta(days=7)
        wanted.append(f"{week_before.get((row['user'], day.isoformat()), 0):,}")
    rows = re.findall(r'<tr data-key="[^"]*">(.*?)</tr>', shown.body, re.S)
    assert [re.search(r">was ([^<]*)</small>", row)[1] for row in rows] == wanted
    assert set(wanted) > {"0"}


@pytest.mark.parametrize("name", RANKED)
def test_the_first_ten_say_their_rank_and_rate_of_before(desk, reader, name):
    given = {"compare": "previous"} | ({"order": "open_rate"} if name == "top-users" else {})
    shown = reader.ask(reports.show_report, name, query=given)
    report = desk.reports("acme", name, {field: [value] for field, value in given.items()})
    for then in report["before"]["rows"]:
        row = re.search(rf'<tr data-key="{then["key"]}">(.*?)</tr>', shown.body, re.S)[1]
        rates = [f"{then[rate]:.1%}".replace("%", " %") for rate in ("rate", "lower_bound")]
        assert f"was rank {then['rank']} with {rates[0]}, at least {rates[1]}</small>" in row
        assert f">was {then['sent']:,}</small>" in row
    (off,) = links(shown, "Compare with the period before")
    assert "compare" not in query_of(off)


def test_who_had_too_few_mails_or_none_before_had_no_rank(desk, reader):
    before = (NOW.date() - timedelta(days=40)).isoformat()
    few = {"template": "t8", "module": "", "user": "max", "source": "individual"}
    many = {"sent": 30, "tracked": 30, "opened": 30}
    desk.reports.kept += [(NOW.date().isoformat(), {**few, "template": key}, many) for key in ("t8", "t9")]
    desk.reports.kept.append((before, few, {"sent": 2, "tracked": 2, "opened": 1}))
    shown = text_of(reader.ask(reports.show_report, "top-templates-by-open-rate", query={"compare": "previous"}))
    assert "t8 100.0 % at least 88.6 % too few mails before, 50.0 %" in shown
    assert "t9 100.0 % at least 88.6 % nothing before" in shown


def crowded(desk: Desk, templates: int) -> None:
    """The account has so many templates, the first of them with most mails."""
    place = {"module": "", "user": "max", "source": "individual"}
    today = NOW.date().isoformat()
    desk.reports.kept = [
        (today, {**place, "template": f"a-template-of-a-long-name-{number:04}"}, {"sent": 2000 - number})
        for number in range(templates)
    ]


def test_what_the_rows_leave_out_is_said_and_more_rows_are_offered(desk, reader):
    crowded(desk, 1100)
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": "template", "user": "max"})
    assert "The first 200 of 1,100 rows; the others are added up in one." in text_of(shown)
    (more,) = links(shown, "Show more rows")
    assert query_of(more) == {"by": ["template"], "user": ["max"], "limit": ["1000"]}
    all_there_can_be = reader.ask(reports.show_report, "email-analytics", query=query_of(more))
    assert "The first 1,000 of 1,100 rows" in text_of(all_there_can_be)
    assert links(all_there_can_be, "Show more rows") == []
    assert all_there_can_be.body.count("<tr data-key=") == 1000
    for words in ("CSV", "XLSX"):
        assert query_of(links(all_there_can_be, words)[0])["limit"] == ["1000"]


def test_the_number_of_rows_is_not_asked_of_days_and_not_carried_to_another_break_up(desk, reader):
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": "date", "limit": "3"})
    assert (shown.status, "limit" in desk.reports.asked[-1][2]) == (200, False)
    shown = reader.ask(reports.show_report, "email-analytics", query={"by": "template", "limit": "3"})
    assert query_of(links(shown, "User")[0]) == {"by": ["user"]}
    refused = reader.ask(reports.show_report, "email-analytics", query={"by": "template", "limit": "0"})
    assert refused.status == 422 and "Number of rows: " in text_of(refused)


def test_bars_have_whole_names_and_say_how_many_rows_are_not_drawn(desk, reader):
    crowded(desk, 34)
    body = reader.ask(reports.show_report, "email-analytics", query={"by": "template"}).body
    names = re.findall(r'<span class="name">([^<]*)</span>\s*<svg class="bar-of"', body)
    assert names == [f"a-template-of-a-long-name-{number:04}" for number in range(20)]
    assert "The first 20 of 34; the table has all" in body
    crowded(desk, 20)
    assert "the table has all" not in reader.ask(reports.show_report, "email-analytics", query={"by": "template"}).body


def test_a_bar_is_as_wide_as_its_figure_in_the_table(desk, reader):
    body = reader.ask(reports.show_report, "email-and-call-analytics", query={"by": "user"}).body
    rows = desk.reports("acme", "email-and-call-analytics", {"by": ["user"]})["rows"]
    most = max(row["sent"] for row in rows)
    drawn = re.findall(r'<rect class="b(\d)" y="\d+" width="([\d.]+)%"', body)
    assert drawn == [
        (str(place), f"{row[column] / most * 100:.1f}")
        for row in rows
        for place, column in enumerate(("sent", "calls"), start=1)
    ]


def test_users_and_days_stand_together_in_the_analytics_of_mails_and_calls(desk, reader):
    query = {"by": "user_and_date", "period": "last_7_days"}
    shown = reader.ask(reports.show_report, "email-and-call-analytics", query=query)
    row = desk.reports("acme", "email-and-call-analytics", {name: [value] for name, value in query.items()})["rows"][0]
    day = date.fromisoformat(row["date"])
    assert f"{row['name']} {day:%a} {day.day} {day:%b %Y}" in text_of(shown)
    hrefs = [query_of(href) for href in links(shown, f"{row['sent']:,}")]
    wanted = {"from": [row["date"]], "to": [row["date"]], "counted_as": ["sent"], "user": [row["user"]]}
    assert wanted in hrefs


def test_times_talked_are_hours_and_minutes(desk, reader):
    seconds = summary(desk, "email-and-call-analytics")["call_seconds"]
    text = text_of(reader.ask(reports.show_report, "email-and-call-analytics"))
    assert f"{seconds // 3600} h {seconds % 3600 // 60:02d} min" in text


def test_the_top_templates_show_their_rate_and_how_high_it_is_for_sure(desk, reader):
    shown = reader.ask(reports.show_report, "top-templates-by-open-rate")
    first = desk.reports("acme", "top-templates-by-open-rate", {})["rows"][0]
    assert f"{first['name']} {first['rate']:.1%} at least {first['lower_bound']:.1%}".replace("%", " %") in text_of(
        shown
    )
    assert "at least 20 tracked mails" in text_of(shown)
    (days,) = links(shown, first["name"])
    assert (urlsplit(days).path, query_of(days)) == (
        "/reports/email-analytics",
        {"template": [first["key"]], "by": ["date"]},
    )


def test_what_has_too_few_mails_for_a_rate_is_left_out_and_that_is_said(reader):
    shown = reader.ask(reports.show_report, "top-templates-by-click-rate", query={"minimum": "1000000"})
    assert "No template has enough mails to be ranked." in text_of(shown)
    assert "4 had fewer and were left out" in text_of(shown)


@pytest.mark.parametrize("order", ["sent", "opened", "clicked", "open_rate", "click_rate"])
def test_the_top_users_are_ranked_by_what_is_asked_for(desk, reader, order):
    shown = reader.ask(reports.show_report, "top-users", query={"order": order})
    rows = desk.reports("acme", "top-users", {"order": [order]})["rows"]
    assert re.findall(r'<tr data-key="(\w+)"', shown.body) == [row["key"] for row in rows]


def test_the_status_report_lists_the_mails_themselves_page_by_page(desk, reader):
    desk.add("Your quote")
    mails = [mail_view.show(one) for one in desk.messages.by_id.values()]
    desk.reports.emails = {"data": mails, "has_more": True, "after": "older", "before": "newer"}
    first = reader.ask(reports.show_report, "sent-email-status", query={"period": "last_7_days"})
    assert "Your quote" in text_of(first)
    assert links(first, "Newer") == []
    (older,) = links(first, "Older")
    assert query_of(older) == {"period": ["last_7_days"], "after": ["older"]}
    second = reader.ask(reports.show_report, "sent-email-status", query=query_of(older))
    assert desk.reports.asked[-1][2]["after"] == ["older"]
    assert query_of(links(second, "Newer")[0]) == {"period": ["last_7_days"], "before": ["newer"]}


def test_filters_are_chips_that_can_be_taken_away_one_by_one(reader):
    query = {"user": ["max", "li"], "template": "(none)", "module": "leads", "period": "last_7_days"}
    shown = reader.ask(reports.show_report, "email-analytics", query=query)
    body = re.search(r'<p class="narrowed">.*?</p>', shown.body, re.S)[0]
    chips = {
        re.sub(r"<[^>]+>|\s+", " ", words).split(": ")[1].strip(): query_of(unescape(href))
        for href, words in re.findall(r'<a href="([^"]*)" title="Show any again">(.*?)</a>', body)
    }
    chips = {" ".join(words.split()): left for words, left in chips.items()}
    assert list(chips) == ["User Max Meier", "User Li Wei", "Template No template", "Module leads"]
    assert chips["User Max Meier"]["user"] == ["li"]
    assert "template" not in chips["Template No template"]
    assert query_of(links(shown, "Show all")[0]) == {"period": ["last_7_days"]}


def test_what_a_form_leaves_empty_is_left_out_of_the_address(reader):
    assert '<input type="hidden" name="form" value="filter">' in reader.ask(reports.show_report, "top-users").body
    query = {
        "form": "filter",
        "user": ["", "max"],
        "template": "",
        "module": " leads ",
        "from": "2026-03-01",
        "utm": "x",
    }
    answer = reader.ask(reports.show_report, "email-analytics", query=query)
    assert answer.status == 303
    assert query_of(answer.headers["Location"]) == {"user": ["max"], "module": ["leads"], "from": ["2026-03-01"]}
    tidied = query_of(answer.headers["Location"])
    assert reader.ask(reports.show_report, "email-analytics", query=tidied).status == 200


@pytest.mark.parametrize("field", ["template", "module", "user"])
def test_an_empty_field_that_no_form_sent_asks_for_mails_without_it_as_in_the_api(desk, reader, field):
    answer = reader.ask(reports.show_report, "email-analytics", query={field: "", "source": "", "by": "date"})
    assert query_of(answer.headers["Location"]) == {field: ["(none)"], "by": ["date"]}
    shown = reader.ask(reports.show_report, "email-analytics", query=query_of(answer.headers["Location"]))
    assert desk.reports.asked[-1][2] == {field: [""], "by": ["date"]}
    assert f"No {field}" in text_of(shown)


def test_mails_without_a_dimension_are_asked_for_as_the_api_takes_it(desk, reader):
    reader.ask(reports.show_report, "email-analytics", query={"template": "(none)", "by": "user"})
    assert desk.reports.asked[-1][2] == {"template": [""], "by": ["user"]}


def test_a_group_of_users_is_offered_and_asked_for(desk, reader):
    shown = reader.ask(reports.show_report, "top-users", query={"group": "Sales"})
    assert '<option value="Sales" selected>Sales</option>' in shown.body
    assert desk.reports.asked[-1] == ("acme", "top-users", {"group": ["Sales"]})


def test_what_only_another_report_takes_is_not_asked_for(desk, reader):
    query = {"by": "template", "interval": "week", "order": "clicked", "minimum": "5", "status": "opened"}
    assert reader.ask(reports.show_report, "email-analytics", query=query).status == 200
    assert desk.reports.asked[-1][2] == {"by": ["template"]}


def test_another_period_keeps_the_filters_and_drops_the_days(reader):
    query = {"from": "2026-03-01", "to": "2026-03-05", "user": "max", "by": "user"}
    shown = reader.ask(reports.show_report, "email-analytics", query=query)
    assert "1 – 5 Mar 2026" in text_of(shown)
    assert query_of(links(shown, "Last month")[0]) == {"period": ["last_month"], "user": ["max"], "by": ["user"]}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "2026-03-05", "to": "2026-03-01"}, "Last day: is before the first day"),
        ({"from": "2027-01-01"}, "First day: is in the future"),
        ({"from": "2024-01-01"}, "First day: at most 400 days"),
        ({"from": "yesterday"}, "First day: must be a day like 2026-11-01"),
        ({"period": "tomorrow"}, "Period: must be one of"),
        ({"by": "colour"}, "Break-up: must be one of"),
        ({"source": "pigeon"}, "Source: must be one of"),
        ({"user": ["u" * 300]}, "User: holds at most 256 characters"),
    ],
)
def test_what_is_wrong_in_the_address_is_named_and_stays_in_the_form(reader, query, said):
    shown = reader.ask(reports.show_report, "email-analytics", query=query)
    assert shown.status == 422
    assert said in text_of(shown)
    if "from" in query:
        assert f'name="from" type="date" value="{query["from"]}"' in shown.body


@pytest.mark.parametrize("name", REPORTS)
def test_the_files_have_the_same_query_as_the_api_takes_it(reader, name):
    shown = reader.ask(reports.show_report, name, query={"period": "last_7_days", "template": "(none)"})
    for words in ("CSV", "XLSX"):
        (href,) = links(shown, words)
        assert urlsplit(href).path == f"/reports/{name}/file"
        assert query_of(href) == {"period": ["last_7_days"], "template": [""], "format": [words.lower()]}


def test_names_that_somebody_chose_are_shown_and_not_run(desk, reader):
    evil = "<script>alert(1)</script>"
    shown = reader.ask(reports.show_report, "email-analytics", query={"module": evil, "user": [evil], "by": "template"})
    assert evil not in shown.body
    assert "&lt;script&gt;" in shown.body


def test_under_a_stage_every_link_has_its_prefix():
    desk = Desk("https://api.example.com/prod")
    for name in REPORTS:
        shown = desk.reader().ask(reports.show_report, name, query={"user": "max"})
        hrefs = re.findall(r'(?:href|action|src)="(/[^"]*)"', shown.body)
        assert [href for href in hrefs if not href.startswith("/prod/")] == []
