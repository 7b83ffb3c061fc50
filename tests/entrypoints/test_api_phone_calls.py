"""The API of telephone calls, on tables in process: told once, counted once, taken back."""

from datetime import UTC, datetime, timedelta
from itertools import product
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from chalicelib.core import instant
from chalicelib.core.cell import Place
from chalicelib.core.phone_call import COUNTED_AS, DIRECTIONS, OUTCOMES
from chalicelib.core.report_query import CALLS as REPORT
from chalicelib.entrypoints import report
from chalicelib.flow import report as building
from chalicelib.storage.cells import CellTable
from tests.entrypoints.every_route import forget_parts
from tests.entrypoints.permitting import Office
from tests.moto_stack import REGION
from tests.noon import NOON

PATH = "/v1/calls"
AT = NOON.replace(hour=0, minute=30) - timedelta(days=1)
"""Half past midnight, UTC, of yesterday."""
RECORD = {"module": "leads", "record_id": "4711"}
CALL = {
    "user": "ina",
    "record": RECORD,
    "direction": "outbound",
    "started_at": instant.show(AT),
    "seconds": 90,
    "outcome": "answered",
}


@pytest.fixture
def office(stack):
    forget_parts()
    report._parts.cache_clear()
    yield Office(stack)
    forget_parts()
    report._parts.cache_clear()


def tell(office: Office, **changes):
    status, answer = office.ask("POST", PATH, CALL | changes)
    assert status == 201, answer
    return answer


def cells(day: datetime = AT):
    return CellTable("reports", REGION).of_day("acme", day.date().isoformat())


def ids(page) -> list[str]:
    return [one["id"] for one in page["data"]]


def test_a_call_is_kept_shown_and_counted_on_its_day_for_its_user_and_module(office: Office):
    told = tell(office, call_id="crm-1")
    assert told == {**CALL, "object": "call", "id": told["id"], "call_id": "crm-1", "day": AT.date().isoformat()}
    assert office.done("GET", f"{PATH}/{told['id']}") == told
    tell(office, direction="inbound", outcome="missed", seconds=0)
    tell(office, direction="inbound", seconds=10)
    place = Place("acme", AT.date().isoformat(), module="leads", user="ina")
    counts = {"calls_outbound": 1, "calls_inbound": 2, "calls_missed": 1, "call_seconds": 100}
    assert cells() == {place: counts}


def test_told_again_it_is_the_same_call_and_counts_once(office: Office):
    first = tell(office, call_id="crm-1")
    assert tell(office, call_id="crm-1") == first
    status, by_key, _ = office.call("POST", PATH, CALL, Idempotency_Key="k")
    assert (status, office.call("POST", PATH, CALL, Idempotency_Key="k")[1]) == (201, by_key)
    assert tell(office)["id"] != tell(office)["id"]
    assert sum(one["calls_outbound"] for one in cells().values()) == 4


def test_another_call_under_the_same_name_is_a_conflict_that_says_what_to_do(office: Office):
    first = tell(office, call_id="crm-1")
    status, problem = office.ask("POST", PATH, CALL | {"call_id": "crm-1", "seconds": 91})
    assert (status, problem["code"]) == (409, "call_id_reused")
    assert "delete that one first" in problem["detail"]
    office.call("POST", PATH, CALL, Idempotency_Key="k")
    status, problem, _ = office.call("POST", PATH, CALL | {"user": "kim"}, Idempotency_Key="k")
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    office.done("DELETE", f"{PATH}/{first['id']}")
    assert tell(office, call_id="crm-1", seconds=91)["id"] == first["id"]
    assert sum(one["call_seconds"] for one in cells().values()) == 181


def test_a_call_that_is_taken_back_leaves_nothing_in_the_figures(office: Office):
    told = tell(office)
    answer = office.done("DELETE", f"{PATH}/{told['id']}")
    assert answer == {"object": "call", "id": told["id"], "deleted": True}
    assert cells() == {}
    assert [office.ask(method, f"{PATH}/{told['id']}")[0] for method in ("GET", "DELETE")] == [404, 404]
    assert office.done("GET", PATH)["data"] == []


