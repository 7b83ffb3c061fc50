"""Whatever happens to mails, in whatever order it becomes known, and whenever tables are built: each report says what a
naive count of all events says, and every break-up comes to its summary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from statistics import NormalDist
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.replay_store import Store
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.behind import SETTLED
from chalicelib.core.cell import CALLS, COLUMNS, HOURS, WEEKDAYS, Cells, Place
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
        self.count(cells_of(call))

    def count(self, cells: Cells) -> None:
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


RANKED = (
    ("top-templates-by-open-rate", {"minimum": "1"}, "opened"),
    ("top-templates-by-click-rate", {"minimum": "2"}, "clicked"),
    ("top-users", {}, "sent"),
    ("top-users", {"order": "clicked"}, "clicked"),
    ("top-users", {"order": "open_rate", "minimum": "1"}, "opened"),
)
"""Reports of the first ones, their parameters, and what is ranked: by its rate of tracked mails where there is a
minimum of these, for which the usual one is too high here."""


def by_value(
    facts: Iterable[Fact], first: str, last: str, dimension: str, left: Mapping[str, frozenset[str]]
) -> dict[str, Figures]:
    """What mails count for by each value of a dimension, of those that have one."""
    facts = list(facts)
    values = {getattr(fact, dimension) for fact in facts} & left.get(
        dimension, {getattr(one, dimension) for one in facts}
    )
    found = {
        value: without_calls(wanted_of(facts, first, last, **{**left, dimension: frozenset({value})}))
        for value in values - {""}
    }
    return {value: row for value, row in found.items() if row}


def rank_of(row: Figures, column: str, is_by_rate: bool) -> tuple[float, int]:
    """What is sorted by: less comes first. Of a rate that is the lesser of the two shares from which what was found is
    as far away as 95 of 100 samples are at most, by the definition of Wilson's interval."""
    part, whole = row.get(column, 0), row.get("tracked", 0)
    if not is_by_rate:
        return -part, 0
    lowest, highest = 0.0, min(part / whole, 1.0)
    for _ in range(60):
        middle = (lowest + highest) / 2
        is_near = (part / whole - middle) ** 2 <= DEVIATIONS**2 * middle * (1 - middle) / whole
        lowest, highest = (lowest, middle) if is_near else (middle, highest)
    return -round(highest, 9), -whole


DEVIATIONS = NormalDist().inv_cdf(0.975)


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

    assert figures(world.report("sent-email-status", **span, **query)["summary"]) == without_calls(whole)
    for name, asked, column in RANKED:
        report = world.report(name, **span, **query, **asked)
        assert figures(report["summary"]) == without_calls(whole)
        dimension, minimum = "user" if name == "top-users" else "template", int(asked.get("minimum", 0))
        rows = by_value(facts, first, last, dimension, left)
        enough = {value: row for value, row in rows.items() if row.get("tracked", 0) >= minimum}
        best = sorted(enough, key=lambda value: (*rank_of(enough[value], column, bool(minimum)), value))
        assert [(row["key"], figures(row)) for row in report["rows"]] == [(value, enough[value]) for value in best]
        assert [row["rank"] for row in report["rows"]] == [*range(1, len(best) + 1)]
        assert report["left_out"] == len(rows) - len(enough)


COUNTS = st.lists(st.integers(0, 30), min_size=3, max_size=3).map(sorted)


@settings(max_examples=150)
@given(
    st.lists(COUNTS, min_size=2, max_size=14),
    st.sampled_from(RANKED),
    st.integers(1, 12),
)
def test_the_first_ones_are_in_the_order_of_a_naive_wilson_sort(drawn, ranked, minimum):
    """With more mails than lives can be drawn of, so that a high rate of few stands beside a lower one of many."""
    name, asked, column = ranked
    dimension = "user" if name == "top-users" else "template"
    rows = {f"{dimension}-{number:02}": counts_of(counts) for number, counts in enumerate(drawn)}
    world = World(AccountPolicy(), [])
    world.count({Place(ACCOUNT, str(LAST), **{dimension: value}): row for value, row in rows.items()})
    world.settle()
    if "minimum" in asked:
        asked = {**asked, "minimum": str(minimum)}
    report = world.report(name, **asked, period="last_7_days")
    kept = {value: row for value, row in rows.items() if row["sent"]}
    enough = [value for value, row in kept.items() if "minimum" not in asked or row["tracked"] >= minimum]
    best = sorted(enough, key=lambda value: (*rank_of(kept[value], column, "minimum" in asked), value))
    assert [row["key"] for row in report["rows"]] == best[:10]
    assert report["left_out"] == len(kept) - len(enough)


def counts_of(counts: Sequence[int]) -> dict[str, int]:
    """Of mails that were all tracked and delivered some were opened, and of these some clicked."""
    clicked, opened, sent = counts
    return {"sent": sent, "tracked": sent, "delivered": sent, "opened": opened, "clicked": clicked}


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
