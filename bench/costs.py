"""What it costs: measured counts at list prices, with the goals: `python -m bench costs`.

docs/COSTS.md has all of it; `bench.costs_page` makes it of what is reckoned here.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bench import bill, deployment, journey, units, usage
from bench.bill import Bill, Traffic
from bench.deployment import Deployment
from bench.journey import Journey
from bench.report import Figure, Goal, Table
from bench.usage import MILLION, Prices, Usage

GOAL_OF_A_MONTH, GOAL_OF_OPENS = Goal("≤", 15), Goal("≤", 4)
SES = "ses_mails_per_million"
WINDOWS = (0.0, 10.0, 60.0, 300.0)  # seconds; the last is the longest that Lambda takes

_WORDS = {"dynamodb": "DynamoDB", "ses": "SES", "sqs": "SQS", "sns": "SNS", "s3": "S3", "api": "API", "rest": "REST"}
_NAMES = {"lambda_arm64_gb_second": "Lambda compute (arm64)", "cloudwatch_alarm_month": "CloudWatch alarms"}
_WORDS |= {"http": "HTTP", "lambda": "Lambda", "cloudwatch": "CloudWatch", "gateway": "Gateway"}


class Setting(NamedTuple):
    """What somebody could set otherwise, and where."""

    what: str
    where: str
    deployment: Deployment
    traffic: Traffic = Traffic()


class Reckoning(NamedTuple):
    """What was measured, how it is deployed, and what that is billed at."""

    journey: Journey
    deployment: Deployment
    prices: Prices

    def bill(self) -> Bill:
        """Of this deployment, with a million mails a month."""
        return bill.reckoned(self.journey, self.deployment, Traffic())

    def own(self, used: Iterable[Usage]) -> float:
        """Dollars without what SES takes for sending."""
        return self.prices.cost(without_ses(usage.total(used)))

    def of_a_month(self, deployment: Deployment, traffic: Traffic) -> float:
        """Own dollars of a month of a million mails."""
        return self.own(bill.reckoned(self.journey, deployment, traffic).of_a_million().values())


def reckoning(rounds: int = journey.ROUNDS) -> Reckoning:
    """Measured now, with the deployment and the prices of this checkout."""
    return Reckoning(journey.travel(rounds), deployment.read(), usage.prices())


def without_ses(used: Usage) -> Usage:
    """What is not SES's."""
    return {name: amount for name, amount in used.items() if name != SES}


def tables(rounds: int = journey.ROUNDS) -> Iterator[Table]:
    """The sums and their goals."""
    made = summary(reckoning(rounds))
    yield made._replace(about=f"{made.about} What it is made of: docs/COSTS.md.")


def summary(found: Reckoning) -> Table:
    """What the goals are about."""
    made = found.bill()
    parts = made.of_a_million()
    whole = usage.total(parts.values())
    own = found.own([whole])
    paid = found.prices.cost(without_ses(found.prices.paid(whole)))
    figures = [
        Figure("a month of a million mails, our own part", own, "$", GOAL_OF_A_MONTH, _largest(found, whole)),
        *(Figure(f"of that: {name}", found.own([used]), "$") for name, used in parts.items()),
        Figure("the same behind the free tiers", paid, "$", note="of an account that does nothing else"),
        Figure("SES's part", found.prices.cost({SES: whole[SES]}), "$"),
        Figure(
            "a million opens, folded", found.own(made.open.values()) * MILLION, "$", GOAL_OF_OPENS, _of_a(found, "open")
        ),
        Figure("a million clicks, folded", found.own(made.click.values()) * MILLION, "$", note=_of_a(found, "click")),
    ]
    about = (
        "A million tracked mails in a month, each delivered, half of them opened, a tenth clicked. List prices of "
        f"{found.prices.region}, {found.prices.date}, free tiers not counted."
    )
    return Table("What it costs", about, figures)


def _largest(found: Reckoning, used: Usage) -> str:
    costs = {name: found.prices.cost({name: amount}) for name, amount in without_ses(used).items()}
    largest = sorted(costs, key=lambda name: costs[name], reverse=True)[:4]
    return "above all " + ", ".join(f"{name_of(name)} {costs[name]:.2f} $" for name in largest)


def _of_a(found: Reckoning, kind: str) -> str:
    steps = [found.journey.steps[name] for name in (kind, f"fold {kind}")]
    return f"each writes {sum(step.write_units for step in steps):g} write units: {units.where(steps)}"


def settings(now: Deployment) -> list[Setting]:
    """What could be set otherwise, each alone."""

    def memory(factor: float) -> Deployment:
        return now._replace(memory={name: int(size * factor) for name, size in now.memory.items()})

    found = [
        Setting("SES's events `send` are not heard", "infra/data.yaml", now._replace(hears_of_sending=False)),
        Setting("the API behind an HTTP API", "infra/app.yaml", now._replace(has_rest_api=False)),
        Setting("half as much memory for all functions", ".chalice/config.json, infra/app.yaml", memory(0.5)),
        Setting("twice as much memory for all functions", ".chalice/config.json, infra/app.yaml", memory(2)),
        Setting("the sweep visits a mail half as often", "flow/sweep.py", now._replace(visits=now.visits / 2)),
        Setting("no point-in-time recovery", "infra/data.yaml", now._replace(has_backups=False)),
        Setting("Lambda's own lines about each call are logged", "infra/app.yaml", now._replace(has_reports=True)),
        Setting("no alarms", "infra/watch.yaml", now._replace(alarms=0)),
        Setting("no CloudWatch dashboard", "infra/dashboard.yaml", now._replace(dashboards=0)),
        Setting("mails come without Idempotency-Key", "the caller", now, Traffic(has_idempotency_key=False)),
        Setting("ingest is handed ten at once, as in a burst", "infra/app.yaml", now, Traffic(batch_of_ingest=10)),
    ]
    for seconds in WINDOWS:
        window = now._replace(fold_window_seconds=seconds)
        found.append(Setting(f"fold's stream gathers for {seconds:g} s", "infra/app.yaml", window))
    return [one for one in found if (one.deployment, one.traffic) != (now, Traffic())]


def moves(found: Reckoning) -> Table:
    """The settings, with what each changes; the one that moves the sum most first."""
    now = found.of_a_month(found.deployment, Traffic())
    changes = [(found.of_a_month(one.deployment, one.traffic) - now, one) for one in settings(found.deployment)]
    changes.sort(key=lambda entry: abs(entry[0]), reverse=True)
    figures = [Figure(one.what, round(change, 2), "$", note=one.where) for change, one in changes]
    about = "Each changed alone, against a month of a million mails: $ more or less. The first three move it most."
    return Table("What moves it", about, figures)


def name_of(price: str) -> str:
    """The name of a price for people."""
    if price in _NAMES:
        return _NAMES[price]
    words = price.removesuffix("_per_million").removesuffix("_gb_month").removesuffix("_gb").removesuffix("_month")
    return " ".join(_WORDS.get(word, word) for word in words.split("_"))
