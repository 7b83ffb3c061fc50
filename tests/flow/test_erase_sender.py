"""A sender was erased: whoever got their mails can still end further mail, and is not named."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import event
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.address_key import hash_of
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope
from chalicelib.core.refold import Fold
from chalicelib.core.summary import summarise
from chalicelib.core.suppression import Reason
from chalicelib.flow import fold
from chalicelib.storage.suppressions import Suppressions
from tests.flow.persons import ANNA, NOON, SECRETS, Office, keep, mail, office_of
from tests.moto_stack import REGION
from tests.traces import found_in

LI = "lieselotte.probst@example.org"


@pytest.fixture
def office(stack) -> Office:
    return office_of(stack)


def folded(office: Office, message_id: str, *happened: Event) -> None:
    """Stores these events and folds them, with no more than an erased mail needs."""
    for one in happened:
        office.events.put(one, office.clock.now + timedelta(days=107))
    parts = fold.Parts(
        office.events,
        office.messages,
        policy_of=lambda account: AccountPolicy(),
        said_by=office.consents.of,
        sources_of=lambda networks, day: frozenset(),
        suppressions=Suppressions("account", REGION),
    )
    fold.fold(message_id, [one.key for one in happened], parts, now=office.clock.now)


SAYS = {
    Reason.UNSUBSCRIBED: (Kind.UNSUBSCRIBED, {"method": "POST"}),
    Reason.COMPLAINT: (Kind.COMPLAINED, {"recipient": LI}),
    Reason.HARD_BOUNCE: (Kind.BOUNCED, {"recipient": LI, "type": "hard", "reason": f"{LI} is unknown"}),
}


@pytest.mark.parametrize("reason", SAYS)
def test_who_got_a_mail_of_an_erased_sender_still_ends_further_mail_and_is_not_named(office, reason):
    sent = replace(mail(8, LI), envelope=Envelope(ANNA, (f"Li <{LI}>",)))
    keep(office, sent, LI)
    office.new_job()
    office.erase()
    assert found_in(office.dump(), LI) == []
    kind, data = SAYS[reason]
    folded(office, sent.message_id, event.make(sent.message_id, "x", kind, office.clock.now, **data))
    (known,) = office.suppressions.of("acme", [LI])
    assert (known.address, known.cause(office.clock.now).reason) == (None, reason)
    assert found_in(office.dump(), LI) == []
    assert office.events.after(sent.message_id, None, now=office.clock.now) == []


def test_what_a_recipient_had_done_before_the_sender_was_erased_is_not_noted_again(office):
    sent = replace(mail(8, LI), envelope=Envelope(ANNA, (LI,)))
    keep(office, sent, LI)
    gone = event.make(sent.message_id, "u", Kind.UNSUBSCRIBED, NOON)
    office.messages.store_fold(office.messages.get("acme", sent.message_id), Fold(state=summarise([gone])))
    office.new_job()
    office.erase()
    folded(office, sent.message_id, gone)
    assert office.suppressions.of("acme", [LI]) == [None]


def test_what_is_left_of_a_recipient_goes_when_they_are_erased_themselves(office):
    sent = replace(mail(8, LI), envelope=Envelope(ANNA, (LI,)))
    keep(office, sent, LI)
    for number, address in enumerate((ANNA, LI), start=1):
        office.new_job(address=address, job_id=f"{number:032x}")
        office.erase(f"{number:032x}")
        left = office.messages.get("acme", sent.message_id).recipient_hash
        assert left == (hash_of(LI, "acme", SECRETS) if address == ANNA else None)
    folded(office, sent.message_id, event.make(sent.message_id, "u", Kind.UNSUBSCRIBED, office.clock.now))
    assert office.suppressions.of("acme", [LI]) == [None]
