from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.gateways import trust
from chalicelib.gateways.event_log import EventLog
from tests.gateways import certificates
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


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[AwsOnLoopback, Path]]:
    """A server for 127.0.0.1, and the certificate of the authority that has signed its own, as a file."""
    authority = certificates.authority("tests")
    public = tmp_path / "authority.pem"
    public.write_bytes(authority.pem)
    with aws_on_loopback(certificates.tls_of_server(certificates.of_server(authority), tmp_path)) as server:
        yield server, public
    trust.everybody.cache_clear()
