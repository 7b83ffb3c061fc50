"""Mails that came in belong to whoever wrote them: they are exported and erased like those that went out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import mail_view
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Kind
from chalicelib.core.job import Status
from chalicelib.core.message import Content, Envelope
from chalicelib.core.received import ReceivedMail, id_of
from chalicelib.flow import erase, receive
from chalicelib.storage.received_mails import ReceivedMails
from tests.flow.persons import ANNA, NOON, Office, mail, office_of, settle_in
from tests.traces import found_in

REPLY = ReceivedMail(
    Envelope(f"Anna <{ANNA}>", ("me@example.com",), subject=f"From {ANNA}"),
    NOON - timedelta(days=30),
    "reply-1@mail.test",
    ("ses-1@eu-west-1.amazonses.com",),
)
MESSAGE_ID = id_of("acme", REPLY.rfc_message_id)


@pytest.fixture
def office(stack) -> Office:
    made = office_of(stack)
    settle_in(made)
    return made


def hand_over(office: Office, received: ReceivedMail = REPLY) -> receive.Received:
    mails = ReceivedMails(office.messages, office.events)
    content = Content(None, f"Yes. {ANNA}", {"Message-ID": f"<{received.rfc_message_id}>"})
    parts = receive.Parts(mails, office.contents, lambda account: AccountPolicy())
    return receive.receive(received, content, "acme", parts, now=office.clock.now)


def test_it_notes_that_the_mail_of_ours_was_answered_with_the_mail_itself(office):
    assert hand_over(office).is_new
    rows = office.events.after(mail(1).message_id, None, now=NOON)
    [replied] = [row.event for row in rows if row.event.kind is Kind.REPLIED]
    assert (replied.occurred_at, replied.data) == (REPLY.received_at, {"email": MESSAGE_ID})
    assert office.messages.get("acme", MESSAGE_ID).in_reply_to == mail(1).message_id
    assert not hand_over(office).is_new


def test_whoever_wrote_it_is_erased_from_it_and_it_stays_so_when_it_is_handed_over_again(office):
    hand_over(office)
    office.new_job()
    office.erase()
    assert found_in(office.dump(), ANNA) == []
    assert office.job().status is Status.DONE
    after = office.messages.get("acme", MESSAGE_ID)
    shown = mail_view.show(after)
    assert (after.is_inbound, shown["status"], shown["from"], shown["in_reply_to"]) == (True, "received", None, None)
    assert (shown["received_at"], after.recipient_hash) == (shown["accepted_at"], None)
    assert not hand_over(office).is_new
    assert found_in(office.dump(), ANNA) == []


def test_a_request_that_stores_what_it_says_while_it_is_erased_leaves_nothing(office):
    """It looked before the mail was there, and puts what it says when everything else was deleted."""
    hand_over(office)
    job = office.new_job()
    erase.erase(job, office.erasing(), clock=office.clock, may_go_on=lambda: True)
    office.contents.put("acme", MESSAGE_ID, Content(None, ANNA))
    office.clock.now += erase.SETTLED
    office.erase()
    assert found_in(office.dump(), ANNA) == []


def test_erasing_somebody_else_leaves_it_as_it_is(office):
    hand_over(office, replace_sender("Li <li@mail.test>"))
    office.new_job()
    office.erase()
    assert office.messages.get("acme", MESSAGE_ID).envelope.sender == "Li <li@mail.test>"


def replace_sender(sender: str) -> ReceivedMail:
    return REPLY._replace(envelope=replace(REPLY.envelope, sender=sender, subject=""))
