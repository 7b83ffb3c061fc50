"""The queue of deliveries to webhooks: it carries ids only, the rest lies in the tables."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import instant
from chalicelib.core.delivery import Replay, Task
from chalicelib.core.problem import MailsightError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST_AT_ONCE = 10
"""Messages in one call, as SQS allows."""


class DeliveriesDown(MailsightError):
    """A delivery could not be queued; whoever wanted to is called again, or `remind` finds it."""


class DeliveryQueue:
    """Puts deliveries, and replays, in line. `sqs` is a boto3 client. Twice is harmless, for `deliver` claims each.

    Each message is of its webhook's group, so that SQS hands out those of others first while a slow receiver holds more
    than its share of the workers.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def put(self, tasks: Sequence[tuple[Task, int]]) -> None:
        """Queues deliveries, each to be seen after 0 to 900 seconds. Raises DeliveriesDown; then some may be queued."""
        self._put([(_task_body(task), seconds, task.webhook_id) for task, seconds in tasks])

    def put_replays(self, replays: Sequence[Replay]) -> None:
        """Queues replays. Raises DeliveriesDown; then some may be queued."""
        self._put([(_replay_body(replay), 0, replay.webhook_id) for replay in replays])

    def _put(self, bodies: Sequence[tuple[str, int, str]]) -> None:
        for start in range(0, len(bodies), MOST_AT_ONCE):
            entries: list[Any] = [
                {"Id": str(number), "MessageBody": body, "DelaySeconds": seconds, "MessageGroupId": webhook_id}
                for number, (body, seconds, webhook_id) in enumerate(bodies[start : start + MOST_AT_ONCE])
            ]
            try:
                failed = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
            except (BotoCoreError, ClientError) as error:
                raise DeliveriesDown(f"the queue of deliveries cannot be written: {error}") from error
            if failed:
                raise DeliveriesDown(f"the queue of deliveries refused {len(failed)}: {failed[0].get('Code')}")


def asked_of(body: str) -> Task | Replay:
    """What a queued body asks for. Raises ValueError, TypeError or KeyError for one that is not of this queue."""
    said = json.loads(body)
    if "run" in said:
        times = {name: instant.parse(said[name]) for name in ("start", "end")}
        return Replay(**{**said, **times})
    return Task(**said)


def _task_body(task: Task) -> str:
    return json.dumps({name: value for name, value in task._asdict().items() if value})


def _replay_body(replay: Replay) -> str:
    return json.dumps({**replay._asdict(), "start": instant.show(replay.start), "end": instant.show(replay.end)})
