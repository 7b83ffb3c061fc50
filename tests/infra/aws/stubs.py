"""Clients that answer what a test says, held against AWS's own description of each call (botocore's Stubber)."""

from typing import Any

import boto3
from botocore.stub import Stubber

REGION = "eu-west-1"
ACCOUNT = "123456789012"


def stubbed(service: str, *answers: tuple[str, Any]) -> Any:
    """A client that gives these answers in this order: (method, response) or (method, "Code: text" of an error)."""
    client = boto3.client(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    stubber = Stubber(client)
    for method, answer in answers:
        if isinstance(answer, str):
            code, _, text = answer.partition(": ")
            stubber.add_client_error(method, code, text or f"says AWS of {method}")
        else:
            stubber.add_response(method, answer)
    stubber.activate()
    return client
