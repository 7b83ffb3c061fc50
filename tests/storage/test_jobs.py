"""Jobs about people: of two workers one gets on, and one who only never heard the answer is not taken for another."""

from collections.abc import Iterator
from dataclasses import replace

import botocore.handlers
import pytest

from chalicelib.core.job import Job, Kind, Part, Status
from chalicelib.storage.jobs import Jobs
from tests.core.happenings import ANNA, NOON
from tests.moto_stack import REGION

JOB = Job("acme", "1" * 32, Kind.EXPORT, NOON, ANNA, "1.hash")


@pytest.fixture
def jobs(stack) -> Jobs:
    return Jobs("account", REGION)


@pytest.fixture
def repeated(jobs) -> Iterator[list[int]]:
    """Botocore repeats every call that puts an item once, as it does when an answer is lost; by how many tries."""
    tries: list[int] = []

    def once(attempts, **_):
        tries.append(attempts)
        return 0 if attempts == 1 else None

    handler = ("needs-retry.dynamodb.PutItem", once)
    botocore.handlers.BUILTIN_HANDLERS.append(handler)
    yield tries
    botocore.handlers.BUILTIN_HANDLERS.remove(handler)


def test_a_job_is_read_as_it_was_saved(jobs):
    saved = jobs.save(replace(JOB, parts=(Part("key", 7),), counts={"mails": 2}))
    assert saved and saved.version == 1
    assert jobs.find("acme", JOB.job_id, NOON) == saved
    assert jobs.find("other", JOB.job_id, NOON) is None


def test_of_two_workers_who_read_the_same_only_one_gets_on(jobs):
    read = jobs.save(JOB)
    assert jobs.save(replace(read, status=Status.RUNNING))
    assert jobs.save(replace(read, status=Status.RUNNING)) is None, "also where both would store the same"


@pytest.mark.parametrize("is_new", [True, False])
def test_a_save_whose_answer_is_lost_is_known_by_its_mark_when_the_call_is_repeated(jobs, repeated, is_new):
    read = JOB if is_new else jobs.save(JOB)
    repeated.clear()
    saved = jobs.save(read)
    assert repeated == [1, 2]
    assert saved and saved == jobs.find("acme", JOB.job_id, NOON)


def test_a_job_that_is_gone_is_not_saved(jobs):
    read = jobs.save(JOB)
    jobs.remove(read)
    assert jobs.save(read) is None
    assert jobs.find("acme", JOB.job_id, NOON) is None
