"""An erased person is found nowhere, whatever happens meanwhile and wherever a worker dies; others are untouched."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import mail_view
from chalicelib.core.address_key import hash_of
from chalicelib.core.consent import given
from chalicelib.core.job import Kind, Status
from chalicelib.core.message import Envelope, Sending
from chalicelib.core.refold import Fold
from chalicelib.core.status import Status as MailStatus
from chalicelib.core.status import status_of
from chalicelib.core.suppression import Reason
from chalicelib.flow import erase, export
from tests.flow.persons import (
    ANNA,
    NOON,
    RAJ,
    SECRETS,
    Clock,
    Killed,
    Office,
    Queue,
    be_known,
    content,
    keep,
    mail,
    office_of,
    settle_in,
)
from tests.moto_stack import Store
from tests.traces import found_in


@pytest.fixture
def office(stack) -> Office:
    made = office_of(stack)
    settle_in(made)
    return made


def of_raj(office: Office) -> list[tuple[str, bytes]]:
    return sorted(one for one in office.dump() if RAJ.encode() in one[1] or mail(2).message_id.encode() in one[1])


def test_nothing_tells_of_an_erased_person_and_another_one_is_untouched(office):
    before = of_raj(office)
    assert found_in(office.dump(), ANNA)
    office.new_job()
    office.erase()
    assert found_in(office.dump(), ANNA) == []
    assert of_raj(office) == before
    job = office.job()
    assert (job.status, job.address, job.person) == (Status.DONE, None, None)
    assert {name: job.counts[name] for name in ("mails", "events", "consents", "suppressions", "users")} == {
        **{"mails": 3, "events": 10, "consents": 1, "suppressions": 1, "users": 1},
    }
    assert [user.address for user in office.users.all("acme")] == [None, RAJ]


def test_an_anonymous_row_stays_that_says_and_counts_what_it_did(office):
    before = office.messages.get("acme", mail(1).message_id)
    office.new_job()
    office.erase()
    after = office.messages.get("acme", mail(1).message_id)
    assert after.erased_at and (after.accepted_at, after.key) == (before.accepted_at, before.key)
    assert status_of(after) is status_of(before) is MailStatus.BOUNCED
    assert (after.source, after.user, after.record) == (before.source, "kim", ("leads", ""))
    assert after.state.engagement.clicks == before.state.engagement.clicks
    shown = mail_view.show(after)
    assert shown["erased_at"] and (shown["from"], shown["record"], shown["subject"]) == (None, None, "")
    assert [shown[name] for name in ("to", "cc", "bcc", "reply_to", "recipients", "tags")] == [[]] * 6
    assert office.messages.id_by_ses("ses-1") is None
    assert office.messages.opened_page("acme", 10).messages == [office.messages.get("acme", mail(2).message_id)]


def test_erasing_again_finds_nothing_more(office):
    office.new_job()
    office.erase()
    before = [one for one in office.dump() if "account" not in one[0]]
    office.new_job(job_id="2" * 32)
    office.erase("2" * 32)
    counts = dict(office.job("2" * 32).counts)
    assert counts.pop("looked_at") > 0 and not any(counts.values())
    assert [one for one in office.dump() if "account" not in one[0]] == before


def test_a_mail_that_still_waits_is_not_sent_any_more(office):
    office.new_job()
    office.erase()
    waiting = office.messages.get("acme", mail(4).message_id)
    assert (waiting.sending, waiting.failure.code) == (Sending.FAILED, "erased")
    assert not office.messages.claim(mail(4, sending=Sending.QUEUED), "d" * 32, lease_ends_at=NOON, until=None)


def test_what_a_sender_stores_while_its_mail_is_erased_is_erased_too(office):
    """A worker makes a mail with its files and links before it claims it, which it cannot any more."""
    late = mail(4)
    job = office.new_job()
    erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    office.contents.put_file("acme", late.message_id, 0, ANNA.encode())
    office.links.put(late.message_id, {1: "https://example.com/" + ANNA + "x" * 700})
    office.clock.now += erase.SETTLED
    office.erase()
    assert found_in(office.dump(), ANNA) == []


def test_a_mail_that_is_being_sent_is_waited_for_and_then_erased(office):
    keep(office, mail(5, sending=Sending.SENDING), ANNA)
    held = replace(mail(5, sending=Sending.SENDING), claim="c" * 32)
    office.clock.now = mail(5).accepted_at + timedelta(seconds=10)
    job = office.new_job()
    erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    assert office.messages.get("acme", held.message_id).erased_at is None
    assert office.messages.settle(held, Sending.SENT, ses_message_id="ses-5", sent_at=NOON)
    office.clock.now += erase.SETTLED
    office.erase()
    assert office.messages.get("acme", held.message_id).sending is Sending.SENT
    assert found_in(office.dump(), ANNA) == []


def test_a_mail_whose_worker_died_is_given_up_and_erased(office):
    keep(office, mail(5, sending=Sending.SENDING), ANNA)
    office.new_job()
    office.erase()
    assert office.messages.get("acme", mail(5).message_id).sending is Sending.UNKNOWN
    assert found_in(office.dump(), ANNA) == []


def test_a_mail_that_comes_in_while_the_job_walks_is_found(office):
    office.new_job()

    def come_in() -> None:
        if not office.messages.get("acme", mail(70).message_id):
            keep(office, replace(mail(70), accepted_at=office.clock.now), ANNA)

    office.erase(between=come_in)
    assert office.messages.get("acme", mail(70).message_id).erased_at
    assert found_in(office.dump(), ANNA) == []


def test_what_is_written_after_the_job_began_is_a_new_fact_and_stays_however_often_it_happens(office):
    job = office.new_job()
    later = iter(range(70, 99))

    def go_on_writing() -> None:
        office.clock.now += timedelta(seconds=1)
        keep(office, replace(mail(next(later)), accepted_at=office.clock.now), ANNA)
        office.consents.add("acme", ANNA, given(NOON, "a new form", "kim", office.clock.now))

    office.erase(between=go_on_writing)
    new = office.messages.get("acme", mail(70).message_id)
    assert new.erased_at is None and new.accepted_at > job.created_at
    assert {entry.how for entry in office.consents.of("acme", ANNA)} == {"a new form"}
    assert office.messages.get("acme", mail(1).message_id).erased_at
    assert office.job().rounds <= 2


def test_a_mail_sent_elsewhere_that_is_told_of_late_is_found_though_it_stands_among_old_ones(office):
    office.clock.now += timedelta(days=5)
    office.new_job()
    told_late = replace(mail(71), accepted_at=office.clock.now - timedelta(days=3))

    def be_told() -> None:
        if not office.messages.get("acme", told_late.message_id):
            keep(office, told_late, ANNA)

    office.erase(between=be_told)
    assert office.messages.get("acme", told_late.message_id).erased_at
    assert found_in(office.dump(), ANNA) == []


@pytest.mark.parametrize(
    ("sending", "age"),
    [(Sending.PREPARED, timedelta(seconds=1)), (Sending.PREPARED, timedelta(hours=20)), (Sending.SENT, timedelta())],
)
def test_what_a_request_stores_for_a_mail_while_that_is_erased_is_erased_too(office, sending, age):
    office.clock.now += timedelta(days=2)
    made = replace(mail(9, sending=sending), accepted_at=office.clock.now - age)
    office.contents.put("acme", made.message_id, content(ANNA))
    office.messages.add(made)
    job = office.new_job()
    erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    office.contents.put_file("acme", made.message_id, 0, ANNA.encode())
    office.links.put(made.message_id, {1: "https://example.com/" + ANNA + "x" * 700})
    office.clock.now += erase.SETTLED
    office.erase()
    assert found_in(office.dump(), ANNA) == []


def test_a_scheduled_mail_is_found_though_its_place_is_in_the_future(office):
    keep(office, mail(6, sending=Sending.QUEUED, scheduled_at=NOON + timedelta(days=300)), ANNA)
    office.new_job()
    office.erase()
    assert office.messages.get("acme", mail(6).message_id).erased_at
    assert found_in(office.dump(), ANNA) == []


def test_a_fold_that_read_the_mail_before_it_was_erased_does_not_write_it_back(office):
    message, fold = office.messages.find(mail(1).message_id)
    office.new_job()
    office.erase()
    assert not office.messages.store_fold(message, Fold(state=fold.state))
    assert found_in(office.dump(), ANNA) == []


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope("kim@acme.example", ("raj@example.com",), cc=(ANNA.upper(),)),
        Envelope("kim@acme.example", ("raj@example.com",), bcc=(f'"Berg, Anna" <{ANNA}>',)),
        Envelope(f"Anna <{ANNA}>", ("raj@example.com",)),
        Envelope("kim@acme.example", ("raj@example.com",), reply_to=(ANNA,)),
    ],
    ids=["cc", "bcc", "from", "reply_to"],
)
def test_a_person_is_found_wherever_they_stand_in_a_mail(office, envelope):
    keep(office, replace(mail(8), envelope=envelope), ANNA)
    office.new_job()
    office.erase()
    assert office.messages.get("acme", mail(8).message_id).erased_at


def test_an_address_that_is_only_a_part_of_another_one_is_another_persons(office):
    keep(office, mail(8, "joanna@example.com"), "joanna@example.com")
    office.new_job()
    office.erase()
    assert office.messages.get("acme", mail(8).message_id).erased_at is None


def test_who_must_get_no_mail_is_known_by_a_hash_and_may_be_let_in_by_address(office):
    office.new_job()
    office.erase()
    (known,) = office.suppressions.of("acme", [ANNA])
    assert known.address is None and known.cause(office.clock.now).reason is Reason.HARD_BOUNCE
    assert known.causes[0].detail == known.causes[0].by == ""
    assert office.suppressions.names_of("acme", ANNA) == [hash_of(ANNA, "acme", SECRETS)]
    assert office.suppressions.of("other", [ANNA]) == [None], "an account knows its own people only"
    listed = office.suppressions.page("acme", 10).suppressions
    assert [one.address for one in listed] == [None, RAJ] or [one.address for one in listed] == [RAJ, None]
    assert office.suppressions.row("acme", ANNA) == ()


def test_what_a_person_says_afterwards_is_a_new_fact_and_stays(office):
    office.new_job()
    office.erase()
    office.consents.add("acme", ANNA, given(office.clock.now, "form", "kim", office.clock.now))
    assert len(office.consents.of("acme", ANNA)) == 1


def test_what_was_exported_of_a_person_is_erased_with_them_also_while_it_is_written(office):
    office.new_job(Kind.EXPORT, job_id="e" * 32)
    export.export(office.job("e" * 32), office.exporting(), clock=office.clock, may_go_on=lambda: True)
    assert any("_exports/" in place for place, _ in office.dump())
    half = office.new_job(Kind.EXPORT, job_id="f" * 32)
    office.new_job()
    office.erase()
    export.export(half, office.exporting(), clock=office.clock, may_go_on=lambda: True)
    assert office.jobs.find("acme", "e" * 32, office.clock.now) is None
    assert not any("_exports/" in place for place, _ in office.dump())
    assert office.job().counts["exports"] == 2


def test_an_earlier_erasure_that_was_forgotten_is_done_with_this_one(office):
    office.new_job(job_id="0" * 32)
    office.new_job()
    office.erase()
    assert office.job("0" * 32).status is Status.DONE
    assert found_in(office.dump(), ANNA) == []


def test_of_two_workers_at_one_job_one_gets_on_and_the_other_does_no_harm(office):
    job = office.new_job()
    for _ in range(2):
        erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    assert len(office.queue) == 1
    office.clock.now += erase.SETTLED
    office.erase()
    assert found_in(office.dump(), ANNA) == []


def test_a_worker_whose_time_is_up_goes_on_in_another_call(office):
    job = office.new_job()
    erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: False)
    assert office.queue == [("acme", job.job_id, 0)]
    assert office.job() == job


def test_nobody_works_while_a_job_rests(office):
    job = office.new_job()
    erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    rested = office.job()
    erase.erase(rested, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    assert office.job() == rested
    assert office.queue[-1][2] == erase.SETTLED.total_seconds()


@pytest.fixture
def small_office(stack) -> Office:
    """A mail that was sent and one that waits, and a job to erase both with their person."""
    office = office_of(stack)
    keep(office, mail(1), ANNA)
    keep(office, mail(4, sending=Sending.QUEUED), ANNA)
    be_known(office, ANNA)
    office.new_job()
    return office


def test_wherever_a_worker_dies_the_next_one_ends_it_alike(stack, small_office):
    store, begun_at, life = Store(stack), small_office.clock.now, [10_000]
    before = store.kept()
    small_office.erase(life=life)
    calls = 10_000 - life[0]
    assert calls > 20
    for age in range(1, calls + 1):
        store.put_back(before)
        office = small_office._replace(queue=Queue(), clock=Clock(begun_at))
        with pytest.raises(Killed):
            office.erase(life=[age])
        office.clock.now += timedelta(minutes=30)  # the queue brings it again
        if office.job().status is not Status.DONE:
            office.erase()
        left = office.dump()
        assert found_in(left, ANNA) == [], age
        assert office.job().status is Status.DONE
        rows = [office.messages.get("acme", mail(number).message_id) for number in (1, 4)]
        assert all(row.erased_at for row in rows)
        assert not any(b"has_remains" in octets for _, octets in left)
        assert len(office.suppressions.of("acme", [ANNA])) == 1
