"""Deploys mailsight to an AWS account: `make deploy STAGE=prod`.

    python -m infra.deploy --stage prod --from news@example.com \\
        --tracking-domain t.example.com --tracking-certificate arn:aws:acm:…

Checks first, all of them. Then the stack of what must survive (infra/data.yaml), and the stack of what runs; each is
shown as a change set and asked for before it is made. Then a smoke test. docs/DEPLOYMENT.md leads through it.
What is not given stays as it is deployed; `none` takes it away.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import network
from chalicelib.core.network import BadNetworks
from chalicelib.core.problem import MailsightError
from infra.aws import clients, package, steps
from infra.aws.deployment import Deployment
from infra.aws.package import ARCHITECTURES
from infra.aws.steps import Console, NotDeployed

FOLDER = Path(__file__).parents[1] / "build"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", required=True, help="name of the installation in the account, like prod")
    parser.add_argument("--from", dest="sender", default="", metavar="ADDRESS", help="sender of the smoke test's mail")
    for what in ("tracking", "dashboard"):
        parser.add_argument(f"--{what}-domain", default="", metavar="HOST", help=f"host name of the {what} host")
        parser.add_argument(f"--{what}-certificate", default="", metavar="ARN", help="its certificate, in ACM")
    parser.add_argument("--alarm-email", default="", metavar="ADDRESS", help="who is told when an alarm goes off")
    parser.add_argument(
        "--networks",
        type=_networks,
        default="",
        metavar="LIST",
        help="networks where mail is filtered: `198.51.100.0/24 filter, 2001:db8::/32 probable`",
    )
    parser.add_argument(
        "--webhook-targets", default="", metavar="LIST", help="networks and hosts where webhooks may lead, too"
    )
    parser.add_argument(
        "--track-concurrency",
        type=_whole,
        metavar="N",
        help="executions kept for the tracking host if the account has them, 0 for none (at first: 100)",
    )
    parser.add_argument("--architecture", choices=ARCHITECTURES, default=ARCHITECTURES[0])
    parser.add_argument(
        "--may-lose", action="append", default=[], metavar="RESOURCE", help="a resource that may be removed or replaced"
    )
    parser.add_argument(
        "--take-over",
        action="store_true",
        help="a new data stack takes over what an earlier one has left",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the package is made (default: build)")
    return parser.parse_args(argv)


def _networks(text: str) -> str:
    try:
        network.read(text)
    except BadNetworks as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _whole(text: str) -> int:
    if not text.isdigit() or int(text) > 10_000:
        raise argparse.ArgumentTypeError("a whole number from 0 to 10000")
    return int(text)


def _deployment(given: argparse.Namespace) -> Deployment:
    said = {field: getattr(given, field) for field in Deployment._fields if field in given}
    said["may_lose"] = frozenset(given.may_lose)
    said["takes_over"] = given.take_over
    return Deployment(**said)


def asking(is_agreed: bool) -> Callable[[str], bool]:
    """What asks on the terminal, or takes all as agreed to. It raises NotDeployed where there is nobody to ask."""

    def ask(question: str) -> bool:
        if is_agreed:
            return True
        if not sys.stdin.isatty():
            raise NotDeployed("there is no terminal to ask on. If the changes above are what you want: YES=1, or --yes")
        try:
            return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:  # Ctrl-D
            return False

    return ask


def _run(given: argparse.Namespace, console: Console) -> bool:
    region = clients.region()
    aws = clients.connect(region) if region else None
    checked = steps.check(_deployment(given), region, aws, console)
    assert aws is not None, "without a region the checks have failed"
    console.say(f"2/5 Package, into {given.folder}")
    made = package.make(given.folder, stage=checked.asked.stage, architecture=checked.asked.architecture)
    data = steps.deploy_data(checked.asked, aws, console)
    secret = steps.deploy_app(checked, made, data, aws, console)
    return steps.smoke_test(checked.asked, data, secret, aws, console)


def main(argv: Sequence[str] | None = None) -> int:
    """Deploys; the exit status, which is 1 also if only the smoke test has failed."""
    given = _arguments(argv)
    try:
        is_passed = _run(given, Console(partial(print, flush=True), asking(given.yes)))
    except KeyboardInterrupt:
        print("\nInterrupted. What CloudFormation has begun goes on; the same command again tells.", file=sys.stderr)
        return 130
    except (MailsightError, ClientError, BotoCoreError) as error:
        print(f"python -m infra.deploy: {error}", file=sys.stderr)
        return 1
    if not is_passed:
        print("The stage is deployed, but the smoke test has failed; see above.", file=sys.stderr)
        return 1
    print(f"Deployed. A first key: .venv/bin/python -m infra.account --stage {given.stage} --account acme")
    return 0


if __name__ == "__main__":
    sys.exit(main())
