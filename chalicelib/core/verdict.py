"""Who made a hit: a person, a privacy proxy or a machine; judged with all hits of the mail in sight.

What comes later takes back what was said before: the third link of a sweep makes machines of the first two, and of the
picture that was loaded with them. So a verdict is never stored with its hit; it is a pure, order-free function of all
hits, and part of the message's state.

A sweep of the links takes opens with it, because scanners load pictures too: of the observed ones by the median 33
seconds ahead (putyourlightson/craft-campaign#546). It takes an open in the minute before the sweep and at its very
moment, from wherever that comes, for a fleet has many addresses; few people happen to open a mail just then. From the
same network it takes two minutes before and after, but no more: a scanner may stand in its company's own network, where
the readers are too. It never takes an open that a proxy fetched, for no scanner asks through Gmail's.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core import rules
from chalicelib.core.event import Event
from chalicelib.core.rules import RULES, Context, Rule, Scene, Strength
from chalicelib.core.trace import (
    UNSUBSCRIBE,
    Trace,
    crowded,
    near,
    near_from_same_source,
    trace_of,
)

ENOUGH_WEAK = 2


class Maker(StrEnum):
    """Who made a hit. Only `human` counts; `internal` is shown nowhere."""

    HUMAN = "human"
    PROXY = "proxy"
    MACHINE = "machine"
    INTERNAL = "internal"


class Verdict(NamedTuple):
    """`reasons` are names of rules in their order: those that decided, and for a person the weak sign that did not."""

    maker: Maker
    reasons: tuple[str, ...] = ()
    version: int = rules.VERSION


def judge(hits: Iterable[Event], context: Context) -> Mapping[str, Verdict]:
    """The verdict on each of a message's hits, by the event's key.

    A hit that stands in there twice is one. Beside those to judge give every hit within `rules.REACH` of them; what is
    further away changes nothing.
    """
    traces = sorted({trace.key: trace for trace in map(trace_of, hits)}.values())
    asked = [rule for rule in RULES if rule.name not in context.off]
    of_opens = [rule for rule in asked if rule.on_opens]
    of_links = [rule for rule in asked if rule.on_links]
    internal, alone = [rule for rule in asked if rule.strength is Strength.INTERNAL], Scene(context)
    outside = [trace for trace in traces if not any(rule.applies(trace, alone) for rule in internal)]
    scene = _scene_of(outside, context)
    return {trace.key: _verdict_on(trace, scene, of_opens if trace.is_open else of_links) for trace in traces}


def _verdict_on(trace: Trace, scene: Scene, asked: list[Rule]) -> Verdict:
    found = [rule for rule in asked if rule.applies(trace, scene)]
    if trace.is_open and trace.client == "privacy_proxy":
        # when and from where it fetches a picture says nothing about the reader
        found = [rule for rule in found if rule.strength is not Strength.WEAK]
    if not found:
        return _NOTHING_FOUND

    def those(*strengths: Strength) -> tuple[str, ...]:
        return tuple(rule.name for rule in found if rule.strength in strengths)

    weak = those(Strength.WEAK)
    if internal := those(Strength.INTERNAL):
        return Verdict(Maker.INTERNAL, internal)
    if those(Strength.STRONG):
        return Verdict(Maker.MACHINE, those(Strength.STRONG, Strength.WEAK))
    if proxy := those(Strength.PROXY):
        return Verdict(Maker.PROXY, proxy)
    return Verdict(Maker.MACHINE if len(weak) >= ENOUGH_WEAK else Maker.HUMAN, weak)


def _scene_of(traces: list[Trace], context: Context) -> Scene:
    """What stands out among all hits but the internal ones. A rule that is off finds nothing for others to build on."""
    links = [trace for trace in traces if not trace.is_open]
    asked = {rule.name for rule in RULES} - context.off
    burst = _in_burst(links) if "burst" in asked else frozenset()
    all_links = _all_at_once(links, context.links or 0) if "all_links" in asked else frozenset()
    swept = [trace for trace in links if trace.key in burst or trace.key in all_links]
    opens = [trace for trace in traces if trace.is_open and not trace.is_proxied]
    unsubscribing = [trace for trace in links if trace.page == UNSUBSCRIBE]
    others = [trace for trace in links if trace.page != UNSUBSCRIBE]
    same, pair = rules.BESIDE_BURST_SAME_NETWORK, rules.UNSUBSCRIBE_PAIR
    return Scene(
        context,
        burst=burst,
        all_links=all_links,
        beside_burst=near(opens, swept, before=rules.BEFORE_BURST, after=rules.AFTER_BURST)
        | near_from_same_source(opens, swept, before=same, after=same),
        many_networks=crowded(
            [trace for trace in traces if trace.source and not trace.is_proxied],
            lambda trace: trace.source,
            rules.MANY_NETWORKS_WITHIN,
            rules.MANY_NETWORKS,
        ),
        unsubscribe_pair=near(unsubscribing, others, before=pair, after=pair)
        | near(others, unsubscribing, before=pair, after=pair),
    )


def _in_burst(links: list[Trace]) -> frozenset[str]:
    return crowded(links, lambda trace: trace.link, rules.BURST, rules.BURST_LINKS)


def _all_at_once(links: list[Trace], number: int) -> frozenset[str]:
    """The hits that followed every link of the mail at once; a mail with one or two says nothing by that."""
    if number < rules.BURST_LINKS:
        return frozenset()
    own = [trace for trace in links if not trace.page]
    return crowded(own, lambda trace: trace.position, rules.AT_ONCE, number)


_NOTHING_FOUND = Verdict(Maker.HUMAN)