def test_what_is_another_account_s_is_not_there(office: Office):
    told = tell(office, call_id="crm-1")
    office.key = office.new_key("globex", ("send", "read"))
    assert [office.ask(method, f"{PATH}/{told['id']}")[0] for method in ("GET", "DELETE")] == [404, 404]
    assert tell(office, call_id="crm-1")["id"] != told["id"]
    assert office.ask("GET", f"{PATH}/none")[0] == 404


def test_the_day_is_that_of_the_account_s_time_zone(office: Office):
    office.done("PUT", "/v1/account", {"time_zone": "America/New_York"})
    assert tell(office)["day"] == (AT - timedelta(days=1)).date().isoformat()
    assert not cells()
    assert cells(AT - timedelta(days=1))


def test_the_list_is_newest_first_in_pages_and_narrowed(office: Office):
    told = [tell(office, started_at=instant.show(AT + timedelta(minutes=number)))["id"] for number in range(5)]
    other = tell(office, user="kim", direction="inbound", outcome="busy", started_at=instant.show(AT - timedelta(7)))
    first = office.done("GET", PATH, limit=2)
    assert (ids(first), first["has_more"]) == ([told[4], told[3]], True)
    second = office.done("GET", PATH, limit=4, after=first["after"])
    assert (ids(second), second["has_more"]) == ([told[2], told[1], told[0], other["id"]], False)
    assert ids(office.done("GET", PATH, limit=2, before=second["before"])) == [told[4], told[3]]
    assert ids(office.done("GET", PATH, user="kim")) == [other["id"]]
    assert ids(office.done("GET", PATH, direction="inbound", outcome="busy")) == [other["id"]]
    assert ids(office.done("GET", PATH, outcome="voicemail")) == []
    day = AT.date().isoformat()
    assert ids(office.done("GET", PATH, **{"from": day, "to": day})) == told[::-1]
    assert ids(office.done("GET", PATH, to=(AT - timedelta(days=1)).date().isoformat())) == [other["id"]]
    assert ids(office.done("GET", PATH, **{"from": "0001-01-01", "to": "9999-12-31"})) == [*told[::-1], other["id"]]


def count(office: Office, query: str) -> int:
    """How many calls are listed on all pages together."""
    number, after = 0, ""
    while True:
        page = office.done("GET", f"{PATH}?limit=2&{query}{after}")
        number += len(page["data"])
        if not page["has_more"]:
            return number
        after = f"&after={page['after']}"


def test_a_list_is_of_any_of_the_users_of_a_group_or_of_who_is_both(office: Office):
    told = {user: tell(office, user=user)["id"] for user in ("ina", "kim", "raj")}
    for user, groups in (("ina", ["Nord"]), ("kim", ["Nord", "Süd"])):
        office.done("PUT", f"/v1/users/{user}", {"name": user, "groups": groups})

    def listed(query: str) -> set[str]:
        found = set(ids(office.done("GET", f"{PATH}?{query}")))
        return {user for user, call_id in told.items() if call_id in found}

    assert listed("user=ina&user=raj") == {"ina", "raj"}
    assert listed("group=Nord") == {"ina", "kim"}
    assert listed("group=Nord&user=kim&user=raj") == {"kim"}
    assert listed("group=Nord&user=raj") == set()
    office.key = office.new_key("globex", ("send", "read"))
    assert office.refused("GET", f"{PATH}?group=Nord") == ["/group"]


def test_a_period_is_of_the_days_where_the_account_is(office: Office):
    office.done("PUT", "/v1/account", {"time_zone": "Pacific/Kiritimati"})  # fourteen hours ahead
    zone = ZoneInfo("Pacific/Kiritimati")
    told = tell(office, started_at=instant.show(datetime.now(UTC)))
    old = tell(office, started_at=instant.show(datetime.now(UTC) - timedelta(days=8)))
    assert told["day"] == datetime.now(zone).date().isoformat()
    assert ids(office.done("GET", PATH, period="last_7_days")) == [told["id"]]
    assert ids(office.done("GET", PATH, period="last_30_days")) == [told["id"], old["id"]]


