"""A hit as the rules see it, and what many hits tell together. Linear, once they are sorted by time."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

from chalicelib.core.client import Client
from chalicelib.core.event import LAST_OPEN, Event, Kind
from chalicelib.core.network import Network

UNSUBSCRIBE = "unsubscribe"
"""`page` of a hit that only looked at the page for unsubscribing."""


FILE = "file"
"""`page` of a hit on an attachment that went out as a link."""


class Trace(NamedTuple):
    """What a hit left behind. Ordered by time; `source` is the hash of its /24 or /48, "" if none was taken, `is_own`
    says that the fold found it to be from one of the account's own networks, and `is_day_only` that its time is but a
    day.

    What is no open is a link: one of the mail's (`page` is empty) or one to a page of ours that stands in it.
    """

    at: datetime
    key: str
    is_open: bool
    page: str
    position: int
    method: str
    client: Client | None
    is_prefetch: bool
    network: Network | None
    source: str
    is_own: bool = False
    is_day_only: bool = False

    @property
    def link(self) -> Hashable:
        """What tells one link of a mail from another."""
        return self.page, self.position

    @property
    def is_proxied(self) -> bool:
        """Whether the picture was fetched on somebody's behalf, so that the network is not where the reader is."""
        return self.is_open and self.client in ("image_proxy", "privacy_proxy")


def trace_of(event: Event) -> Trace:
    """The trace of a hit. What an older version did not note is None or empty, and so is what a later one added."""
    data = event.data
    client, network, source = data.get("client"), data.get("network"), data.get("from")
    page, position = data.get("page"), data.get("position")
    if event.kind is Kind.DOWNLOADED:
        page = FILE
    return Trace(
        at=event.occurred_at,
        key=event.key,
        is_open=event.kind is Kind.OPENED,
        page=page if isinstance(page, str) else "",
        position=position if isinstance(position, int) else 0,
        method=str(data.get("method", "")),
        client=_CLIENTS.get(client) if isinstance(client, str) else None,
        is_prefetch=data.get("prefetch") is True,
        network=_NETWORKS.get(network) if isinstance(network, str) else None,
        source=source if isinstance(source, str) else "",
        is_own=data.get("own") is True,
        is_day_only=event.event_id == LAST_OPEN,
    )


def crowded(traces: Sequence[Trace], of: Callable[[Trace], Hashable], span: timedelta, least: int) -> frozenset[str]:
    """The keys of those in any stretch of time no longer than `span` with at least so many different values.

    `traces` are in the order of time.
    """
    found: set[str] = set()
    inside: Counter[Hashable] = Counter()
    first = done = 0
    for last, trace in enumerate(traces):
        inside[of(trace)] += 1
        while trace.at - traces[first].at > span:
            value = of(traces[first])
            inside[value] -= 1
            if not inside[value]:
                del inside[value]
            first += 1
        if len(inside) >= least:
            found.update(one.key for one in traces[max(first, done) : last + 1])
            done = last + 1
    return frozenset(found)


def near(traces: Iterable[Trace], others: Sequence[Trace], *, before: timedelta, after: timedelta) -> frozenset[str]:
    """The keys of those that come at most so long before or after one of the others, which are in order of time."""
    times = [other.at for other in others]
    return frozenset(
        trace.key for trace in traces if bisect_left(times, trace.at - after) < bisect_right(times, trace.at + before)
    )


def near_from_same_source(
    traces: Iterable[Trace], others: Sequence[Trace], *, before: timedelta, after: timedelta
) -> frozenset[str]:
    """As `near`, but only of those whose network is known and is the other's too."""
    by_source: dict[str, tuple[list[Trace], list[Trace]]] = {}
    for side, several in enumerate((traces, others)):
        for trace in several:
            if trace.source:
                by_source.setdefault(trace.source, ([], []))[side].append(trace)
    found = (near(some, rest, before=before, after=after) for some, rest in by_source.values())
    return frozenset().union(*found)


_CLIENTS: dict[str, Client] = {client: client for client in get_args(Client)}
_NETWORKS: dict[str, Network] = {network: network for network in get_args(Network)}
