"""A list of mails is exported whole, each mail once, wherever a worker dies; and an erasure takes such lists back."""

import csv
import io
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.job import START, Job, Kind, Status
from chalicelib.flow import export_mails
from chalicelib.gateways import sheets
from chalicelib.storage.messages import Page
from tests.flow.persons import ANNA, RAJ, Killed, Mortal, Office, mail, office_of, settle_in
from tests.moto_stack import REGION

LIST = "7" * 32
NEWEST_FIRST = [mail(number).message_id for number in (4, 3, 2, 1)]


@pytest.fixture
def office(stack) -> Office:
    made = office_of(stack)
    settle_in(made)
    return made


class InPagesOf:
    """The mails, a few a page."""

    def __init__(self, office: Office, most: int) -> None:
        self._office = office
        self._most = most

    def page(self, account: str, limit: int, *where: Any) -> Page:
        return self._office.messages.page(account, min(limit, self._most), *where)


def parts_of(office: Office, most: int = 100, life: list[int] | None = None) -> export_mails.Parts:
    def of(store: Any) -> Any:
        return Mortal(store, life) if life else store

    return export_mails.Parts(
        messages=of(InPagesOf(office, most)),
        policy_of=lambda account: AccountPolicy(),
        users_of=lambda account, group: frozenset({"kim"} if group == "sales" else ()),
        jobs=of(office.jobs),
        exports=of(office.exports),
        queue=of(office.queue),
        begin=sheets.begun,
        new_id=lambda: secrets.token_hex(16),
    )


def begun(office: Office, file_format: str = "csv", **query: str) -> Job:
    asked = {name: [value] for name, value in query.items()}
    made = Job("acme", LIST, Kind.MAILS, office.clock.now, None, None, query=asked, file_format=file_format)
    saved = office.jobs.save(made)
    assert saved
    return saved


def worked(office: Office, parts: export_mails.Parts, may_go_on: Callable[[], bool] = lambda: True) -> None:
    export_mails.export_mails(office.job(LIST), parts, clock=office.clock, may_go_on=may_go_on)


def for_pages(number: int) -> Iterator[bool]:
    while True:
        yield from [True] * number
        yield False


def rows(office: Office) -> list[dict[str, str]]:
    found = []
    s3 = boto3.client("s3", region_name=REGION)
    for part in office.job(LIST).parts:
        text = s3.get_object(Bucket="blobs", Key=part.key)["Body"].read().decode("utf-8-sig")
        found += list(csv.DictReader(io.StringIO(text, newline="")))
    return found


def test_a_list_has_a_row_for_each_mail_with_what_became_of_it(office):
    begun(office)
    worked(office, parts_of(office))
    job, found = office.job(LIST), rows(office)
    assert (job.status, job.counts, job.progress) == (Status.DONE, {"mails": 4}, 1.0)
    assert [row["id"] for row in found] == NEWEST_FIRST
    one = found[-1]
    assert (one["to"], one["status"], one["bounce_type"]) == (f"Anna Berg <{ANNA}>", "bounced", "soft")
    assert (one["opens"], one["clicks"], one["user"], one["module"]) == ("1", "1", "kim", "leads")
    assert {"received_at", "direction", "replied_at", "responded_at", "tracking_reason"} <= one.keys()
    assert one["first_open"] == "2026-03-01T12:06:00.000Z"


def test_it_is_narrowed_as_the_list_of_the_api_is(office):
    begun(office, status="bounced")
    worked(office, parts_of(office))
    assert len(rows(office)) < 4 and {row["status"] for row in rows(office)} <= {"bounced"}


def test_an_empty_list_is_a_file_with_headings(office):
    begun(office, source="webform")
    worked(office, parts_of(office))
    assert rows(office) == [] and len(office.job(LIST).parts) == 1


