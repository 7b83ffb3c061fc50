"""What a benchmark tells: tables of figures with the goal of each, for people's eyes and for docs/PERFORMANCE.md."""

import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

_COMPARE: dict[str, Callable[[float, float], bool]] = {"≤": operator.le, "≥": operator.ge, "=": operator.eq}


class Goal(NamedTuple):
    """`sense` is one of ≤ ≥ =; the bound is in the unit of the figure that it is held against."""

    sense: str
    bound: float


class Figure(NamedTuple):
    """One measured value. `note` says what a reader must know of it: among what it was measured, why it misses."""

    what: str
    value: float
    unit: str = ""
    goal: Goal | None = None
    note: str = ""

    @property
    def is_missed(self) -> bool:
        return self.goal is not None and not _COMPARE[self.goal.sense](self.value, self.goal.bound)


class Table(NamedTuple):
    """Figures that were measured together. `about` is a sentence or two on how; Markdown."""

    title: str
    about: str
    figures: Sequence[Figure]


def number(value: float) -> str:
    """A value with three digits that count, or all of a whole number."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def markdown(table: Table) -> str:
    """The table as Markdown; one without figures is its words alone."""
    if not table.figures:
        return f"## {table.title}\n\n{table.about}\n"
    rows = [_row(figure) for figure in table.figures]
    head = ("what", "measured", "goal", "met", "note")
    used = [column for column in range(5) if column < 2 or any(row[column] for row in rows)]
    lines = [[head[column] for column in used], ["---"] * len(used)]
    lines += [[row[column].replace("|", "\\|") for column in used] for row in rows]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"## {table.title}\n\n{table.about}\n\n{body}\n"


def _row(figure: Figure) -> tuple[str, ...]:
    unit = figure.unit if figure.unit in ("×", "%", "") else f" {figure.unit}"
    goal = f"{figure.goal.sense} {number(figure.goal.bound)}{unit}" if figure.goal else ""
    met = {True: "**no**", False: "yes"}[figure.is_missed] if figure.goal else ""
    return figure.what, f"{number(figure.value)}{unit}", goal, met, figure.note
