"""What an earlier data stack of a stage has left behind, as CloudFormation imports it into a new one.

An import is told each resource by its identifier. CloudFormation's own search for them (ImportExistingResources) finds
nothing here: it wants names without functions, and takes neither queues nor secrets, whose identifiers are read-only.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import.html
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.core.problem import MailsightError
from infra.aws.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ResourceToImportTypeDef

_NOT_THERE = frozenset(
    {"ResourceNotFoundException", "404", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}
)
_NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
}
"""By which property a resource of a type is found."""


class CannotTakeOver(MailsightError):
    """What is left cannot become a new stack's; the message says what to do."""


def find(aws: Clients, template: Mapping[str, Any], stage: str) -> list["ResourceToImportTypeDef"]:
    """The resources that the template keeps and that are there, with their identifiers. Raises CannotTakeOver."""
    values = {"Stage": stage, "AWS::AccountId": aws.sts.get_caller_identity()["Account"], "AWS::Region": aws.region}
    found: list[ResourceToImportTypeDef] = []
    for logical, resource in template["Resources"].items():
        kind = resource["Type"]
        if resource.get("DeletionPolicy") != "Retain":
            continue
        identifier = _identifier(aws, kind, _filled(resource["Properties"][_NAMES[kind]]["Fn::Sub"], values))
        if identifier:
            found.append({"ResourceType": kind, "LogicalResourceId": logical, "ResourceIdentifier": identifier})
    return found


def part(template: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The template with these resources only: an import may bring nothing else, outputs neither."""
    kept = {name: resource for name, resource in template["Resources"].items() if name in names}
    return {**{section: one for section, one in template.items() if section != "Outputs"}, "Resources": kept}


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _identifier(aws: Clients, kind: str, name: str) -> dict[str, str]:
    """How CloudFormation knows the resource of this name; empty if there is none."""
    look_up: Mapping[str, Callable[[Clients, str], dict[str, str]]] = {
        "AWS::DynamoDB::Table": _table,
        "AWS::S3::Bucket": _bucket,
        "AWS::SQS::Queue": _queue,
        "AWS::SecretsManager::Secret": _secret,
    }
    try:
        return look_up[kind](aws, name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _NOT_THERE:
            return {}
        raise


def _table(aws: Clients, name: str) -> dict[str, str]:
    aws.dynamodb.describe_table(TableName=name)
    return {"TableName": name}


def _bucket(aws: Clients, name: str) -> dict[str, str]:
    aws.s3.head_bucket(Bucket=name)
    return {"BucketName": name}


def _queue(aws: Clients, name: str) -> dict[str, str]:
    return {"QueueUrl": aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]}


def _secret(aws: Clients, name: str) -> dict[str, str]:
    secret = aws.secrets.describe_secret(SecretId=name)
    if "DeletedDate" in secret:
        raise CannotTakeOver(
            f"the secret {name} is being deleted, and with it every link that it signed. Take that back first: "
            f"aws secretsmanager restore-secret --region {aws.region} --secret-id {name}"
        )
    return {"Id": secret["ARN"]}
