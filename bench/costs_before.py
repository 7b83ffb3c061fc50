"""What mails, opens and clicks cost beside an earlier state of the project, which was measured and kept.

`python -m bench.costs_page --keep "what that state was"` keeps the present one in bench/before.json.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.bill import Stages
from bench.costs import Reckoning
from bench.report import Figure, Table, number
from bench.usage import MILLION, Usage

KEPT = Path(__file__).with_name("before.json")
UNITS = ("dynamodb_write_request_units_per_million", "dynamodb_read_request_units_per_million")
_ABOUT = (
    "{what}, as it was measured on {date}, and now. The figure is what DynamoDB takes more for the write and read units"
    " of a million; the note has all that it costs, with computing, calls and storage as they were measured each time."
)


def keep(found: Reckoning, what: str, now: datetime, file: Path = KEPT) -> None:
    """Keeps what is measured now as what later pages show beside theirs."""
    text = json.dumps({"what": what, "date": f"{now:%Y-%m-%d}", **kept(found)}, indent=2)
    file.write_text(f"{text}\n", encoding="utf-8")


def kept(found: Reckoning) -> dict[str, Any]:
    """Dollars and units of one million of each, by stage, and the dollars of a month of a million mails."""
    made = found.bill()
    stages = {"mail": made.mail, "open": made.open, "click": made.click}
    return {
        "stages": {f"{kind}: {stage}": _told(used, found) for kind, stage, used in _each(stages)},
        "a month": found.own(made.of_a_million().values()),
    }


def _each(stages: Mapping[str, Stages]) -> Iterator[tuple[str, str, Usage]]:
    return ((kind, stage, used) for kind, parts in stages.items() for stage, used in parts.items())


def _told(used: Usage, found: Reckoning) -> dict[str, float]:
    writes, reads = (round(used.get(name, 0.0) * MILLION, 6) for name in UNITS)
    return {"dollars": found.own([used]) * MILLION, "writes": writes, "reads": reads}


def table(found: Reckoning, file: Path = KEPT) -> Table:
    """Both side by side."""
    before, now = json.loads(file.read_text(encoding="utf-8")), kept(found)
    figures = []
    for name, told in now["stages"].items():
        old = before["stages"].get(name, dict.fromkeys(told, 0.0))
        figures.append(Figure(name, _units_cost(told, found) - _units_cost(old, found), "$", note=_note(old, told)))
    month = Figure(
        "a month of a million mails, our own part, in all",
        now["a month"] - before["a month"],
        "$",
        note=f"{number(before['a month'])} $ before, {number(now['a month'])} $ now",
    )
    return Table("Beside what it was", _ABOUT.format(**before), [*figures, month])


def _units_cost(told: Mapping[str, float], found: Reckoning) -> float:
    return found.prices.cost(dict(zip(UNITS, (told["writes"], told["reads"]), strict=True)))


def _note(old: Mapping[str, float], now: Mapping[str, float]) -> str:
    parts = [
        f"{word} units {number(old[name])}" + (f" → {number(now[name])}" if now[name] != old[name] else "")
        for word, name in (("write", "writes"), ("read", "reads"))
        if old[name] or now[name]
    ]
    return "; ".join([*parts, f"{number(old['dollars'])} $ → {number(now['dollars'])} $ in all"])
