"""The data stack of the embedded default: made once from infra/data.yaml by the emulator's CloudFormation.

What the emulator leaves out of a template (seen in ministack 1.4.21) is added through the API afterwards: expiry of
table items and the redrive of queues. A kept stack is left alone: an update there can empty a table.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from chalicelib.settings import PREFIX, Settings
from infra import template
from infra.local.emulator import REGION
from infra.local.problem import CannotRun

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

NAME = "mailsight-data"
STAGE = "local"
TEMPLATE = Path(__file__).parents[1] / "data.yaml"
BEGIN_ANEW = "delete the folder of the run (.local) to begin anew, without its mails"
FOR_DEPLOYMENTS = frozenset({"CodeBucket"})
"""Outputs that nothing here asks for: data that was made before they were there can be kept."""

CREDENTIAL = "test"
"""Any will do: the emulator checks none."""


class Stack(NamedTuple):
    """`outputs` is name to value, queue URLs on the emulator's present port; `is_new` if this run made it;
    `has_changed` if the template has other resources now than when it was made."""

    outputs: dict[str, str]
    is_new: bool
    has_changed: bool


def client(service: str, endpoint_url: str) -> Any:
    """A client of the emulator, whatever this machine's AWS configuration says."""
    library: Any = boto3  # its stubs know each service by name only
    return library.client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=CREDENTIAL,
        aws_secret_access_key=CREDENTIAL,
        config=Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=60, max_pool_connections=20),
    )


def ensure(endpoint_url: str, path: Path = TEMPLATE, unused: frozenset[str] = FOR_DEPLOYMENTS) -> Stack:
    """The data stack, made if it is not there yet. Raises CannotRun if it cannot be made, or if a kept one lacks an
    output; one of the `unused` may be missing.
    """
    cloudformation: CloudFormationClient = client("cloudformation", endpoint_url)
    body = path.read_text(encoding="utf-8")
    description = _describe(cloudformation)
    is_new = description is None
    if description is None:
        description = _create(cloudformation, body)
    if description["StackStatus"] != "CREATE_COMPLETE":
        reason = description.get("StackStatusReason", "no reason given")
        raise CannotRun(f"the data stack is {description['StackStatus']}, {reason}; {BEGIN_ANEW}")
    wanted = template.parse(body)
    kept = template.parse(str(cloudformation.get_template(StackName=NAME)["TemplateBody"]))
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}
    missing = sorted(wanted["Outputs"].keys() - outputs.keys() - unused)
    if missing:
        raise CannotRun(f"the kept data is older than infra/data.yaml and lacks {', '.join(missing)}; {BEGIN_ANEW}")
    _add_what_the_emulator_leaves_out(endpoint_url, wanted, cloudformation)
    return Stack(_on_port(outputs, endpoint_url), is_new, kept["Resources"] != wanted["Resources"])


def settings_environment(outputs: Mapping[str, str], token_keys: str) -> dict[str, str]:
    """MAILSIGHT_… variables for every setting that has an output of its name: send_queue_url is SendQueueUrl."""
    named = {field: outputs.get(field.title().replace("_", "")) for field in Settings._fields}
    values = {field: value for field, value in named.items() if value is not None}
    return {PREFIX + field.upper(): value for field, value in (values | {"token_keys": token_keys}).items()}


def read_secret(endpoint_url: str, secret_id: str) -> str:
    """The text of a secret."""
    return str(client("secretsmanager", endpoint_url).get_secret_value(SecretId=secret_id)["SecretString"])


def _describe(cloudformation: "CloudFormationClient") -> Any:
    try:
        return cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _create(cloudformation: "CloudFormationClient", body: str) -> Any:
    cloudformation.create_stack(
        StackName=NAME, TemplateBody=body, Parameters=[{"ParameterKey": "Stage", "ParameterValue": STAGE}]
    )
    with contextlib.suppress(WaiterError):  # a stack that failed says why, below
        cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
    return cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]


def _on_port(outputs: Mapping[str, str], endpoint_url: str) -> dict[str, str]:
    """Outputs with queue URLs on this run's port; they were made on the port of the first run."""
    here = urlsplit(endpoint_url)
    return {
        name: urlunsplit(urlsplit(value)._replace(scheme=here.scheme, netloc=here.netloc))
        if name.endswith("QueueUrl") or name.endswith("DeadLettersUrl")
        else value
        for name, value in outputs.items()
    }


def _add_what_the_emulator_leaves_out(
    endpoint_url: str, stack: Mapping[str, Any], cloudformation: "CloudFormationClient"
) -> None:
    resources = cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]
    names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    dynamodb, sqs = client("dynamodb", endpoint_url), client("sqs", endpoint_url)
    for logical, properties in _of_type(stack, "AWS::DynamoDB::Table"):
        ttl = properties.get("TimeToLiveSpecification")
        if ttl and logical in names:
            current = dynamodb.describe_time_to_live(TableName=names[logical])["TimeToLiveDescription"]
            if current["TimeToLiveStatus"] != "ENABLED":
                dynamodb.update_time_to_live(TableName=names[logical], TimeToLiveSpecification=ttl)
    for logical, properties in _of_type(stack, "AWS::SQS::Queue"):
        redrive = properties.get("RedrivePolicy")
        if redrive and logical in names:
            dead_letters = names[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]
            found = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
            policy = {**redrive, "deadLetterTargetArn": found["Attributes"]["QueueArn"]}
            sqs.set_queue_attributes(QueueUrl=names[logical], Attributes={"RedrivePolicy": json.dumps(policy)})


def _of_type(stack: Mapping[str, Any], resource_type: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for logical, resource in stack["Resources"].items():
        if resource["Type"] == resource_type:
            yield logical, resource["Properties"]
