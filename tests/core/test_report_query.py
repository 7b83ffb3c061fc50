"""What is asked of a report, and what is wrong with it."""

from datetime import date

import pytest

from chalicelib.core import report_query
from chalicelib.core.bad_input import BadInput
from chalicelib.core.report_query import ANALYTICS, BREAK_UPS, CALLS, REPORTS, STATUS, TOP_USERS, parse

TODAY = date(2026, 11, 22)


def wrong_fields(report: str, query: dict[str, list[str]]) -> list[str]:
    with pytest.raises(BadInput) as error:
        parse(report, query, today=TODAY)
    return [one["pointer"] for one in error.value.errors]


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_can_be_asked_for_without_anything(report):
    asked = parse(report, {}, today=TODAY)
    assert (asked.period.name, asked.users, asked.group) == ("last_30_days", (), None)


def test_all_that_can_be_asked_is_read():
    query = {
        "from": ["2026-11-01"],
        "to": ["2026-11-10"],
        "user": ["ina", "bob", "ina", ""],
        "group": ["Nord"],
        "template": ["welcome"],
        "module": [""],
        "source": ["individual"],
        "compare": ["previous"],
        "by": ["date"],
        "interval": ["week"],
    }
    asked = parse(ANALYTICS, query, today=TODAY)
    assert asked.period == (date(2026, 11, 1), date(2026, 11, 10), None)
    assert (asked.users, asked.group, asked.template, asked.module) == (("ina", "bob", ""), "Nord", "welcome", "")
    assert (asked.by, asked.interval, asked.compare, asked.dimension) == ("date", "week", True, None)
    assert parse(ANALYTICS, {"by": ["user"], "limit": ["5"]}, today=TODAY).limit == 5


@pytest.mark.parametrize(("report", "by"), [(report, by) for report, each in BREAK_UPS.items() for by in each])
def test_every_break_up_can_be_asked_for(report, by):
    assert parse(report, {"by": [by]}, today=TODAY).by == by


def test_calls_are_by_user_unless_something_else_is_asked():
    assert parse(CALLS, {}, today=TODAY).dimension == "user"


@pytest.mark.parametrize(
    ("report", "query", "fields"),
    [
        (ANALYTICS, {"by": ["weather"]}, ["/by"]),
        (ANALYTICS, {"by": ["user_and_date"]}, ["/by"]),
        (ANALYTICS, {"interval": ["week"]}, ["/interval"]),
        (ANALYTICS, {"interval": ["hour"], "by": ["date"]}, ["/interval"]),
        (ANALYTICS, {"interval": ["day"], "by": ["user"]}, ["/interval"]),
        (ANALYTICS, {"source": ["pigeon"]}, ["/source"]),
        (ANALYTICS, {"limit": ["0"], "by": ["user"]}, ["/limit"]),
        (ANALYTICS, {"limit": ["1001"], "by": ["user"]}, ["/limit"]),
        (ANALYTICS, {"limit": ["١"], "by": ["user"]}, ["/limit"]),
        (ANALYTICS, {"limit": ["3"]}, ["/limit"]),
        (ANALYTICS, {"limit": ["3"], "by": ["date"]}, ["/limit"]),
        (CALLS, {"limit": ["3"], "by": ["date"]}, ["/limit"]),
        (ANALYTICS, {"compare": ["next"]}, ["/compare"]),
        (ANALYTICS, {"minimum": ["3"]}, ["/minimum"]),
        (ANALYTICS, {"colour": ["red"]}, ["/colour"]),
        (ANALYTICS, {"by": ["date", "user"]}, ["/by"]),
        (ANALYTICS, {"template": ["x" * 257]}, ["/template"]),
        (ANALYTICS, {"user": ["a", "x" * 257]}, ["/user"]),
        (ANALYTICS, {"user": [str(one) for one in range(101)]}, ["/user"]),
        (ANALYTICS, {"period": ["last_week"], "to": ["2026-11-01"]}, ["/period"]),
        (ANALYTICS, {"to": ["2026-11-23"], "from": ["2026-11-24"], "by": ["x"]}, ["/by", "/from", "/to"]),
        (TOP_USERS, {"order": ["bounced"]}, ["/order"]),
        (TOP_USERS, {"minimum": ["-1"]}, ["/minimum"]),
        (TOP_USERS, {"by": ["user"]}, ["/by"]),
        (STATUS, {"by": ["date"]}, ["/by"]),
        (STATUS, {"status": ["nope"]}, ["/status"]),
        (STATUS, {"status": ["received"]}, ["/status"]),
        (STATUS, {"status": ["opened"], "source": ["imap"]}, ["/status"]),
        (STATUS, {"status": ["opened"], "source": ["pigeon"], "compare": ["me"]}, ["/compare", "/source"]),
    ],
)
def test_each_wrong_parameter_is_named(report, query, fields):
    assert wrong_fields(report, query) == fields


def test_a_status_is_one_that_a_mail_of_the_source_can_have_and_that_was_sent():
    for source in ("individual", "imap"):
        parse(STATUS, {"status": ["bounced"], "source": [source]}, today=TODAY)
    with pytest.raises(BadInput, match="must be one of: sent, bounced"):
        parse(STATUS, {"status": ["received"], "source": ["imap"]}, today=TODAY)


def test_the_list_s_own_parameters_are_known_where_there_is_a_list():
    parse(STATUS, {"status": ["opened"], "limit": ["100"], "after": ["x"]}, today=TODAY)
    assert report_query.known(STATUS) >= {"status", "limit", "after", "before"}
