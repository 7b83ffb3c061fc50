"""The proof that counting is exact in a whole run: `make replay-local` (EVENTS=20000 SEED=1).

A run of the embedded default is started in a folder of its own. Mails are handed over by the API and delivered; one
event in twenty is a request to the tracking host, the others are written as that host writes them, or told as SES
tells them, shuffled, by several at once, one in twenty doubled. Meanwhile the run is
killed three times, with whatever it is about, and started again over what it kept. At the end every mail's counts,
every report cell and every suppression must be what was made up, every event must be stored once, the sweep and the
recount must find nothing, and no queue may hold anything. If not, the exit status is 1 and the differences are printed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from bench.replay_million import Proof, say
from bench.replay_player import ACCOUNTS, DAY, Player, until
from bench.replay_run import Run, RunFailed, last_of_log, started
from chalicelib.core.message import Failure, Message
from chalicelib.core.problem import MailsightError
from chalicelib.entrypoints.folding import folding_of
from chalicelib.entrypoints.recount import recounting_of
from chalicelib.flow import recount, sweep
from chalicelib.gateways.queue import SendQueue
from infra.local.problem import CannotRun

COMPARED = "events, messages, cells, suppressions; nothing to sweep, no drift, empty queues"
STILL_SECONDS = 60
"""What has not changed for so long changes no more."""


def prove(run: Run, events: int, seed: int) -> Proof:
    """Plays to the run and compares. Raises RunFailed if it does not do what it should at all."""
    player = Player(run, events, seed)
    begun = time.perf_counter()
    player.hand_over()
    handed_over = time.perf_counter()
    player.play()
    until(lambda: not run.waiting(), "empty queues")
    differences = list(player.recognise())
    played = time.perf_counter()
    _settle(player)
    folded = time.perf_counter()
    swept, drift = _swept(run, differences), list(_drift(run))
    until(lambda: not run.waiting(), "empty queues after the sweep")
    differences += [*drift, *player.differences()]
    process = run.process
    process.look_at_memory()
    figures = {
        "events": f"{player.events:,} of {player.mails:,} mails, {player.requests:,} of them requests over HTTP; "
        f"{player.doubled:,} more were doubles",
        "mails": f"{handed_over - begun:.0f} s until all had arrived",
        "time": f"{folded - handed_over:.0f} s until all was folded, {player.events / (folded - handed_over):,.0f} "
        f"events/s; {played - handed_over:.0f} s of them for playing",
        "kills": f"{process.kills}, with {' and '.join(map(str, player.unfinished))} messages in the queues",
        "memory": f"{process.most_mb:,.0f} MB at most, and {process.most_of_emulator_mb:,.0f} MB of its emulator",
        "sweep": f"{swept.seen:,} mails seen, {swept.refolded:,} refolded",
    }
    return Proof(differences, figures)


def _settle(player: Player) -> None:
    """Waits until everything is as it must be, or nothing changes any more."""
    before, since = ["unknown"], time.monotonic()
    while before and time.monotonic() - since < STILL_SECONDS:
        if (now := list(player.differences())) != before:
            before, since = now, time.monotonic()
        if now:
            time.sleep(5)  # it reads all mails each time


def _swept(run: Run, differences: list[str]) -> sweep.Swept:
    """A sweep of everything; adds what it had to put right to the differences."""
    now = datetime.now(UTC)
    queue = SendQueue(boto3.client("sqs"), run.own.send_queue_url)

    def report(message_id: str, error: Exception) -> None:
        differences.append(f"sweep of {message_id}: {type(error).__name__}: {error}")

    def fail(message: Message, failure: Failure, _now: datetime) -> bool:
        differences.append(f"the sweep gave up {message.message_id}: {failure.code}")
        return False

    parts = sweep.Parts(run.accounts, run.messages, folding_of(run.own).for_many(), queue, report, fail)
    parts.folding.events.after("0" * 32, None, now=now)  # makes the client once, and not in each of the threads
    swept = sweep.sweep(lambda _account: [(now - DAY, now + DAY)], parts, now=now, may_go_on=lambda: True)
    if swept.refolded or swept.unstuck or swept.left:
        differences.append(f"the sweep had something to put right: {swept}")
    return swept


def _drift(run: Run) -> Iterator[str]:
    """What the nightly recount would find."""
    found: list[str] = []

    def report(account: str, day: str, what: object) -> None:
        found.append(f"recount of {account} {day}: {what!r}"[:500])

    def days_of(account: str) -> list[date]:
        return [(datetime.now(UTC) + DAY * number).date() for number in (-1, 0, 1)]

    counted = recount.recount_all(days_of, recounting_of(run.own, report))
    if counted.drift or counted.failed or counted.restless or counted.days < 3 * len(ACCOUNTS):
        yield f"the recount finds {counted}"
    yield from found


def main(arguments: Sequence[str] | None = None) -> int:
    """Proves and prints; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay_local", description=__doc__.split("\n\n")[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1, help="another one makes up other mails")
    asked = parser.parse_args(arguments)
    print(f"{asked.events:,} events, seed {asked.seed}, through a run of the embedded default", flush=True)
    with tempfile.TemporaryDirectory(prefix="mailsight-replay-") as folder:
        try:
            with started(Path(folder)) as run:
                proof = prove(run, asked.events, asked.seed)
        except (RunFailed, CannotRun, MailsightError, PynamoDBException, BotoCoreError, ClientError, OSError) as error:
            print(f"python -m bench.replay_local: {error}\n{last_of_log(Path(folder))}", file=sys.stderr)
            return 1
    say(proof, print, COMPARED)
    return 1 if proof.differences else 0


if __name__ == "__main__":
    sys.exit(main())
