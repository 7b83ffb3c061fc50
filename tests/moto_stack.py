"""The data stack's tables, queues and bucket in process, made from infra/data.yaml, so that tests and stack agree."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import moto.backends
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from infra import template

REGION = "eu-west-1"
ACCOUNT = "123456789012"  # of everybody in process
DATA_STACK = template.load(Path(__file__).parents[1] / "infra" / "data.yaml")["Resources"]
TOKEN_KEYS = '{"1": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}'


class Stack(NamedTuple):
    """Names as the settings want them; `environment` sets them all."""

    environment: dict[str, str]
    send_queue_url: str
    bucket: str


@cache
def _client(service: str) -> Any:
    """One that makes stacks, for all of them."""
    own = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    return own.client(service)  # type: ignore[call-overload]


@contextmanager
def _in_turn() -> Iterator[None]:
    """One request after the other: a transaction of moto's copies whole tables and, where it fails, puts them back,
    whatever other threads have written meanwhile."""
    lock, process = threading.RLock(), BotocoreStubber.process_request

    def locked(*request: Any) -> Any:
        with lock:
            return process(*request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BotocoreStubber, "process_request", locked)
        yield


@contextmanager
def data_stack() -> Iterator[Stack]:
    """The stack, for as long as the block runs."""
    with mock_aws(), _in_turn():
        dynamodb, sqs, s3 = (_client(name) for name in ("dynamodb", "sqs", "s3"))
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


class Store:
    """All that is stored in a stack. It can be emptied, kept and put back, which takes less than making it anew."""

    def __init__(self, stack: Stack) -> None:
        backends = {name: moto.backends.get_backend(name)[ACCOUNT][REGION] for name in ("dynamodb", "sqs")}
        self.tables, self.queues = backends["dynamodb"].tables, backends["sqs"].queues
        self._bucket = moto.backends.get_backend("s3")[ACCOUNT]["global"].buckets[stack.bucket]

    @property
    def objects(self) -> Any:
        """The bucket's objects by their keys."""
        return self._bucket.keys

    def empty(self) -> None:
        """Nothing is stored any more."""
        for table in self.tables.values():
            table.items.clear()
        for queue in self.queues.values():
            queue._messages.clear()
            queue.deleted_messages.clear()
        for one in self.objects.values():
            one.dispose()
        self.objects.clear()

    def kept(self) -> Any:
        """All that is stored, to be put back."""
        items = {name: copy.deepcopy(table.items) for name, table in self.tables.items()}
        bodies = {name: copy.deepcopy(queue._messages) for name, queue in self.queues.items()}
        return items, bodies, [(one, one.value) for one in self.objects.values()]

    def put_back(self, kept: Any) -> None:
        """As it was kept."""
        self.empty()
        items, bodies, objects = kept
        for name, table in self.tables.items():
            table.items.update(copy.deepcopy(items[name]))
        for name, queue in self.queues.items():
            queue._messages.extend(copy.deepcopy(bodies[name]))
        for one, value in objects:
            made = copy.copy(one)  # what was stored is disposed of, and moto wants that of each object
            made.disposed, made.value = False, value
            self.objects[one.name] = made
