"""The clients of a deployment on an emulator, whose answers are put right where botocore cannot read them."""

from typing import Any

from infra.aws.clients import Clients
from infra.local import emulator, stack

SERVICES = ("sts", "sesv2", "acm", "lambda", "cloudformation", "s3", "secretsmanager", "dynamodb", "sqs")


def clients(endpoint: str) -> Clients:
    """All of them. ministack 1.4.21 does delete a change set, but its answer lacks an element."""
    made = Clients(emulator.REGION, *(stack.client(service, endpoint) for service in SERVICES))
    made.cloudformation.meta.events.register("before-parse.cloudformation.DeleteChangeSet", _complete)
    return made


def _complete(response_dict: dict[str, Any], **_: Any) -> None:
    element = b"</DeleteChangeSetResponse>"
    if b"DeleteChangeSetResult" not in response_dict["body"]:
        response_dict["body"] = response_dict["body"].replace(element, b"<DeleteChangeSetResult/>" + element)
