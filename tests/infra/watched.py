"""What watches over an installation, as tests read it: alarms, the dashboard, and what both look at."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra import template
from infra.aws import dashboard

ROOT = Path(__file__).parents[2]
WATCH = template.load(ROOT / "infra" / "watch.yaml")
BOARD = template.load(ROOT / "infra" / "dashboard.yaml")["Resources"]["Dashboard"]["Properties"]
DATA = template.load(ROOT / "infra" / "data.yaml")
APP = template.load(ROOT / "infra" / "app.yaml")
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())
PRICES: dict[str, float] = json.loads((ROOT / "infra" / "prices.json").read_text())["prices"]
STAGE = "mailsight-${Stage}"


class Metric(NamedTuple):
    """A metric that is looked at; dimensions as pairs, with `${…}` where the template has references."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: int


def text_of(value: Any) -> str:
    """A string, or the one in Fn::Sub, or a Ref as Fn::Sub writes it."""
    if isinstance(value, dict):
        return str(value["Fn::Sub"]) if "Fn::Sub" in value else f"${{{value['Ref']}}}"
    return str(value)


def of_type(resource_type: str, whole: Mapping[str, Any] = WATCH) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in whole["Resources"].items() if one.get("Type") == resource_type}


ALARMS = {
    text_of(one["AlarmName"]).removeprefix(f"{STAGE}-"): one for one in of_type("AWS::CloudWatch::Alarm").values()
}
"""Properties of the alarms, by their names without the stage."""


def metrics_of(alarm: Mapping[str, Any]) -> dict[str, Metric]:
    """What an alarm looks at, by id; "" for the metric of an alarm without expressions."""
    if "MetricName" in alarm:
        return {"": _metric(alarm, alarm["Statistic"], alarm["Period"])}
    stats = {one["Id"]: one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one}
    return {name: _metric(stat["Metric"], stat["Stat"], stat["Period"]) for name, stat in stats.items()}


def _metric(said: Mapping[str, Any], statistic: str, period: int) -> Metric:
    dimensions = tuple((one["Name"], text_of(one["Value"])) for one in said.get("Dimensions", []))
    return Metric(said["Namespace"], said["MetricName"], dimensions, statistic, period)


# -------------------------------------------------------------------------------------------------- the dashboard


def widgets() -> list[dict[str, Any]]:
    """Those of the dashboard as CloudWatch gets it, but for what Fn::Sub replaces."""
    body = json.loads(dashboard.rendered(BOARD["DashboardBody"], PRICES)["Fn::Sub"])
    found: list[dict[str, Any]] = body["widgets"]
    return found


class Row(NamedTuple):
    """A line of a widget's metrics, written out: a metric or an expression, and its options."""

    metric: tuple[str, ...]
    options: dict[str, Any]


def rows(widget: Mapping[str, Any]) -> list[Row]:
    """The lines of a widget, with "." replaced by what stands above."""
    found: list[Row] = []
    for line in widget["properties"].get("metrics", []):
        options = line[-1] if isinstance(line[-1], dict) else {}
        above = found[-1].metric if found else ()
        parts = [part for part in line if not isinstance(part, dict)]
        found.append(Row(tuple(above[at] if part == "." else part for at, part in enumerate(parts)), options))
    return found


def shown() -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Namespace, name and dimensions of every metric on the dashboard."""
    metrics = [row.metric for widget in widgets() for row in rows(widget) if row.metric]
    return [(one[0], one[1], tuple(zip(one[2::2], one[3::2], strict=True))) for one in metrics]


# ---------------------------------------------------------------------------------------------------- metric math


def names_in(expression: str) -> set[str]:
    """The ids that an expression speaks of; a function of metric math is in capitals."""
    without_strings = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    return set(re.findall(r"[a-z][A-Za-z0-9_]*", without_strings))


def evaluated(expression: str, values: Mapping[str, float | None]) -> float:
    """An expression at one moment; None is a metric that has nothing there, which arithmetic takes for 0.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    scope = {name: _Point(value) for name, value in values.items()}
    functions = {
        "FILL": lambda point, filler: _Point(filler if point.value is None else point.value),
        "IF": lambda condition, then, other: then if condition else other,
        "METRICS": lambda part: [point for name, point in scope.items() if part in name],
        "SUM": sum,
    }
    python = re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", expression))
    return float(eval(python, {"__builtins__": {}}, {**scope, **functions}))


class _Point(float):
    """A value of a metric, or the lack of one."""

    value: float | None

    def __new__(cls, value: float | None) -> "_Point":
        made = super().__new__(cls, value or 0.0)
        made.value = value
        return made
