"""What CloudFormation is asked for, held against AWS's description of its calls: what no emulator would refuse."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.aws import stacks
from infra.aws.stacks import Plan, StackFailed
from tests.infra.aws.stubs import stubbed

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NOT_THERE = "ValidationError: Stack with id s does not exist"
MADE = {"Id": "arn:change-set", "StackId": "arn:stack"}
CHANGE = {"Action": "Modify", "LogicalResourceId": "T", "ResourceType": "AWS::SNS::Topic", "Replacement": "False"}
READY = {"Status": "CREATE_COMPLETE", "Changes": [{"Type": "Resource", "ResourceChange": CHANGE}]}
TABLE = {"ResourceType": "AWS::DynamoDB::Table", "LogicalResourceId": "T", "ResourceIdentifier": {"TableName": "t"}}
NEW = Plan("s", "arn:stack", "arn:change-set", True, {})


def there(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "s", "StackStatus": status, "CreationTime": NOW}]}


def event(number: int, resource: str, status: str, reason: str = "") -> dict[str, Any]:
    named = {"EventId": f"e{number}", "LogicalResourceId": resource, "ResourceType": "AWS::SNS::Topic"}
    return {
        **named,
        "StackId": "arn",
        "StackName": "s",
        "Timestamp": NOW,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def calls_of(plan: Callable[[Any], Plan | None], *before: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What CreateChangeSet and ExecuteChangeSet are called with, for a stack that is described so before."""
    client = stubbed(
        "cloudformation",
        *(("describe_stacks", answer) for answer in before),
        ("create_change_set", MADE),
        ("describe_change_set", READY),  # the waiter's
        ("describe_change_set", READY),
        ("describe_stack_events", {"StackEvents": []}),
        ("execute_change_set", {}),
        ("describe_stacks", there("CREATE_COMPLETE")),
    )
    calls: dict[str, dict[str, Any]] = {}

    def keep(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls[model.name] = dict(params)

    client.meta.events.register("before-parameter-build.cloudformation", keep)
    planned = plan(client)
    assert planned is not None
    stacks.execute(client, planned, pause_seconds=0)
    return calls["CreateChangeSet"], calls["ExecuteChangeSet"]


def changing(client: Any) -> Plan | None:
    return stacks.plan(client, "s", {"TemplateURL": "https://x"}, {"A": "b"}, tags={"t": "v"})


def importing(client: Any) -> Plan | None:
    return stacks.plan_import(client, "s", {"TemplateBody": "{}"}, {"A": "b"}, tags={"t": "v"}, resources=[TABLE])


def test_a_new_stack_that_fails_is_to_be_deleted() -> None:
    created, executed = calls_of(changing, NOT_THERE)
    assert (created["ChangeSetType"], created["OnStackFailure"]) == ("CREATE", "DELETE")
    assert "DisableRollback" not in executed  # CloudFormation refuses both


def test_what_is_taken_over_is_named_to_cloudformation_which_would_not_find_it() -> None:
    created, executed = calls_of(importing)
    assert (created["ChangeSetType"], created["ResourcesToImport"]) == ("IMPORT", [TABLE])
    assert not {"OnStackFailure", "ImportExistingResources"} & created.keys()
    assert "DisableRollback" not in executed


def test_an_update_that_fails_is_taken_back() -> None:
    created, executed = calls_of(changing, there("UPDATE_COMPLETE"))
    assert created["ChangeSetType"] == "UPDATE"
    assert "OnStackFailure" not in created
    assert executed["DisableRollback"] is False


def test_parameters_tags_and_capabilities_are_handed_over() -> None:
    created, _ = calls_of(changing, there("UPDATE_COMPLETE"))
    assert created["TemplateURL"] == "https://x"
    assert created["Parameters"] == [{"ParameterKey": "A", "ParameterValue": "b"}]
    assert created["Tags"] == [{"Key": "t", "Value": "v"}]
    assert created["Capabilities"] == ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_both_ways_to_say_that_nothing_changes_are_understood(reason: str) -> None:
    failed = {"Status": "FAILED", "StatusReason": reason}
    client = stubbed(
        "cloudformation",
        ("describe_stacks", there("UPDATE_COMPLETE")),
        ("create_change_set", MADE),
        ("describe_change_set", failed),
        ("describe_change_set", failed),
        ("delete_change_set", {}),
    )
    assert stacks.plan(client, "s", {"TemplateURL": "https://x"}, {}, tags={}) is None


def test_a_change_set_that_cannot_be_made_says_why_and_is_taken_back_with_its_stack() -> None:
    failed = {"Status": "FAILED", "StatusReason": "Requires capabilities"}
    client = stubbed(
        "cloudformation",
        ("describe_stacks", NOT_THERE),
        ("create_change_set", MADE),
        ("describe_change_set", failed),
        ("describe_change_set", failed),
        ("delete_change_set", {}),
        ("describe_stacks", there("REVIEW_IN_PROGRESS")),
        ("delete_stack", {}),
    )
    with pytest.raises(StackFailed, match="cannot change s: FAILED, Requires capabilities"):
        stacks.plan(client, "s", {"TemplateURL": "https://x"}, {}, tags={})


def test_a_stack_that_was_deleted_again_is_told_with_the_first_reason_first() -> None:
    before = event(1, "s", "REVIEW_IN_PROGRESS")
    client = stubbed(
        "cloudformation",
        ("describe_stack_events", {"StackEvents": [before]}),
        ("execute_change_set", {}),
        ("describe_stacks", there("CREATE_IN_PROGRESS")),
        ("describe_stacks", there("DELETE_IN_PROGRESS")),
        ("describe_stacks", there("DELETE_COMPLETE")),
        (
            "describe_stack_events",
            {
                "StackEvents": [
                    event(5, "s", "DELETE_COMPLETE"),
                    event(4, "B", "CREATE_FAILED", "Resource creation cancelled"),
                    event(3, "C", "CREATE_FAILED", "its name is taken"),
                    event(2, "A", "CREATE_FAILED", "not allowed"),
                    before,
                ]
            },
        ),
    )
    with pytest.raises(StackFailed) as failed:
        stacks.execute(client, NEW, pause_seconds=0)
    assert str(failed.value).splitlines() == [
        "s could not be created and is deleted again:",
        "  A (AWS::SNS::Topic): not allowed",
        "  C (AWS::SNS::Topic): its name is taken",
    ]


def test_a_protected_stack_is_one_by_aws_s_own_call() -> None:
    client = stubbed("cloudformation", ("update_termination_protection", {"StackId": "arn:stack"}))
    calls: list[Any] = []
    client.meta.events.register("before-parameter-build.cloudformation", lambda params, **_: calls.append(dict(params)))
    stacks.protect(client, "s")
    assert calls == [{"StackName": "s", "EnableTerminationProtection": True}]


def test_a_failure_without_a_reason_says_so() -> None:
    client = stubbed(
        "cloudformation",
        ("describe_stack_events", {"StackEvents": []}),
        ("execute_change_set", {}),
        ("describe_stacks", there("UPDATE_ROLLBACK_FAILED")),
        ("describe_stack_events", {"StackEvents": []}),
    )
    with pytest.raises(StackFailed, match=r"s is UPDATE_ROLLBACK_FAILED; .*\n  CloudFormation gives no reason"):
        stacks.execute(client, NEW._replace(is_new=False), pause_seconds=0)
