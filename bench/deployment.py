"""How the functions are deployed, as far as it has a price: read from what is deployed, not repeated here."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.core.message import CAPTURE_WINDOW
from chalicelib.flow.sweep import BAND, bands
from infra import template
from infra.local.functions import FEEDS, QueueSource, Schedule, StreamSource
from infra.local.schedules import interval

ROOT = Path(__file__).parents[1]
MONTH = timedelta(days=30.4375)
_WITHOUT_REPORTS = frozenset({"WARN", "ERROR", "FATAL"})


class Deployment(NamedTuple):
    """What can be set, and moves the bill. Batches are the largest that a function is handed.

    `visits` is how often the sweep looks at a mail in its life, `queues` how many Lambda asks for messages. `alarms`
    counts the metrics that alarms watch, for those are paid.
    """

    memory: Mapping[str, int]
    batches: Mapping[str, int]
    fold_window_seconds: float
    runs_a_month: Mapping[str, float]
    visits: float
    queues: int
    has_rest_api: bool = True
    has_reports: bool = False  # Lambda's own lines about each call
    has_backups: bool = True  # point-in-time recovery
    hears_of_sending: bool = True  # SES's events `send`
    alarms: int = 0
    dashboards: int = 0
    secrets: int = 1


def read() -> Deployment:
    """The deployment of this checkout."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    app, data = _resources("app.yaml"), _resources("data.yaml")
    sources = {feed.name: feed.source for feed in FEEDS}
    queues = {name: source.batch_size for name, source in sources.items() if isinstance(source, QueueSource)}
    streams = {name: source.batch_size for name, source in sources.items() if isinstance(source, StreamSource)}
    every = {name: interval(source.expression) for name, source in sources.items() if isinstance(source, Schedule)}
    mapping = app["Fold"]["Properties"]["Events"]["FoldDynamodbEventSource"]["Properties"]
    return Deployment(
        memory=_memory(config, app),
        batches=queues | streams,
        fold_window_seconds=float(mapping.get("MaximumBatchingWindowInSeconds", 0)),
        runs_a_month={name: MONTH / time for name, time in every.items()},
        visits=len(bands(datetime.now(UTC), CAPTURE_WINDOW)) * (BAND / every["sweep"]),
        queues=len(queues),
        has_reports=_globals()["LoggingConfig"]["SystemLogLevel"] not in _WITHOUT_REPORTS,
        has_backups=any("PointInTimeRecoverySpecification" in one["Properties"] for one in data.values()),
        hears_of_sending="send" in _event_types(data),
        alarms=sum(_watched(one["Properties"]) for one in _of_type("watch.yaml", "AWS::CloudWatch::Alarm")),
        dashboards=len(_of_type("dashboard.yaml", "AWS::CloudWatch::Dashboard")),
        secrets=len(_of_type("data.yaml", "AWS::SecretsManager::Secret")),
    )


def _memory(config: Mapping[str, Any], app: Mapping[str, Any]) -> dict[str, int]:
    usual = config["lambda_memory_size"]
    named = {name: own.get("lambda_memory_size", usual) for name, own in config["lambda_functions"].items()}
    named |= {"api": named.pop("api_handler", usual), "track": app["Track"]["Properties"]["MemorySize"]}
    return named


def _event_types(data: Mapping[str, Any]) -> list[str]:
    types: list[str] = data["NotificationsDestination"]["Properties"]["EventDestination"]["MatchingEventTypes"]
    return types


def _watched(alarm: Mapping[str, Any]) -> int:
    return sum("MetricStat" in one for one in alarm["Metrics"]) if "Metrics" in alarm else 1


def _of_type(file: str, resource_type: str) -> list[Mapping[str, Any]]:
    return [resource for resource in _resources(file).values() if resource.get("Type") == resource_type]


def _resources(file: str) -> Mapping[str, Any]:
    resources: Mapping[str, Any] = template.load(ROOT / "infra" / file)["Resources"]
    return resources


def _globals() -> Mapping[str, Any]:
    function: Mapping[str, Any] = template.load(ROOT / "infra" / "app.yaml")["Globals"]["Function"]
    return function
