"""The API of people: export all that is kept of one, or erase it. Both take their time, so a call begins a job."""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import job as jobs
from chalicelib.core import person_body
from chalicelib.core.address_key import hash_of
from chalicelib.core.bad_input import BadInput
from chalicelib.core.event import is_message_id
from chalicelib.core.job import Job, Kind, Link
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.gateways.exports import SIGNING, Exports
from chalicelib.gateways.people_queue import PeopleQueue, PeopleQueueDown
from chalicelib.storage.account import Account
from chalicelib.storage.jobs import Jobs

bp = Blueprint(__name__)

LINK_LASTS = timedelta(minutes=15)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    jobs: Jobs
    exports: Exports
    queue: PeopleQueue
    keys: Keys


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "blob_bucket", "people_queue_url")
    table = own.account_table, own.region
    exports = Exports(boto3.client("s3", config=SIGNING), own.blob_bucket)
    return Parts(
        Account(*table), Jobs(*table), exports, PeopleQueue(boto3.client("sqs"), own.people_queue_url), own.keys
    )


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/exports", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_export(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Begins an export of all that is kept of a person."""
    return _begun(call, Kind.EXPORT, person_body.to_export)


@bp.route("/v1/exports/{job_id}", methods=["GET"])
@calls.view(_request, _accounts, "admin")
def get_export(call: Call, job_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """How far an export is; when it is done, where its files can be fetched for the next minutes."""
    job, exports, links = _find(call, Kind.EXPORT, job_id), _parts().exports, []
    if job.has_files(call.now):
        seconds = int(LINK_LASTS.total_seconds())
        links = [Link(exports.url_of(part.key, seconds), call.now + LINK_LASTS) for part in job.parts]
    return HTTPStatus.OK, jobs.show(job, links)


@bp.route("/v1/erasures", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_erasure(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Begins to erase all that is kept of a person; doing it again finds nothing more."""
    return _begun(call, Kind.ERASURE, person_body.to_erase)


@bp.route("/v1/erasures/{job_id}", methods=["GET"])
@calls.view(_request, _accounts, "admin")
def get_erasure(call: Call, job_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """How far an erasure is."""
    return HTTPStatus.OK, jobs.show(_find(call, Kind.ERASURE, job_id))


def _begun(call: Call, kind: Kind, read: Callable[[Mapping[str, Any]], str]) -> tuple[HTTPStatus, dict[str, Any]]:
    calls.no_query(call.request)
    body = calls.json_object(call.request)
    try:
        address = read(body)
    except BadInput as error:
        raise bad_input(error.errors) from None
    parts = _parts()
    person = hash_of(address, call.account, parts.keys)
    job = Job(call.account, secrets.token_hex(16), kind, call.now, address, person)
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


def _find(call: Call, kind: Kind, job_id: str) -> Job:
    calls.no_query(call.request)
    job = _parts().jobs.find(call.account, job_id, call.now) if is_message_id(job_id) else None
    if job is None or job.kind is not kind:
        raise not_found(kind.value)
    return job
