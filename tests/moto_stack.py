"""The data stack's tables, queues and bucket in process, made from infra/data.yaml, so that tests and stack agree."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import boto3
from moto import mock_aws

from infra import template

REGION = "eu-west-1"
DATA_STACK = template.load(Path(__file__).parents[1] / "infra" / "data.yaml")["Resources"]
TOKEN_KEYS = '{"1": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}'


class Stack(NamedTuple):
    """Names as the settings want them; `environment` sets them all."""

    environment: dict[str, str]
    send_queue_url: str
    bucket: str


@contextmanager
def data_stack() -> Iterator[Stack]:
    """The stack, for as long as the block runs."""
    with mock_aws():
        dynamodb, sqs, s3 = (boto3.client(name, region_name=REGION) for name in ("dynamodb", "sqs", "s3"))
        for name in ("Events", "Messages", "Links", "Salts", "Account", "Reports", "Outbox"):
            properties = DATA_STACK[f"{name}Table"]["Properties"]
            kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            dynamodb.create_table(TableName=name.lower(), **{key: properties[key] for key in kept if key in properties})
        send_queue_url = sqs.create_queue(QueueName="send")["QueueUrl"]
        spill_queue_url = sqs.create_queue(QueueName="spill")["QueueUrl"]
        deliveries_queue_url = sqs.create_queue(QueueName="deliveries")["QueueUrl"]
        people_queue_url = sqs.create_queue(QueueName="people")["QueueUrl"]
        s3.create_bucket(Bucket="blobs", CreateBucketConfiguration={"LocationConstraint": REGION})
        environment = {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "MAILSIGHT_EVENTS_TABLE": "events",
            "MAILSIGHT_MESSAGES_TABLE": "messages",
            "MAILSIGHT_LINKS_TABLE": "links",
            "MAILSIGHT_SALTS_TABLE": "salts",
            "MAILSIGHT_ACCOUNT_TABLE": "account",
            "MAILSIGHT_REPORTS_TABLE": "reports",
            "MAILSIGHT_OUTBOX_TABLE": "outbox",
            "MAILSIGHT_SEND_QUEUE_URL": send_queue_url,
            "MAILSIGHT_SPILL_QUEUE_URL": spill_queue_url,
            "MAILSIGHT_DELIVERIES_QUEUE_URL": deliveries_queue_url,
            "MAILSIGHT_PEOPLE_QUEUE_URL": people_queue_url,
            "MAILSIGHT_BLOB_BUCKET": "blobs",
            "MAILSIGHT_CONFIGURATION_SET": "mailsight",
            "MAILSIGHT_TOKEN_KEYS": TOKEN_KEYS,
            "MAILSIGHT_TRACKING_URL": "https://t.example.com",
            "MAILSIGHT_DASHBOARD_URL": "https://app.example.com",
            "MAILSIGHT_STAGE": "test",
        }
        yield Stack(environment, send_queue_url, "blobs")
