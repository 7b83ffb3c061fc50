"""Reads metrics as CloudWatch does, and holds every line with one to its form.

Form: CloudWatch User Guide, "Specification: Embedded metric format".
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib.core.metric import COUNTS, DIMENSION, NAMESPACE, SECONDS


class Told(NamedTuple):
    """One line: the stage, and each metric with its sum."""

    stage: str
    metrics: dict[str, float]


def lines_in(output: str) -> list[str]:
    """The lines with metrics, as they are."""
    return [line for line in output.splitlines() if '"_aws"' in line]


def told_in(output: str) -> list[Told]:
    """What the lines with metrics tell. Fails for one that holds anything else than metrics of ours."""
    return [_told(json.loads(line)) for line in lines_in(output)]


def counted_in(output: str) -> dict[str, float]:
    """All metrics of all lines, summed up."""
    summed: dict[str, float] = {}
    for told in told_in(output):
        for name, value in told.metrics.items():
            summed[name] = summed.get(name, 0) + value
    return summed


def _told(document: dict[str, Any]) -> Told:
    about, stage = document.pop("_aws"), document.pop(DIMENSION)
    assert isinstance(about["Timestamp"], int)
    (directive,) = about["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == (NAMESPACE, [[DIMENSION]])
    units = {entry["Name"]: entry["Unit"] for entry in directive["Metrics"]}
    assert units == {name: "Count" if name in COUNTS else "Seconds" for name in document}
    assert document.keys() <= COUNTS | SECONDS
    return Told(stage, {name: sum(_numbers(value)) for name, value in document.items()})


def _numbers(value: Any) -> Sequence[float]:
    numbers = value if isinstance(value, list) else [value]
    assert all(isinstance(number, int | float) and number >= 0 for number in numbers)
    return numbers
