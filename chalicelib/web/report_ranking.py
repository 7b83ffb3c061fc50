"""The first ten of a report: templates or users, each with its rank and what it is ranked by, as a bar."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.core.report_query import ANALYTICS, RANKED
from chalicelib.web.report_figures import number, percent
from chalicelib.web.report_table import About, Cell, Earlier, cells_of, name_of
from chalicelib.web.report_words import COLUMNS, OF_TEMPLATES, OF_USERS, RATES, Column


class Place(NamedTuple):
    """One of them. `href` leads to its days; `width` of its bar is in percent; `at_least` is how high its rate is for
    sure, "" where it is ranked by a number; `was` is its rank of the period before, if that is asked for."""

    rank: int
    key: str
    label: str
    href: str
    text: str
    width: str
    at_least: str
    cells: list[Cell]
    was: str = ""


class Ranking(NamedTuple):
    """`what` they are, `measure` what they are ranked by; `left_out` had too few mails for a rate."""

    what: str
    measure: str
    columns: list[Column]
    places: list[Place]
    left_out: int
    is_by_rate: bool


def ranking_of(report: Mapping[str, Any], about: About) -> Ranking:
    """The ranking that the API answered."""
    dimension, rows = RANKED[report["report"]], report["rows"]
    order = "".join(about.given.get("order", ())) or "sent"
    names = OF_USERS if dimension == "user" else OF_TEMPLATES
    by_rate = next((row["rate_name"] for row in rows if "rate_name" in row), "")
    most = max((_size(row, order) for row in rows), default=0)
    then = Earlier(report)
    return Ranking(
        what=dimension,
        measure=_measure(by_rate, order),
        columns=[COLUMNS[name] for name in names],
        places=[_place(row, dimension, names, order, most, about, then) for row in rows],
        left_out=report["left_out"],
        is_by_rate=bool(by_rate) or order.endswith("_rate") or dimension == "template",
    )


def _measure(rate_name: str, order: str) -> str:
    if rate_name:
        return f"{'Open' if rate_name.startswith('open') else 'Click'} rate {RATES[rate_name]}"
    return COLUMNS[order].label if order in COLUMNS else "Rate"


def _size(row: Mapping[str, Any], order: str) -> float:
    return float(row["rate"] if "rate" in row else row[order])


def _place(
    row: Mapping[str, Any],
    dimension: str,
    names: tuple[str, ...],
    order: str,
    most: float,
    about: About,
    then: Earlier,
) -> Place:
    size, where = _size(row, order), about.where(**{dimension: row["key"]})
    return Place(
        rank=row["rank"],
        key=row["key"],
        label=name_of(dimension, row["key"], row["name"]),
        href=about.alone(ANALYTICS, dimension, row["key"]),
        text=_text(row, order),
        width=f"{size / most * 100 if most else 0:.1f}",
        at_least=percent(row["lower_bound"]) if "rate" in row else "",
        cells=cells_of(about, row, names, where, then.figures(row)),
        was=_was(then.row(row), order) if about.given.get("compare") else "",
    )


def _text(row: Mapping[str, Any], order: str) -> str:
    return percent(row["rate"]) if "rate" in row else number(row[order])


def _was(then: Mapping[str, Any] | None, order: str) -> str:
    if then is None:
        return "nothing before"
    if then["rank"] is None:
        return f"too few mails before, {_text(then, order)}"
    at_least = f", at least {percent(then['lower_bound'])}" if "rate" in then else ""
    return f"was rank {then['rank']} with {_text(then, order)}{at_least}"
