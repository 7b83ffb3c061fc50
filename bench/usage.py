"""What a step uses of what AWS sells, in the units of infra/prices.json: a count for each price."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.deployment import MONTH, Deployment
from bench.recorder import Call
from bench.stage import Step
from chalicelib.flow.sweep import WORKERS as SWEEP_WORKERS

Usage = Mapping[str, float]
"""How much of each price of infra/prices.json; "…_per_million" in millions."""

MILLION = 1_000_000
GB = 2**30
SQS_CHUNK = 65_536  # bytes that count as one request
POLLERS, POLL_SECONDS = 5, 20
"""With how many connections Lambda waits at a queue, and how long each: Lambda Developer Guide, "Using Lambda with
Amazon SQS"; an empty answer is a request, too."""

WHOLE_CORE_MB = 1_769
"""A function with less memory has that share of a processor: Lambda Developer Guide, "Configure function memory"."""

CPU_FACTOR = 1.5
"""Assumed: a Lambda's core takes so much longer than the one measured on, TLS included, which is not measured."""

WAITS_MS = {"dynamodb": 5, "sqs": 10, "s3": 30, "ses": 200}
"""Assumed: what a function waits for an answer of a service, in its region."""

LONG_POLL_MS = 1_000  # of replay, which asks an empty queue so long
REPORT_BYTES = 300  # START, END and REPORT of a call, where they are logged
LOGS_KEPT_DAYS = 14

_PRICES = Path(__file__).parents[1] / "infra" / "prices.json"


class Prices(NamedTuple):
    """List prices of a region, as they were on a day. `free` is what an account has every month for nothing."""

    date: str
    region: str
    by_name: Mapping[str, float]
    free: Mapping[str, float]

    def cost(self, usage: Usage) -> float:
        """In dollars."""
        return sum(amount * self.by_name[name] for name, amount in usage.items())

    def paid(self, usage: Usage) -> Usage:
        """What is left of a month's usage behind the free tiers, in an account that does nothing else."""
        return {name: max(0.0, amount - self.free.get(name, 0)) for name, amount in usage.items()}


def prices() -> Prices:
    """Those of infra/prices.json."""
    read: dict[str, Any] = json.loads(_PRICES.read_text(encoding="utf-8"))
    return Prices(read["date"], read["region"], read["prices"], read["free_each_month"])


def times(usage: Usage, number: float) -> Usage:
    """The usage of so many."""
    return {name: amount * number for name, amount in usage.items()}


def total(usages: Iterable[Usage]) -> Usage:
    """All together."""
    whole: dict[str, float] = {}
    for usage in usages:
        for name, amount in usage.items():
            whole[name] = whole.get(name, 0.0) + amount
    return whole


def of_requests(step: Step) -> Usage:
    """What a step asks of the stores and of SES."""
    chunks = sum(math.ceil(call.sent / SQS_CHUNK) for call in step.calls if call.service == "sqs")
    return {
        "dynamodb_write_request_units_per_million": step.write_units / MILLION,
        "dynamodb_read_request_units_per_million": step.read_units / MILLION,
        "s3_put_requests_per_million": step.count("s3", "PutObject") / MILLION,
        "s3_get_requests_per_million": step.count("s3", "GetObject") / MILLION,
        "sqs_requests_per_million": chunks / MILLION,
        "ses_mails_per_million": step.count("ses", "SendEmail") / MILLION,
    }


def of_compute(step: Step, deployment: Deployment) -> Usage:
    """The time of a call that a step takes, in the function's memory."""
    memory = deployment.memory[step.function]
    computing = step.cpu_ms * CPU_FACTOR * max(1.0, WHOLE_CORE_MB / memory)
    waiting = float(sum(_wait_ms(call) for call in step.calls))
    if step.function == "sweep":
        waiting /= SWEEP_WORKERS
    return {"lambda_arm64_gb_second": memory / 1024 * (computing + waiting) / 1_000}


def _wait_ms(call: Call) -> int:
    return LONG_POLL_MS if call.operation == "ReceiveMessage" else WAITS_MS[call.service]


def of_call(step: Step, deployment: Deployment) -> Usage:
    """Calling a function, whatever it does: the request, its log, and the gateway before it."""
    logged = step.log_bytes + (REPORT_BYTES if deployment.has_reports else 0)
    used = {
        "lambda_requests_per_million": 1 / MILLION,
        "cloudwatch_logs_ingested_gb": logged / GB,
        "cloudwatch_logs_stored_gb_month": logged / GB * LOGS_KEPT_DAYS / MONTH.days,
        "data_transfer_out_gb": step.answer_bytes / GB,
    }
    if step.function in ("api", "track"):
        is_rest = step.function == "api" and deployment.has_rest_api
        used[f"api_gateway_{'rest' if is_rest else 'http'}_requests_per_million"] = 1 / MILLION
    return used


def of_step(step: Step, deployment: Deployment) -> Usage:
    """All of one call."""
    return total([of_requests(step), of_compute(step, deployment), of_call(step, deployment)])


def of_queue(batch: float) -> Usage:
    """A message's way out of a queue, which Lambda reads and deletes in batches of this size."""
    return {"sqs_requests_per_million": 2 / batch / MILLION}


def of_waiting_at_queues(queues: int) -> Usage:
    """A month of asking queues that are empty."""
    polls = POLLERS * MONTH.total_seconds() / POLL_SECONDS
    return {"sqs_requests_per_million": queues * polls / MILLION}


def of_storage(stored: Mapping[str, float], days: float, *, has_backups: bool) -> Usage:
    """What is kept for so long, in bytes by table, `table/index` and `contents`. Backups are of tables only."""
    months = days * 86_400 / MONTH.total_seconds()
    in_tables = sum(size for name, size in stored.items() if name != "contents")
    backed_up = sum(size for name, size in stored.items() if name != "contents" and "/" not in name)
    return {
        "dynamodb_storage_gb_month": in_tables / GB * months,
        "dynamodb_point_in_time_recovery_gb_month": backed_up / GB * months if has_backups else 0.0,
        "s3_storage_gb_month": stored.get("contents", 0) / GB * months,
    }
