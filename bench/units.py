"""What a mail, an open and a click ask of AWS, counted from the requests themselves: `python -m bench units`."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench import acts, journey
from bench.capacity import STORED_OVERHEAD, WRITE_UNIT
from bench.journey import Journey
from bench.report import Figure, Goal, Table
from bench.stage import Step

MOST_WRITE_UNITS = Goal("≤", 16)
_MAIL = ("accept", "send", "ingest Send", "fold Send", "ingest Delivery", "fold Delivery")
_HOW = (
    "Units by DynamoDB's rules from the items before and after each request (`bench/capacity.py`), indexes and "
    "transactions included; bytes are those of requests and answers without headers."
)


def tables(rounds: int = journey.ROUNDS) -> Iterator[Table]:
    """One table for each."""
    yield from tables_of(journey.travel(rounds))


def tables_of(found: Journey) -> Iterator[Table]:
    """The tables of a journey."""
    yield _mail(found)
    yield _hit(found, "open")
    yield _hit(found, "click")


def _mail(found: Journey) -> Table:
    steps = [found.steps[name] for name in _MAIL]
    without_key = [found.steps["accept without Idempotency-Key"], *steps[1:]]
    at_once = [found.steps[name] for name in ("accept", "send", *_MAIL_AT_ONCE)]
    figures = [
        Figure("write units, accepted to folded, each event alone", _writes(steps), note=where(steps)),
        *(Figure(f"of that: {step.name}", step.write_units, note=where([step])) for step in steps),
        Figure("write units without Idempotency-Key", _writes(without_key)),
        Figure("write units where Send and Delivery are folded at once", _writes(at_once), goal=MOST_WRITE_UNITS),
        Figure("read units", sum(step.read_units for step in steps), note=where(steps, of_reads=True)),
        Figure("AWS calls", sum(len(step.calls) for step in steps), note=operations(steps)),
        Figure("bytes", sum(step.bytes for step in steps)),
        Figure("bytes logged", sum(step.log_bytes for step in steps)),
        Figure("bytes of the message's item, delivered", _item(found), note=f"a write unit is {WRITE_UNIT:,} bytes"),
        Figure("bytes of it after an open and a click", _item(found, "open", "click")),
    ]
    return Table("What a mail asks of AWS", f"A tracked mail: {acts.DESCRIPTION}. {_HOW}", figures)


_MAIL_AT_ONCE = ("ingest Send and Delivery at once", "fold Send and Delivery at once")


def _hit(found: Journey, kind: str) -> Table:
    step, fold = found.steps[kind], found.steps[f"fold {kind}"]
    figures = [
        Figure("AWS calls", len(step.calls), goal=Goal("=", 1), note=operations([step])),
        Figure("write units", step.write_units, goal=Goal("=", 1), note=where([step])),
        Figure("read units", step.read_units, goal=Goal("=", 0)),
        Figure("bytes", step.bytes),
        Figure("bytes logged", step.log_bytes),
        Figure("write units of its fold, alone", fold.write_units, note=where([fold])),
        Figure("read units of its fold, alone", fold.read_units, note=where([fold], of_reads=True)),
    ]
    about = "The hot path from the gateway's payload to its answer, and what folding it costs later."
    return Table(f"What {'an' if kind == 'open' else 'a'} {kind} asks of AWS", about, figures)


def _item(found: Journey, *happened: str) -> float:
    """The size of a message's item, as it counts for units."""
    return sum(found.stored[kind]["messages"] for kind in ("mail", *happened)) - STORED_OVERHEAD


def _writes(steps: Sequence[Step]) -> float:
    return sum(step.write_units for step in steps)


def where(steps: Sequence[Step], *, of_reads: bool = False) -> str:
    """Where units go: the tables and `table/index`es, with the most units first."""
    units: Counter[str] = Counter()
    for call in (call for step in steps for call in step.calls):
        for name, cost in (call.reads if of_reads else call.writes).items():
            units[name] += cost  # type: ignore[assignment]  # a Counter of floats
    return ", ".join(f"{name} {cost:g}" for name, cost in units.most_common())


def operations(steps: Sequence[Step]) -> str:
    """Which calls they are, the most frequent first."""
    names = Counter(call.operation for step in steps for call in step.calls)
    return ", ".join(f"{number} {name}" for name, number in names.most_common())
