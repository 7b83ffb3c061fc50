"""Laws of verdicts: what holds for every set of hits."""

from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core.client import Client
from chalicelib.core.event import Event, Kind
from chalicelib.core.network import Network
from chalicelib.core.rules import REACH, RULES, Context, Strength
from chalicelib.core.verdict import Maker, Verdict, judge
from tests.core.labelled import DELIVERED_AT, MESSAGE_ID, Case, event_of, link, pixel, shown, sweep, verdict_on

OWN = "0" * 16
NAMES = [rule.name for rule in RULES]
INTERNAL = {rule.name for rule in RULES if rule.strength is Strength.INTERNAL}


@st.composite
def hits(draw: st.DrawFn, own: bool = True) -> Event:
    """A hit as the tracking host may store it, near others in time; sometimes of an older version."""
    sources = ["a" * 16, "b" * 16, "c" * 16, *([OWN] if own else [])]
    data = draw(
        st.fixed_dictionaries(
            {"method": st.sampled_from(["GET", "GET", "GET", "HEAD"])},
            optional={
                "client": st.sampled_from([*get_args(Client), "of a later version"]),
                "network": st.sampled_from([*get_args(Network), "of a later version"]),
                "prefetch": st.just(True),
                "from": st.sampled_from(sources),
            },
        )
    )
    kind = draw(st.sampled_from([Kind.OPENED, Kind.CLICKED]))
    if kind is Kind.CLICKED:
        data |= draw(
            st.one_of(
                st.fixed_dictionaries({"position": st.integers(0, 4)}), st.just({"page": "unsubscribe"}), st.just({})
            )
        )
    after = draw(st.one_of(st.integers(-5_000, 60_000), st.integers(0, 400_000)))
    return events.make(
        MESSAGE_ID, draw(st.text("abcdef", min_size=8, max_size=8)), kind,
        DELIVERED_AT + timedelta(milliseconds=after), **data,
    )  # fmt: skip


CONTEXTS = st.builds(
    Context,
    delivered_at=st.sampled_from([None, DELIVERED_AT]),
    links=st.sampled_from([None, 1, 3, 5]),
    off=st.frozensets(st.sampled_from(NAMES), max_size=3),
    own_sources=st.sampled_from([frozenset(), frozenset({OWN})]),
)
MANY = st.lists(hits(), max_size=25, unique_by=lambda event: event.key)


def machines(several: list[Event], context: Context) -> set[str]:
    return {key for key, verdict in judge(several, context).items() if verdict.maker is Maker.MACHINE}


@given(MANY, CONTEXTS, st.randoms())
def test_order_and_repetition_change_nothing(several: list[Event], context: Context, random) -> None:
    again = [*several, *several[:3]]
    random.shuffle(again)
    assert judge(again, context) == judge(several, context)
    assert judge(several, context).keys() == {event.key for event in several}


@given(MANY, hits(), CONTEXTS)
def test_another_hit_makes_no_machine_a_person(several: list[Event], another: Event, context: Context) -> None:
    assert machines(several, context) <= machines([*several, another], context)


@given(MANY, CONTEXTS, st.sampled_from([name for name in NAMES if name not in INTERNAL]))
def test_switching_a_rule_off_makes_no_machine(several: list[Event], context: Context, name: str) -> None:
    without = context._replace(off=context.off | {name})
    assert machines(several, without) <= machines(several, context)


@given(MANY, CONTEXTS)
def test_with_all_rules_off_everybody_is_a_person(several: list[Event], context: Context) -> None:
    verdicts = judge(several, context._replace(off=frozenset(NAMES)))
    assert {shown(verdict) for verdict in verdicts.values()} <= {"human"}


@given(MANY, CONTEXTS)
def test_what_is_out_of_reach_does_not_matter(several: list[Event], context: Context) -> None:
    verdicts = judge(several, context)
    for hit in several:
        near = [other for other in several if abs(other.occurred_at - hit.occurred_at) <= REACH]
        assert judge(near, context)[hit.key] == verdicts[hit.key]


@given(MANY, CONTEXTS)
def test_internal_hits_say_nothing_about_others(several: list[Event], context: Context) -> None:
    verdicts = judge(several, context)
    rest = [hit for hit in several if verdicts[hit.key].maker is not Maker.INTERNAL]
    assert judge(rest, context) == {hit.key: verdicts[hit.key] for hit in rest}


@given(MANY, CONTEXTS)
def test_a_verdict_has_the_reasons_that_it_needs(several: list[Event], context: Context) -> None:
    strength = {rule.name: rule.strength for rule in RULES}
    for verdict in judge(several, context).values():
        found = [strength[name] for name in verdict.reasons]
        weak = found.count(Strength.WEAK)
        assert list(verdict.reasons) == [name for name in NAMES if name in verdict.reasons]
        match verdict.maker:
            case Maker.MACHINE:
                assert Strength.STRONG in found or weak >= 2
                assert set(found) <= {Strength.STRONG, Strength.WEAK}
            case Maker.HUMAN:
                assert len(found) == weak <= 1
            case Maker.PROXY:
                assert found == [Strength.PROXY]
            case Maker.INTERNAL:
                assert set(found) == {Strength.INTERNAL}


