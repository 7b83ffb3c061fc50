"""Whatever happens to mails, in whatever order it becomes known, and whenever tables are built: each report says what a
naive count of all events says, and every break-up comes to its summary."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.replay_store import Store
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.behind import SETTLED
from chalicelib.core.cell import CALLS, COLUMNS, HOURS, WEEKDAYS
from chalicelib.core.erased import erased
from chalicelib.core.event import Event
from chalicelib.core.phone_call import PhoneCall, cells_of
from chalicelib.core.user import User
from chalicelib.flow import fold as folding
from chalicelib.flow import report as building
from chalicelib.flow.read_report import Parts, read_report
from tests.flow.report_history import (
    ACCOUNT,
    FIRST,
    GROUPS,
    LAST,
    MODULES,
    NOW,
    TEMPLATES,
    USERS,
    ZONES,
    Fact,
    Life,
    calls,
    counted,
    fact_of,
    fact_of_call,
    lives,
)

DIMENSIONS = ("template", "module", "user", "source")
MINUTE = timedelta(minutes=1)
RULES_OFF = frozenset({"scanner", "burst", "head"})
Figures = Mapping[str, int]


class World:
    """An account whose mails are folded and whose tables are built; a minute goes by with each step."""

    def __init__(self, policy: AccountPolicy, mails: Iterable[Life]) -> None:
        self.policy, self.lives = policy, list(mails)
        self.store = Store({ACCOUNT: policy})
        self.tables = self.store.reports
        self.tables.now = NOW - timedelta(days=1)
        for life in self.lives:
            self.store.add(life.message)
        self.folding = folding.Parts(
            self.store, self.store, lambda _: self.policy, lambda *_: (), lambda *_: frozenset(), self.store
        )

    def learn(self, life: Life, event: Event) -> None:
        """An event becomes known, perhaps not for the first time."""
        if not life.is_erased:
            life.events.append(event)
        self.store.put(event)
        now = life.message.accepted_at + timedelta(days=50)
        assert not folding.fold_all({life.message.message_id: [event.key]}, self.folding, now=now)

    def erase(self, life: Life) -> None:
        """Its person is erased."""
        if not life.is_erased:
            life.frozen, life.is_erased = fact_of(life, self.policy), True
            message, fold = self.store.messages[life.message.message_id]
            message = replace(erased(message, NOW), version=message.version + 1)
            self.store.messages[message.message_id] = message, fold._replace(state=message.state)

    def judge_anew(self, rules_off: frozenset[str]) -> None:
        """The account switches rules off, and everything is judged by the others."""
        self.policy = replace(self.policy, verdict_rules_off=rules_off)
        for each in self.lives:
            now = each.message.accepted_at + timedelta(days=50)
            folding.reclassify(each.message.message_id, self.folding, now=now)

    def call(self, call: PhoneCall) -> None:
        cells = cells_of(call)
        self.tables.mark((place.account, place.day) for place in cells)
        self.store.add_cells(cells)

    def build(self) -> building.Built:
        tables = self.tables
        failures: list[Exception] = []
        parts = building.Parts(
            tables, self.store, tables, tables, lambda: tables.now, lambda *told: failures.append(told[2])
        )
        built = building.build_all(parts, holder="x", lasts=MINUTE)
        assert not failures
        return built

    def settle(self) -> None:
        """Nothing happens any more; the function runs on."""
        self.build()
        self.tables.now += SETTLED
        self.build()
        assert not self.tables.marks

    def facts(self) -> list[Fact]:
        return [fact for life in self.lives if (fact := fact_of(life, self.policy))]

    def report(self, name: str, **query: str | list[str] | None) -> dict[str, Any]:
        given = {key: [one] if isinstance(one, str) else one for key, one in query.items() if one is not None}
        users = [User(user, user.title(), None, groups) for user, groups in GROUPS.items()]
        parts = Parts(self.tables, self.tables, lambda _: users, lambda _: (), lambda _: self.policy)
        return read_report(ACCOUNT, name, {key: one for key, one in given.items() if one}, parts, now=NOW)


@st.composite
def worlds(draw: Any) -> tuple[World, list[Fact]]:
    """A world in which everything has happened and settled, and what a naive count says of it."""
    zone = draw(st.sampled_from(ZONES))
    drawn = [draw(lives(number)) for number in range(draw(st.integers(3, 8)))]
    world = World(AccountPolicy(time_zone=zone), [life for life, _ in drawn])
    news = [(life, event) for life, events in drawn for event in events]
    again = draw(st.lists(st.sampled_from(news), max_size=6))
    for life, event in draw(st.permutations([*news, *again])):
        world.learn(life, event)
        world.tables.now += MINUTE
        match draw(st.integers(0, 15)):
            case 0 | 1:
                world.build()
            case 2:
                world.erase(draw(st.sampled_from(world.lives)))
            case 3 | 4:
                world.judge_anew(draw(st.sampled_from([RULES_OFF, RULES_OFF, frozenset()])))
    made = [draw(calls(number, ZoneInfo(zone))) for number in range(draw(st.integers(0, 3)))]
    for call in made:
        world.call(call)
    world.settle()
    return world, [*world.facts(), *map(fact_of_call, made)]


def figures(shown: Mapping[str, Any]) -> Figures:
    """The numbers of a summary or a row that are not zero."""
    return {name: shown[name] for name in (*COLUMNS, *CALLS) if shown.get(name)}


def wanted_of(facts: Iterable[Fact], first: str, last: str, **wanted: Any) -> Figures:
    found = counted(facts, first, last, **wanted)
    return {name: found[name] for name in (*COLUMNS, *CALLS) if found.get(name)}


def added(rows: Iterable[Figures]) -> Figures:
    sums: dict[str, int] = {}
    for row in rows:
        for name, number in row.items():
            sums[name] = sums.get(name, 0) + number
    return sums


def without_calls(found: Figures) -> Figures:
    return {name: number for name, number in found.items() if name not in CALLS}


@st.composite
def filters(draw: Any) -> tuple[dict[str, Any], dict[str, frozenset[str]]]:
    """Parameters of a query, and the values of dimensions that they leave."""
    query: dict[str, Any] = {}
    left: dict[str, frozenset[str]] = {}
    for name, values in (("template", TEMPLATES), ("module", MODULES)):
        if draw(st.booleans()):
            query[name] = draw(st.sampled_from(values)) or ""
            left[name] = frozenset({query[name]})
    if draw(st.booleans()):
        query["source"] = draw(st.sampled_from(["individual", "mass_email", "imap"]))
        left["source"] = frozenset({query["source"]})
    if draw(st.booleans()):
        query["user"] = draw(st.lists(st.sampled_from([user or "" for user in USERS]), min_size=1, unique=True))
        left["user"] = frozenset(query["user"])
    if draw(st.booleans()):
        query["group"] = draw(st.sampled_from(["sales", "support"]))
        members = frozenset(user for user, groups in GROUPS.items() if query["group"] in groups)
        left["user"] = left.get("user", members) & members
    return query, left


@st.composite
def periods(draw: Any) -> tuple[date, date]:
    first = FIRST + timedelta(days=draw(st.integers(0, 30)))
    return first, draw(st.sampled_from([LAST, first, first + timedelta(days=37), date(2026, 10, 26)]))


@settings(max_examples=120)
@given(worlds(), filters(), periods(), st.sampled_from(["day", "week", "month"]), st.integers(1, 4))
def test_each_report_says_what_a_naive_count_says_and_comes_to_its_summary(
    world_and_facts, narrowed, period, interval, limit
):
    world, facts = world_and_facts
    query, left = narrowed
    span = {"from": period[0].isoformat(), "to": period[1].isoformat()}
    first, last = span["from"], span["to"]
    whole = wanted_of(facts, first, last, **left)

    by_date = world.report("email-analytics", **span, **query, by="date", interval=interval)
    assert figures(by_date["summary"]) == without_calls(whole)
    assert [figures(row) for row in by_date["rows"]] == [
        without_calls(wanted_of(facts, row["from"], row["to"], **left)) for row in by_date["rows"]
    ]
    ends = [first, *((date.fromisoformat(row["to"]) + timedelta(days=1)).isoformat() for row in by_date["rows"])]
    assert [row["from"] for row in by_date["rows"]] == ends[:-1]
    begins = {"day": "", "week": " 1", "month": "01"}[interval]
    assert all(
        f"{date.fromisoformat(one):%d %u}"[: 2 if interval == "month" else None].endswith(begins) for one in ends[1:-1]
    )
    assert ends[-1] == (period[1] + timedelta(days=1)).isoformat(), "every day is in one row"
    hours = counted(facts, first, last, **left)
    assert by_date["hours"] == {day: [hours.get(hour, 0) for hour in HOURS if hour.startswith(day)] for day in WEEKDAYS}

    for by in DIMENSIONS:
        report = world.report("email-analytics", **span, **query, by=by, limit=str(limit))
        assert figures(report["summary"]) == without_calls(whole)
        assert len(report["rows"]) <= limit
        for row in report["rows"]:
            own = left | {by: frozenset({row["key"]}) & left.get(by, frozenset({row["key"]}))}
            assert figures(row) == without_calls(wanted_of(facts, first, last, **own))
        others = [figures(report["others"])] if report["others"] else []
        assert added([*map(figures, report["rows"]), *others]) == without_calls(whole)

    for by in ("user", "date", "user_and_date"):
        report = world.report("email-and-call-analytics", **span, **query, by=by)
        assert figures(report["summary"]) == whole
        assert added(map(figures, report["rows"])) == whole

    for name in ("sent-email-status", "top-users", "top-templates-by-open-rate", "top-templates-by-click-rate"):
        report = world.report(name, **span, **query)
        assert figures(report["summary"]) == without_calls(whole)
        for row in report["rows"]:
            dimension = "user" if name == "top-users" else "template"
            own = left | {dimension: frozenset({row["key"]})}
            assert figures(row) == without_calls(wanted_of(facts, first, last, **own))


@settings(max_examples=30)
@given(worlds(), st.integers(1, 120))
def test_the_period_before_is_as_long_and_right_before(world_and_facts, days):
    world, facts = world_and_facts
    first = LAST - timedelta(days=days - 1)
    report = world.report("email-analytics", **{"from": str(first), "to": str(LAST)}, by="date", compare="previous")
    before = report["before"]
    begin, end = first - timedelta(days=days), first - timedelta(days=1)
    assert (before["from"], before["to"]) == (str(begin), str(end))
    assert figures(before["summary"]) == without_calls(wanted_of(facts, str(begin), str(end)))
    assert added(map(figures, before["rows"])) == figures(before["summary"])
    assert len(before["rows"]) == days


@settings(max_examples=30)
@given(worlds())
def test_tables_hold_what_cells_hold_and_no_report_is_behind(world_and_facts):
    world, _ = world_and_facts
    report = world.report("email-analytics", period="last_7_days")
    assert report["as_of"] == "2026-11-23T12:00:00.000Z"
    assert {day for _, day in world.tables.tables} == {place.day for place in world.store.cells}
