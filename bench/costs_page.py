"""docs/COSTS.md, made of measured counts and the price list: no figure on it is typed by hand.

    python -m bench.costs_page [--write | --keep WHAT]

Without --write the page is only printed; --keep makes what is measured now what later pages are compared with.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import acts, bill, costs, costs_before, deployment, usage
from bench.bill import Traffic
from bench.costs import SES, Reckoning, name_of, without_ses
from bench.report import Figure, Table, markdown, number
from bench.usage import MILLION, Usage

PAGE = Path(__file__).parents[1] / "docs" / "COSTS.md"
HEAD = """# Costs

What AWS charges for mailsight. Made by `python -m bench.costs_page --write` on {when}; no figure is typed by hand.

The counts are measured: mails ({mail}) go through the real functions on an AWS on loopback that keeps the books. They
are accepted, sent, delivered, opened, clicked and swept, and every request is counted with its units by DynamoDB's
rules, indexes and transactions included. Prices: `infra/prices.json`, list prices of {region} on {date}.

"""
TAIL = """
## How it is reckoned

- **Evenly.** A million mails in a month are {rate:.2f} a second, so a message of a queue is fetched, handled and
  deleted alone; bursts are cheaper. How often events of one mail meet in a batch of the stream is drawn with a fixed
  seed (`bench/life.py`): {calls:.2f} calls of `fold` an event, Send and Delivery together for {deliveries:.0%} of the
  mails.
- **Lambda's time is assumed** from measured CPU: times {cpu_factor} for a slower core and for TLS, divided by the share
  of a processor that the memory buys; and for each answer that is waited for, in ms: {waits}. The CPU
  measured: {cpu}.
- **Not counted:** cold starts (cents, as long as mails come evenly), what people and programs read, taxes.
- **Kept for {kept} days.** Events expire. Messages and contents stay, for {after:.2f} $ a month and million mails.
"""
MISSED = """- **Why the goal is missed.** Of {own:.2f} $, with a goal of {goal} $, {needed:.2f} $ are what every mail
  needs: the request that hands it over, the PUT of its contents, its write units. {month:.2f} $ a month are there
  without mails.
"""
ONCE_A_MAIL = (
    "api_gateway_rest_requests_per_million",
    "api_gateway_http_requests_per_million",
    "s3_put_requests_per_million",
    "dynamodb_write_request_units_per_million",
)


def page(found: Reckoning, now: datetime) -> str:
    """The page."""
    head = HEAD.format(
        when=f"{now:%Y-%m-%d}", mail=acts.DESCRIPTION, region=found.prices.region, date=found.prices.date
    )
    return head + "\n".join(map(markdown, tables(found))) + _tail(found) + _why_missed(found)


def tables(found: Reckoning) -> Iterator[Table]:
    """All of the page's."""
    made = found.bill()
    yield costs.summary(found)
    yield costs_before.table(found)
    about = "From acceptance to delivered and folded, what the sweep reads in a mail's life, and what is kept."
    yield _by_component("A million mails, by component", about, made.mail, found)
    yield _by_stage("A million mails, by what is done", made.mail, found)
    yield _by_component("A million opens, by component", "Hits, their fold, and what is kept.", made.open, found)
    yield _by_component("A million clicks, by component", "The same of links.", made.click, found)
    figures = [Figure(name, found.prices.cost(used), "$") for name, used in made.month.items()]
    yield Table("A month, whether or not mails are sent", "One account, one stage.", figures)
    yield costs.moves(found)


def _by_component(title: str, about: str, stages: Mapping[str, Usage], found: Reckoning) -> Table:
    used = usage.times(usage.total(stages.values()), MILLION)
    cost = {name: found.prices.cost({name: amount}) for name, amount in used.items() if amount > 0}
    rows = sorted(cost, key=lambda name: cost[name], reverse=True)
    figures = [Figure(name_of(name), cost[name], "$", note=_amount(name, used[name])) for name in rows]
    whole = "sum without SES's" if SES in cost else "sum"
    return Table(title, about, [*figures, Figure(whole, found.prices.cost(without_ses(used)), "$")])


def _by_stage(title: str, stages: Mapping[str, Usage], found: Reckoning) -> Table:
    figures = [Figure(name, found.own([used]) * MILLION, "$", note=_units(used)) for name, used in stages.items()]
    return Table(title, "The same, without SES's.", figures)


def _units(used: Usage) -> str:
    """Capacity units of one mail."""
    units = (used.get(f"dynamodb_{kind}_request_units_per_million", 0) * MILLION for kind in ("write", "read"))
    writes, reads = map(number, units)
    return f"a mail: {writes} write units, {reads} read units" if (writes, reads) != ("0", "0") else ""


def _amount(price: str, amount: float) -> str:
    for ending, unit in (("_per_million", "million"), ("_gb_month", "GB months"), ("_gb_second", "GB seconds")):
        if price.endswith(ending):
            return f"{number(amount)} {unit}"
    return f"{number(amount)} GB"


def _tail(found: Reckoning) -> str:
    met, steps = bill.meeting(found.deployment, Traffic()), found.journey.steps
    stays = {name: size for name, size in found.journey.stored["mail"].items() if name not in ("events", "account")}
    month = usage.of_storage(stays, deployment.MONTH.total_seconds() / 86_400, has_backups=found.deployment.has_backups)
    return TAIL.format(
        rate=Traffic().mails_a_month / deployment.MONTH.total_seconds(),
        calls=met.calls,
        deliveries=met.deliveries,
        cpu_factor=usage.CPU_FACTOR,
        waits=", ".join(f"{service} {time}" for service, time in usage.WAITS_MS.items()),
        cpu=", ".join(f"{name} {steps[name].cpu_ms:.1f} ms" for name in ("accept", "send", "open", "fold open")),
        kept=bill.KEPT_DAYS,
        after=found.own([month]) * MILLION,
    )


def _why_missed(found: Reckoning) -> str:
    """What a mail cannot do without, where the goal is missed."""
    made = found.bill()
    own = found.own(made.of_a_million().values())
    if own <= costs.GOAL_OF_A_MONTH.bound:
        return ""
    used = usage.times(usage.total(made.mail.values()), MILLION)
    return MISSED.format(
        own=own,
        goal=costs.GOAL_OF_A_MONTH.bound,
        needed=found.prices.cost({name: used.get(name, 0.0) for name in ONCE_A_MAIL}),
        month=found.prices.cost(usage.total(made.month.values())),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Prints or writes the page; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.costs_page", description="Makes docs/COSTS.md.")
    parser.add_argument("--write", action="store_true", help="write docs/COSTS.md")
    parser.add_argument("--keep", metavar="WHAT", help="keep the figures for comparison, and what they are of")
    asked = parser.parse_args(argv)
    if asked.keep:
        costs_before.keep(costs.reckoning(), asked.keep, datetime.now(UTC))
        print(f"Kept in {costs_before.KEPT}")
        return 0
    text = page(costs.reckoning(), datetime.now(UTC))
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")
    print(f"Written to {PAGE}" if asked.write else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