@given(MANY, CONTEXTS, st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=9)))
def test_the_time_of_day_does_not_matter(several: list[Event], context: Context, later: timedelta) -> None:
    later = timedelta(seconds=later // timedelta(seconds=1))
    moved = [hit._replace(occurred_at=hit.occurred_at + later) for hit in several]
    delivered_at = context.delivered_at + later if context.delivered_at else None
    before, after = judge(several, context), judge(moved, context._replace(delivered_at=delivered_at))
    assert [before[hit.key] for hit in several] == [after[hit.key] for hit in moved]


@given(st.lists(hits(own=False), min_size=1, max_size=9, unique_by=lambda event: event.key))
def test_a_mail_to_oneself_counts_for_nobody(several: list[Event]) -> None:
    verdicts = judge(several, Context(is_self=True, links=3, delivered_at=DELIVERED_AT))
    assert {verdict.maker for verdict in verdicts.values()} == {Maker.INTERNAL}


def test_the_third_link_takes_the_first_two_back_and_the_picture() -> None:
    picture, first, second, third = map(event_of, (pixel(20), link(43), link(44, 1), link(45, 2)))
    context = Context(DELIVERED_AT, links=10)
    assert {verdict.maker for verdict in judge([picture, first, second], context).values()} == {Maker.HUMAN}
    assert {verdict.maker for verdict in judge([picture, first, second, third], context).values()} == {Maker.MACHINE}


def test_an_open_of_which_only_the_day_is_known_is_not_judged_by_its_time() -> None:
    midnight = DELIVERED_AT.replace(hour=0, minute=0, second=0, microsecond=0)
    day_only = events.make("0" * 32, events.LAST_OPEN, Kind.OPENED, midnight)
    assert judge([day_only], Context(DELIVERED_AT))[day_only.key] == Verdict(Maker.HUMAN)


def test_the_furthest_hit_that_matters_is_just_within_reach() -> None:
    picture, first, second, third = map(event_of, (pixel(0), link(120), link(122, 1), link(124, 2)))
    context = Context(DELIVERED_AT, links=10)
    assert judge([picture, first, second], context)[picture.key].maker is Maker.HUMAN
    assert judge([picture, first, second, third], context)[picture.key].maker is Maker.MACHINE
    assert third.occurred_at - picture.occurred_at == REACH


def test_hits_of_a_time_without_evidence_are_judged_by_what_there_is() -> None:
    def old(seconds: int, kind: Kind = Kind.CLICKED, **data: object) -> Event:
        return events.make(MESSAGE_ID, f"{kind}{seconds}", kind, DELIVERED_AT + timedelta(seconds=seconds), **data)

    several = [
        old(1, Kind.OPENED, method="GET"),
        old(2, Kind.OPENED, method="HEAD"),
        *(old(100 + n, method="GET", position=n) for n in range(3)),
        old(101, Kind.OPENED, method="GET"),
        old(500, method="GET", position=1),
    ]
    assert [shown(verdict) for verdict in judge(several, Context(DELIVERED_AT, links=9)).values()] == [
        "human: fast_open",
        "machine: head, fast_open",
        "machine: burst",
        "machine: burst",
        "machine: beside_burst",
        "machine: burst",
        "human",
    ]


@pytest.mark.parametrize(
    "odd", [{"position": "x"}, {"position": None}, {"client": 7}, {"from": ["a"]}, {"page": 3}, {}]
)
def test_data_of_any_shape_is_judged(odd: dict[str, object]) -> None:
    hit = events.make(MESSAGE_ID, "1", Kind.CLICKED, DELIVERED_AT + timedelta(hours=1), **odd)
    assert judge([hit], Context(DELIVERED_AT))[hit.key].maker is Maker.HUMAN


def test_no_hits_have_no_verdicts() -> None:
    assert judge([], Context()) == {}


class CountedTime(datetime):
    """Counts how often one time is compared with another."""

    compared = 0

    def __sub__(self, other):
        CountedTime.compared += 1
        return super().__sub__(other)


@pytest.mark.parametrize("seconds", [1, 60, 3_600])
def test_many_hits_are_each_compared_a_few_times_and_not_with_all_others(seconds: int) -> None:
    CountedTime.compared, number = 0, 400
    swept = [event_of(one) for one in sweep(43, number // 2, seconds)]
    opened = [event_of(pixel(43 + n * seconds / 200, ip=f"192.0.{n}.1")) for n in range(number // 2)]
    counted = [hit._replace(occurred_at=CountedTime.fromisoformat(str(hit.occurred_at))) for hit in swept + opened]
    context = Context(DELIVERED_AT, links=100)
    assert judge(counted, context) == judge(swept + opened, context)
    assert number < CountedTime.compared < 25 * number


def test_one_weak_sign_never_decides_and_two_do() -> None:
    once = [shown(verdict_on(Case("", hit, ""))) for hit in (link(4), pixel(1), link(-1), link(agent=None))]
    assert all(verdict.startswith("human: ") for verdict in once)
    assert shown(verdict_on(Case("", link(4, agent=None), ""))).startswith("machine: ")