def test_every_figure_of_calls_opens_to_as_many_calls_as_it_says(office: Office):
    office.done("PUT", "/v1/users/ina", {"name": "Ina", "groups": ["Nord"]})
    office.done("PUT", "/v1/users/eve", {"name": "Eve"})
    kinds = list(product(DIRECTIONS, OUTCOMES, ("ina", "kim"), (RECORD, {"module": "deals", "record_id": "1"}, None)))
    for number, (direction, outcome, user, record) in enumerate(kinds):
        at = instant.show(AT - timedelta(days=number % 5))
        told = {"user": user, "direction": direction, "outcome": outcome, "started_at": at, "seconds": 0}
        assert office.ask("POST", PATH, {**told, "record": record} if record else told)[0] == 201
    day = (AT - timedelta(days=3)).date().isoformat()
    building.build_all(report._parts().building, holder="test", lasts=timedelta(minutes=1))
    for narrowed in ("", "&user=ina", "&user=ina&user=kim&module=leads", "&group=Nord", "&module=", "&user=eve"):
        query = f"from={day}&to={AT.date()}{narrowed}"
        figures = office.done("GET", f"/v1/reports/{REPORT}?{query}")["summary"]
        opened = {column: count(office, f"{query}&counted_as={column}") for column in COUNTED_AS}
        assert opened == {column: figures[column] for column in COUNTED_AS}, narrowed
        assert bool(opened["calls_missed"]) is (narrowed != "&user=eve")


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"direction": "sideways", "outcome": "lost"}, ["/direction", "/outcome"]),
        ({"seconds": -1}, ["/seconds"]),
        ({"seconds": 86_401}, ["/seconds"]),
        ({"seconds": True}, ["/seconds"]),
        ({"started_at": instant.show(NOON + timedelta(days=1))}, ["/started_at"]),
        ({"started_at": instant.show(AT - timedelta(days=401))}, ["/started_at"]),
        ({"user": "   "}, ["/user"]),
        ({"record": {"module": "le ads", "record_id": "1"}}, ["/record/module"]),
        ({"phone": "+49"}, ["/phone"]),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_nothing_is_counted(office: Office, changes, pointers):
    assert office.refused("POST", PATH, CALL | changes) == pointers
    assert not cells()
    assert office.done("GET", PATH)["data"] == []


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({"direction": "x"}, ["/direction"]),
        ({"from": "2026-02-30"}, ["/from"]),
        ({"from": "2026-02-02", "to": "2026-02-01"}, ["/to"]),
        ({"user": ""}, ["/user"]),
        ({"user": "n" * 201, "module": "n" * 257}, ["/module", "/user"]),
        ([("user", "u" * number) for number in range(1, 102)], ["/user"]),
        ({"group": "nobody"}, ["/group"]),
        ({"group": ""}, ["/group"]),
        ([("module", "leads"), ("module", "deals")], ["/module"]),
        ({"template": "welcome"}, ["/template"]),
        ({"period": "last_eon"}, ["/period"]),
        ({"period": "today", "from": "2026-02-02"}, ["/period"]),
        ({"counted_as": "call_seconds"}, ["/counted_as"]),
        ({"counted_as": "calls_inbound", "direction": "outbound"}, ["/counted_as"]),
        ({"counted_as": "calls_missed", "outcome": "answered"}, ["/counted_as"]),
        ({"counted_as": "calls_missed", "direction": "sideways", "outcome": "lost"}, ["/direction", "/outcome"]),
        ({"colour": "red"}, ["/colour"]),
        ({"after": "zzz"}, ["/after"]),
    ],
)
def test_what_no_list_can_be_narrowed_to_is_refused(office: Office, query, pointers):
    assert office.refused("GET", f"{PATH}?{urlencode(query)}") == pointers
