"""What mails, opens and clicks use in all, stage by stage: measured steps, as often as they happen."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from bench import life, usage
from bench.deployment import MONTH, Deployment
from bench.journey import Journey
from bench.usage import MILLION, Usage
from chalicelib.core.behind import KEPT, KEPT_OF_NOW
from chalicelib.flow.recount import AGES

Stages = Mapping[str, Usage]
"""What one mail, open or click uses, by the stage of its way."""

KEPT_DAYS = 100
KEY_KEPT_DAYS = 3  # of an Idempotency-Key: a day, and as long as TTL may be late
RECENT_DAYS, OLDER_DAYS = 2, 38  # whose mails are opened all the time
DRAWN = 20_000  # mails, for how often events meet in a batch


class Traffic(NamedTuple):
    """How mails come. Evenly, so little is going on that each message of a queue is a batch of its own."""

    mails_a_month: float = float(MILLION)
    batch_of_ingest: float = 1.0
    has_idempotency_key: bool = True


class Meeting(NamedTuple):
    """How events meet in the batches of the stream: calls for each event, and of how many mails Send and Delivery,
    and of how many clicks the open, are folded at once."""

    calls: float
    deliveries: float
    clicks: float


def meeting(deployment: Deployment, traffic: Traffic) -> Meeting:
    """As mails drawn by `bench.life` meet."""
    return _meeting(traffic.mails_a_month, deployment.fold_window_seconds, deployment.batches["fold"])


@cache  # most settings of a deployment change nothing here, and the drawing takes most of the time of a bill
def _meeting(mails_a_month: float, window_seconds: float, batch_size: int) -> Meeting:
    happenings = life.of_mails(DRAWN, mails_a_month / MONTH.total_seconds())
    found = list(life.batches(happenings, window_seconds, batch_size))
    clicks = sum(one.kind == "click" for one in happenings)
    return Meeting(
        calls=len(found) / len(happenings),
        deliveries=_met(found, {"Send", "Delivery"}) / DRAWN,
        clicks=_met(found, {"open", "click"}) / clicks,
    )


def _met(batches: Iterable[Sequence[life.Happening]], kinds: set[str]) -> int:
    """Of how many mails events of all these kinds are in one batch."""
    number = 0
    for batch in batches:
        of_mail: dict[int, set[str]] = {}
        for one in batch:
            of_mail.setdefault(one.mail, set()).add(one.kind)
        number += sum(kinds <= found for found in of_mail.values())
    return number


class Bill(NamedTuple):
    """Of one mail, one open, one click; and of a month in which nothing happens."""

    mail: Stages
    open: Stages
    click: Stages
    month: Stages

    def of_a_million(self) -> Stages:
        """A month of a million tracked mails, each delivered, half of them opened, a tenth clicked."""
        parts = {"the month": usage.total(self.month.values())}
        for name, number, stages in (
            ("mails", 1.0, self.mail),
            ("opens", life.OPENS, self.open),
            ("clicks", life.CLICKS, self.click),
        ):
            parts[name] = usage.times(usage.total(stages.values()), number * MILLION)
        return parts


def reckoned(journey: Journey, deployment: Deployment, traffic: Traffic) -> Bill:
    """The bill of a deployment with this traffic."""
    met = meeting(deployment, traffic)
    return Bill(
        mail=_mail(journey, deployment, traffic, met),
        open=_hit(journey, deployment, met, "open"),
        click=_hit(journey, deployment, met, "click"),
        month=_month(journey, deployment),
    )


def _mail(journey: Journey, deployment: Deployment, traffic: Traffic, met: Meeting) -> Stages:
    steps = journey.steps
    accept = steps["accept" if traffic.has_idempotency_key else "accept without Idempotency-Key"]
    told = ["Send", "Delivery"] if deployment.hears_of_sending else ["Delivery"]
    stored = dict(journey.stored["mail"])
    key = {"account": stored.pop("account") if traffic.has_idempotency_key else 0.0}
    if not deployment.hears_of_sending:
        stored["events"] /= 2
    kept = [(stored, KEPT_DAYS), (key, KEY_KEPT_DAYS)]
    ingest = (_ingest(journey, deployment, traffic, kind) for kind in told)
    return {
        "accept": usage.of_step(accept, deployment),
        "send": usage.total([usage.of_step(steps["send"], deployment), usage.of_queue(1)]),
        "ingest": usage.total(ingest),
        "fold": _fold_of_mail(journey, deployment, met),
        "sweep": _sweep(journey, deployment),
        "recount": _recount(journey, deployment),
        f"storage for {KEPT_DAYS} days": usage.total(
            usage.of_storage(sizes, days, has_backups=deployment.has_backups) for sizes, days in kept
        ),
    }


def _ingest(journey: Journey, deployment: Deployment, traffic: Traffic, kind: str) -> Usage:
    """A notification: SES publishes it, SNS queues it, Lambda fetches it."""
    step, batch = journey.steps[f"ingest {kind}"], traffic.batch_of_ingest
    arrival = {"sns_publishes_per_million": 1 / MILLION, "sqs_requests_per_million": 1 / MILLION}
    called = usage.times(usage.of_call(step, deployment), 1 / batch)
    done = [usage.of_requests(step), usage.of_compute(step, deployment)]
    return usage.total([arrival, usage.of_queue(batch), called, *done])


def _fold_of_mail(journey: Journey, deployment: Deployment, met: Meeting) -> Usage:
    alone, at_once = [_fold(journey, deployment, "Delivery")], _fold(journey, deployment, "Send and Delivery at once")
    events, together = 1, 0.0
    if deployment.hears_of_sending:
        alone.append(_fold(journey, deployment, "Send"))
        events, together = 2, met.deliveries
    return usage.total(
        [
            usage.times(usage.total(alone), 1 - together),
            usage.times(at_once, together),
            usage.times(usage.of_call(journey.steps["fold Send"], deployment), events * met.calls),
        ]
    )


def _fold(journey: Journey, deployment: Deployment, what: str) -> Usage:
    """Without the call, which others share."""
    step = journey.steps[f"fold {what}"]
    return usage.total([usage.of_requests(step), usage.of_compute(step, deployment)])


def _hit(journey: Journey, deployment: Deployment, met: Meeting, kind: str) -> Stages:
    folded = _fold(journey, deployment, kind)
    if kind == "click":  # one that meets its open costs what is more than that open's own fold
        more = usage.total([_fold(journey, deployment, "open and click at once"), _less(journey, deployment)])
        folded = usage.total([usage.times(folded, 1 - met.clicks), usage.times(more, met.clicks)])
    called = usage.times(usage.of_call(journey.steps[f"fold {kind}"], deployment), met.calls)
    stored = journey.stored[kind]
    return {
        "track": usage.of_step(journey.steps[kind], deployment),
        "fold": usage.total([folded, called]),
        f"storage for {KEPT_DAYS} days": usage.of_storage(stored, KEPT_DAYS, has_backups=deployment.has_backups),
    }


def _less(journey: Journey, deployment: Deployment) -> Usage:
    return usage.times(_fold(journey, deployment, "open"), -1)


def _sweep(journey: Journey, deployment: Deployment) -> Usage:
    """All visits to one mail: what a sweep of some costs more than one of none."""
    return _visits(journey, deployment, ("sweep of no mail", "sweep of the mails"), deployment.visits)


def _recount(journey: Journey, deployment: Deployment) -> Usage:
    """All nights in which one mail is counted: what a recount of some costs more than one of none."""
    return _visits(journey, deployment, ("recount of no mail", "recount of the mails"), len(AGES))


def _visits(journey: Journey, deployment: Deployment, names: tuple[str, str], visits: float) -> Usage:
    """So many visits to one mail, by what one of all mails costs more than one of none."""
    none, some = (
        usage.total([usage.of_requests(step), usage.of_compute(step, deployment)])
        for step in (journey.steps[name] for name in names)
    )
    return usage.times(usage.total([some, usage.times(none, -1)]), visits / journey.mails)


def _marks() -> float:
    """How often in a month somebody writes that cells of a day change, if they change all the time."""
    return MONTH / KEPT_OF_NOW * RECENT_DAYS + MONTH / KEPT * OLDER_DAYS


def _month(journey: Journey, deployment: Deployment) -> Stages:
    steps, runs = journey.steps, deployment.runs_a_month
    idle = usage.of_step(steps["report of nothing"], deployment)
    metrics = {name for step in steps.values() for name in step.metrics}
    return {
        f"{len(metrics)} metrics": {"cloudwatch_metric_month": float(len(metrics))},
        f"alarms on {deployment.alarms} metrics": {"cloudwatch_alarm_month": float(deployment.alarms)},
        "the dashboard": {"cloudwatch_dashboard_month": float(deployment.dashboards)},
        "the secret": {"secrets_manager_secret_month": float(deployment.secrets)},
        f"waiting at {deployment.queues} queues": usage.of_waiting_at_queues(deployment.queues),
        "sweeps that find nothing": usage.times(
            usage.of_step(steps["sweep of empty bands"], deployment), runs["sweep"]
        ),
        f"the tables of {RECENT_DAYS} days, each minute": usage.times(
            usage.total([usage.of_step(steps["report of a day"], deployment), usage.times(idle, -1)]),
            RECENT_DAYS * runs["report"],
        ),
        f"marks of {RECENT_DAYS} days and of {OLDER_DAYS} older ones": {
            "dynamodb_write_request_units_per_million": _marks() / MILLION
        },
        "reports where nothing is to be built": usage.times(idle, runs["report"]),
        "reports by mail of which none is due": usage.times(
            usage.of_step(steps["inform of nothing"], deployment), runs["inform"]
        ),
        "recounts that find nothing": usage.times(
            usage.of_step(steps["recount of empty days"], deployment), runs["recount"]
        ),
        "reminders that find nothing": usage.times(
            usage.of_step(steps["remind of nothing"], deployment), runs["remind"]
        ),
        "replays that find nothing": usage.times(usage.of_step(steps["replay of nothing"], deployment), runs["replay"]),
    }
