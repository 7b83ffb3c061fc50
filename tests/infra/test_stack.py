"""The data stack on a real emulator: made once, completed where its CloudFormation leaves things out, and kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local import emulator, stack
from infra.local.folder import Folder
from infra.local.problem import CannotRun
from tests.infra.local_run import free_ports

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_ports()
    with emulator.running(Folder(tmp_path_factory.mktemp("emulator")), port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def made(endpoint: str) -> stack.Stack:
    return stack.ensure(endpoint)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = stack.TEMPLATE.read_text()
    assert old in text
    path = tmp_path / "data.yaml"
    path.write_text(text.replace(old, new))
    return path


def test_a_second_run_finds_the_stack_of_the_first(endpoint: str, made: stack.Stack) -> None:
    assert (made.is_new, made.has_changed) == (True, False)
    again = stack.ensure(endpoint)
    assert (again.is_new, again.has_changed) == (False, False)
    assert again.outputs == made.outputs


def test_items_expire_and_failing_messages_are_moved_to_the_dead(endpoint: str, made: stack.Stack) -> None:
    dynamodb, sqs = stack.client("dynamodb", endpoint), stack.client("sqs", endpoint)
    for table, status in (("EventsTable", "ENABLED"), ("SaltsTable", "ENABLED"), ("LinksTable", "DISABLED")):
        ttl = dynamodb.describe_time_to_live(TableName=made.outputs[table])["TimeToLiveDescription"]
        assert ttl["TimeToLiveStatus"] == status
    for queue, dead in (("SendQueue", "SendDeadLetters"), ("SpillQueue", "SpillDeadLetters")):
        url = made.outputs[f"{queue}Url"]
        policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
        assert json.loads(policy)["deadLetterTargetArn"] == made.outputs[f"{dead}Arn"]


def test_a_notification_comes_through_topic_and_queue_as_it_was_published(endpoint: str, made: stack.Stack) -> None:
    stack.client("sns", endpoint).publish(
        TopicArn=made.outputs["NotificationsTopicArn"], Message='{"eventType": "Send"}'
    )
    found = stack.client("sqs", endpoint).receive_message(
        QueueUrl=made.outputs["NotificationsQueueUrl"], WaitTimeSeconds=5
    )
    assert [message["Body"] for message in found["Messages"]] == ['{"eventType": "Send"}']


def test_the_token_keys_are_made_once(endpoint: str, made: stack.Stack) -> None:
    keys = json.loads(stack.read_secret(endpoint, made.outputs["TokenKeysArn"]))
    assert list(keys) == ["1"]
    assert len(keys["1"]) == 64
    stack.ensure(endpoint)
    assert json.loads(stack.read_secret(endpoint, made.outputs["TokenKeysArn"])) == keys


def test_a_changed_template_is_told_and_leaves_the_data_alone(endpoint: str, made: stack.Stack, tmp_path: Path) -> None:
    dynamodb = stack.client("dynamodb", endpoint)
    item: dict[str, Any] = {"link_id": {"S": "a"}, "destination": {"S": "https://example.com/"}}
    dynamodb.put_item(TableName=made.outputs["LinksTable"], Item=item)
    path = changed(tmp_path, "MessageRetentionPeriod: 864000", "MessageRetentionPeriod: 432000")
    assert stack.ensure(endpoint, path).has_changed
    assert dynamodb.scan(TableName=made.outputs["LinksTable"])["Items"] == [item]


def test_a_comment_is_no_change(endpoint: str, made: stack.Stack, tmp_path: Path) -> None:
    assert not stack.ensure(endpoint, changed(tmp_path, "Resources:", "Resources: # all of them")).has_changed


def test_data_that_lacks_something_new_is_refused_with_its_name(
    endpoint: str, made: stack.Stack, tmp_path: Path
) -> None:
    path = changed(tmp_path, "Outputs:\n", "Outputs:\n  NewestTable: {Value: x}\n")
    with pytest.raises(CannotRun, match=r"lacks NewestTable; delete the folder"):
        stack.ensure(endpoint, path)


def test_data_that_lacks_only_what_deployments_need_is_kept(endpoint: str, made: stack.Stack, tmp_path: Path) -> None:
    path = changed(tmp_path, "Outputs:\n", "Outputs:\n  NewestTable: {Value: x}\n")
    assert (
        stack.ensure(endpoint, path, frozenset({"NewestTable"})).outputs["EventsTable"] == made.outputs["EventsTable"]
    )


def test_settings_are_the_outputs_of_the_same_name() -> None:
    outputs = {"EventsTable": "e", "SendQueueUrl": "http://q", "BlobBucketArn": "not a setting"}
    assert stack.settings_environment(outputs, '{"1": "k"}') == {
        "MAILSIGHT_EVENTS_TABLE": "e",
        "MAILSIGHT_SEND_QUEUE_URL": "http://q",
        "MAILSIGHT_TOKEN_KEYS": '{"1": "k"}',
    }


def test_positions_in_streams_that_were_not_kept_are_forgotten_and_nothing_else(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    emulator.forget_stream_positions(folder)  # a first start has no file
    folder.state.mkdir()
    path = folder.state / "lambda.json"
    kept = {"functions": {"data": {"f": 1}}, "kinesis_positions": {"data": {"k": 2}}}
    positions = {"__account_region_scoped__": True, "data": {"000000000000": 3851}}
    path.write_text(json.dumps({"payload": {**kept, "dynamodb_stream_positions": positions}}))
    emulator.forget_stream_positions(folder)
    assert json.loads(path.read_text())["payload"] == {
        **kept,
        "dynamodb_stream_positions": {"__account_region_scoped__": True, "data": {}},
    }


def test_an_emulator_that_cannot_start_is_told_with_its_own_words(tmp_path: Path, endpoint: str) -> None:
    busy = int(endpoint.rpartition(":")[2])
    with (
        pytest.raises(CannotRun, match=r"the emulator ended at once; see .*already in use"),
        emulator.running(Folder(tmp_path), busy),
    ):
        pass
