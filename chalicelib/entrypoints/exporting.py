"""Exports of lists of mails for the pages, and the links to files of exports for them and the API."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

import boto3

from chalicelib.core import mail_filter
from chalicelib.core.job import Job, Kind, Link, Status
from chalicelib.core.mail_filter import Here
from chalicelib.gateways.exports import SIGNING, Exports
from chalicelib.gateways.people_queue import PeopleQueue, PeopleQueueDown
from chalicelib.settings import Settings
from chalicelib.storage.jobs import Jobs
from chalicelib.storage.policies import Policies
from chalicelib.storage.users import Users
from chalicelib.web.answer import Refused, TryAgain

EXPORTING = ("account_table", "blob_bucket", "people_queue_url")
"""The settings that this asks for."""

LINK_LASTS = timedelta(minutes=15)


class ListExports(NamedTuple):
    """What `web.ports.ListExports` promises."""

    jobs: Jobs
    files: Exports
    queue: PeopleQueue
    policies: Policies
    users: Users

    def begin(self, account: str, export_id: str, query: Mapping[str, Sequence[str]], file_format: str) -> None:
        """Begins the export of this id; again, it is the same one, also where it could not be queued before. Raises
        BadInput, Refused for the id of another list or format, and TryAgain if it cannot now."""
        now = datetime.now(UTC)
        here = Here(now, lambda: self.policies.get(account).zone, partial(self.users.of_group, account))
        mail_filter.parse(query, here)
        new = Job(account, export_id, Kind.MAILS, now, None, None, query=query, file_format=file_format)
        self.jobs.save(new)
        job = self.find(account, export_id)
        if job is None:
            return
        asked = {name: list(values) for name, values in query.items()}
        if (job.query, job.file_format) != (asked, file_format):
            raise Refused("This form has begun another export already. Reload the page and try again.")
        if job.status is not Status.QUEUED:
            return
        try:
            self.queue.put(account, export_id)  # perhaps twice, which does no harm
        except PeopleQueueDown:  # the job stays: the form, sent twice, may have queued it meanwhile
            raise TryAgain("The export could not be begun, and nothing was done. Try again in a moment.") from None

    def find(self, account: str, export_id: str) -> Job | None:
        """How far it is; None if there is no such export of a list."""
        job = self.jobs.find(account, export_id, datetime.now(UTC))
        return job if job and job.kind is Kind.MAILS else None

    def url_of(self, export: Job, number: int) -> str:
        """Where its file of this number, from 0, can be fetched for the next minutes."""
        return link_of(export, number, self.files, datetime.now(UTC)).url


def exporting_of(own: Settings) -> ListExports:
    """The exports of this installation."""
    table = own.account_table, own.region
    files = Exports(boto3.client("s3", config=SIGNING), own.blob_bucket)
    queue = PeopleQueue(boto3.client("sqs"), own.people_queue_url)
    return ListExports(Jobs(*table), files, queue, Policies(*table), Users(*table))


def link_of(job: Job, number: int, files: Exports, now: datetime) -> Link:
    """Where a part can be fetched; what it is called says of which day it is, and its number if there are several."""
    name = "person" if job.kind is Kind.EXPORT else f"{job.report or 'emails'}_{job.created_at.date()}"
    place = f"_{number + 1}" if len(job.parts) > 1 and job.kind is Kind.MAILS else ""
    seconds = int(LINK_LASTS.total_seconds())
    url = files.url_of(job.parts[number].key, seconds, f"{name}{place}.{job.file_format}")
    return Link(url, now + LINK_LASTS)
