"""What no function can take ends among the dead letters of a run, and what came with it is taken."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.pumps import WAIT_SECONDS
from tests.e2e.conftest import NewCrm
from tests.e2e.test_erased_person import Client
from tests.infra.local_run import ask, until

pytestmark = [pytest.mark.local]


class Queue:
    """A queue of the run, by how its name ends. Only this file writes to it, or reads it beside its pump."""

    def __init__(self, sqs: Any, ending: str) -> None:
        self.sqs = sqs
        (self.url,) = [url for url in sqs.list_queues()["QueueUrls"] if url.endswith(f"-{ending}")]

    def bodies(self) -> list[str]:
        """What lay in it, and is taken out."""
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        for one in found:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
        return [one["Body"] for one in found]


@pytest.fixture
def aws(local: dict[str, Any]) -> Client:
    return Client(local["environment"])


@pytest.fixture
def impatient(aws: Client) -> Iterator[Queue]:
    """The queue of notifications; what failed comes again at once and not after minutes.

    A long poll hides what it receives for as long as the queue said when the poll began, so the one that is under way
    has to end first.
    """
    queue = Queue(aws.of("sqs"), "notifications")
    names = {"QueueUrl": queue.url, "AttributeNames": ["VisibilityTimeout"]}
    before = queue.sqs.get_queue_attributes(**names)["Attributes"]
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "0"})
    time.sleep(WAIT_SECONDS + 1)
    yield queue
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=before)


def state_of(aws: Client, message_id: str, spoilt: str | None = None) -> str:
    """What a mail's item has as its state, which is replaced if a spoilt one is given."""
    dynamodb, table = aws.of("dynamodb"), aws.environment["MAILSIGHT_MESSAGES_TABLE"]
    key = {"message_id": {"S": message_id}}
    before = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]["state"]["S"]
    if spoilt is not None:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #state = :spoilt",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":spoilt": {"S": spoilt}},
        )
    return str(before)


def test_an_event_of_a_mail_that_cannot_be_read_ends_as_a_dead_letter_and_its_neighbours_are_folded(
    new_crm: NewCrm, aws: Client
):
    crm, dead = new_crm("poison"), Queue(aws.of("sqs"), "fold-failed")
    pixels = {}
    for number in range(3):
        message_id = crm.send(subject=f"Poison {number}", html="<p>Hi</p>")
        pixels[message_id] = re.findall(r'src="(http[^"]+/o/[^"]+)"', crm.arrived(f"Poison {number}")["html"])[0]
        crm.status(message_id, "delivered")
    first, bad, last = pixels
    state = state_of(aws, bad, "no state")
    for pixel in pixels.values():
        assert ask(pixel).status == 200, "whoever opens the mail sees no difference"
    crm.status(first, "opened")
    crm.status(last, "opened")
    (body,) = until(dead.bodies, "a dead letter")
    told = json.loads(body)
    assert told["requestContext"]["functionArn"].endswith(":fold")
    place = told["DDBStreamBatchInfo"]
    assert place["batchSize"] == 1 and place["startSequenceNumber"] == place["endSequenceNumber"], "it alone"

    state_of(aws, bad, state)  # whoever runs this installation has mended it
    assert ask(pixels[bad]).status == 200
    assert crm.wait(bad, lambda mail: mail["opens"]["count"] == 2), "nothing was lost"
    assert dead.bodies() == []


def test_a_notification_that_nobody_can_read_ends_as_a_dead_letter_and_its_neighbours_are_taken(
    new_crm: NewCrm, aws: Client, impatient: Queue
):
    crm, dead = new_crm("poison-told"), Queue(aws.of("sqs"), "notifications-dead")
    for number in range(2):
        impatient.sqs.send_message(QueueUrl=impatient.url, MessageBody=f"no notification {number}")
        crm.status(crm.send(subject=f"Beside poison {number}"), "delivered")
    found: list[str] = []

    def are_dead() -> bool:
        found.extend(dead.bodies())
        return len(found) >= 2

    assert until(are_dead, "two dead letters")
    assert sorted(found) == ["no notification 0", "no notification 1"]
    assert crm.status(crm.send(subject="After poison"), "delivered")
