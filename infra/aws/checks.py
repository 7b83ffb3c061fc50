"""All checks before a deployment. Every one is made, so that all that is to be mended is told at once."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.aws import deployment, domains, sender, stacks
from infra.aws.clients import Clients
from infra.aws.deployment import Deployment
from infra.aws.finding import Finding, Level, attempt, failure, fine, told, warning

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_sts.client import STSClient

RUNTIMES = ((3, 11), (3, 12), (3, 13), (3, 14))
"""Versions of Python that Lambda runs and mailsight is written for."""

USUALLY_KEPT = 100
"""Executions for the tracking host alone, where nobody says how many."""

ALWAYS_FREE = 100
"""Executions that Lambda keeps for functions that reserve none; fewer cannot be left."""

STUCK = {
    "ROLLBACK_COMPLETE": "it could not be created, and can only be deleted: aws cloudformation delete-stack",
    "ROLLBACK_FAILED": "it could not be created or taken back. See its events, then: aws cloudformation delete-stack",
    "CREATE_FAILED": "it could not be created, and can only be deleted: aws cloudformation delete-stack",
    "DELETE_FAILED": "it could not be deleted. See its events, then again: aws cloudformation delete-stack",
    "UPDATE_ROLLBACK_FAILED": "mend what its events name, then: aws cloudformation continue-update-rollback",
    "UPDATE_FAILED": "take its last update back: aws cloudformation rollback-stack",
    "IMPORT_ROLLBACK_COMPLETE": "nothing was taken over, and it can be deleted: aws cloudformation delete-stack",
    "IMPORT_ROLLBACK_FAILED": "mend what its events name, then: aws cloudformation continue-update-rollback",
}
"""What a stack needs that cannot be updated, by its status."""


class Checked(NamedTuple):
    """What was found; `asked` is completed with what is deployed; `parameters` are those of the app stack."""

    findings: tuple[Finding, ...]
    asked: Deployment
    parameters: Mapping[str, str]

    @property
    def may_go_on(self) -> bool:
        return not any(finding.level is Level.FAILED for finding in self.findings)


def here(asked: Deployment, region: str, python: tuple[int, ...] = sys.version_info[:2]) -> Iterator[Finding]:
    """What can be said without asking AWS."""
    if not deployment.is_stage(asked.stage):
        yield failure(
            f"{asked.stage!r} is no name for a stage: 1 to 16 of a-z, 0-9 and hyphen, beginning with a letter, and not "
            "ending in -data"
        )
    version = f"Python {python[0]}.{python[1]}"
    if tuple(python) in RUNTIMES:
        yield fine(f"{version}, which the functions will run on, too")
    else:
        known = ", ".join(f"{major}.{minor}" for major, minor in RUNTIMES)
        yield failure(
            f"the functions run on the version that packs them, and Lambda runs Python {known}, not {version}: "
            "make clean, then make setup PYTHON=python3.13"
        )
    if asked.alarm_email not in ("", deployment.NONE) and not deployment.MAILBOX.fullmatch(asked.alarm_email):
        yield failure(f"{asked.alarm_email!r} is no address for alarms: write it like ops@example.com")
    if not region:
        yield failure("no region: export AWS_REGION=eu-west-1, or another one; or aws configure set region eu-west-1")


def look(asked: Deployment, region: str, clients: Clients | None, now: datetime) -> Checked:
    """Makes all checks; without `clients`, which need a region, those that need none."""
    found = [*here(asked, region)]
    if clients is None or not deployment.is_stage(asked.stage):
        return Checked((*found, *domains.names(asked)), asked, {})
    who = credentials(clients.sts)
    found.append(who)
    if who.level is Level.FAILED:
        left_out = warning("SES, certificates, quotas and stacks were not looked at: they need the credentials")
        return Checked((*found, *domains.names(asked), left_out), asked, {})
    deployed: Mapping[str, str] = {}
    try:
        deployed = stacks.parameters(clients.cloudformation, asked.app_stack)
    except (ClientError, BotoCoreError) as error:
        found.append(failure(told(clients.cloudformation, error)))
    asked = deployment.completed(asked, deployed)
    found += [finding for finding in _of_aws(asked, clients, deployed, now) if finding not in found]
    settled = {name: value for finding in found for name, value in finding.values.items()}
    return Checked(tuple(found), asked, asked.settings | settled)


def _of_aws(asked: Deployment, clients: Clients, deployed: Mapping[str, str], now: datetime) -> list[Finding]:
    kept = int(deployed.get("TrackConcurrency", "0") or 0)
    wanted = asked.track_concurrency if asked.track_concurrency is not None else kept or USUALLY_KEPT
    return [
        *attempt(clients.cloudformation, lambda: _stacks(clients.cloudformation, asked)),
        *attempt(clients.ses, lambda: sender.account(clients.ses)),
        *attempt(clients.ses, lambda: sender.identity(clients.ses, asked.sender)),
        *domains.names(asked),
        *domains.none(asked),
        *_moved(asked, deployed),
        *attempt(clients.acm, lambda: domains.certificates(clients.acm, asked, now)),
        *attempt(clients.functions, lambda: concurrency(clients.functions, wanted, kept)),
    ]


def credentials(sts: "STSClient") -> Finding:
    """Who asks, and in which account."""
    region = sts.meta.region_name
    try:
        found = sts.get_caller_identity()
    except NoCredentialsError:
        return failure("no credentials: aws configure, or aws sso login with AWS_PROFILE=…, and try again")
    except (ClientError, BotoCoreError) as error:
        return failure(told(sts, error))
    return fine(f"account {found['Account']}, region {region}, as {found['Arn']}")


def concurrency(functions: "LambdaClient", wanted: int, kept: int) -> Iterator[Finding]:
    """Whether the tracking host can have executions of its own; `kept` are those that it has already."""
    if not wanted:
        yield fine("no executions are kept for the tracking host", TrackConcurrency="0")
        return
    limit = functions.get_account_settings()["AccountLimit"]
    most, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"] + kept
    if free - ALWAYS_FREE >= wanted:
        yield fine(
            f"Lambda: {wanted} of {free} executions are kept for the tracking host", TrackConcurrency=str(wanted)
        )
        return
    yield warning(
        f"Lambda runs {most} executions at once in this account, {free} of them free: too few to keep {wanted} for the "
        "tracking host, so none are kept and other functions can starve it. Ask for 1,000: "
        "https://console.aws.amazon.com/servicequotas/home/services/lambda/quotas/L-B99A9384",
        TrackConcurrency="0",
    )


def _stacks(cloudformation: "CloudFormationClient", asked: Deployment) -> Iterator[Finding]:
    for name in (asked.data_stack, asked.app_stack):
        yield stack_status(name, stacks.describe(cloudformation, name), cloudformation.meta.region_name)


def stack_status(name: str, found: Any, region: str) -> Finding:
    """Whether a stack, described or None, can be created or updated."""
    if stacks.is_new(found):
        return fine(f"stack {name} will be created")
    status = found["StackStatus"]
    if status in STUCK:
        return failure(f"the stack {name} is {status}: {STUCK[status]} --region {region} --stack-name {name}")
    if status.endswith("_IN_PROGRESS"):
        return failure(f"the stack {name} is {status}: somebody deploys it just now; wait until that is done")
    return fine(f"stack {name} is there ({status})")


def _moved(asked: Deployment, deployed: Mapping[str, str]) -> Iterator[Finding]:
    before = deployed.get("TrackingDomain", "")
    if before and before != asked.tracking_domain:
        yield warning(
            f"links in mails that are out lead to {before}, and die without that name; leave it as it is if you can"
        )
