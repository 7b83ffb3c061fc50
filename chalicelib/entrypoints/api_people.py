"""The API of exports and erasures: all that is kept of a person is exported or erased, or a list of mails or a report
exported. All of it takes its time, so a call begins a job."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import export_body, mail_filter, person_body
from chalicelib.core import job as jobs
from chalicelib.core.address_key import hash_of
from chalicelib.core.bad_input import BadInput, named_under
from chalicelib.core.event import is_message_id
from chalicelib.core.job import Job, Kind, Status
from chalicelib.core.mail_filter import Here
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.exporting import link_of
from chalicelib.entrypoints.once import gone, once
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.entrypoints.reporting import reading_of
from chalicelib.flow import read_report
from chalicelib.gateways.exports import SIGNING, Exports
from chalicelib.gateways.people_queue import PeopleQueue, PeopleQueueDown
from chalicelib.storage.account import Account
from chalicelib.storage.jobs import Jobs
from chalicelib.storage.policies import Policies
from chalicelib.storage.users import Users

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    jobs: Jobs
    exports: Exports
    queue: PeopleQueue
    keys: Keys
    policies: Policies
    users: Users
    reading: read_report.Parts


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "blob_bucket", "people_queue_url", "reports_table")
    table = own.account_table, own.region
    exports = Exports(boto3.client("s3", config=SIGNING), own.blob_bucket)
    queue = PeopleQueue(boto3.client("sqs"), own.people_queue_url)
    return Parts(
        *(Account(*table), Jobs(*table), exports, queue, own.keys, Policies(*table), Users(*table)),
        reading_of(own),
    )


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/exports", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_export(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Begins an export of all that is kept of a person, of a list of mails, or of a report."""
    body = _body(call)
    with _refusals():
        asked = export_body.to_export(body)
    if asked.address is not None:
        return _begun(call, "exports", body, _of_person(call, Kind.EXPORT, asked.address))
    job = Job(call.account, secrets.token_hex(16), asked.kind, call.now, None, None)
    wanted = replace(job, query=asked.query, file_format=asked.file_format, report=asked.report)
    return _begun(call, "exports", body, wanted, partial(_check, call, asked))


@bp.route("/v1/exports/{job_id}", methods=["GET"])
@calls.view(_request, _accounts, "admin")
def get_export(call: Call, job_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """How far an export is; when it is done, where its files can be fetched for the next minutes."""
    job, links = _find(call, "export", job_id, *jobs.OF), []
    if job.has_files(call.now):
        links = [link_of(job, number, _parts().exports, call.now) for number in range(len(job.parts))]
    return HTTPStatus.OK, jobs.show(job, links)


@bp.route("/v1/erasures", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_erasure(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Begins to erase all that is kept of a person; doing it again finds nothing more."""
    body = _body(call)
    with _refusals():
        address = person_body.to_erase(body)
    return _begun(call, "erasures", body, _of_person(call, Kind.ERASURE, address))


@bp.route("/v1/erasures/{job_id}", methods=["GET"])
@calls.view(_request, _accounts, "admin")
def get_erasure(call: Call, job_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """How far an erasure is."""
    return HTTPStatus.OK, jobs.show(_find(call, "erasure", job_id, Kind.ERASURE))


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        raise bad_input(error.errors) from None


def _check(call: Call, asked: export_body.Asked) -> None:
    """Refuses what cannot be made of what there is now: a day in the future, a user of whom nothing is known, an empty
    group."""
    parts = _parts()
    with _refusals(), named_under("/emails" if asked.report is None else "/query"):
        if asked.report is not None:
            read_report.check(call.account, asked.report, asked.query, parts.reading, now=call.now)
        else:
            users_of = partial(parts.users.of_group, call.account)
            here = Here(call.now, lambda: parts.policies.get(call.account).zone, users_of)
            mail_filter.parse(asked.query, here)


def _body(call: Call) -> dict[str, Any]:
    calls.no_query(call.request)
    return calls.json_object(call.request)


def _of_person(call: Call, kind: Kind, address: str) -> Job:
    person = hash_of(address, call.account, _parts().keys)
    return Job(call.account, secrets.token_hex(16), kind, call.now, address, person)


def _begun(
    call: Call, route: str, body: dict[str, Any], new: Job, check: Callable[[], None] = lambda: None
) -> tuple[HTTPStatus, dict[str, Any]]:
    """The job: a new one, or the one that an earlier request with this Idempotency-Key made, as far as it is now."""
    parts = _parts()
    with once(call, parts.accounts, route, body, new.job_id, check) as one:
        if not one.is_made:
            parts.jobs.save(replace(new, job_id=one.made_id))
        job = parts.jobs.find(call.account, one.made_id, call.now)
        if job is None:
            raise gone()
        if not one.is_made and job.status is Status.QUEUED:
            _queue(job, has_key=one.has_key)
    return HTTPStatus.ACCEPTED, jobs.show(job)


def _queue(job: Job, *, has_key: bool) -> None:
    """Queues a job, perhaps twice, which does no harm. One that cannot be queued is forgotten, but for one with a key:
    who told it again may have queued it by now, and who tells it again will."""
    parts = _parts()
    try:
        parts.queue.put(job.account, job.job_id)
    except PeopleQueueDown:
        if not has_key:
            parts.jobs.remove(job)
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "queue_unavailable",
            "it could not be begun, and nothing was done; send it again in a moment",
            headers={"Retry-After": "5"},
        ) from None


def _find(call: Call, name: str, job_id: str, *kinds: Kind) -> Job:
    calls.no_query(call.request)
    job = _parts().jobs.find(call.account, job_id, call.now) if is_message_id(job_id) else None
    if job is None or job.kind not in kinds:
        raise not_found(name)
    return job
