"""The function `people`: fed by the queue of exports and erasures, `{"account": …, "job_id": …}` each, one a call. All
of them handle what is kept of people: of one person, of all in a list of mails, or of users in a report.

A report is exported by one call. Any other job walks through all mails of its account: a call works for as long as it
has time and queues the job anew. What a call that died left undone is done by the next one, for the queue brings it
again: ten times, then it lies in the dead-letter queue, and the job says that it failed until somebody brings it back.
Logs name jobs, never addresses.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice.app import Blueprint, SQSEvent

from chalicelib import settings
from chalicelib.core.address_key import hashes_of
from chalicelib.core.job import Kind, Status
from chalicelib.entrypoints.reporting import reading_of
from chalicelib.flow import erase, export, export_mails, export_report, read_report
from chalicelib.gateways import sheets
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.exports import Archive, Exports
from chalicelib.gateways.people_queue import PeopleQueue, job_of
from chalicelib.gateways.uploads import Uploads as BroughtFiles
from chalicelib.storage.consents import Consents
from chalicelib.storage.events import Events
from chalicelib.storage.every_mail import EveryMail
from chalicelib.storage.jobs import Jobs
from chalicelib.storage.links import Links
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from chalicelib.storage.report_schedules import ReportSchedules
from chalicelib.storage.suppressions import Suppressions
from chalicelib.storage.uploads import Uploads
from chalicelib.storage.users import Users

bp = Blueprint(__name__)

SPARE_MILLISECONDS = 90_000  # what a page of mails and an upload may take
LAST_TRY = 10  # as infra/data.yaml has it
FAILED = "it failed ten times; whoever runs this installation finds why in the log of `people`, and brings it back"


class Parts(NamedTuple):
    """What this function needs, made at the first call."""

    jobs: Jobs
    exports: Exports
    erasing: erase.Parts
    exporting: export.Parts
    listing: export_mails.Parts
    reporting: export_report.Parts
    log: Logger


@cache
def _parts() -> Parts:
    own = settings.read().require(
        *("messages_table", "events_table", "links_table", "account_table", "blob_bucket", "people_queue_url"),
        "reports_table",
    )
    s3 = boto3.client("s3")
    jobs, exports = Jobs(own.account_table, own.region), Exports(s3, own.blob_bucket)
    queue = PeopleQueue(boto3.client("sqs"), own.people_queue_url)
    mails, events = EveryMail(own.messages_table, own.region), Events(own.events_table, own.region)
    contents, consents = Blobs(s3, own.blob_bucket), Consents(own.account_table, own.region)
    suppressions = Suppressions(own.account_table, own.region, own.keys)
    users = Users(own.account_table, own.region)
    policy_of = Policies(own.account_table, own.region).get
    erasing = erase.Parts(
        mails=mails,
        messages=Messages(own.messages_table, own.region),
        events=events,
        contents=contents,
        links=Links(own.links_table, own.region),
        consents=consents,
        suppressions=suppressions,
        users=users,
        jobs=jobs,
        exports=exports,
        schedules=ReportSchedules(own.account_table, own.region),
        uploads=Uploads(own.account_table, own.region),
        brought=BroughtFiles(s3, own.blob_bucket),
        queue=queue,
        hashes_of=partial(hashes_of, keys=own.keys),
        policy_of=policy_of,
    )
    exporting = export.Parts(
        mails=mails,
        events=events,
        contents=contents,
        said_by=consents.of,
        suppressions=suppressions,
        users=users,
        policy_of=policy_of,
        jobs=jobs,
        exports=exports,
        queue=queue,
        new_archive=Archive,
        new_id=lambda: secrets.token_hex(16),
    )
    listing = export_mails.Parts(
        messages=Messages(own.messages_table, own.region),
        policy_of=policy_of,
        users_of=users.of_group,
        jobs=jobs,
        exports=exports,
        queue=queue,
        begin=sheets.begun,
        new_id=lambda: secrets.token_hex(16),
    )
    reporting = export_report.Parts(
        report_of=partial(_report_of, reading_of(own)),
        jobs=jobs,
        exports=exports,
        begin=sheets.begun,
        new_id=lambda: secrets.token_hex(16),
    )
    return Parts(jobs, exports, erasing, exporting, listing, reporting, Logger(service="people"))


def _report_of(
    reading: read_report.Parts, account: str, name: str, query: Mapping[str, Sequence[str]], limit: int, now: datetime
) -> dict[str, Any]:
    return read_report.read_report(account, name, query, reading, now=now, limit=limit)


@bp.on_sqs_message(queue="mailsight-people", batch_size=1)
def people(event: SQSEvent) -> Any:
    """Goes on with each job of the batch; answers which of them are to be brought again."""
    parts = _parts()  # settings that are wrong fail the whole call, where it is seen
    context: Any = event.context  # Lambda's object; chalice types it as a dict

    def may_go_on() -> bool:
        return int(context.get_remaining_time_in_millis()) > SPARE_MILLISECONDS

    return process_partial_response(
        event=event.to_dict(),
        record_handler=partial(_go_on, parts, may_go_on),
        processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
    )


def _go_on(parts: Parts, may_go_on: Callable[[], bool], record: SQSRecord) -> None:
    account, job_id = job_of(record.body)
    now = datetime.now(UTC)
    job = parts.jobs.find(account, job_id, now)
    if job is None:  # its person was erased; and if it died just before, so is what it had written
        parts.exports.delete_all(account, job_id)
        return
    if job.status is Status.DONE:
        return
    clock = partial(datetime.now, UTC)
    try:
        if job.kind is Kind.EXPORT:
            export.export(job, parts.exporting, clock=clock, may_go_on=may_go_on)
        elif job.kind is Kind.MAILS:
            export_mails.export_mails(job, parts.listing, clock=clock, may_go_on=may_go_on)
        elif job.kind is Kind.REPORT:
            export_report.export_report(job, parts.reporting, clock=clock)
        else:
            erase.erase(job, parts.erasing, clock=clock, may_go_on=may_go_on)
    except Exception:
        parts.log.exception("people_failed", extra={"account": account, "job_id": job_id})
        if int(record.attributes.approximate_receive_count or 0) >= LAST_TRY:
            latest = parts.jobs.find(account, job_id, now) or job
            parts.jobs.save(replace(latest, status=Status.FAILED, error=FAILED))
        raise
