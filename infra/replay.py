"""Bring back spilled events: `python -m infra.replay`.

    python -m infra.replay                    drains the spill queue that the environment names
    python -m infra.replay --queue URL        drains another one, such as its dead-letter queue
    python -m infra.replay --log FILE         replays the lines that the tracking function wrote where even the queue
                                              failed; `-` is standard input. Lines may stand in any other text, and in
                                              the JSON that `aws logs filter-log-events` prints
    --stage prod                              of what `make deploy STAGE=prod` has deployed
    --local                                   of what `make run` runs now

Every event is stored once, however often it is replayed. Exit status 1: something is left, see what was printed.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from chalicelib.core.problem import MailsightError
from chalicelib.flow import replay as flow
from chalicelib.flow.replay import Tally
from chalicelib.gateways.spill import Spilled, SpillQueue
from chalicelib.storage.events import Events
from infra import installation

MARK = "spilled_event"
RUN = installation.FOLDER / "run.json"
MOST = 1_000_000_000


def spilled_in(lines: Iterable[str]) -> Iterator[Spilled]:
    """The spilled events in a log, by line. A line that speaks of one and has none to read gives an empty body."""
    for number, line in enumerate(lines, 1):
        if MARK not in line:
            continue
        items = list(_items(line))
        for item in items or [""]:
            yield Spilled(f"line {number}", item)


def _items(text: str) -> Iterator[str]:
    """Items under the mark in the JSON objects of a text; where it has none, in its JSON strings."""
    for opening in "{", '"':
        found = [item for value in _values(text, opening) for item in _items_of(value)]
        if found:
            yield from found
            return


def _values(text: str, opening: str) -> Iterator[Any]:
    """Every JSON value in a text that begins with this character."""
    decoder = json.JSONDecoder()
    at = text.find(opening)
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find(opening, end)


def _items_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and MARK in value:
        yield json.dumps(value[MARK])
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _items_of(inner)
    elif isinstance(value, str) and MARK in value:
        yield from _items(value)


def report(tally: Tally) -> str:
    """What was done, one thing a line."""
    lines = [f"{getattr(tally, outcome):8} {outcome.replace('_', ' ')}" for outcome in flow.Outcome]
    lines.append(f"{len(tally.malformed):8} malformed")
    lines += [f"malformed: {which}" for which in tally.malformed]
    if tally.stopped_by:
        lines.append(f"stopped, run it again when the table answers: {tally.stopped_by}")
    return "\n".join(lines)


def _arguments(argv: Sequence[str] | None, run: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    installation.add_options(parser, run.parent)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--queue", metavar="URL", help="drain this queue")
    source.add_argument("--log", metavar="FILE", help="replay the lines of a log, - for standard input")
    return parser.parse_args(argv)


def _replay_log(name: str, events: Events) -> Tally:
    if name == "-":
        return flow.replay(spilled_in(sys.stdin), events=events, now=datetime.now(UTC))
    with open(name, encoding="utf-8", errors="replace") as log:
        return flow.replay(spilled_in(log), events=events, now=datetime.now(UTC))


def _run(arguments: argparse.Namespace) -> Tally:
    own = installation.find(arguments, "events_table")
    events = Events(own.events_table, own.region)
    if arguments.log:
        return _replay_log(arguments.log, events)
    url = arguments.queue or own.require("spill_queue_url").spill_queue_url
    queue = SpillQueue(boto3.client("sqs", region_name=own.region), url)
    return flow.drain(queue, events=events, now=datetime.now(UTC), limit=MOST, may_go_on=lambda: True)


def main(argv: Sequence[str] | None = None, run: Path = RUN) -> int:
    """Replays and prints; the exit status. `run` is the file in which the local stack says what it is."""
    try:
        tally = _run(_arguments(argv, run))
    except (MailsightError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(report(tally))
    return 1 if tally.malformed or tally.stopped_by else 0


if __name__ == "__main__":
    sys.exit(main())
