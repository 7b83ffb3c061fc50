"""The queue of exports and erasures of people: it carries ids only, the rest lies in the table."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.problem import MailsightError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class PeopleQueueDown(MailsightError):
    """A job could not be queued; ask again in a moment."""


class PeopleQueue:
    """Puts jobs in line. `sqs` is a boto3 client."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def put(self, account: str, job_id: str, delay_seconds: int = 0) -> None:
        """Queues a job, to be seen after 0 to 900 seconds. Raises PeopleQueueDown. Twice is harmless."""
        body = json.dumps({"account": account, "job_id": job_id})
        try:
            self._sqs.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay_seconds)
        except (BotoCoreError, ClientError) as error:
            raise PeopleQueueDown(f"the queue of exports and erasures cannot be written: {error}") from error


def job_of(body: str) -> tuple[str, str]:
    """Account and id of the job that a queued body carries. Raises ValueError or KeyError for another body."""
    said = json.loads(body)
    return str(said["account"]), str(said["job_id"])
