"""What is compared at the end of a replay: what a mail's state and the cells must say, from what was made up."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bench.replay_mails import POLICIES, UNCOUNTED, Truth
from chalicelib.core.cell import WEEKDAYS, Cells, Place
from chalicelib.core.message import Message
from chalicelib.core.summary import State

LONGEST = 1_000
"""Characters of a sentence."""


def wanted(truth: Truth) -> tuple[Any, ...]:
    """What a mail's state must say, from what was made up."""
    opened, clicked = sorted(truth.opened), truth.clicked
    return (
        (len(opened), truth.proxies, truth.machines, opened[:1], opened[-1:], opened[:-11:-1]),
        (len(clicked), sum(machine for _, machine in truth.clicks.values())),
        {position: tuple(both) for position, both in truth.clicks.items()},
        (truth.is_delivered, truth.bounce, truth.complained_at, truth.unsubscribed_at, truth.is_dropped),
    )


def found(state: State) -> tuple[Any, ...]:
    """The same, of a state."""
    opens, clicks, delivery = state.engagement.opens, state.engagement.clicks, state.delivery
    one = next(iter(delivery.recipients.values()), None)
    return (
        (opens.count, opens.proxy, opens.machine, *_ends(opens), list(state.engagement.recent_opens)),
        (clicks.count, clicks.machine),
        dict(state.engagement.links),
        (
            bool(one and one.delivered_at),
            one.bounce.type if one and one.bounce else None,
            one.complained_at if one else None,
            delivery.unsubscribed_at,
            delivery.failure is not None,
        ),
    )


def _ends(hits: Any) -> tuple[list[datetime], list[datetime]]:
    return [at for at in (hits.first_at,) if at], [at for at in (hits.last_at,) if at]


def cells_of(message: Message, truth: Truth) -> Cells:
    """What a mail adds to the cells, from what was made up: the definitions of docs/API.md once more."""
    if truth.is_dropped or message.source in UNCOUNTED or truth.sent_at is None:
        return {}
    is_on = message.tracking.is_on
    holds = {
        "sent": True,
        "delivered": truth.is_delivered and not truth.bounce,
        "bounced_hard": truth.bounce == "hard",
        "bounced_soft": truth.bounce == "soft",
        "tracked": is_on,
        "bounced_tracked": is_on and bool(truth.bounce),
        "opened": bool(truth.opened or truth.clicked),
        "clicked": bool(truth.clicked),
        "unsubscribed": bool(truth.unsubscribed_at),
        "complained": bool(truth.complained_at),
        "opened_by_proxy": truth.proxies > 0,
        "opened_by_machine": truth.machines > 0,
        "clicked_by_machine": any(machine for _, machine in truth.clicks.values()),
    }
    day = truth.sent_at.astimezone(POLICIES[message.account].zone).date().isoformat()
    module = message.record[0] if message.record else ""
    place = Place(message.account, day, message.template or "", module, message.user or "", message.source)
    cells: dict[Place, Mapping[str, int]] = {place: {column: 1 for column, is_so in holds.items() if is_so}}
    if first := min([*truth.opened, *truth.clicked], default=None):
        hour = first.astimezone(POLICIES[message.account].zone)
        cells[place] = {**cells[place], f"{WEEKDAYS[hour.weekday()]}_{hour:%H}": 1}
    return cells


def unlike(what: str, wanted: Mapping[Any, Any], found: Mapping[Any, Any]) -> Iterator[str]:
    """A sentence about each place where not that was found which was wanted."""
    for place in Counter([*wanted, *found]):
        if wanted.get(place) != found.get(place):
            yield f"{what} {place} is {found.get(place)}, and must be {wanted.get(place)}"[:LONGEST]
