"""What many hits tell together, held against a comparison of all with all."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.trace import Trace, crowded, near, near_from_same_source, trace_of
from tests.core.labelled import event_of, link, pixel

SPAN = timedelta(seconds=10)
BEFORE, AFTER = timedelta(seconds=7), timedelta(seconds=3)


def some(number: int) -> st.SearchStrategy[list[Trace]]:
    """Traces in the order of time, close to each other."""
    made = st.builds(
        lambda after, position, ip: trace_of(event_of(link(after, position, ip=ip))),
        st.integers(0, 60).map(lambda half: half / 2),
        st.integers(0, 5),
        st.sampled_from(["192.0.2.1", "203.0.113.1", None]),
    )
    return st.lists(made, max_size=number, unique_by=lambda trace: trace.key).map(sorted)


def crowded_by_comparing(traces: Sequence[Trace], of: Callable[[Trace], object], least: int) -> set[str]:
    stretches = [[trace for trace in traces if start.at <= trace.at <= start.at + SPAN] for start in traces]
    full = [stretch for stretch in stretches if len({of(trace) for trace in stretch}) >= least]
    return {trace.key for stretch in full for trace in stretch}


@given(some(14), st.integers(1, 4))
def test_crowded_is_what_some_stretch_of_time_holds(traces: list[Trace], least: int) -> None:
    found = crowded(traces, lambda trace: trace.position, SPAN, least)
    assert found == crowded_by_comparing(traces, lambda trace: trace.position, least)


@given(some(10), some(10))
def test_near_is_what_has_another_within_the_span(traces: list[Trace], others: list[Trace]) -> None:
    pairs = [(one, other) for one in traces for other in others if -BEFORE <= one.at - other.at <= AFTER]
    assert near(traces, others, before=BEFORE, after=AFTER) == {one.key for one, _ in pairs}
    same = {one.key for one, other in pairs if one.source and one.source == other.source}
    assert near_from_same_source(traces, others, before=BEFORE, after=AFTER) == same


def test_links_are_told_apart_by_position_and_by_page() -> None:
    asked = [link(1, 0), link(2, 1), link(3, "unsubscribe"), link(4, "preferences")]
    traces = [trace_of(event_of(one)) for one in asked]
    assert all(one.link != other.link for one, other in combinations(traces, 2))
    assert trace_of(event_of(link(9, 1))).link == traces[1].link


def test_only_a_picture_is_fetched_on_somebodys_behalf() -> None:
    assert trace_of(event_of(pixel(agent="Mozilla/5.0"))).is_proxied
    assert not trace_of(event_of(link(agent="Mozilla/5.0"))).is_proxied
    assert not trace_of(event_of(pixel())).is_proxied
