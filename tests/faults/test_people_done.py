"""Exports and erasures of people with a fault at every AWS call of `people`: in the end all is as without it."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
import time_machine

from chalicelib.core.address_key import hash_of
from chalicelib.core.job import Job, Kind, Status
from chalicelib.entrypoints import people
from chalicelib.settings import read
from chalicelib.storage.jobs import Jobs
from tests.entrypoints.test_api_people import worked
from tests.faults.calls import DEATHS, FAULTS
from tests.faults.world import Scene, World, struck_everywhere
from tests.flow.persons import ANNA, NOON, RAJ, be_known, bring, keep, mail, note_with_others, office_of
from tests.moto_stack import REGION
from tests.traces import found_in

JOB = "1" * 32
BEGUN = NOON + timedelta(hours=1)
ERRORS = tuple(one for one in FAULTS if one not in DEATHS)


@pytest.fixture
def jobs(world) -> Jobs:
    return Jobs("account", REGION)


def of_anna(world: World, jobs: Jobs, kind: Kind) -> Scene:
    """A mail to Anna that was sent and one to Raj, what is known of both, also of him by her, a file with her name that
    was brought for a mail to come, and a job about Anna. Whatever is brought again comes two minutes later."""
    office = office_of(world.stack)

    def prepare() -> None:
        for number, address in enumerate((ANNA, RAJ)):
            keep(office, mail(number, address), address)
            be_known(office, address)
        note_with_others(office)
        bring(office, "a" * 32, f"{ANNA}.pdf", NOON)
        assert jobs.save(Job("acme", JOB, kind, BEGUN, ANNA, hash_of(ANNA, "acme", read().keys)))

    def source() -> Callable[[], bool]:
        waiting, tries = [json.dumps({"account": "acme", "job_id": JOB})], 0

        def deliver() -> bool:
            nonlocal tries
            tries += 1
            with time_machine.travel(BEGUN + timedelta(minutes=2 * tries), tick=True):
                if worked(waiting[0]):
                    waiting.pop(0)
            waiting.extend(world.take("people"))
            return not waiting

        return deliver

    return Scene(prepare, source, lambda: what_came_of_it(world, jobs))


def what_came_of_it(world: World, jobs: Jobs) -> dict[str, Any]:
    """All that is stored. Of the job only what it came to, for its walks, and so what it counted, are others after a
    death; and of what it exported what the files say."""
    job = jobs.find("acme", JOB, BEGUN)
    assert job
    stored = world.state(mail(0).message_id, mail(1).message_id)
    return {
        **stored,
        "account": [row for row in stored["account"] if '"job#' not in row],
        "objects": [key for key in stored["objects"] if not key.startswith("_exports/")],
        "job": (job.status, job.address, job.error),
        "exported": [said(world, part.key) for part in job.parts],
    }


def said(world: World, key: str) -> dict[str, bytes]:
    """What the files of a ZIP hold, without when it was made."""
    s3 = boto3.client("s3", region_name=REGION)
    body = s3.get_object(Bucket=world.stack.bucket, Key=key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    person = json.loads(found["person.json"])
    del person["exported_at"]
    return {**found, "person.json": json.dumps(person).encode()}


@pytest.mark.strikes("people")
@pytest.mark.parametrize("faults", [DEATHS, ERRORS], ids=["deaths", "errors"])
def test_a_person_is_erased_and_nobody_else_whatever_breaks(world, jobs, faults):
    for what, found, clean in struck_everywhere(world, of_anna(world, jobs, Kind.ERASURE), faults, least=25):
        assert clean["job"] == (Status.DONE, None, None)
        assert not any(ANNA in row for row in clean["messages"]) and any(RAJ in row for row in clean["messages"])
        assert found == clean, what
    assert found_in(office_of(world.stack).dump(), ANNA) == []


def test_an_export_is_the_same_whatever_breaks_and_leaves_files_only_where_an_erasure_deletes_them(world, jobs):
    for what, found, clean in struck_everywhere(world, of_anna(world, jobs, Kind.EXPORT), FAULTS, least=9):
        assert (clean["job"][0], len(clean["exported"])) == (Status.DONE, 1)
        assert found == clean, what
        made = [key for key in world.objects() if key.startswith("_exports/")]
        assert len(made) <= 2 and all(key.startswith(f"_exports/acme/{JOB}/") for key in made), what


def test_a_list_of_mails_is_the_same_whatever_breaks(world, jobs):
    scene = of_anna(world, jobs, Kind.EXPORT)

    def prepare() -> None:
        scene.prepare()
        made = jobs.find("acme", JOB, BEGUN)
        assert made
        listing = replace(made, kind=Kind.MAILS, address=None, person=None, file_format="csv")
        assert jobs.save(listing)

    def state() -> dict[str, Any]:
        job = jobs.find("acme", JOB, BEGUN)
        assert job
        s3 = boto3.client("s3", region_name=REGION)
        files = [s3.get_object(Bucket=world.stack.bucket, Key=part.key)["Body"].read() for part in job.parts]
        return {"job": (job.status, job.error, dict(job.counts)), "files": files}

    for what, found, clean in struck_everywhere(world, scene._replace(prepare=prepare, state=state), DEATHS, least=5):
        assert clean["job"][:2] == (Status.DONE, None)
        assert len(clean["files"]) == 1 and ANNA.encode() in clean["files"][0] and RAJ.encode() in clean["files"][0]
        assert found == clean, what
        made = [key for key in world.objects() if key.startswith("_exports/")]
        assert len(made) <= 2 and all(key.startswith(f"_exports/acme/{JOB}/") for key in made), what


def test_a_call_that_dies_the_tenth_time_leaves_a_job_that_goes_on_when_it_is_brought_back(world, jobs):
    world.empty()
    scene = of_anna(world, jobs, Kind.ERASURE)
    scene.prepare()
    body = json.dumps({"account": "acme", "job_id": JOB})
    world.faults.begin(1, "throttled")
    with time_machine.travel(BEGUN, tick=True):
        assert not worked(body, received=people.LAST_TRY)
    world.faults.end()
    found = jobs.find("acme", JOB, BEGUN)
    assert found and found.status is Status.FAILED
    deliver = scene.source()
    while not deliver():
        pass
    assert what_came_of_it(world, jobs)["job"] == (Status.DONE, None, None)
