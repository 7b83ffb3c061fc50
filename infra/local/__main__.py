"""`make run`, that is `python -m infra.local`: mailsight on this machine, with one command and no account anywhere."""

import argparse
import functools
import re
import signal
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from infra.local import environment
from infra.local.problem import CannotRun
from infra.local.run import Run, first_mail, running

BANNER = """\
mailsight is running. It listens on this machine only, and no mail leaves it.

  Dashboard  {dashboard_url}
  API key    {api_key}
  Inbox      {inbox_url}   where every mail arrives, to be opened and clicked

Send a first mail:

{first_mail}

Data and logs are in {folder}. Ctrl-C stops; the data stays.
"""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """A signal asks to end. No Exception, so that nobody takes it for a failure of theirs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until a signal; the exit code."""
    asked = _parse(arguments)
    say = functools.partial(print, file=sys.stdout, flush=True)
    complain = functools.partial(print, file=sys.stderr, flush=True)
    for number in ENDING:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # under nohup
            signal.signal(number, _end)
    try:
        say("Starting …")
        with running(asked.folder, environment.from_first(asked.port), asked.relay, say) as up:
            say(_banner(up.run, asked.folder, asked.relay))
            while up.is_alive():
                time.sleep(0.2)
            raise CannotRun(f"the emulator ended by itself; see {asked.folder}/emulator.log, and start again")
    except Ended:
        say("Stopped.")
        return 0
    except CannotRun as problem:
        complain(f"mailsight cannot run: {problem}")
        return 1


def _end(number: int, frame: FrameType | None) -> None:
    """Ends once; from here on no further signal disturbs the way down."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise Ended


def _banner(run: Run, folder: Path, relay: str | None) -> str:
    text = BANNER.format(folder=folder, first_mail=textwrap.indent(first_mail(run), "  "), **run._asdict())
    return text.replace("no mail leaves it", f"mail is passed on to {relay}") if relay else text


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--port", type=_port, default=8600, help="first of four consecutive ports (default: 8600)")
    parser.add_argument("--folder", type=Path, default=Path(".local"), help="where data is kept (default: .local)")
    parser.add_argument(
        "--relay", type=_relay, help="host:port of an SMTP server that mails are passed on to (default: none)"
    )
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65532:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1024 to 65532")
    return int(text)


def _relay(text: str) -> str:
    host, _, port = text.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and 1 <= int(port[:6]) <= 65535
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", host) or not is_port:
        raise argparse.ArgumentTypeError(f"{text!r} is no SMTP server as host:port, like localhost:1025")
    return text


if __name__ == "__main__":
    sys.exit(main())
