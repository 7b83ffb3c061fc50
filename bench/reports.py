"""What reports ask of AWS, however many mails there are, and what their tables do: `python -m bench reports`."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bench import report_cells, stage
from bench.report import Figure, Goal, Table
from bench.reporting import MOST, OF_A_PAGE, REPORTS, Build, Read
from chalicelib.storage import keys
from chalicelib.storage.walk import MOST_PAGES

SIZES = (1_000, 100_000, 1_000_000)
BUILD_MAILS = 20_000
A_RUN, A_DAY = keys.SHARDS + 2, keys.CELL_SHARDS + 4
"""Requests of a build: the marks of each partition, and the lease, taken and given back; and of each day it is noted
that it begins and that it is done, the cells are read of each partition, and sums and packed cells are stored."""
_READ = (
    f"Every report of {report_cells.DAYS} days as the product reads it, of an account with {report_cells.USERS} users "
    f"and {report_cells.TEMPLATES} templates, from tables that hold what that many mails count for: read requests, and "
    f"beside them read units and the bytes of the answers. The goal is {MOST}, and one more in two cases: where "
    f"dimensions are combined a comparison is of {2 * report_cells.DAYS} days, and DynamoDB reads a hundred items by "
    "their keys at once; and a user whom nobody told of is looked for in the sums of 400 days (one more "
    f"request for each further MB of them). Sent Email Status also lists mails: {OF_A_PAGE} more for a page of "
    f"them, one of each of the {keys.SHARDS} partitions of the list, so that an account can take in 4,000 mails a "
    f"second, and one for the mails themselves; where it has to look for few mails among many, up to {MOST_PAGES} of "
    "each partition. Below, what the same figures would ask for without tables: the cells of all days, at best, or the "
    "entries of the index of mails, reckoned with some 190 bytes each, which do not even tell on which day a mail "
    "counts."
)
_BUILD = (
    "The function `report` after cells of so many days changed: it reads these days once and no others, however many "
    f"days the account has. Goals are {A_RUN} requests of a run and {A_DAY} of each day, and the read units of the "
    f"{keys.SHARDS} partitions of marks and of the changed cells. {BUILD_MAILS:,} mails are spread over "
    f"{report_cells.DAYS} days."
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
                goal = None if read.is_naive else Goal("≤", REPORTS[what].most)
                yield Figure(f"{what}, {read.mails:,} mails", read.requests, "requests", goal, note)


def _building(builds: Sequence[Build]) -> Iterator[Figure]:
    for build in builds:
        of = f"{build.days:,} {'day' if build.days == 1 else 'days'} changed, beside {build.others:,} others"
        requests = Goal("≤", A_RUN + A_DAY * build.days)
        yield Figure(f"{of}: requests", build.requests, goal=requests, note=f"{build.cells:,} cells are in them")
        yield Figure(f"{of}: read units", build.read_units, goal=Goal("≤", keys.SHARDS + build.cell_units))
        yield Figure(f"{of}: write units", build.write_units)
