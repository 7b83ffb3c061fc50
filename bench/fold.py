"""How fast the fold is and what it costs, in batches of 1, 10 and 100 events: `python -m bench fold`."""

from collections.abc import Iterator, Sequence

from bench import stage
from bench.folding import ALL_OF_ONE, DRAWN, IN_LIFE, MAILS_A_SECOND, Run
from bench.report import Figure, Table

EVENTS = 100
_ABOUT = {
    IN_LIFE: (
        "{events} events in a row, drawn from the lives of {drawn:,} mails sent at {rate:g} a second: all are sent and "
        "delivered, half are opened, a tenth clicked (`bench/life.py`)."
    ),
    ALL_OF_ONE: "{events} opens of a single mail, the most that events can have in common.",
}
_HOW = (
    "The function with pynamodb and botocore; the store is a process of its own, whose time is not counted: events a "
    "second are those of one core, without waiting. Units by `bench/capacity.py`."
)


def tables(events: int = EVENTS) -> Iterator[Table]:
    """A table for each case."""
    runs = [Run(*run) for run in stage.in_a_process("bench.folding", str(events))]
    for case in _ABOUT:
        yield table_of(case, runs)


def table_of(case: str, runs: Sequence[Run]) -> Table:
    """The runs of one case."""
    of_case = [run for run in runs if run.case == case]
    about = _ABOUT[case].format(events=of_case[0].events, drawn=DRAWN, rate=MAILS_A_SECOND)
    return Table(f"Folding, events {case}", f"{about} {_HOW}", list(_figures(of_case)))


def _figures(runs: Sequence[Run]) -> Iterator[Figure]:
    for run in runs:
        of = f"batches of {run.size}"
        mails = f"{run.mails_a_batch:.3g} mails a batch"
        yield Figure(f"{of}: events a second", round(run.events / run.cpu_ms * 1_000), note=mails)
        yield Figure(f"{of}: write units an event", run.writes / run.events)
        yield Figure(f"{of}: read units an event", run.reads / run.events)
        yield Figure(f"{of}: AWS calls an event", run.calls / run.events)
