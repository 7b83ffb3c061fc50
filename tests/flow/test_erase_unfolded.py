"""What no fold has read yet when a mail is erased still ends further mail to its recipients."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import event
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope
from chalicelib.core.suppression import Reason
from chalicelib.flow import erase
from tests.flow.persons import ANNA, RAJ, Killed, Office, keep, mail, office_of
from tests.traces import found_in

SAYS = {
    Reason.UNSUBSCRIBED: (Kind.UNSUBSCRIBED, {"method": "POST"}),
    Reason.COMPLAINT: (Kind.COMPLAINED, {"recipient": RAJ}),
    Reason.HARD_BOUNCE: (Kind.BOUNCED, {"recipient": RAJ, "type": "hard", "reason": f"{RAJ} is unknown"}),
}


@pytest.fixture
def office(stack) -> Office:
    return office_of(stack)


def happen(office: Office, message_id: str, kind: Kind, **data: object) -> None:
    """An event is written and no fold hears of it."""
    one = event.make(message_id, "news", kind, office.clock.now, **data)
    office.events.put(one, office.clock.now + timedelta(days=107))


def reason_of(office: Office, address: str) -> Reason | None:
    (known,) = office.suppressions.of("acme", [address])
    cause = known.cause(office.clock.now) if known else None
    return cause.reason if cause else None


def test_an_unsubscribe_that_no_fold_has_read_outlives_its_person_and_does_not_name_them(office):
    keep(office, mail(1), ANNA)
    happen(office, mail(1).message_id, Kind.UNSUBSCRIBED, method="POST")
    office.new_job()
    office.erase()
    assert reason_of(office, ANNA) is Reason.UNSUBSCRIBED
    assert found_in(office.dump(), ANNA) == []


@pytest.mark.parametrize("dies_after", range(1, 8))
def test_it_does_so_wherever_the_worker_dies(office, dies_after):
    keep(office, mail(1), ANNA)
    happen(office, mail(1).message_id, Kind.UNSUBSCRIBED, method="POST")
    office.new_job()
    with pytest.raises(Killed):
        office.erase(life=[dies_after])
    office.clock.now += timedelta(minutes=30)
    office.erase()
    assert reason_of(office, ANNA) is Reason.UNSUBSCRIBED


@pytest.mark.parametrize("reason", SAYS)
def test_what_happened_to_who_got_the_mail_of_an_erased_sender_is_heeded(office, reason):
    sent = replace(mail(8, RAJ), envelope=Envelope(ANNA, (f"Raj <{RAJ}>",)))
    keep(office, sent, RAJ)
    kind, data = SAYS[reason]
    happen(office, sent.message_id, kind, **data)
    office.new_job()
    office.erase()
    assert reason_of(office, RAJ) is reason


@pytest.mark.parametrize("reason", SAYS)
def test_also_what_comes_in_after_the_mail_was_erased_and_before_its_events_are(office, reason):
    sent = replace(mail(60, RAJ), envelope=Envelope(ANNA, (f"Raj <{RAJ}>",)))  # just now: its events wait for a walk
    keep(office, sent, RAJ)
    job = office.new_job()
    erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    assert office.messages.get("acme", sent.message_id).erased_at
    kind, data = SAYS[reason]
    happen(office, sent.message_id, kind, **data)
    office.clock.now += erase.SETTLED
    office.erase()
    assert reason_of(office, RAJ) is reason
    assert found_in(office.dump(), RAJ) == []


def test_of_a_mail_to_several_nobody_can_say_who_unsubscribed(office):
    keep(office, mail(1, envelope=Envelope("kim@acme.example", (ANNA, RAJ))), ANNA)
    happen(office, mail(1).message_id, Kind.UNSUBSCRIBED, method="POST")
    office.new_job()
    office.erase()
    assert reason_of(office, ANNA) is reason_of(office, RAJ) is None
