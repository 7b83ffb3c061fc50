"""Stacks, changed only through change sets that somebody has seen.

A change set is made, shown, and then executed or taken back. What would be lost by it is told apart (`losses`).
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError, WaiterError

from chalicelib.core.problem import MailsightError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ResourceToImportTypeDef

GONE = "DELETE_COMPLETE"
DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
LONGEST_WAIT_SECONDS = 3600

_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
_ECHO = "cancelled"  # what stopped because another resource failed


class StackFailed(MailsightError):
    """A stack is not what was asked for; the message says why."""


class Change(NamedTuple):
    """What happens to one resource. `replacement` is True, False, Conditional or, where it is none, empty."""

    action: str
    name: str
    type: str
    replacement: str = ""

    @property
    def may_lose(self) -> bool:
        """Whether the resource that is there may be gone afterwards."""
        return self.action in ("Remove", "Dynamic") or self.replacement in ("True", "Conditional")


class Plan(NamedTuple):
    """A change set that can be executed. `options` are those of its execution."""

    stack: str
    stack_id: str
    change_set_id: str
    is_new: bool
    options: Mapping[str, Any]
    changes: tuple[Change, ...] = ()


def describe(cloudformation: "CloudFormationClient", stack: str) -> Any:
    """What CloudFormation says of a stack, by name or id; None if there is none."""
    try:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def parameters(cloudformation: "CloudFormationClient", stack: str) -> dict[str, str]:
    """What a stack was deployed with; empty if there is none."""
    found = describe(cloudformation, stack) or {}
    return {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])}


def outputs(cloudformation: "CloudFormationClient", stack: str) -> dict[str, str]:
    """What a stack says of itself; empty if there is none."""
    found = describe(cloudformation, stack) or {}
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def is_new(found: Any) -> bool:
    """Whether a stack, described or None, is still to be made."""
    return found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS"


def plan(
    cloudformation: "CloudFormationClient",
    stack: str,
    template: Mapping[str, str],
    parameters: Mapping[str, str],
    *,
    tags: Mapping[str, str],
) -> Plan | None:
    """A change set; None if nothing would change. `template` is {"TemplateBody": …} or {"TemplateURL": …}.

    A stack that cannot be created is deleted again, so that the next try begins anew; an update that fails is taken
    back.
    """
    if is_new(describe(cloudformation, stack)):
        how: dict[str, Any] = {"ChangeSetType": "CREATE", "OnStackFailure": "DELETE"}
    else:
        how = {"ChangeSetType": "UPDATE"}
    return _planned(cloudformation, stack, parameters, tags, {**template, **how})


def plan_import(
    cloudformation: "CloudFormationClient",
    stack: str,
    template: Mapping[str, str],
    parameters: Mapping[str, str],
    *,
    tags: Mapping[str, str],
    resources: Sequence["ResourceToImportTypeDef"],
) -> Plan | None:
    """A change set that makes a new stack of resources that are there already; the template may hold no others."""
    how = {"ChangeSetType": "IMPORT", "ResourcesToImport": resources}
    return _planned(cloudformation, stack, parameters, tags, {**template, **how})


def _planned(
    cloudformation: "CloudFormationClient",
    stack: str,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    how: Mapping[str, Any],
) -> Plan | None:
    made = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=f"deploy-{uuid.uuid4().hex}",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in sorted(parameters.items())],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": name, "Value": value} for name, value in tags.items()],
        **how,
    )
    is_update = how["ChangeSetType"] == "UPDATE"
    options = {"DisableRollback": False} if is_update else {}  # CloudFormation takes either this or OnStackFailure
    planned = Plan(stack, made["StackId"], made["Id"], not is_update, options)
    try:
        with suppress(WaiterError):  # a change set that failed says why, below
            cloudformation.get_waiter("change_set_create_complete").wait(
                ChangeSetName=planned.change_set_id, StackName=stack, WaiterConfig={"Delay": 2, "MaxAttempts": 300}
            )
        changes = _changes(cloudformation, planned)
    except BaseException:
        discard(cloudformation, planned)
        raise
    if changes is None:
        discard(cloudformation, planned)
        return None
    return planned._replace(changes=changes)


def _changes(cloudformation: "CloudFormationClient", planned: Plan) -> tuple[Change, ...] | None:
    """The changes of a change set that is made; None for none. Raises StackFailed if it could not be made."""
    changes: list[Change] = []
    pages = cloudformation.get_paginator("describe_change_set").paginate(
        ChangeSetName=planned.change_set_id, StackName=planned.stack
    )
    for page in pages:
        reason = page.get("StatusReason", "")
        if page["Status"] != "CREATE_COMPLETE":
            if any(words in reason for words in _NO_CHANGE):
                return None
            raise StackFailed(
                f"CloudFormation cannot change {planned.stack}: {page['Status']}, {reason or 'no reason given'}"
            )
        for change in page.get("Changes", []):
            one = change["ResourceChange"]
            replacement = one.get("Replacement", "") if one["Action"] == "Modify" else ""
            changes.append(Change(one["Action"], one["LogicalResourceId"], one["ResourceType"], replacement))
    return tuple(changes)


def table(changes: Sequence[Change]) -> str:
    """The changes, a line each."""
    if not changes:
        return "  no resource changes; outputs, tags or settings of the stack itself do"
    rows = [("action", "resource", "type", "replacement"), *changes]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def losses(planned: Plan, precious: Callable[[str], bool], may_lose: frozenset[str]) -> tuple[Change, ...]:
    """Changes that may take away a precious resource, without those that are named in `may_lose`."""
    return tuple(
        change
        for change in planned.changes
        if change.may_lose and precious(change.name) and change.name not in may_lose
    )


def discard(cloudformation: "CloudFormationClient", planned: Plan) -> None:
    """Takes back a change set that is not executed, and a stack that exists for its sake only."""
    with suppress(ClientError):  # it is gone already
        cloudformation.delete_change_set(ChangeSetName=planned.change_set_id, StackName=planned.stack)
    if planned.is_new:
        found = describe(cloudformation, planned.stack_id)
        if found and found["StackStatus"] == "REVIEW_IN_PROGRESS":
            cloudformation.delete_stack(StackName=planned.stack)


def execute(cloudformation: "CloudFormationClient", planned: Plan, *, pause_seconds: float = 2) -> None:
    """Executes a change set and waits until it is done. Raises StackFailed with the reasons of every resource."""
    before = {event["EventId"] for page in _events(cloudformation, planned) for event in page}
    cloudformation.execute_change_set(ChangeSetName=planned.change_set_id, StackName=planned.stack, **planned.options)
    status = _settled(cloudformation, planned, pause_seconds)
    if status in DONE:
        return
    reasons = list(_reasons(cloudformation, planned, before))
    lines = "".join(f"\n  {reason}" for reason in reasons) or "\n  CloudFormation gives no reason"
    raise StackFailed(f"{_ends(planned, status)}:{lines}")


def _ends(planned: Plan, status: str) -> str:
    if status == GONE:
        return f"{planned.stack} could not be created and is deleted again"
    if status.endswith("_IN_PROGRESS"):
        return f"{planned.stack} is still {status} after {LONGEST_WAIT_SECONDS // 60} minutes and goes on"
    if status.endswith("ROLLBACK_COMPLETE") and not planned.is_new:
        return f"{planned.stack} could not be updated and is as it was ({status})"
    return f"{planned.stack} is {status}; `make deploy` says what it needs then"


def _settled(cloudformation: "CloudFormationClient", planned: Plan, pause_seconds: float) -> str:
    """The status of the stack, as soon as nothing goes on there."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        found = describe(cloudformation, planned.stack_id)
        status = str(found["StackStatus"]) if found else GONE
        if not status.endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            return status
        time.sleep(pause_seconds)


def _reasons(cloudformation: "CloudFormationClient", planned: Plan, before: set[str]) -> Iterator[str]:
    """Why resources failed since then, the first failure first."""
    new: list[Any] = []
    for page in _events(cloudformation, planned):
        fresh = [event for event in page if event["EventId"] not in before]
        new += fresh
        if len(fresh) < len(page):
            break
    for event in reversed(new):
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and reason and _ECHO not in reason:
            yield f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"


def _events(cloudformation: "CloudFormationClient", planned: Plan) -> Iterator[list[Any]]:
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=planned.stack_id):
        yield list(page["StackEvents"])


def protect(cloudformation: "CloudFormationClient", stack: str) -> None:
    """Makes the stack one that cannot be deleted until somebody takes the protection off. Raises ClientError."""
    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
