"""Count days of reports anew from the mails: `python -m infra.recount`, to see that the report cells are right.

    --from 2026-11-01 --to 2026-11-21   which days, in the account's time zone; without them the last 30
    --repair        put right what is wrong; else it is only told
    --stage prod    of what `make deploy STAGE=prod` has deployed
    --local         of what `make run` runs now

A day whose mails change while they are counted is counted again, and told to be restless if it never rests.
Exit status 1: something was wrong, or could not be counted, see what was printed.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core import recount as counting
from chalicelib.core.cell import Cells
from chalicelib.core.problem import MailsightError
from chalicelib.core.recount import Misnoted
from chalicelib.entrypoints.folding import FOLDING, folds_of
from chalicelib.entrypoints.recount import RECOUNTING, recounting_of
from chalicelib.flow import recount as flow
from chalicelib.flow.recount import Recounted
from infra import installation

DAYS = 30
MOST_DAYS = 4_000


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a day such as 2026-11-01") from None


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.recount", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    installation.add_options(parser)
    today = datetime.now(UTC).date()
    parser.add_argument("--from", dest="first", type=_day, default=None, metavar="DAY")
    parser.add_argument("--to", dest="last", type=_day, default=today, metavar="DAY")
    parser.add_argument("--repair", action="store_true", help="put right what is wrong")
    asked = parser.parse_args(argv)
    asked.first = asked.first or asked.last - timedelta(days=DAYS)
    if not asked.first <= asked.last <= asked.first + timedelta(days=MOST_DAYS):
        parser.error(f"--from must be a day up to --to, and at most {MOST_DAYS:,} days before it")
    return asked


def _run(asked: argparse.Namespace) -> Recounted:
    own = installation.find(asked, *RECOUNTING, *(FOLDING if asked.repair else ()))
    days = [asked.first + timedelta(days=number) for number in range((asked.last - asked.first).days + 1)]
    repair = folds_of(own) if asked.repair else None
    return flow.recount_all(lambda account: days, recounting_of(own, _tell), repair=repair)


def _tell(account: str, day: str, what: Cells | Misnoted | Exception) -> None:
    if isinstance(what, Exception):
        print(f"{account} {day}: {type(what).__name__}: {what}", file=sys.stderr)
    elif isinstance(what, Misnoted):
        print(f"{account} {day}: {what.mails:,} mails are noted wrongly, by {what.size:,}", file=sys.stderr)
        for one in what.first:
            print(f"  {one.message.message_id}", file=sys.stderr)
            _tell_cells(one.cells)
    else:
        print(f"{account} {day}: wrong by {counting.size(what):,}", file=sys.stderr)
        _tell_cells(what)


def _tell_cells(cells: Cells) -> None:
    for place, columns in sorted(cells.items()):
        lacking = ", ".join(f"{column} {number:+,}" for column, number in sorted(columns.items()))
        print(f"    {place.module or '-'} {place.user or '-'} {place.source}: {lacking}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Recounts and prints; the exit status."""
    asked = _arguments(argv)
    try:
        found = _run(asked)
    except (MailsightError, BotoCoreError, ClientError, PynamoDBException) as error:
        print(error, file=sys.stderr)
        return 1
    done = "put right" if asked.repair else "wrong"
    print(
        f"{found.days:8,} days counted\n{found.drift:8,} {done}\n{found.restless:8,} restless\n{found.failed:8,} failed"
    )
    return 1 if found.failed or found.restless or (found.drift and not asked.repair) else 0


if __name__ == "__main__":
    sys.exit(main())
