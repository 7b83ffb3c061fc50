"""What names an erased person beside their mails goes, too: files that were brought, and what was noted of others."""

from datetime import timedelta

import boto3
import pytest

from chalicelib.core.consent import given
from chalicelib.core.erased import SOMEBODY, without
from chalicelib.core.suppression import Reason
from tests.flow.persons import ANNA, HOUR, NOON, RAJ, Office, bring, note_with_others, office_of, settle_in
from tests.moto_stack import REGION
from tests.traces import found_in


@pytest.fixture
def office(stack) -> Office:
    made = office_of(stack)
    settle_in(made)
    return made


def brought(office: Office) -> set[str]:
    return set(office.brought.brought("acme"))


def test_files_that_were_announced_before_it_go_whole_and_later_ones_stay(office):
    bring(office, "b" * 32, "for-raj.pdf", NOON)
    boto3.client("s3", region_name=REGION).put_object(
        Bucket="blobs", Key="_uploads/acme/" + "c" * 32, Body=b"forgotten"
    )
    boto3.client("s3", region_name=REGION).put_object(Bucket="blobs", Key="_uploads/acm/" + "d" * 32, Body=b"another's")
    bring(office, "e" * 32, "new.pdf", office.clock.now + timedelta(seconds=1))
    office.new_job()
    office.erase()
    assert brought(office) == {"e" * 32}
    assert set(office.brought.brought("acm")) == {"d" * 32}
    assert [one.filename for one in office.uploads.of("acme")] == ["new.pdf"]


def test_what_was_noted_of_others_does_not_name_them_any_more_and_holds_as_before(office):
    note_with_others(office)
    office.new_job()
    office.erase()
    assert found_in(office.dump(), ANNA) == []
    first, second, third = sorted(office.consents.of("acme", RAJ), key=lambda entry: (entry.at, entry.act.value))
    assert (first.by, first.how) == (RAJ, f"a form of {RAJ}")
    assert (second.act.value, second.by, second.how, second.at) == ("withdrawn", SOMEBODY, "a form", NOON)
    assert (third.how, third.by) == (f"by word of <{SOMEBODY}>, his assistant", "crm")
    raj, kim = office.suppressions.of("acme", [RAJ, "kim@example.com"])
    assert [(cause.reason, cause.by) for cause in raj.causes] == [(Reason.HARD_BOUNCE, RAJ), (Reason.MANUAL, SOMEBODY)]
    assert raj.causes[1].detail == f"{SOMEBODY} asked for it"
    assert (kim.causes, kim.lifted_by, kim.lifted_at) == ((), SOMEBODY, NOON + HOUR)
    assert {one.address for one in office.suppressions.page("acme", 9).suppressions} >= {RAJ, "kim@example.com"}


def test_what_was_noted_of_others_does_not_name_a_person_of_an_international_domain_either(office):
    office.consents.add("acme", RAJ, given(NOON, "by word of bob@münchen.de", "BOB@xn--mnchen-3ya.de", NOON))
    office.new_job(address="bob@xn--mnchen-3ya.de")
    office.erase()
    noted = [(entry.how, entry.by) for entry in office.consents.of("acme", RAJ)]
    assert (f"by word of {SOMEBODY}", SOMEBODY) in noted
    assert "münchen" not in repr(office.dump())


def test_what_is_noted_of_others_after_it_began_stays(office):
    job = office.new_job()
    late = given(NOON, "a form", ANNA, job.created_at + timedelta(seconds=1))
    office.consents.add("acme", RAJ, late)
    office.erase()
    assert late in office.consents.of("acme", RAJ)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (ANNA, SOMEBODY),
        (f"{ANNA.upper()}, {ANNA}.", f"{SOMEBODY}, {SOMEBODY}."),
        (f"mailto:{ANNA}?x", f"mailto:{SOMEBODY}?x"),
        (f"jo{ANNA}", f"jo{ANNA}"),
        (f"{ANNA}.au", f"{ANNA}.au"),
        (f"no.{ANNA}", f"no.{ANNA}"),
        (f"{ANNA}-shop", f"{ANNA}-shop"),
        ("", ""),
    ],
)
def test_an_address_is_taken_out_of_a_text_and_a_longer_one_is_not(text, left):
    assert without(text, ANNA) == left
