from collections.abc import Iterator

import pytest

from chalicelib.gateways.event_log import EventLog
from tests.gateways.aws_on_loopback import AwsOnLoopback, aws_on_loopback
from tests.gateways.event_logs import log_for


@pytest.fixture
def dynamodb() -> Iterator[AwsOnLoopback]:
    with aws_on_loopback() as server:
        yield server


@pytest.fixture
def sqs() -> Iterator[AwsOnLoopback]:
    with aws_on_loopback() as server:
        yield server


@pytest.fixture
def log(dynamodb: AwsOnLoopback, sqs: AwsOnLoopback) -> Iterator[EventLog]:
    log = log_for(dynamodb.url, sqs.url)
    yield log
    log.close()
