"""The hot path's writer and the world: where its calls go, whom it trusts, what moto's HTTP server makes of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from chalicelib import settings
from chalicelib.core import event
from chalicelib.core.event import Kind
from chalicelib.core.stored_file import StoredFile
from chalicelib.gateways import event_log, trust
from chalicelib.gateways.event_log import EventLog, LinkErased
from chalicelib.gateways.salts import Salts
from chalicelib.storage import salts
from chalicelib.storage.events import Events
from chalicelib.storage.links import Links
from tests.gateways.aws_on_loopback import AwsOnLoopback
from tests.gateways.event_logs import AT, MESSAGE_ID, NOWHERE, an_item, log_for, spilled_to

# Whom it trusts


def test_https_is_spoken_over_a_kept_connection_with_whom_the_machine_trusts(
    secure: tuple[AwsOnLoopback, Path], sqs: AwsOnLoopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # OpenSSL's own variable
    trust.everybody.cache_clear()
    log = log_for(server.url, sqs.url)
    for number in range(3):
        log.record(an_item(str(number)))
    assert server.operations() == ["PutItem"] * 3
    assert len({call.connection for call in server.calls}) == 1
    log.close()


def test_a_server_that_the_machine_does_not_trust_gets_nothing(
    secure: tuple[AwsOnLoopback, Path], sqs: AwsOnLoopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server, _ = secure
    trust.everybody.cache_clear()
    log = log_for(server.url, sqs.url)
    log.record(an_item())
    assert server.calls == []
    assert spilled_to(sqs) == [an_item()]
    assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().out
    log.close()


# Where the calls go


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_REGION": "us-east-1"},
        {"AWS_REGION": "eu-central-1", "AWS_SESSION_TOKEN": "token"},
        {"AWS_REGION": "us-gov-west-1"},
        {"AWS_REGION": "cn-north-1"},
        {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_SQS": "http://b:2"},
        {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_DYNAMODB": "https://vpce.example"},
    ],
)
def test_calls_go_where_the_sdks_would_send_them(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    whole = {**environ, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    ours = settings.read_aws(whole)
    session: Any = boto3.Session(region_name=environ["AWS_REGION"])
    assert ours.dynamodb_endpoint == session.client("dynamodb").meta.endpoint_url
    assert ours.sqs_endpoint == session.client("sqs").meta.endpoint_url
    found = session.get_credentials()
    assert (ours.access_key_id, ours.secret_access_key) == (found.access_key, found.secret_key)
    assert ours.session_token == (found.token or "")
    assert settings.read_aws() == ours


# What DynamoDB and SQS make of it


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Real:
    """The same tables and queue, seen by boto3."""

    def __init__(self, url: str) -> None:
        aws = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": "eu-central-1"}
        config = Config(retries={"total_max_attempts": 1})
        self.dynamodb: Any = boto3.client("dynamodb", endpoint_url=url, config=config, **aws)
        self.sqs: Any = boto3.client("sqs", endpoint_url=url, config=config, **aws)

    def make(self) -> settings.Settings:
        self.dynamodb.create_table(
            TableName="events",
            KeySchema=[
                {"AttributeName": "message_id", "KeyType": "HASH"},
                {"AttributeName": "event_key", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "message_id", "AttributeType": "S"},
                {"AttributeName": "event_key", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.dynamodb.create_table(
            TableName="links",
            KeySchema=[{"AttributeName": "link_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "link_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.dynamodb.create_table(
            TableName="salts",
            KeySchema=[{"AttributeName": "day", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "day", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        queue_url = self.sqs.create_queue(QueueName="spill")["QueueUrl"]
        return settings.Settings(events_table="events", links_table="links", spill_queue_url=queue_url)


@pytest.fixture(scope="module")
def real(moto_url: str) -> Real:
    return Real(moto_url)


@pytest.fixture(scope="module")
def own(real: Real) -> settings.Settings:
    return real.make()


@pytest.fixture
def real_log(moto_url: str, own: settings.Settings) -> Iterator[EventLog]:
    environ = {"AWS_ENDPOINT_URL": moto_url, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "id"}
    made = event_log.connect(own, settings.read_aws(environ))
    yield made
    made.close()


def test_dynamodb_keeps_an_event_once(real: Real, real_log: EventLog) -> None:
    other = {**an_item(), "kind": {"S": "clicked"}}
    real_log.record(an_item())
    real_log.record(an_item())
    real_log.record(other)
    assert real.dynamodb.scan(TableName="events")["Items"] == [an_item()]


def test_the_spill_queue_holds_the_item(real: Real, own: settings.Settings, moto_url: str) -> None:
    environ = {"AWS_ENDPOINT_URL": moto_url, "AWS_ENDPOINT_URL_DYNAMODB": NOWHERE, "AWS_REGION": "eu-central-1"}
    log = event_log.connect(own, settings.read_aws(environ))
    log.record(an_item("täglich \u2028 \U0001f4e7 #"))
    log.close()
    [received] = real.sqs.receive_message(QueueUrl=own.spill_queue_url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(received["Body"]) == an_item("täglich \u2028 \U0001f4e7 #")


def test_a_queue_that_is_not_there_ends_in_the_log(
    own: settings.Settings, moto_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"AWS_ENDPOINT_URL": moto_url, "AWS_REGION": "eu-central-1"}
    broken = own._replace(events_table="no-such-table", spill_queue_url=own.spill_queue_url + "-gone")
    log = event_log.connect(broken, settings.read_aws(environ))
    log.record(an_item())
    log.close()
    line = json.loads(capsys.readouterr().out)
    assert line["spilled_event"] == an_item()
    assert "ResourceNotFoundException" in line["reasons"][0]
    assert "QueueDoesNotExist" in line["reasons"][1]


@pytest.fixture
def pynamodb_finds(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENDPOINT_URL": moto_url, "ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


def test_storage_reads_what_the_hot_path_wrote(real_log: EventLog, pynamodb_finds: None) -> None:
    clicked = event.make("f" * 32, "JKJ=", Kind.CLICKED, AT, method="HEAD", position=65535)
    real_log.record(event.as_item(clicked, AT + timedelta(days=107)))
    stored = Events("events", "eu-central-1")
    assert [row.event for row in stored.after("f" * 32, None, now=AT)] == [clicked]
    assert stored.put(clicked, AT + timedelta(days=107)) is False


def test_the_hot_path_reads_what_storage_wrote(real_log: EventLog, pynamodb_finds: None) -> None:
    destination = "https://crm.example/?q=" + "a" * 3_000
    Links("links", "eu-central-1").put(MESSAGE_ID, {3: destination})
    assert real_log.destination_of(MESSAGE_ID, 3) == destination
    assert real_log.destination_of(MESSAGE_ID, 4) is None


def test_a_destination_that_was_erased_is_known_to_have_been_there(real_log: EventLog, pynamodb_finds: None) -> None:
    links = Links("links", "eu-central-1")
    links.put(MESSAGE_ID, {3: "https://crm.example/?q=" + "a" * 700})
    for position in (3, 3, 4):
        links.erase_destination(MESSAGE_ID, position)
    with pytest.raises(LinkErased):
        real_log.destination_of(MESSAGE_ID, 3)
    assert real_log.destination_of(MESSAGE_ID, 4) is None, "where there was none there is none to erase"


def test_a_file_is_found_where_storage_says_until_it_is_erased(real_log: EventLog, pynamodb_finds: None) -> None:
    links = Links("links", "eu-central-1")
    file = StoredFile("acme/files/m/0", 'Größe "1".pdf', "application/pdf")
    links.put_files(MESSAGE_ID, {0: file, 1: file._replace(key="acme/files/m/1")})
    assert real_log.file_of(MESSAGE_ID, 0) == file
    assert real_log.destination_of(MESSAGE_ID, 0) is None, "a link and a file of one position are two things"
    links.erase_file(MESSAGE_ID, 0)
    links.erase_file(MESSAGE_ID, 0)
    assert real_log.file_of(MESSAGE_ID, 0) == StoredFile("", "", "", is_erased=True)
    assert real_log.file_of(MESSAGE_ID, 1) == file._replace(key="acme/files/m/1")
    assert real_log.file_of(MESSAGE_ID, 2) is None


def test_the_salt_of_the_hot_path_is_the_one_that_storage_reads(
    real: Real, real_log: EventLog, pynamodb_finds: None
) -> None:
    stored = salts.Salts("salts", "eu-central-1")
    assert stored.of(AT.date(), AT) is None
    made = Salts(real_log.dynamodb, "salts").of(AT.date())
    assert made and stored.of(AT.date(), AT) == made == Salts(real_log.dynamodb, "salts").of(AT.date())
    (item,) = real.dynamodb.scan(TableName="salts")["Items"]
    assert item["expires_at"]["N"] == str(int(datetime(2026, 11, 24, tzinfo=UTC).timestamp()))
    stored.forget(AT.date())
    assert stored.of(AT.date(), AT) is None
