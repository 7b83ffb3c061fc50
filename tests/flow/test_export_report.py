"""A report is exported with every row, wherever a worker dies; and an erasure takes it back."""

import csv
import io
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.core import report
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.job import Job, Kind, Status
from chalicelib.core.report import DayFigures, Found
from chalicelib.core.report_query import CALLS, TOP_USERS, parse
from chalicelib.flow import export_report
from chalicelib.gateways import sheets
from tests.flow.persons import ANNA, Killed, Mortal, Office, office_of, settle_in
from tests.moto_stack import REGION

EXPORT = "7" * 32
DAYS, USERS = 60, 30
FIRST = date(2026, 1, 1)


@pytest.fixture
def office(stack) -> Office:
    made = office_of(stack)
    settle_in(made)
    return made


def report_of(account: str, name: str, query: Mapping[str, Sequence[str]], limit: int, now: datetime) -> dict[str, Any]:
    if query.get("group"):
        raise BadInput([wrong("/group", "no user is in a group of this name")])
    asked = parse(name, query, today=now.date())._replace(limit=limit)
    days = [
        DayFigures((FIRST + timedelta(days=day)).isoformat(), f"u{user:02d}", {"sent": 1})
        for day in range(DAYS)
        for user in range(USERS)
    ]
    return report.show(asked, Found(days, {"u07": "Kim"}, "UTC", now))


def parts_of(office: Office, life: list[int] | None = None) -> export_report.Parts:
    def of(store: Any) -> Any:
        return Mortal(store, life) if life else store

    return export_report.Parts(
        report_of=report_of,
        jobs=of(office.jobs),
        exports=of(office.exports),
        begin=sheets.begun,
        new_id=lambda: secrets.token_hex(16),
    )


def begun(office: Office, file_format: str = "csv", **query: str) -> Job:
    asked = {"by": ["user_and_date"], "from": ["2026-01-01"], "to": ["2026-03-01"]}
    asked |= {name: [value] for name, value in query.items()}
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    made = Job("acme", EXPORT, Kind.REPORT, now, None, None, query=asked, file_format=file_format, report=CALLS)
    saved = office.jobs.save(made)
    assert saved
    return saved


def worked(office: Office, life: list[int] | None = None) -> None:
    export_report.export_report(office.job(EXPORT), parts_of(office, life), clock=office.clock)


def rows(office: Office) -> list[dict[str, str]]:
    (part,) = office.job(EXPORT).parts
    s3 = boto3.client("s3", region_name=REGION)
    text = s3.get_object(Bucket="blobs", Key=part.key)["Body"].read().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def kept(office: Office) -> set[str]:
    return {place for place, _ in office.dump() if "_exports/" in place}


def test_every_row_is_in_the_file_newest_first_and_nothing_is_left_to_others(office):
    begun(office)
    worked(office)
    job, found = office.job(EXPORT), rows(office)
    assert (job.status, job.counts, job.progress) == (Status.DONE, {"rows": DAYS * USERS}, 1.0)
    assert [row["part"] for row in found] == ["row"] * DAYS * USERS + ["summary"]
    assert (found[0]["date"], found[7]["name"], found[-2]["date"]) == ("2026-03-01", "Kim", "2026-01-01")
    assert found[-1]["sent"] == str(DAYS * USERS)


def test_a_workbook_is_made_the_same_way(office):
    begun(office, "xlsx", compare="previous")
    worked(office)
    (part,) = office.job(EXPORT).parts
    assert part.key.endswith(".xlsx")


def test_a_report_of_more_rows_than_a_file_takes_fails_and_says_how_many_it_has(office):
    begun(office)
    parts = parts_of(office)._replace(report_of=lambda *asked: report_of(*asked[:3], 1_000, asked[4]))
    export_report.export_report(office.job(EXPORT), parts, clock=office.clock)
    job = office.job(EXPORT)
    assert job.status is Status.FAILED and "it has 1,800 rows" in (job.error or "")
    assert kept(office) == set()


def test_rows_of_the_period_before_are_rows_of_the_file_too(office):
    begun(office, **{"from": "2026-02-01"}, compare="previous")
    worked(office)
    parts = [row["part"] for row in rows(office)]
    assert parts.count("before") == 29 * USERS + 1
    assert office.job(EXPORT).counts == {"rows": 2 * 29 * USERS}


def test_a_report_that_is_too_long_only_with_the_period_before_fails_and_says_so(office):
    def long(*asked: Any) -> dict[str, Any]:
        made = report_of(*asked)
        before = {**made["before"], "rows": made["before"]["rows"][:1] * 50_000}
        return {**made, "rows": made["rows"][:1] * 50_001, "before": before}

    begun(office, **{"from": "2026-02-01"}, compare="previous")
    export_report.export_report(office.job(EXPORT), parts_of(office)._replace(report_of=long), clock=office.clock)
    job = office.job(EXPORT)
    assert job.status is Status.FAILED and "it has 100,001 rows" in (job.error or "")
    assert kept(office) == set()


def test_the_first_ten_stay_ten(office):
    begun(office)
    saved = office.jobs.save(replace(office.job(EXPORT), report=TOP_USERS, query={"period": ["last_30_days"]}))
    assert saved
    worked(office)
    assert [row["rank"] for row in rows(office) if row["part"] == "row"] == [str(rank) for rank in range(1, 11)]


def test_what_cannot_be_asked_any_more_ends_the_export_and_says_why(office):
    begun(office, group="gone")
    worked(office)
    job = office.job(EXPORT)
    assert job.status is Status.FAILED and "/group" in (job.error or "")


@pytest.mark.parametrize("calls", range(1, 5))
def test_wherever_a_worker_dies_the_next_one_makes_the_file_and_leaves_no_other(office, calls):
    begun(office)
    life = [calls]
    for _ in range(3):
        if office.job(EXPORT).status is Status.DONE:
            break
        try:
            worked(office, life)
        except Killed:
            life = [1_000]
    assert len(rows(office)) == DAYS * USERS + 1
    assert kept(office) == {f"object {part.key}" for part in office.job(EXPORT).parts}


def test_of_two_workers_only_one_leaves_its_file(office):
    job = begun(office)
    for _ in range(2):
        export_report.export_report(job, parts_of(office), clock=office.clock)
    assert kept(office) == {f"object {part.key}" for part in office.job(EXPORT).parts}


def test_an_erasure_takes_back_a_report_that_may_name_the_person(office):
    begun(office)
    worked(office)
    office.new_job(address=ANNA)
    office.erase()
    job = office.job(EXPORT)
    assert (job.status, job.parts) == (Status.FAILED, ()) and "begin it anew" in (job.error or "")
    assert kept(office) == set()
