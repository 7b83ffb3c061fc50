"""Metrics of every function but the tracking host's: added up during a call, written as one line at its end.

Powertools' usual `Metrics` holds what it counts in its class, for all instances and threads, and takes a dimension
from the environment; so each call has a set of its own, with the one dimension that core/metric.py allows.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.core import metric


class Counts:
    """The metrics of one call."""

    def __init__(self, metrics: EphemeralMetrics) -> None:
        self._metrics = metrics

    def add(self, name: metric.Count, number: int = 1) -> None:
        """So many more; none is not told."""
        if number:
            self._metrics.add_metric(name, MetricUnit.Count, number)

    def took(self, name: metric.Seconds, time: timedelta) -> None:
        """How long something took. Clocks may differ: less than nothing is nothing."""
        self._metrics.add_metric(name, MetricUnit.Seconds, max(0.0, time.total_seconds()))


@contextmanager
def counting(stage: str) -> Iterator[Counts]:
    """For the time of a call. What was counted is written at the end, also of a call that raises."""
    metrics = EphemeralMetrics(namespace=metric.NAMESPACE, service="")  # a service would be another dimension
    metrics.add_dimension(metric.DIMENSION, stage)
    try:
        yield Counts(metrics)
    finally:
        if metrics.metric_set:
            with suppress(OSError, ValueError):  # a closed output: what the call did is done all the same
                metrics.flush_metrics()
