"""The API of reports: figures of the account's own days, each wrong parameter named, and files."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.behind import SETTLED
from chalicelib.core.cell import Place
from chalicelib.core.report_query import REPORTS
from chalicelib.core.user import User
from chalicelib.entrypoints import api_reports, report
from chalicelib.flow import report as building
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.users import Users
from tests.entrypoints.permitting import Office
from tests.moto_stack import REGION

LATER = SETTLED + timedelta(seconds=1)


@pytest.fixture
def reports(office: Office):
    api_reports._parts.cache_clear()
    report._parts.cache_clear()
    yield office
    api_reports._parts.cache_clear()
    report._parts.cache_clear()


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def count(account: str = "acme", day: str | None = None, place: dict[str, str] | None = None, **figures: int) -> None:
    dimensions = {"user": "ina", "module": "leads", "source": "individual", **(place or {})}
    CellTable("reports", REGION).add({Place(account, day or today(), **dimensions): figures})


def build(after: timedelta = timedelta(0)) -> building.Built:
    parts = report._parts().building._replace(clock=lambda: datetime.now(UTC) + after)
    return building.build_all(parts, holder="test", lasts=timedelta(minutes=1))


def test_a_report_says_what_was_built_and_until_when_it_is_complete(reports: Office):
    count(sent=3, opened=1, tracked=2)
    assert reports.done("GET", "/v1/reports/email-analytics")["summary"]["sent"] == 0
    build()
    early = reports.done("GET", "/v1/reports/email-analytics?by=user")
    assert (early["summary"]["sent"], early["summary"]["rates"]["open_rate_of_tracked"]) == (3, 0.5)
    assert [(row["key"], row["sent"]) for row in early["rows"]] == [("ina", 3)]
    build(LATER)
    assert Behind("reports", REGION).all() == []
    assert reports.done("GET", "/v1/reports/email-analytics")["as_of"] > early["as_of"]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_answers_and_is_the_account_s_own(reports: Office, name):
    count(sent=3, tracked=3, opened=2, place={"template": "welcome"})
    count("berg", sent=99)
    build()
    found = reports.done("GET", f"/v1/reports/{name}")
    assert (found["object"], found["report"], found["summary"]["sent"]) == ("report", name, 3)


def test_a_report_of_a_group_is_that_of_its_users_and_names_them(reports: Office):
    users = Users("account", REGION)
    users.put("acme", User("ina", "Ina Berg", None, ("Nord", "Süd")))
    users.put("acme", User("bob", "Bob", None, ("Süd",)))
    for user, sent in (("ina", 1), ("bob", 10), ("eve", 100)):
        count(place={"user": user, "template": "welcome"}, sent=sent)
    build()

    def rows(query: str) -> list[tuple[str, str | None, int]]:
        found = reports.done("GET", f"/v1/reports/email-analytics?{query}")
        assert sum(row["sent"] for row in found["rows"]) == found["summary"]["sent"]
        return [(row["key"], row["name"], row["sent"]) for row in found["rows"]]

    assert rows("by=user&group=S%C3%BCd") == [("bob", "Bob", 10), ("ina", "Ina Berg", 1)]
    assert rows("by=user&group=Nord") == [("ina", "Ina Berg", 1)]
    assert rows("by=template&group=S%C3%BCd") == [("welcome", None, 11)]
    assert rows("by=template&user=eve&user=bob") == [("welcome", None, 110)]
    assert rows("by=user&template=welcome&source=individual&group=Nord&user=bob") == []
    assert reports.refused("GET", "/v1/reports/email-analytics?group=West") == ["/group"]


def test_the_days_are_those_of_the_account(reports: Office):
    reports.done("PUT", "/v1/account", {"time_zone": "Pacific/Kiritimati"})  # fourteen hours ahead
    there = (datetime.now(UTC) + timedelta(hours=14)).date().isoformat()
    found = reports.done("GET", "/v1/reports/email-analytics?period=today")
    assert (found["time_zone"], found["from"], found["to"]) == ("Pacific/Kiritimati", there, there)
    assert Behind("reports", REGION).rezonings()[0].account == "acme"


def test_settings_that_stay_as_they_are_move_no_mail(reports: Office):
    reports.done("PUT", "/v1/account", {"time_zone": "UTC", "tracking": False})
    assert Behind("reports", REGION).rezonings() == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-02-02&to=2026-02-01", "/to"),
        ("from=2024-01-01&to=2026-01-01", "/from"),
        ("from=2999-01-01", "/from"),
        ("from=2026-02-30", "/from"),
        ("period=for_ever", "/period"),
        ("by=colour", "/by"),
        ("by=user&by=date", "/by"),
        ("source=pigeon", "/source"),
        ("group=nobody", "/group"),
        ("user=berg-s-own", "/user"),
        ("by=template&user=nobody&user=", "/user"),
        ("by=user&limit=1e3", "/limit"),
        ("by=date&limit=3", "/limit"),
        ("compare=me", "/compare"),
        ("format=pdf", "/format"),
        ("cursor=x", "/cursor"),
    ],
)
def test_bad_input_names_its_field(reports: Office, query, field):
    assert reports.refused("GET", f"/v1/reports/email-analytics?{query}") == [field]


@pytest.mark.parametrize("query", ["after=garbage", "before=eyJ4Ijoi", "limit=101", "status=read"])
def test_a_malformed_place_in_the_list_of_mails_is_named(reports: Office, query):
    assert reports.refused("GET", f"/v1/reports/sent-email-status?{query}") == [f"/{query.split('=')[0]}"]


def test_there_is_no_other_report(reports: Office):
    status, problem, _ = reports.call("GET", "/v1/reports/weather")
    assert (status, problem["code"]) == (404, "not_found")
    assert all(name in problem["detail"] for name in REPORTS)


def test_a_user_is_known_by_a_mail_or_by_being_told_of_and_nobody_else_is(reports: Office):
    Users("account", REGION).put("acme", User("told", "Told Of", None, ()))
    Users("account", REGION).put("berg", User("berg-s", "Of another", None, ()))
    count(day=(datetime.now(UTC) - timedelta(days=90)).date().isoformat(), sent=1)
    build()
    for user in ("told", "ina", ""):
        assert reports.done("GET", f"/v1/reports/email-analytics?period=today&user={user}")["summary"]["sent"] == 0
    assert reports.refused("GET", "/v1/reports/top-users?user=berg-s&user=ina") == ["/user"]


def test_what_was_never_sent_from_here_has_a_status_nobody_asks_for(reports: Office):
    for source in ("imap", "plugin"):
        found = reports.done("GET", f"/v1/reports/sent-email-status?source={source}")
        assert (found["summary"]["sent"], found["emails"]["data"]) == (0, [])


@pytest.mark.parametrize("query", ["source=imap&status=nope", "source=imap&status=opened", "status=received"])
def test_a_status_that_no_mail_of_the_list_can_have_is_refused_as_lists_do(reports: Office, query):
    assert reports.refused("GET", f"/v1/reports/sent-email-status?{query}") == ["/status"]
