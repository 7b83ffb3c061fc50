"""The proof that counting is exact: `make replay-million` (EVENTS=1000000 SEED=1).

Mails of five accounts are made up with all that happens to them, so that it is known what must be counted. Their events
go through the fold doubled, shuffled, late and lost, while the function dies before and after its calls. At the end
every cell, every message, every notice and every suppression must be what was made up. If not, the exit status is 1 and
the differences are printed. The accounts are divided among two processes: they share nothing but the code.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from typing import NamedTuple

from bench.replay_builders import Builders
from bench.replay_mails import END, POLICIES, START, Mail, Mails, Truth
from bench.replay_reports import unlike_reports
from bench.replay_store import CellTable, Store, size_of
from bench.replay_stream import BATCH, Chances, Stream, Streamed
from bench.replay_truth import cells_of, found, unlike, wanted
from chalicelib.core.cell import total
from chalicelib.core.message import Message
from chalicelib.core.refold import LIMITS, MOST_NEAR
from chalicelib.flow import recount

FIRST, SECOND = ("berlin", "utc"), ("lord-howe", "new-york", "kolkata")
LONGEST_TEXT = 20_000
"""Characters of what is stored of a message."""
MOST_ROWS = LIMITS.long_tail + 2 * BATCH
"""Of events in one read: what is open of a mail, and what came to it since the last fold."""
MOST_ROWS_A_HIT = MOST_ROWS + 2 * MOST_NEAR
"""Read for a hit of the hot mail, on average: what is open of the mail, and what lies around a hit that came late."""
MOST_SHOWN = 20
COMPARED = "cells, messages, notices, suppressions, reports; no drift, bounded reads"


class Proof(NamedTuple):
    """What was found. `differences` are sentences; none means that everything was exact."""

    differences: list[str]
    figures: dict[str, str]


class Plan(NamedTuple):
    """What is to be replayed, and what may go wrong meanwhile."""

    events: int
    seed: int
    accounts: tuple[str, ...] = tuple(POLICIES)
    chances: Chances = Chances()
    batch: int = BATCH
    hot: int | None = None
    """Hits of one mail alone; a tenth of all events if nothing is said."""


def prove(plan: Plan, store: Store | None = None) -> Proof:
    """Replays and compares; another `store` is for trying whether its faults are seen."""
    store = store or Store(POLICIES)
    stream = Stream(store, plan.chances, plan.seed, plan.batch)
    truths: dict[str, Truth] = {}
    made = Mails(plan.events, plan.seed, plan.accounts, hot=plan.hot)

    def noted() -> Iterator[Mail]:
        for mail in made:
            truths[mail.message.message_id] = mail.truth
            yield mail

    started = time.perf_counter()
    streamed = stream.run(noted())
    folded = time.perf_counter()
    hot = _hot(store)
    refolded, failed = stream.sweep()
    ended = time.perf_counter()
    differences = [*failed, *_unbounded(hot), *_differences(store, truths, streamed, made.made, stream.builders)]
    figures = _figures(store, stream, streamed, hot, refolded, folded - started, ended - folded)
    return Proof(differences, figures)


class Hot(NamedTuple):
    """What the hot mail cost until it was folded: the sweep, which reads all there is, comes behind that."""

    message_id: str
    hits: int
    rows: int
    most_rows: int
    """In one read, also of any other mail."""

    @property
    def rows_a_hit(self) -> float:
        return self.rows / max(1, self.hits)


def _hot(store: Store) -> Hot:
    message_id, work = next(iter(store.messages)), store.work
    return Hot(message_id, len(store.event_keys(message_id)), work.rows_of[message_id], work.most_rows)


def _unbounded(hot: Hot) -> Iterator[str]:
    """What of the reads grows with the number of hits."""
    if hot.most_rows > MOST_ROWS:
        yield f"{hot.most_rows:,} events were read at once, and {MOST_ROWS} are enough"
    if hot.rows_a_hit > MOST_ROWS_A_HIT:
        yield f"{hot.rows_a_hit:.0f} events were read for a hit of the hot mail, and {MOST_ROWS_A_HIT} are enough"


def _figures(
    store: Store, stream: Stream, streamed: Streamed, hot: Hot, refolded: int, seconds: float, swept_in: float
) -> dict[str, str]:
    work, happened, built = store.work, stream.shaky.happened, stream.builders.happened
    message, fold = store.messages[hot.message_id]
    return {
        "events": f"{streamed.events:,} of {len(store.messages):,} mails, {streamed.doubled:,} more were doubles",
        "stream": f"{streamed.lost:,} records lost, {streamed.given_up:,} given up; "
        f"the sweep healed {refolded:,} mails",
        "faults": f"{happened['deaths']:,} deaths, {happened['errors']:,} calls that failed, {happened['rivals']:,} "
        f"workers in between, {work.overtaken:,} writes refused, {happened['records again']:,} records brought again",
        "writes": f"{work.transactions:,} transactions of {work.messages_in_transactions / work.transactions:.1f} "
        f"messages, {work.plain:,} plain ones",
        "notices": f"{len(store.outbox):,}, of which {store.outbox.taken_back:,} took something back",
        "cells": f"{len(store.cells):,}",
        "reports": f"{built['built']:,} tables of days built, {built['ended']:,} runs that ended early, "
        f"{built['failed']:,} tables that failed, {built['rivals']:,} rivals",
        "hot mail": f"{hot.hits:,} events, {message.version:,} versions, {size_of(fold):,} characters, "
        f"at most {store.longest_text:,} on the way; {hot.rows_a_hit:.1f} events read for a hit, "
        f"at most {hot.most_rows} at once",
        "reads": f"{work.rows_read / work.reads:.1f} events a read, {work.reads / streamed.events:.2f} reads an event",
        "time": f"{seconds:.0f} s, {streamed.events / seconds:,.0f} events/s, and {swept_in:.0f} s for the sweep",
        "memory": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at most",
    }


def _differences(
    store: Store, truths: Mapping[str, Truth], streamed: Streamed, made: int, builders: Builders
) -> Iterator[str]:
    if streamed.events != made:
        yield f"{made} events were made up and {streamed.events} stored"
    for message_id, truth in truths.items():
        yield from _of_mail(store, store.messages[message_id][0], truth)
        size = size_of(store.messages[message_id][1])
        if max(size, store.longest_text) > LONGEST_TEXT:
            yield f"{message_id}: what is stored of it takes {size} characters"
    cells = total(cells_of(store.messages[message_id][0], truth) for message_id, truth in truths.items())
    yield from unlike("cell", cells, total([store.cells]))
    yield from store.outbox.wrong
    yield from unlike("suppressed", _suppressed_in(store, truths), _suppressed(store))
    yield from _drift(store)
    builders.settle(END)
    yield from builders.failures
    first = (START - timedelta(days=1)).date().isoformat()
    yield from unlike_reports(store.reports, POLICIES, cells, first, END)


def _of_mail(store: Store, message: Message, truth: Truth) -> Iterator[str]:
    outbox, message_id = store.outbox, message.message_id
    for what, must_be, is_found in (
        ("state", wanted(truth), found(message.state)),
        ("told", truth.told, dict(outbox.told.get(message_id, {}))),
        ("hits told", truth.hits_told, outbox.hits_told.get(message_id, set())),
    ):
        if must_be != is_found:
            yield f"{message_id}: {what} is {is_found}, and must be {must_be}"[:500]


def _suppressed_in(store: Store, truths: Mapping[str, Truth]) -> dict[tuple[str, str, str], int]:
    wanted = {}
    for message_id, truth in truths.items():
        message = store.messages[message_id][0]
        for reason, holds in (
            ("hard_bounce", truth.bounce == "hard"),
            ("complaint", bool(truth.complained_at)),
            ("unsubscribed", bool(truth.unsubscribed_at)),
        ):
            if holds:
                wanted[message.account, message.envelope.to[0], reason] = 1
    return wanted


def _suppressed(store: Store) -> dict[tuple[str, str, str], int]:
    return {
        (account, address, cause.reason.value): 1
        for (account, address), (known, _) in store.suppressions.items()
        for cause in known.causes
        if cause.reason.value != "soft_bounces"
    }


def _drift(store: Store) -> Iterator[str]:
    """What the nightly recount would find."""
    found: list[str] = []

    def report(account: str, day: str, what: object) -> None:
        found.append(f"recount of {account} {day}: {what!r}"[:500])

    days: list[date] = [(START + timedelta(days=number)).date() for number in range(-2, (END - START).days)]
    parts = recount.Parts(store, store, CellTable(store), POLICIES.__getitem__, report)
    counted = recount.recount_all(lambda _account: days, parts)
    if counted.drift or counted.failed or counted.restless:
        yield f"the recount finds {counted}"
    yield from found


def say(proof: Proof, print_line: Callable[[str], None], compared: str = COMPARED) -> None:
    """What was found, for people."""
    for name, figure in proof.figures.items():
        print_line(f"{name:9} {figure}")
    for difference in proof.differences[:MOST_SHOWN]:
        print_line(f"WRONG     {difference}")
    if len(proof.differences) > MOST_SHOWN:
        print_line(f"WRONG     and {len(proof.differences) - MOST_SHOWN:,} more")
    print_line("NOT EXACT" if proof.differences else f"exact: {compared}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Proves and prints; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay_million", description=__doc__.split("\n\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1, help="another one makes up other mails and other faults")
    asked = parser.parse_args(arguments)
    print(f"{asked.events:,} events, seed {asked.seed}", flush=True)
    half = asked.events // 2
    plans = [
        Plan(asked.events - half, asked.seed, FIRST, hot=asked.events // 10),  # of a million 100,000 are of one mail
        Plan(half, asked.seed + 1_000_000, SECOND),
    ]
    started = time.perf_counter()
    with ProcessPoolExecutor(len(plans)) as processes:
        proofs = list(processes.map(prove, plans))
    for plan, proof in zip(plans, proofs, strict=True):
        print(f"\nAccounts {', '.join(plan.accounts)}")
        say(proof, print)
    seconds = time.perf_counter() - started
    print(f"\n{asked.events:,} events in {seconds:.0f} s, {asked.events / seconds:,.0f} a second")
    return 1 if any(proof.differences for proof in proofs) else 0


if __name__ == "__main__":
    sys.exit(main())
