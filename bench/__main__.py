"""`make bench`: every benchmark, one after the other; each runs alone as `python -m bench NAME`.

    python -m bench [NAME ...] [--write]

With --write the tables also become docs/PERFORMANCE.md, with the machine and the date, and docs/COSTS.md is made anew.
"""

import argparse
import importlib
import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import costs_page
from bench.report import Table, markdown

NAMES = ("track", "links", "mime", "scanners", "units", "fold", "reports", "costs", "loopback")
PAGE = Path(__file__).parents[1] / "docs" / "PERFORMANCE.md"
HEAD = """# Performance

Measured by `make bench`, all of a table in one run, {when}, on {machine}.
Absolute times belong to that machine; ratios travel. Goals are those that the project set itself before it was built;
what misses one says why.
"""


def measured(names: Sequence[str]) -> Iterator[Table]:
    """The tables of these benchmarks, each as soon as it is there."""
    for name in names:
        yield from importlib.import_module(f"bench.{name}").tables()


def machine() -> str:
    """What the figures depend on, without a name of the machine."""
    model = "an unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = f"{len(lines)} × {lines[0]}" if lines else model
    return f"{model}, {platform.system()}, Python {platform.python_version()}"


def page(tables: Sequence[Table], now: datetime) -> str:
    """docs/PERFORMANCE.md."""
    head = HEAD.format(when=f"{now:%Y-%m-%d}", machine=machine())
    return "\n".join([head, *map(markdown, tables)])


def main(argv: Sequence[str] | None = None) -> int:
    """Runs what is asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--write", action="store_true", help="write docs/PERFORMANCE.md and docs/COSTS.md; needs all")
    asked = parser.parse_args(argv)
    if unknown := sorted(set(asked.names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if asked.write and asked.names:
        parser.error("--write is for all benchmarks: leave the names away")
    tables = []
    for table in measured(asked.names or NAMES):
        print(f"\n{markdown(table)}", flush=True)
        tables.append(table)
    if asked.write:
        PAGE.write_text(page(tables, datetime.now(UTC)), encoding="utf-8")
        print(f"Written to {PAGE}")
        costs_page.main(["--write"])
    missed = [figure.what for table in tables for figure in table.figures if figure.is_missed]
    if missed:
        print(f"\n{len(missed)} goals are missed: {'; '.join(missed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
