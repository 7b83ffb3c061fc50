"""The clients that a deployment asks AWS with."""

import os
from typing import TYPE_CHECKING, NamedTuple

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_acm.client import ACMClient
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sesv2.client import SESV2Client
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sts.client import STSClient


class Clients(NamedTuple):
    """One for each service, all of one account and region."""

    region: str
    sts: "STSClient"
    ses: "SESV2Client"
    acm: "ACMClient"
    functions: "LambdaClient"
    cloudformation: "CloudFormationClient"
    s3: "S3Client"
    secrets: "SecretsManagerClient"
    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"


def region() -> str:
    """The region as the AWS command line finds it, or ""; boto3 alone does not look at AWS_REGION."""
    return os.environ.get("AWS_REGION") or boto3.Session().region_name or ""


def connect(region: str) -> Clients:
    """The clients, with the credentials that this process is given."""
    config = Config(
        region_name=region, retries={"total_max_attempts": 5, "mode": "standard"}, connect_timeout=10, read_timeout=60
    )
    return Clients(
        region,
        boto3.client("sts", config=config),
        boto3.client("sesv2", config=config),
        boto3.client("acm", config=config),
        boto3.client("lambda", config=config),
        boto3.client("cloudformation", config=config),
        boto3.client("s3", config=config),
        boto3.client("secretsmanager", config=config),
        boto3.client("dynamodb", config=config),
        boto3.client("sqs", config=config),
    )
