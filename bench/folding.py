"""Batches of different sizes through the real fold, on an AWS that keeps the books: `python -m bench.folding EVENTS`.

Prints, for each case and size, what the calls of the function needed, as JSON. A process of its own, as
`bench.journey`.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bench import acts, journey, life, stage
from bench.journey import Item, Mail
from bench.life import Happening
from bench.stage import Stage, Step

SIZES = (1, 10, 100)
MAILS_A_SECOND = 14.0  # as many as SES lets a new account send
DRAWN = 60_000  # mails; more than an hour, so that most opens of the first are among them
IN_LIFE, ALL_OF_ONE = "as in life", "all of one mail"

Write = Callable[[], Item]
"""Lets an event happen; what is written of it."""


class Run(NamedTuple):
    """One case with one size of batches: its events, and what the calls of fold needed together."""

    case: str
    size: int
    events: int
    mails_a_batch: float
    cpu_ms: float
    writes: float
    reads: float
    calls: int


def runs(on: Stage, events: int) -> Iterator[Run]:
    """All sizes, with events in a row of many mails, and with as many opens of a single one."""
    api_key = journey.an_api_key("acme-crm")
    happenings = life.of_mails(DRAWN, MAILS_A_SECOND)
    begin = len(happenings) * 3 // 4
    for size in SIZES:
        yield _in_life(on, api_key, happenings[:begin], happenings[begin : begin + events], size)
        mail = journey.handed_over(on, api_key)
        opens = [(0, lambda mail=mail: _hit(on, mail.pixel))] * events
        yield _folded(on, ALL_OF_ONE, opens, size)


def _in_life(on: Stage, api_key: str, before: Sequence[Happening], happenings: Sequence[Happening], size: int) -> Run:
    """What had happened to these mails before is folded already."""
    mails = {one.mail: journey.handed_over(on, api_key) for one in happenings}
    for one in before:
        if one.mail in mails:
            journey.folded(on, "fold before", [_event(on, mails[one.mail], one)])
    writes = [(one.mail, lambda one=one: _event(on, mails[one.mail], one)) for one in happenings]
    return _folded(on, IN_LIFE, writes, size)


def _event(on: Stage, mail: Mail, one: Happening) -> Item:
    if one.kind in ("Send", "Delivery"):
        (event,) = journey.ingested(on, "ingest", [mail.told[one.kind == "Delivery"]])
        return event
    return _hit(on, mail.pixel if one.kind == "open" else mail.link)


def _hit(on: Stage, url: str) -> Item:
    (event,) = journey.hit(on, "hit", url, acts.BROWSER)
    return event


def _folded(on: Stage, case: str, writes: Sequence[tuple[int, Write]], size: int) -> Run:
    """Events are written and folded batch by batch, each with the number of its mail."""
    on.steps.pop("fold", None)
    batches = [writes[start : start + size] for start in range(0, len(writes), size)]
    for batch in batches:
        journey.folded(on, "fold", [write() for _, write in batch])
    mails_a_batch = sum(len({mail for mail, _ in batch}) for batch in batches) / len(batches)
    return _summed(case, size, len(writes), mails_a_batch, on.steps["fold"])


def _summed(case: str, size: int, events: int, mails_a_batch: float, steps: Sequence[Step]) -> Run:
    return Run(
        case,
        size,
        events,
        mails_a_batch,
        cpu_ms=sum(step.cpu_ms for step in steps),
        writes=sum(step.write_units for step in steps),
        reads=sum(step.read_units for step in steps),
        calls=sum(len(step.calls) for step in steps),
    )


def main() -> None:
    """The runs' JSON."""
    with stage.set_up() as on:
        warm = runs(on, 2)
        next(warm)
        found = list(runs(on, int(sys.argv[1])))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
