"""What the hand-made hot path is worth, beside handlers that the tracking host could have instead.

The contenders take turns, so that a busy machine is busy for all of them, and a ratio is one of neighbours: medians of
all rounds.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.report import Figure, Goal, Table
from bench.track_contenders import HANDLERS
from bench.track_runs import Place, prepare, run, unpacked_package
from bench.track_store import store

NAMES = {"mailsight": "track", "botocore": "a botocore handler", "usual": "the usual stack"}
NOTES = {
    "botocore": "all that is ours but the writer, which is botocore's client without its check of parameters",
    "usual": "a Chalice route, one line of Powertools' Logger and one flush of its Metrics, one `save()` of pynamodb"
    " with a condition; token, pixel and evidence are ours",
}
COLD = (
    "From the start of a process to its first answered open: imports, settings, client, TLS, one PutItem to a stub of"
    " DynamoDB on loopback, whose certificate is added to those that each client trusts. Everything is imported from"
    " what `make package` packs, unpacked; the other handlers lie beside it, compiled in the same way; there are no"
    " `site-packages`."
)
APART = (
    "User code and kernel, in a process that has served some opens. Network apart: instead of sockets there are objects"
    " that hold DynamoDB's answer, so that HTTP clients count with all that they do, and TCP, TLS and waiting do not."
    " Each open is verified, written once and counted in one line of a file."
)
WHOLE = "The same with the network: TLS over a kept connection to the stub of DynamoDB on loopback."
COLD_GOALS = {"botocore": Goal("≤", 0.30)}
CPU_GOALS = {"botocore": Goal("≤", 0.10), "usual": Goal("≤", 0.04)}


class Work(NamedTuple):
    """How much is measured: rounds of cold starts, rounds of warm opens, and opens in each of these."""

    cold_rounds: int
    warm_rounds: int
    opens: int


USUALLY = Work(cold_rounds=15, warm_rounds=9, opens=1_000)


def tables(work: Work = USUALLY, packed: Path | None = None) -> Iterator[Table]:
    """The tables. `packed` is a folder with what is deployed, which is changed; without one the package is made."""
    with tempfile.TemporaryDirectory(prefix="mailsight-bench-") as scratch, store(Path(scratch)) as stub:
        folder = packed or unpacked_package(Path(scratch, "package"))
        prepare(folder, stub.certificate)
        apart, whole = Place(folder, 0), Place(folder, stub.port)
        took = _take_turns(lambda name: _cold_milliseconds(whole, name), work.cold_rounds)
        yield Table("Cold start of the tracking host", COLD, _figures("cold start", "ms", took, COLD_GOALS))
        took = _take_turns(lambda name: _cpu_microseconds(apart, name, work.opens), work.warm_rounds)
        yield Table("CPU of one open, network apart", APART, _figures("CPU, network apart", "µs", took, CPU_GOALS))
        took = _take_turns(lambda name: _cpu_microseconds(whole, name, work.opens), work.warm_rounds)
        yield Table("CPU of one open, network and all", WHOLE, _figures("CPU with network", "µs", took, {}))


def _cold_milliseconds(place: Place, name: str) -> float:
    begun = time.monotonic_ns()
    return (run(place, name, 0) - begun) / 1e6


def _cpu_microseconds(place: Place, name: str, opens: int) -> float:
    return run(place, name, opens) / opens / 1e3


def _take_turns(measure: Callable[[str], float], rounds: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in HANDLERS}
    for _ in range(rounds):
        for name in HANDLERS:
            took[name].append(measure(name))
    return took


def _figures(what: str, unit: str, took: Mapping[str, list[float]], goals: Mapping[str, Goal]) -> list[Figure]:
    figures = [
        Figure(f"{what}, {NAMES[name]}", statistics.median(values), unit, note=NOTES.get(name, ""))
        for name, values in took.items()
    ]
    ours = took["mailsight"]
    for name in NOTES:
        share = statistics.median(own / other for own, other in zip(ours, took[name], strict=True))
        figures.append(Figure(f"{what}, track beside {NAMES[name]}", share, "×", goals.get(name)))
    return figures
