"""What an earlier data stack has left is found by its names, and goes into a new stack by identifiers it knows."""

from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra import template
from infra.aws import left, steps
from infra.aws.clients import Clients
from infra.aws.left import CannotTakeOver
from tests.infra.aws.stubs import ACCOUNT, REGION, stubbed

WHOLE = template.load(steps.DATA)
KEPT = {name: one for name, one in WHOLE["Resources"].items() if one.get("DeletionPolicy") == "Retain"}
GONE = {
    "AWS::DynamoDB::Table": "ResourceNotFoundException",
    "AWS::SQS::Queue": "AWS.SimpleQueueService.NonExistentQueue",
    "AWS::S3::Bucket": "404",
    "AWS::SecretsManager::Secret": "ResourceNotFoundException",
}
CALLS = {
    "AWS::DynamoDB::Table": "describe_table",
    "AWS::SQS::Queue": "get_queue_url",
    "AWS::S3::Bucket": "head_bucket",
    "AWS::SecretsManager::Secret": "describe_secret",
}
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:mailsight-prod-token-keys-AbCdEf"
THERE: dict[str, Any] = {
    "AWS::DynamoDB::Table": {},
    "AWS::SQS::Queue": {"QueueUrl": "https://sqs.example/a-queue"},
    "AWS::S3::Bucket": {},
    "AWS::SecretsManager::Secret": {"ARN": SECRET},
}


def account(*names: str, secret: Any = None) -> Clients:
    """Clients of an account in which these resources are left."""

    def answers(kind: str) -> Any:
        said = {**THERE, "AWS::SecretsManager::Secret": secret or THERE["AWS::SecretsManager::Secret"]}[kind]
        for name, one in KEPT.items():
            if one["Type"] == kind:
                yield CALLS[kind], said if name in names else GONE[kind]

    who = {"Account": ACCOUNT, "UserId": "AIDAEXAMPLEEXAMPLE", "Arn": f"arn:aws:iam::{ACCOUNT}:user/anna"}
    return Clients(
        REGION,
        stubbed("sts", ("get_caller_identity", who)),
        *(stubbed(service) for service in ("sesv2", "acm", "lambda", "cloudformation")),
        stubbed("s3", *answers("AWS::S3::Bucket")),
        stubbed("secretsmanager", *answers("AWS::SecretsManager::Secret")),
        stubbed("dynamodb", *answers("AWS::DynamoDB::Table")),
        stubbed("sqs", *answers("AWS::SQS::Queue")),
    )


def test_everything_that_the_data_stack_keeps_is_found() -> None:
    found = left.find(account(*KEPT), WHOLE, "prod")
    assert {one["LogicalResourceId"]: one["ResourceType"] for one in found} == {
        name: one["Type"] for name, one in KEPT.items()
    }


def test_each_has_the_identifier_that_cloudformation_knows_it_by() -> None:
    found = left.find(account("LinksTable", "SpillQueue", "BlobBucket", "TokenKeys"), WHOLE, "prod")
    assert {one["LogicalResourceId"]: one["ResourceIdentifier"] for one in found} == {
        "LinksTable": {"TableName": "mailsight-prod-links"},
        "SpillQueue": {"QueueUrl": "https://sqs.example/a-queue"},
        "BlobBucket": {"BucketName": f"mailsight-prod-blobs-{ACCOUNT}-{REGION}"},
        "TokenKeys": {"Id": SECRET},
    }


def test_the_identifiers_are_those_of_cloudformation_s_own_schemas() -> None:
    for one in left.find(account(*KEPT), WHOLE, "prod"):
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", one["ResourceType"]).schema
        assert [f"/properties/{name}" for name in one["ResourceIdentifier"]] == schema["primaryIdentifier"]


def test_where_nothing_is_left_nothing_is_found() -> None:
    assert left.find(account(), WHOLE, "prod") == []


def test_a_secret_that_is_being_deleted_is_to_be_restored_first() -> None:
    deleted = {"ARN": SECRET, "DeletedDate": "2026-11-22T00:00:00Z"}
    with pytest.raises(CannotTakeOver, match=r"restore-secret .*--secret-id mailsight-prod-token-keys"):
        left.find(account("TokenKeys", secret=deleted), WHOLE, "prod")


def test_the_part_of_the_template_holds_them_alone_and_says_no_outputs() -> None:
    part = left.part(WHOLE, frozenset({"LinksTable", "TokenKeys"}))
    assert part["Resources"].keys() == {"LinksTable", "TokenKeys"}
    assert part.keys() == WHOLE.keys() - {"Outputs"}


def test_what_is_kept_refers_to_nothing_that_is_not_kept() -> None:
    """Or a part of the template would name what it does not hold."""
    text = str(KEPT)
    assert [name for name in WHOLE["Resources"].keys() - KEPT.keys() if f"'{name}'" in text] == []
