"""What reports ask of AWS, however many mails there are, and what their tables do: `python -m bench reports`."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bench import report_cells, stage
from bench.report import Figure, Goal, Table
from bench.reporting import DAYS_CHANGED, Build, Read

SIZES = (1_000, 100_000, 1_000_000)
BUILD_MAILS = 20_000
MOST_REQUESTS = Goal("≤", 5)
MOST_A_DAY = Goal("≤", 1.2)
_READ = (
    f"Every report of {report_cells.DAYS} days, of an account with {report_cells.USERS} users and "
    f"{report_cells.TEMPLATES} templates, from tables that hold what that many mails count for: read requests, and "
    "beside them read units and the bytes of the answers. Below, what the same figures would ask for without tables: "
    "the cells of all days, at best, or the entries of the index of mails, reckoned with some 190 bytes each, which do "
    "not even tell on which day a mail counts."
)
_BUILD = (
    "The function `report` after cells of so many days changed: it reads these days and no others. "
    f"{BUILD_MAILS:,} mails are spread over {report_cells.DAYS} days."
)


class Measured(NamedTuple):
    """What the process of `bench.reporting` found."""

    reads: Sequence[Read]
    builds: Sequence[Build]


def measured(sizes: Sequence[int] = SIZES, build_mails: int = BUILD_MAILS) -> Measured:
    """Runs it."""
    asked = [str(size) for size in sizes]
    found: dict[str, Any] = stage.in_a_process("bench.reporting", *asked, "--build", str(build_mails))
    return Measured([Read(*one) for one in found["reads"]], [Build(*one) for one in found["builds"]])


def tables(sizes: Sequence[int] = SIZES, build_mails: int = BUILD_MAILS) -> Iterator[Table]:
    """A table of reading, and one of building."""
    yield from tables_of(measured(sizes, build_mails))


def tables_of(found: Measured) -> Iterator[Table]:
    """The tables of what was found."""
    yield Table("Reading a report", _READ, list(_reading(found.reads)))
    yield Table("Building the tables of reports", _BUILD, list(_building(found.builds)))


def _reading(reads: Sequence[Read]) -> Iterator[Figure]:
    for what in dict.fromkeys(read.what for read in reads):
        for read in reads:
            if read.what == what:
                note = f"{read.units:,.1f} read units, {read.bytes / 1024:,.0f} KB"
                goal = None if read.is_naive else MOST_REQUESTS
                yield Figure(f"{what}, {read.mails:,} mails", read.requests, "requests", goal, note)


def _building(builds: Sequence[Build]) -> Iterator[Figure]:
    for build in builds:
        of = f"{build.days:,} {'day' if build.days == 1 else 'days'} changed"
        yield Figure(f"{of}: requests", build.requests, note=f"{build.cells:,} cells are in them")
        yield Figure(f"{of}: read units", build.read_units)
        yield Figure(f"{of}: write units", build.write_units)
    first, last = builds[0], builds[-1]
    per_day = (last.read_units + last.write_units) / last.days / (first.read_units + first.write_units) * first.days
    what = f"units of each of {DAYS_CHANGED[-1]} days, of those of one alone"
    yield Figure(what, per_day, "×", MOST_A_DAY, "what must be done per run and not per day makes it less")
