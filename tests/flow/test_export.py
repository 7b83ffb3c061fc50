"""An export holds all that is kept of a person, of nobody else, and goes on where a call before it stopped."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.core.job import Kind, Status
from chalicelib.flow import export
from chalicelib.flow.export import Parts
from chalicelib.storage.every_mail import Stretch
from tests.flow.persons import ANNA, LONG, RAJ, Office, content, mail, office_of, settle_in
from tests.moto_stack import REGION


@pytest.fixture
def office(stack) -> Office:
    made = office_of(stack)
    settle_in(made)
    made.new_job(Kind.EXPORT)
    return made


def exported(office: Office, parts: Parts | None = None, may_go_on: Iterator[bool] | None = None) -> None:
    """Works on the job until nobody queues it anew."""
    parts = parts or office.exporting()
    while True:
        before = len(office.queue)
        export.export(
            office.job(), parts, clock=office.clock, may_go_on=lambda: next(may_go_on, True) if may_go_on else True
        )
        if len(office.queue) == before:
            return


def archives(office: Office) -> list[zipfile.ZipFile]:
    s3 = boto3.client("s3", region_name=REGION)
    bodies = (s3.get_object(Bucket="blobs", Key=part.key)["Body"].read() for part in office.job().parts)
    return [zipfile.ZipFile(io.BytesIO(body)) for body in bodies]


def people(office: Office) -> list[dict[str, Any]]:
    return [json.loads(archive.read("person.json")) for archive in archives(office)]


def test_an_export_holds_what_was_said_what_was_sent_and_what_happened(office):
    exported(office)
    job = office.job()
    assert (job.status, job.address, job.counts) == (Status.DONE, None, {"events": 10, "looked_at": 4, "mails": 3})
    (person,) = people(office)
    assert person["address"] == ANNA
    assert person["consent"]["history"][0]["how"] == f"a form of {ANNA}"
    assert person["suppression"]["reason"] == "hard_bounce"
    assert [user["address"] for user in person["users"]] == [ANNA]
    assert person["soft_bounces"][0]["reason"] == f"{ANNA} is full"
    assert [one["id"] for one in person["mails"]] == [mail(number).message_id for number in (1, 3, 4)]
    first = person["mails"][0]
    assert first["subject"] == f"Quote for {ANNA}" and first["clicks"]["links"][1]["url"] == LONG
    verdicts = {one["type"]: one["verdict"] for one in first["events"]}
    assert verdicts["opened"]["maker"] and verdicts["sent"] is None
    assert not any("from" in one["data"] for one in first["events"]), "where a hit came from is nobody's business"


def test_bodies_and_files_lie_beside_it(office):
    exported(office)
    (archive,) = archives(office)
    mid = mail(1).message_id
    assert archive.read(f"mails/{mid}.html").decode() == content(ANNA).html
    assert archive.read(f"mails/{mid}.txt").decode() == content(ANNA).text
    assert archive.read(f"mails/{mid}/1 {ANNA}.txt").decode() == ANNA


def test_nothing_of_another_person_is_in_it(office):
    exported(office)
    (archive,) = archives(office)
    assert not any(RAJ.encode() in archive.read(name) or RAJ in name for name in archive.namelist())


def test_an_export_changes_nothing(office):
    before = sorted(one for one in office.dump() if "table account" not in one[0])
    exported(office)
    after = sorted(one for one in office.dump() if "table account" not in one[0] and "_exports/" not in one[0])
    assert after == before


def test_who_is_not_known_gets_an_export_that_says_so(office):
    office.new_job(Kind.EXPORT, "nobody@example.com", "2" * 32)
    export.export(office.job("2" * 32), office.exporting(), clock=office.clock, may_go_on=lambda: True)
    assert office.job("2" * 32).counts.get("mails", 0) == 0
    assert len(office.job("2" * 32).parts) == 1


class TwoAtATime:
    """A walk in short stretches."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def behind(self, account: str, place: str, limit: int) -> Stretch:
        return self._office.mails.behind(account, place, 2)


def test_what_one_call_has_no_time_for_is_in_the_part_of_another(office):
    parts = office.exporting()._replace(mails=TwoAtATime(office))
    exported(office, parts, iter([True, False, True, True]))
    assert len(office.queue) == 1
    shown = people(office)
    assert [person["part"] for person in shown] == [1, 2]
    assert [[one["id"] for one in person["mails"]] for person in shown] == [
        [mail(1).message_id],
        [mail(3).message_id, mail(4).message_id],
    ]
    assert office.job().counts["mails"] == 3


class Fat:
    """An archive that is full after each mail."""

    def __init__(self, archive: Any) -> None:
        self._archive = archive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._archive, name)

    def __enter__(self) -> "Fat":
        return self

    def __exit__(self, *error: Any) -> None:
        self._archive.__exit__(*error)

    @property
    def size(self) -> int:
        return int(self._archive.mails * export.LARGEST_PART)


def test_a_part_that_is_full_is_followed_by_another_one(office):
    parts = office.exporting()
    exported(office, parts._replace(new_archive=lambda: Fat(parts.new_archive())))
    assert [len(person["mails"]) for person in people(office)] == [1, 1, 1]
    assert office.job().status is Status.DONE


def test_of_two_workers_only_one_leaves_its_file(office):
    job, parts = office.job(), office.exporting()
    for _ in range(2):
        export.export(job, parts, clock=office.clock, may_go_on=lambda: True)
    kept = {place for place, _ in office.dump() if "_exports/" in place}
    assert kept == {f"object {part.key}" for part in office.job().parts}


def test_a_mail_that_was_erased_is_not_exported(office):
    office.new_job(address=RAJ, job_id="3" * 32)
    office.erase("3" * 32)
    office.new_job(Kind.EXPORT, "raj@example.com", "4" * 32)
    export.export(office.job("4" * 32), office.exporting(), clock=office.clock, may_go_on=lambda: True)
    assert office.job("4" * 32).counts.get("mails", 0) == 0


def test_a_zip_that_the_job_names_stays_though_another_worker_got_on_before_that_was_known(office):
    """The save got through, its answer was lost, and the queue had brought the job twice."""

    class Overtaken:
        find = office.jobs.find

        def save(self, job):
            office.jobs.save(replace(office.jobs.save(job), error="another worker was here"))

    export.export(
        office.job(), office.exporting()._replace(jobs=Overtaken()), clock=office.clock, may_go_on=lambda: True
    )
    assert len(office.job().parts) == 1
    assert people(office)[0]["address"] == ANNA