@pytest.mark.parametrize("pages", [1, 2])
def test_what_one_call_has_no_time_for_is_in_another_file(office, pages):
    begun(office)
    time, parts = for_pages(pages), parts_of(office, most=1)
    seen = []
    while office.job(LIST).status is not Status.DONE:
        worked(office, parts, time.__next__)
        seen.append(office.job(LIST).progress)
    assert len(office.job(LIST).parts) >= 4 // pages
    assert [row["id"] for row in rows(office)] == NEWEST_FIRST
    assert seen == sorted(seen) and seen[-1] == 1.0


@pytest.mark.parametrize("calls", range(1, 16))
def test_wherever_a_worker_dies_no_mail_is_lost_or_doubled_and_no_file_is_left(office, calls):
    begun(office)
    life = [calls]
    for _ in range(20):
        if office.job(LIST).status is Status.DONE:
            break
        try:
            worked(office, parts_of(office, 1, life), for_pages(2).__next__)
        except Killed:
            life = [1_000]
    assert [row["id"] for row in rows(office)] == NEWEST_FIRST
    if calls < 12:  # one that died after the job was done has no successor that would tidy up
        kept = {place for place, _ in office.dump() if "_exports/" in place}
        assert kept == {f"object {part.key}" for part in office.job(LIST).parts}


def test_of_two_workers_only_one_leaves_its_file(office):
    job, parts = begun(office), parts_of(office)
    for _ in range(2):
        export_mails.export_mails(job, parts, clock=office.clock, may_go_on=lambda: True)
    kept = {place for place, _ in office.dump() if "_exports/" in place}
    assert kept == {f"object {part.key}" for part in office.job(LIST).parts}


def test_a_filter_that_is_wrong_by_now_ends_the_list_and_says_why(office):
    begun(office, group="gone")
    worked(office, parts_of(office))
    job = office.job(LIST)
    assert job.status is Status.FAILED and "/group" in (job.error or "")


def test_a_workbook_is_made_the_same_way(office):
    begun(office, "xlsx")
    worked(office, parts_of(office))
    (part,) = office.job(LIST).parts
    assert part.key.endswith(".xlsx")


# ---------------------------------------------------------------------------------------------------- after an erasure


def erased(office: Office, address: str = ANNA) -> None:
    office.new_job(address=address)
    office.erase()


def test_an_erasure_takes_back_a_list_that_is_done(office):
    begun(office)
    worked(office, parts_of(office))
    erased(office)
    job = office.job(LIST)
    assert (job.status, job.parts, job.finished_at) == (Status.FAILED, (), None)
    assert "begin it anew" in (job.error or "")
    assert not [place for place, _ in office.dump() if LIST in place and "_exports/" in place]
    assert office.job().counts["exports"] == 1


def test_a_list_under_way_begins_anew_and_no_longer_names_who_was_erased(office):
    begun(office)
    worked(office, parts_of(office, 1), for_pages(2).__next__)
    assert office.job(LIST).parts
    erased(office)
    job = office.job(LIST)
    assert (job.status, job.cursor, job.parts) == (Status.QUEUED, START, ())
    assert ("acme", LIST, 0) in office.queue
    worked(office, parts_of(office))
    assert [row["id"] for row in rows(office)] == NEWEST_FIRST
    assert [ANNA in row["to"] for row in rows(office)] == [False] * 4 and RAJ in rows(office)[2]["to"]


def test_a_worker_that_read_a_mail_before_it_was_erased_leaves_nothing(office):
    job, parts = begun(office), parts_of(office)

    class Meanwhile(InPagesOf):
        def page(self, *where):
            found = super().page(*where)
            if not office.clock.now.minute:
                office.clock.now = office.clock.now.replace(minute=1)
                erased(office)
            return found

    export_mails.export_mails(
        job, parts._replace(messages=Meanwhile(office, 100)), clock=office.clock, may_go_on=lambda: True
    )
    assert office.job(LIST).parts == ()
    assert not [place for place, _ in office.dump() if "_exports/" in place]


def test_an_erasure_deletes_the_files_of_reports_too(office):
    office.exports.put("acme", "reports", "1.csv", io.BytesIO(ANNA.encode()), "text/csv")
    erased(office)
    assert not [place for place, _ in office.dump() if "_exports/" in place]
