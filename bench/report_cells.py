"""Made-up cells of an account's mails, day by day, as folds would have made them: of each mail what it counts for."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate

from chalicelib.core import cell
from chalicelib.core.cell import HOURS, NOTHING, Cells, Counted
from chalicelib.core.instant import EPOCH
from chalicelib.core.message import Envelope, Message, Sending, Tracking

ACCOUNT = "acme"
LAST_DAY = date(2026, 11, 22)
DAYS = 100
USERS, TEMPLATES = 200, 50
MODULES = ("leads", "contacts", "deals", "")
SOURCES = ("individual", "mass_email", "workflow_alert")

_SENT = frozenset({"sent", "tracked"})
_DELIVERED = _SENT | {"delivered"}
_OPENED = _DELIVERED | {"opened"}
FATES: Sequence[tuple[frozenset[str], int]] = (
    (_DELIVERED, 40),
    (_OPENED, 25),
    (_OPENED | {"clicked"}, 12),
    (_DELIVERED | {"opened_by_proxy"}, 10),
    (_DELIVERED | {"opened_by_machine", "clicked_by_machine"}, 6),
    (_SENT | {"bounced_hard", "bounced_tracked"}, 2),
    (_SENT | {"bounced_soft", "bounced_tracked"}, 2),
    (_OPENED | {"unsubscribed"}, 1),
    (_DELIVERED | {"complained"}, 1),
    (frozenset({"sent", "delivered"}), 1),
)
"""What a mail counts for, and how often of a hundred times."""


def user_id(number: int) -> str:
    """The ids of users and of templates are as long as a CRM's."""
    return f"user-{number:06d}"


def template_id(number: int) -> str:
    return f"template-{number:06d}"


def days(number: int = DAYS) -> list[str]:
    """So many days, the last one first to last."""
    return [(LAST_DAY - timedelta(days=ago)).isoformat() for ago in reversed(range(number))]


def cells_by_day(mails: int, seed: int = 1) -> Iterator[tuple[str, Cells]]:
    """The cells of each day on which there are any, of so many mails spread evenly over the days."""
    chance = random.Random(seed)
    for number, day in enumerate(days()):
        of_day = (number + 1) * mails // DAYS - number * mails // DAYS
        if of_day:
            yield day, cells_of_day(day, of_day, chance)


def cells_of_day(day: str, mails: int, chance: random.Random) -> Cells:
    """The cells of so many mails of a day. Some users write much more than others, and some templates are used more."""
    users = chance.choices(range(USERS), cum_weights=_falling(USERS), k=mails)
    templates = chance.choices(range(TEMPLATES), cum_weights=_falling(TEMPLATES), k=mails)
    fates = chance.choices([fate for fate, _ in FATES], [weight for _, weight in FATES], k=mails)
    hours = chance.choices(HOURS, k=mails)
    return cell.total(
        cell.difference(_message(user, template), NOTHING, Counted(day, fate, hour if "opened" in fate else ""))
        for user, template, fate, hour in zip(users, templates, fates, hours, strict=True)
    )


@cache
def _falling(number: int) -> list[float]:
    """Weights for so many, summed up: the tenth writes a third of what the first does."""
    return list(accumulate(1 / (1 + place / 5) for place in range(number)))


def mail(number: int, at: datetime) -> Message:
    """A mail of the newest day; their ids are spread over the partitions of lists."""
    made = _message(number % USERS, number % TEMPLATES)
    return replace(made, message_id=f"{number:08x}".ljust(32, "0"), accepted_at=at, sending=Sending.SENT)


@cache
def _message(user: int, template: int) -> Message:
    """Of a template the module and the source are always the same, as of most."""
    return Message(
        "0" * 32,
        ACCOUNT,
        EPOCH,
        Envelope("me@example.com", ("you@example.com",)),
        Tracking(True, True),
        source=SOURCES[template % len(SOURCES)],
        record=(MODULES[template % len(MODULES)], "4711"),
        user=user_id(user),
        template=template_id(template),
    )
