"""Judge all hits that are kept anew: `python -m infra.reclassify`, after the rules about machines have changed.

    --days 407      mails accepted in so many days; what is older keeps no hits
    --stage prod    of what `make deploy STAGE=prod` has deployed
    --local         of what `make run` runs now

Statuses, counts and the folder of opens follow. It may run beside everything else, and again: then it changes nothing.
Exit status 1: some mails could not be judged, see what was printed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.account_policy import LONGEST_WINDOW_DAYS
from chalicelib.core.event import GRACE
from chalicelib.core.problem import MailsightError
from chalicelib.entrypoints.folding import FOLDING, folding_of
from chalicelib.flow import reclassify as flow
from chalicelib.flow.reclassify import Tally
from chalicelib.storage.account import Account
from chalicelib.storage.messages import Messages
from infra import installation

MOST_DAYS = LONGEST_WINDOW_DAYS + GRACE.days + 1  # a mail may wait a day before it is sent


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"give a number of days from 1 to {MOST_DAYS}")
    return int(text)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.reclassify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    installation.add_options(parser)
    parser.add_argument("--days", type=_days, default=MOST_DAYS, metavar="N")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> Tally:
    own = installation.find(arguments, *FOLDING)
    folding = folding_of(own)
    now, began = datetime.now(UTC), time.monotonic()

    def progress(tally: Tally) -> None:
        rate = tally.seen / max(time.monotonic() - began, 0.001)
        print(f"\r{tally.seen:,} mails, {rate:,.0f} a second", end="", file=sys.stderr, flush=True)

    parts = flow.Parts(
        accounts=Account(own.account_table, own.region),
        messages=Messages(own.messages_table, own.region),
        folding=folding,
        report=lambda message_id, error: print(f"\n{message_id}: {type(error).__name__}: {error}", file=sys.stderr),
        progress=progress,
    )
    folding.events.after("0" * 32, None, now=now)  # makes the client once, and not in each of the threads
    return flow.reclassify((now - timedelta(days=arguments.days), now), parts, now=now)


def main(argv: Sequence[str] | None = None) -> int:
    """Judges anew and prints; the exit status."""
    try:
        tally = _run(_arguments(argv))
    except (MailsightError, BotoCoreError, ClientError, PynamoDBException) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{tally.seen:8,} mails looked at\n{tally.changed:8,} changed\n{tally.failed:8,} could not be judged")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
