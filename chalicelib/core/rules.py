"""The signs by which a hit is taken for a machine's, as data: each has a name and a strength and can be switched off.

A strong sign decides alone. Of the weak ones two are needed: each of them also happens to people. Time counts from the
delivery as SES tells it, never from the sending. A scanner seldom hurries: of 836 observed sweeps 0.5 % began within
ten seconds, half of them after 43, but then nine or ten links came within a second
(putyourlightson/craft-campaign#546). So what decides is how many links, not how soon.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core.client import Client
from chalicelib.core.trace import Trace

VERSION = 1
"""Goes up when a rule, a threshold or a table of clients or networks changes; stands in every verdict."""

BURST = timedelta(seconds=4)  # ten, as often published, take people who open tabs; docs/decisions/0012
BURST_LINKS = 3
AT_ONCE = timedelta(seconds=2)
FAST_OPEN = timedelta(seconds=2)
FAST_CLICK = timedelta(seconds=5)
MANY_NETWORKS = 3
MANY_NETWORKS_WITHIN = timedelta(minutes=2)
UNSUBSCRIBE_PAIR = timedelta(minutes=1)
BEFORE_BURST = timedelta(minutes=1)
AFTER_BURST = timedelta(seconds=2)
BESIDE_BURST_SAME_NETWORK = timedelta(minutes=2)

REACH = BESIDE_BURST_SAME_NETWORK + BURST
"""A verdict depends on no other hit that is further away than this."""


class Strength(StrEnum):
    """What a sign does to a verdict, first things first."""

    INTERNAL = "internal"  # counts for nobody, whatever else there is
    STRONG = "strong"
    WEAK = "weak"
    PROXY = "proxy"  # neither a person nor a machine, unless a strong sign says machine


class Context(NamedTuple):
    """What is known of the mail beside its hits.

    `delivered_at` is the first delivery, None as long as none is known. `links` is how many tracked links the mail has,
    None if that is unknown. `off` are the names of the rules that are switched off. `own_sources` is what `from` is in
    hits from the account's own networks. `is_self` says that the recipient is the sender.
    """

    delivered_at: datetime | None = None
    links: int | None = None
    off: frozenset[str] = frozenset()
    own_sources: frozenset[str] = frozenset()
    is_self: bool = False


NOTHING_KNOWN = Context()


class Scene(NamedTuple):
    """The context, and the keys of the hits that stand out among all hits of the mail."""

    context: Context
    burst: frozenset[str] = frozenset()
    all_links: frozenset[str] = frozenset()
    beside_burst: frozenset[str] = frozenset()
    many_networks: frozenset[str] = frozenset()
    unsubscribe_pair: frozenset[str] = frozenset()


class Rule(NamedTuple):
    """`words` is what people read, a whole sentence. `on_opens` and `on_links` say which hits it is asked about, and
    `on_sums` whether also those of an aggregate: it must judge by the hit alone, not by its time, its origin, its mail
    or other hits."""

    name: str
    strength: Strength
    words: str
    applies: Callable[[Trace, Scene], bool]
    on_opens: bool = True
    on_links: bool = True
    on_sums: bool = True


def _after_delivery(trace: Trace, scene: Scene) -> timedelta | None:
    if scene.context.delivered_at is None or trace.is_day_only:
        return None
    return trace.at - scene.context.delivered_at


def _is_within(trace: Trace, scene: Scene, most: timedelta) -> bool:
    after = _after_delivery(trace, scene)
    return after is not None and timedelta(0) <= after <= most


def _is_before_delivery(trace: Trace, scene: Scene) -> bool:
    after = _after_delivery(trace, scene)
    return after is not None and after < timedelta(0)


def _is_probable(trace: Trace, _scene: Scene) -> bool:
    return trace.network == "probable" or (trace.network == "cloud" and not trace.is_open)


def _is_nameless(trace: Trace, _scene: Scene) -> bool:
    """Whether no program is named. Of a link `Mozilla/5.0` alone names none: privacy proxies load pictures only."""
    return trace.client == "none" or (trace.client == "privacy_proxy" and not trace.is_open)


def _by(client: Client) -> Callable[[Trace, Scene], bool]:
    return lambda trace, _scene: trace.client == client


RULES: tuple[Rule, ...] = (
    Rule(
        "own_mail",
        Strength.INTERNAL,
        "The mail was sent to the sender's own address.",
        lambda _trace, scene: scene.context.is_self,
        on_sums=False,
    ),
    Rule(
        "own_network",
        Strength.INTERNAL,
        "It came from one of your own networks.",
        lambda trace, scene: trace.is_own or trace.source in scene.context.own_sources,
        on_sums=False,
    ),
    Rule(
        "head",
        Strength.STRONG,
        "It asked only whether the address exists and took nothing.",
        lambda trace, _scene: trace.method == "HEAD",
    ),
    Rule(
        "prefetch",
        Strength.STRONG,
        "It said that it loads ahead, before anybody looks.",
        lambda trace, _scene: trace.is_prefetch,
    ),
    Rule("prefetcher", Strength.STRONG, "Gmail's own machine loaded it at delivery.", _by("prefetcher")),
    Rule("scanner", Strength.STRONG, "The program calls itself a mail scanner.", _by("scanner")),
    Rule(
        "unfurler",
        Strength.STRONG,
        "A chat or social network made a preview of the link.",
        _by("unfurler"),
    ),
    Rule(
        "tool",
        Strength.STRONG,
        "It was made by a program for automatic requests, not by a mail program or a browser.",
        _by("tool"),
    ),
    Rule("crawler", Strength.STRONG, "The program calls itself a robot.", _by("crawler")),
    Rule(
        "filter_network",
        Strength.STRONG,
        "It came from a network that only filters mail.",
        lambda trace, _scene: trace.network == "filter",
    ),
    Rule(
        "burst",
        Strength.STRONG,
        "Three or more different links were followed within four seconds.",
        lambda trace, scene: trace.key in scene.burst,
        on_opens=False,
        on_sums=False,
    ),
    Rule(
        "all_links",
        Strength.STRONG,
        "Every link of the mail was followed within two seconds.",
        lambda trace, scene: trace.key in scene.all_links,
        on_opens=False,
        on_sums=False,
    ),
    Rule(
        "beside_burst",
        Strength.STRONG,
        "The pictures were loaded together with a sweep of the links: just before it, or from the same network.",
        lambda trace, scene: trace.key in scene.beside_burst,
        on_links=False,
        on_sums=False,
    ),
    Rule(
        "fast_open",
        Strength.WEAK,
        "The pictures were loaded within two seconds after delivery.",
        lambda trace, scene: _is_within(trace, scene, FAST_OPEN),
        on_links=False,
        on_sums=False,
    ),
    Rule(
        "fast_click",
        Strength.WEAK,
        "The link was followed within five seconds after delivery.",
        lambda trace, scene: _is_within(trace, scene, FAST_CLICK),
        on_opens=False,
        on_sums=False,
    ),
    Rule(
        "before_delivery", Strength.WEAK, "It came before the mail was delivered.", _is_before_delivery, on_sums=False
    ),
    Rule("probable_network", Strength.WEAK, "It came from a network where mail is filtered too.", _is_probable),
    Rule(
        "many_networks",
        Strength.WEAK,
        "Within two minutes the mail was asked for from three or more networks.",
        lambda trace, scene: trace.key in scene.many_networks,
        on_sums=False,
    ),
    Rule(
        "unsubscribe_pair",
        Strength.WEAK,
        "The page for unsubscribing and another link were followed within a minute.",
        lambda trace, scene: trace.key in scene.unsubscribe_pair,
        on_opens=False,
        on_sums=False,
    ),
    Rule("no_user_agent", Strength.WEAK, "The program did not say what it is.", _is_nameless),
    Rule(
        "privacy_proxy",
        Strength.PROXY,
        "Apple's Mail Privacy Protection loads pictures whether or not the mail is opened.",
        _by("privacy_proxy"),
        on_links=False,
    ),
)

NOT_ON_SUMS = frozenset(rule.name for rule in RULES if not rule.on_sums)
"""The rules that never judge hits that are only added up."""

_BY_NAME = {rule.name: rule for rule in RULES}


def unknown_rules(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that no rule has, each once, in order; for telling who wants to switch them off."""
    return tuple(sorted(set(names) - _BY_NAME.keys()))


def explained(reason: str) -> str:
    """A verdict's reason as a sentence for people; of a rule that this version does not have it says that."""
    rule = _BY_NAME.get(reason)
    return rule.words if rule else f"By a rule that this version does not have ({reason})."
