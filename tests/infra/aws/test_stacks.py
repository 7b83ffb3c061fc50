"""Stacks on a real emulator: shown before they are made, left alone without a change, and told when they fail."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from infra.aws import stacks
from infra.aws.clients import Clients
from infra.aws.stacks import Change, Plan, StackFailed
from tests.infra.local_run import until

pytestmark = pytest.mark.local

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
BROKEN = {"Type": "AWS::SES::Template", "Properties": {}}  # the emulator has none, and says so


def template(**resources: Any) -> dict[str, str]:
    body = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": resources,
        "Outputs": {"QueueUrl": {"Value": {"Ref": "Queue"}}},
    }
    return {"TemplateBody": json.dumps(body)}


def plan(aws: Clients, stack: str, said: Mapping[str, str]) -> Plan | None:
    return stacks.plan(aws.cloudformation, stack, said, {"Name": f"{stack}-queue"}, tags={"mailsight-stage": "test"})


def made(aws: Clients, stack: str, said: Mapping[str, str]) -> Plan:
    planned = plan(aws, stack, said)
    assert planned is not None
    stacks.execute(aws.cloudformation, planned, pause_seconds=0.05)
    return planned


@pytest.fixture
def name() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


def test_a_stack_is_created_and_tells_its_outputs_and_parameters(emulated: Clients, name: str) -> None:
    planned = made(emulated, name, template(Queue=QUEUE))
    assert planned.is_new
    assert planned.changes == (Change("Add", "Queue", "AWS::SQS::Queue"),)
    assert stacks.outputs(emulated.cloudformation, name)["QueueUrl"].endswith(f"/{name}-queue")
    assert stacks.parameters(emulated.cloudformation, name) == {"Name": f"{name}-queue"}


def test_the_same_template_again_is_no_change_and_leaves_no_change_set(emulated: Clients, name: str) -> None:
    made(emulated, name, template(Queue=QUEUE))
    assert plan(emulated, name, template(Queue=QUEUE)) is None
    left = emulated.cloudformation.list_change_sets(StackName=name)["Summaries"]
    assert [one["ExecutionStatus"] for one in left] == ["EXECUTE_COMPLETE"]


def test_an_added_resource_is_an_update(emulated: Clients, name: str) -> None:
    made(emulated, name, template(Queue=QUEUE))
    planned = made(emulated, name, template(Queue=QUEUE, Topic={"Type": "AWS::SNS::Topic"}))
    assert not planned.is_new
    assert planned.changes == (Change("Add", "Topic", "AWS::SNS::Topic"),)


def test_a_change_set_that_is_not_wanted_leaves_nothing_behind(emulated: Clients, name: str) -> None:
    planned = plan(emulated, name, template(Queue=QUEUE))
    assert planned is not None
    assert stacks.describe(emulated.cloudformation, name)["StackStatus"] == "REVIEW_IN_PROGRESS"
    stacks.discard(emulated.cloudformation, planned)
    until(lambda: stacks.describe(emulated.cloudformation, name) is None, "the end of the planned stack")


def test_an_update_that_is_not_wanted_leaves_the_stack_alone(emulated: Clients, name: str) -> None:
    made(emulated, name, template(Queue=QUEUE))
    planned = plan(emulated, name, template(Queue=QUEUE, Topic={"Type": "AWS::SNS::Topic"}))
    assert planned is not None
    stacks.discard(emulated.cloudformation, planned)
    stacks.discard(emulated.cloudformation, planned)  # and once more does no harm
    assert stacks.describe(emulated.cloudformation, name)["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.outputs(emulated.cloudformation, name)["QueueUrl"]


def test_a_stack_that_was_planned_and_forgotten_can_be_created(emulated: Clients, name: str) -> None:
    plan(emulated, name, template(Queue=QUEUE))
    assert made(emulated, name, template(Queue=QUEUE)).is_new


def test_a_resource_that_fails_is_told_with_its_reason(emulated: Clients, name: str) -> None:
    with pytest.raises(StackFailed) as failed:
        made(emulated, name, template(Queue=QUEUE, Broken=BROKEN))
    lines = str(failed.value).splitlines()
    assert lines[0].startswith(f"{name} is ROLLBACK_COMPLETE")
    assert lines[1].startswith("  Broken (AWS::SES::Template): ")
    assert "Unsupported resource type" in lines[1]


def test_only_what_failed_this_time_is_told(emulated: Clients, name: str) -> None:
    made(emulated, name, template(Queue=QUEUE))
    for resource in ("First", "Second"):
        with pytest.raises(StackFailed) as failed:
            made(emulated, name, template(Queue=QUEUE, **{resource: BROKEN}))
    assert f"{name} could not be updated and is as it was" in str(failed.value)
    assert "Second" in str(failed.value)
    assert "First" not in str(failed.value)


def test_what_may_be_lost_is_told_apart_from_what_may_not(emulated: Clients, name: str) -> None:
    made(emulated, name, template(Queue=QUEUE, Topic={"Type": "AWS::SNS::Topic"}))
    changed = {**QUEUE, "Properties": {**QUEUE["Properties"], "VisibilityTimeout": 60}}
    planned = plan(emulated, name, template(Queue=changed))
    assert planned is not None
    lost = stacks.losses(planned, lambda _: True, frozenset())
    assert {change.name for change in lost} == {"Queue", "Topic"}  # the emulator cannot say what an update replaces
    assert [change.name for change in stacks.losses(planned, lambda _: True, frozenset({"Queue"}))] == ["Topic"]
    assert stacks.losses(planned, lambda name: name == "Bucket", frozenset()) == ()
    stacks.discard(emulated.cloudformation, planned)


@pytest.mark.parametrize(
    ("change", "may_lose"),
    [
        (Change("Add", "T", "AWS::DynamoDB::Table"), False),
        (Change("Modify", "T", "AWS::DynamoDB::Table", "False"), False),
        (Change("Import", "T", "AWS::DynamoDB::Table"), False),
        (Change("Modify", "T", "AWS::DynamoDB::Table", "True"), True),
        (Change("Modify", "T", "AWS::DynamoDB::Table", "Conditional"), True),
        (Change("Remove", "T", "AWS::DynamoDB::Table"), True),
        (Change("Dynamic", "T", "AWS::DynamoDB::Table"), True),
    ],
)
def test_whatever_may_go_counts_as_lost(change: Change, may_lose: bool) -> None:
    assert change.may_lose is may_lose


def test_changes_are_a_table() -> None:
    changes = (
        Change("Add", "Queue", "AWS::SQS::Queue"),
        Change("Modify", "EventsTable", "AWS::DynamoDB::Table", "True"),
    )
    assert stacks.table(changes).splitlines() == [
        "  action  resource     type                  replacement",
        "  Add     Queue        AWS::SQS::Queue",
        "  Modify  EventsTable  AWS::DynamoDB::Table  True",
    ]
    assert "no resource changes" in stacks.table(())
