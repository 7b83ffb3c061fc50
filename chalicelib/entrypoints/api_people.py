"""The API of exports and erasures: all that is kept of a person is exported or erased, or a list of mails exported. All
of it takes its time, so a call begins a job."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import export_body, person_body
from chalicelib.core import job as jobs
from chalicelib.core.address_key import hash_of
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import is_message_id
from chalicelib.core.job import Job, Kind, Link
from chalicelib.core.mail_filter import Here
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.gateways.exports import SIGNING, Exports
from chalicelib.gateways.people_queue import PeopleQueue, PeopleQueueDown
from chalicelib.storage.account import Account
from chalicelib.storage.jobs import Jobs
from chalicelib.storage.policies import Policies
from chalicelib.storage.users import Users

bp = Blueprint(__name__)

LINK_LASTS = timedelta(minutes=15)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    jobs: Jobs
    exports: Exports
    queue: PeopleQueue
    keys: Keys
    policies: Policies
    users: Users


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "blob_bucket", "people_queue_url")
    table = own.account_table, own.region
    exports = Exports(boto3.client("s3", config=SIGNING), own.blob_bucket)
    queue = PeopleQueue(boto3.client("sqs"), own.people_queue_url)
    return Parts(Account(*table), Jobs(*table), exports, queue, own.keys, Policies(*table), Users(*table))


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/exports", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_export(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Begins an export of all that is kept of a person, or of a list of mails."""
    parts, body = _parts(), _body(call)
    here = Here(
        call.now,
        lambda: parts.policies.get(call.account).zone,
        lambda group: parts.users.of_group(call.account, group),
    )
    with _refusals():
        asked = export_body.to_export(body, here)
    if asked.address is not None:
        return _begun(_of_person(call, Kind.EXPORT, asked.address))
    job = Job(call.account, secrets.token_hex(16), Kind.MAILS, call.now, None, None)
    return _begun(replace(job, query=asked.query, file_format=asked.file_format))


@bp.route("/v1/exports/{job_id}", methods=["GET"])
@calls.view(_request, _accounts, "admin")
def get_export(call: Call, job_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """How far an export is; when it is done, where its files can be fetched for the next minutes."""
    job, links = _find(call, "export", job_id, Kind.EXPORT, Kind.MAILS), []
    if job.has_files(call.now):
        links = [_link(job, number, call.now) for number in range(len(job.parts))]
    return HTTPStatus.OK, jobs.show(job, links)


@bp.route("/v1/erasures", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_erasure(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Begins to erase all that is kept of a person; doing it again finds nothing more."""
    body = _body(call)
    with _refusals():
        address = person_body.to_erase(body)
    return _begun(_of_person(call, Kind.ERASURE, address))


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


def _body(call: Call) -> dict[str, Any]:
    calls.no_query(call.request)
    return calls.json_object(call.request)


def _of_person(call: Call, kind: Kind, address: str) -> Job:
    person = hash_of(address, call.account, _parts().keys)
    return Job(call.account, secrets.token_hex(16), kind, call.now, address, person)


def _link(job: Job, number: int, now: datetime) -> Link:
    """Where a part can be fetched; what it is called says of which day it is, and its number if there are several."""
    name = f"emails_{job.created_at.date()}" if job.kind is Kind.MAILS else "person"
    place = f"_{number + 1}" if len(job.parts) > 1 and job.kind is Kind.MAILS else ""
    seconds = int(LINK_LASTS.total_seconds())
    url = _parts().exports.url_of(job.parts[number].key, seconds, f"{name}{place}.{job.file_format}")
    return Link(url, now + LINK_LASTS)


def _begun(job: Job) -> tuple[HTTPStatus, dict[str, Any]]:
    parts = _parts()
    parts.jobs.save(job)
    try:
        parts.queue.put(job.account, job.job_id)
    except PeopleQueueDown:
        parts.jobs.remove(job)
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "queue_unavailable",
            "it could not be begun, and nothing was done; send it again in a moment",
            headers={"Retry-After": "5"},
        ) from None
    return HTTPStatus.ACCEPTED, jobs.show(job)


def _find(call: Call, name: str, job_id: str, *kinds: Kind) -> Job:
    calls.no_query(call.request)
    job = _parts().jobs.find(call.account, job_id, call.now) if is_message_id(job_id) else None
    if job is None or job.kind not in kinds:
        raise not_found(name)
    return job
